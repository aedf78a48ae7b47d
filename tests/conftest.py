"""What every test stands on: settings of their own, a PostgreSQL of their own, and a mail server to send to."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from contactflow import embedded
from tests import dovecot, postgres, smtp

# Before Django reads its settings: nothing of the developer's environment or .env file reaches a test.
EXAMPLE = (Path(__file__).parent.parent / ".env.example").read_text()
os.environ |= dict.fromkeys(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE), "")
os.environ["LOG_LEVEL"] = "WARNING"
os.environ["SECRET_KEY"] = "for the tests alone, and therefore as public as it is long enough"
os.environ["DJANGO_SETTINGS_MODULE"] = "contactflow.settings"

# Containers like to forbid it, and then every process of the suite would compile all it imports anew: 10 s of each.
sys.dont_write_bytecode = False
os.environ["PYTHONDONTWRITEBYTECODE"] = ""


IS_THOROUGH = os.environ.get("FUZZ") == "thorough"
hypothesis.settings.register_profile(
    "patient",
    max_examples=100 if IS_THOROUGH else 20,
    deadline=None,  # how long an example takes says how busy the machine is
    derandomize="CI" in os.environ,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        # Started in the background of a shell: what the tests start would not hear a Ctrl-C either.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    from django.conf import settings
    from django.test import TransactionTestCase, client

    remember = client.store_rendered_templates

    def remember_whole_pages(store: Any, signal: Any, sender: Any, template: Any, context: Any, **kwargs: Any) -> None:
        """Not the hundreds of parts of each page: copying their contexts takes a tenth of the time of the admin."""
        if len(context.render_context.dicts) <= 2:  # a part stands on the one around it
            remember(store, signal, sender, template, context, **kwargs)

    client.store_rendered_templates = remember_whole_pages
    TransactionTestCase._fixture_teardown = lambda test: postgres.empty()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or WhiteNoise complains in every test
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True  # or every test client would read the whole folder of static files first
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


OUTSIDE = ("deployment", "faketime")  # processes of their own
NEEDED_PROGRAMS = {
    "browser": ("chromium", "google-chrome", "chromium-headless-shell"),
    "redis": ("redis-server",),
    "faketime": ("faketime",),
    "dovecot": ("dovecot", "/usr/sbin/dovecot"),
}
# Files that take long for the number of their tests: no core is to wait for one of them at the end.
LONG = ("deployment/", "test_time_travel.py", "contactflow/test_embedded.py", "browser/", "api/test_fuzz.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what is slow, skip what this machine or run is not for, and put long files first."""
    for item in items:
        if "live_environment" in getattr(item, "fixturenames", ()) or any(map(item.get_closest_marker, OUTSIDE)):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("sweep") and "SWEEP" not in os.environ:
            item.add_marker(pytest.mark.skip(reason="make sweep runs it"))
        for marker, programs in NEEDED_PROGRAMS.items():
            if item.get_closest_marker(marker) and not any(map(shutil.which, programs)):
                item.add_marker(pytest.mark.skip(reason=f"needs {' or '.join(programs)}"))
    many = Counter(item.path for item in items)
    items.sort(key=lambda item: (not any(name in str(item.path) for name in LONG), -many[item.path], str(item.path)))


def pytest_collection() -> None:
    gc.disable()  # what is collected stays: to look through it again and again for what went is a fifth of the time


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Each test process has a migrated PostgreSQL of its own, gone when it ends."""
    from django.db import connections

    with postgres.running() as cluster:
        connections["default"].settings_dict.update(
            HOST=str(cluster.sockets), USER=embedded.NAME, NAME=embedded.NAME, PASSWORD="", PORT=""
        )
        yield
        with django_db_blocker.unblock():
            connections.close_all()


@pytest.fixture
def live_environment(transactional_db: None) -> dict[str, str]:
    """The environment for a `manage.py ...` in a process of its own, on the database of this test."""
    from django.db import connection

    host, name = connection.settings_dict["HOST"], connection.settings_dict["NAME"]
    return dict(os.environ) | {"DATABASE_URL": f"postgresql://contactflow@:5432/{name}?host={host}"}


@pytest.fixture
def smtp_sink() -> Iterator[smtp.Sink]:
    """A real SMTP server on a free loopback port; settings and EMAIL_URL are the test's to point at it."""
    with smtp.Sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def imap_server() -> Iterator[dovecot.Dovecot]:
    """A real Dovecot on a free loopback port; each test has a user of its own there. Mark what uses it `dovecot`."""
    with tempfile.TemporaryDirectory(prefix="dovecot") as home:
        server = dovecot.Dovecot(Path(home), dovecot.free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def model(settings: Any) -> Iterator[Any]:
    """A language model's server that answers as it is told, and the settings that lead to it."""
    from tests.engagement.language_model.server import Model

    with Model() as server:
        settings.AI_BASE_URL, settings.AI_MODEL, settings.AI_API_KEY = server.url, "tiny", "not-a-real-key"
        yield server


DEPLOYED: dict[str, bytes] = {}  # made once a process


@pytest.fixture(scope="module")
def rows_of_a_file(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Fixtures that stand on this make their rows once for the tests of a file; each test rolls back to them."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def deployed(rows_of_a_file: None) -> None:
    """The default content of a fresh deployment."""
    from tests import snapshot
    from tests.workflows import world

    if DEPLOYED:
        snapshot.restore(DEPLOYED)
    else:
        DEPLOYED.update(snapshot.made_by(world.deploy))


@pytest.fixture(scope="module")
def reference_rows_of_a_file(rows_of_a_file: None) -> None:
    from contacts import defaults

    defaults.load()


@pytest.fixture
def reference_rows(reference_rows_of_a_file: None, db: None) -> None:
    """The brands, types, sources, statuses and rules of a fresh deployment, loaded once for the tests of a file."""
