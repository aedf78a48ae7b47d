"""Our settings, with no middleware and none of our addresses."""

from contactflow.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.benchmarks.bare_hits"
UPLOAD_PAGE = ""
