"""Mail providers, through django-anymail: what they tell of messages, and the mail that arrives with them.

Their requests are stored as they come (`hooks`) and understood afterwards (`processing`), so that none is lost and no
bad one holds up others.
"""

from __future__ import annotations
