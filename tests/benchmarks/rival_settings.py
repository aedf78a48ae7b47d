"""Our settings, and django-post_office as its manual has it."""

from contactflow.settings import *  # noqa: F403
from contactflow.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]
EMAIL_BACKEND = "post_office.EmailBackend"
