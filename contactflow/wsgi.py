"""The web application for a WSGI server. It finds or starts the private PostgreSQL when DATABASE_URL is unset."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from contactflow import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contactflow.settings")
embedded.attach()
application = get_wsgi_application()
