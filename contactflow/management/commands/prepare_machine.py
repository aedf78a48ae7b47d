"""Everything between an installed checkout and a server that may start; `make run` calls it each time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
from argparse import ArgumentParser
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import connection

from contactflow import machine
from contactflow.models import ApiKey, Scope

ADMIN = "admin"
PASSWORD_FILE = "admin_password"  # noqa: S105  # the name of a file
KEY_FILE = "operate_key"
ONE_AT_A_TIME = 0xC0F  # the advisory lock of two machines that prepare one database
SAMPLE = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Moreau",
    "contact_types": ["Artist"],
    "lead_source": "Website",
    "interests": ["wellness"],
}


class Command(BaseCommand):
    help = "Migrates, collects static files, loads default content, makes the admin user and a key, and shows them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the port in the addresses that are shown")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
            try:
                self.prepare()
                is_first = not machine.has_secret(PASSWORD_FILE)
                password, plaintext = admin_password(), operate_key()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])
        self.show(port, password if is_first else kept(PASSWORD_FILE, password), plaintext)

    def prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if static_files_changed():
            call_command("collectstatic", verbosity=0, interactive=False)
            static_stamp().write_text(static_fingerprint())
        self.deploy()

    def deploy(self) -> None:
        """Load the default content. What deploy finds wrong is shown, and the server starts all the same."""
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                call_command("deploy_contact_workflows", stdout=said, stderr=said)
        except (CommandError, SystemCheckError) as error:
            self.stderr.write(f"{said.getvalue()}{error}")
        except SystemExit as end:
            if end.code:
                failures = [line for line in said.getvalue().splitlines() if "FAIL" in line]
                self.stderr.write("\n".join([*failures, "Contactflow starts all the same. Mend these when you can."]))

    def show(self, port: int, password: str, plaintext: str) -> None:
        here, is_logged = f"http://localhost:{port}", bool(os.environ.get("CONTACTFLOW_IN_CONTAINER"))
        password = kept(PASSWORD_FILE, password) if is_logged else password  # a container's log is read by others
        self.stdout.write(f"\nAdmin     {here}/admin/\nUser      {ADMIN}\nPassword  {password}\n\n")
        curl = (
            f"curl -X POST {here}/contact-workflows/new-contact -H 'Authorization: Bearer {plaintext}' "
            f"-H 'Content-Type: application/json' -d '{json.dumps(SAMPLE)}'"
        )
        self.stdout.write(f"API key   {kept(KEY_FILE, plaintext)}\n" if is_logged else f"A first contact:\n{curl}\n")
        if not settings.NOTION_API_KEY:
            sandbox = "python manage.py notion_sandbox"
            self.stdout.write(
                f"\nNotion, without an account: .venv/bin/{sandbox}   (it prints what to put into .env)\n"
            )
        self.stdout.flush()


def kept(name: str, secret: str) -> str:
    """Where a secret that was shown before is to be read; words that are shown in its place stay."""
    return secret if " " in secret else f"in the file {machine.VAR_DIR / 'secrets' / name}"


def admin_password() -> str:
    """The admin's password, as far as we know it: one that staff changed stays theirs."""
    users = get_user_model().objects
    password = machine.secret(PASSWORD_FILE, 20)
    admin = users.filter(username=ADMIN).first()
    if admin is None:
        users.create_superuser(username=ADMIN, email="", password=password)
        return password
    return password if admin.check_password(password) else "(changed by you)"


def operate_key() -> str:
    """A live key of scope operate, the same as long as nobody revokes it."""
    kept = machine.secret(KEY_FILE)
    if ApiKey.objects.match(kept):
        return kept
    _, plaintext = ApiKey.objects.issue(name=f"make run on {socket.gethostname()}"[:120], scope=Scope.OPERATE)
    machine.keep_secret(KEY_FILE, plaintext)
    return plaintext


def static_files_changed() -> bool:
    stamp = static_stamp()
    return not stamp.exists() or stamp.read_text() != static_fingerprint()


def static_stamp() -> Path:
    return Path(settings.STATIC_ROOT) / ".collected"


def static_fingerprint() -> str:
    """Changes with the packages that bring static files and with the files of our own."""
    lock = (settings.BASE_DIR / "requirements.txt").read_bytes()
    own = [path for path in settings.BASE_DIR.glob("*/static/**/*") if settings.STATIC_ROOT not in path.parents]
    times = sorted(f"{path}:{path.stat().st_mtime_ns}" for path in own)
    return hashlib.sha256(lock + "\n".join(times).encode()).hexdigest()
