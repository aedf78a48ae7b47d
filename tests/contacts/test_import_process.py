"""The import command in a process of its own: what a shell sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from contacts import defaults

pytestmark = pytest.mark.django_db(transaction=True)


def import_contacts(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "import_contacts", *map(str, arguments)]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_hopeless_file_exits_1_with_one_sentence(live_environment: dict[str, str], tmp_path: Path) -> None:
    defaults.load()
    hopeless = tmp_path / "hopeless.csv"
    hopeless.write_text("Email\nnobody\n", encoding="utf-8")

    refused = import_contacts(live_environment, hopeless)

    assert refused.returncode == 1
    assert "line 2: The email address needs exactly one @" in refused.stdout
    assert refused.stderr.strip().endswith("Nothing could be imported: no line of the file is a contact.")
    assert "Traceback" not in refused.stderr
