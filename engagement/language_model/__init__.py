"""A language model writes: passages of premium emails, and proposals for colleagues who write.

What it writes is nothing until checks passed; where it is absent, slow, wrong, silent or beyond a budget the approved
text stands. It is told a person's facts as data, is given no tools and no addresses, and answers about one person.

    client      one question to a server that speaks the OpenAI protocol, or NoAnswer
    facts       what it is told of a person, cleaned and short
    prompts     the questions
    checks      what speaks against an answer;  languages  which language a text is in
    budget      what may still be asked today;  breaker  whether the server is left alone
    passages    of emails: wanted, written beside the queue, used
    proposals   for colleagues
"""

from __future__ import annotations

from django.conf import settings


def is_available() -> bool:
    """Whether an installation has one."""
    return bool(settings.AI_BASE_URL and settings.AI_MODEL)
