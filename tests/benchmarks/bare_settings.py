"""Our settings, with nothing of our API but the check of its keys."""

from contactflow.settings import *  # noqa: F403
from contactflow.settings import REST_FRAMEWORK

KEPT = ("DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_PERMISSION_CLASSES")

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.benchmarks.bare_api"
REST_FRAMEWORK = {name: REST_FRAMEWORK[name] for name in KEPT}
UPLOAD_PAGE = ""
