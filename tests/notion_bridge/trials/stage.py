"""What a trial stands on: a database with the default content, an empty sandbox, and a bridge between them."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactflow import embedded
from tests import postgres
from tests.benchmarks import stand
from tests.notion_bridge.trials.clocks import Time, library

EMPTIED = ("contacts_contact", "engagement_task", "django_q_ormq")  # and all that hangs on them


@dataclass
class Stage:
    """Where the trials take place; `settings` are Django's, or a test's."""

    settings: Any
    time: Time = field(default_factory=Time)
    is_own: bool = False  # a database that may be emptied

    def clear(self) -> None:
        """Nobody and nothing is there any more but the default content."""
        from django.apps import apps
        from django.db import connection

        from notion_bridge import bound_schema

        bound_schema._directory.asked_at = None
        if self.is_own:
            bridge = [model._meta.db_table for model in apps.get_app_config("notion_bridge").get_models()]
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join([*EMPTIED, *bridge])} CASCADE")
                cursor.execute("ANALYZE")


@contextlib.contextmanager
def database(*, durable: bool, time: Time) -> Iterator[embedded.Cluster]:
    """A PostgreSQL for the trials alone: with production's settings, or with safety traded for speed."""
    base = Path(tempfile.mkdtemp(prefix=postgres.PREFIX, dir=postgres.FOLDER))
    base.chmod(0o755)
    cluster = embedded.Cluster(base / "pg", locks=base, options={} if durable else postgres.FAST)
    try:
        with _environment(**time.environment):
            cluster.attach()
        yield cluster
    finally:
        cluster.detach()
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= values
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name)
        os.environ |= {name: before[name] for name in values if name in before}


@contextlib.contextmanager
def own(*, durable: bool = False, mail_port: int = 1) -> Iterator[Stage]:
    """Everything from nothing, for a process that has no Django yet."""
    with tempfile.TemporaryDirectory(dir=postgres.FOLDER) as folder:
        Path(folder).chmod(0o755)
        time = Time(Path(folder) / "offset") if library() and not durable else Time()
        with database(durable=durable, time=time) as cluster:
            stand.set_environment(database_url=cluster.url, mail_port=mail_port)
            import django

            django.setup()
            _deploy()
            from django.conf import settings

            logging.disable(logging.ERROR)  # what goes wrong on request is no news
            settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or WhiteNoise complains
            yield Stage(settings, time, is_own=True)


def _deploy() -> None:
    from django.core.management import call_command

    said = io.StringIO()
    call_command("migrate", verbosity=0)
    try:
        with redirect_stdout(said):
            call_command("deploy_contact_workflows", stdout=said)
    except SystemExit:
        raise SystemExit(said.getvalue()) from None
