from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from contactflow import machine
from contactflow.environment import Environment

READ: dict[str, Callable[[Environment], Any]] = {
    "WORKERS=x": lambda env: env.at_least("WORKERS", 1, 2),
    "WORKERS=0": lambda env: env.at_least("WORKERS", 1, 2),
    "DEBUG=perhaps": lambda env: env.bool("DEBUG", False),
    "TIME_ZONE=Mars/Olympus": lambda env: env.time_zone("TIME_ZONE"),
    "EMAIL_URL=pigeon://loft": lambda env: env.mail("EMAIL_URL"),
    "EMAIL_URL=smtp://host:port": lambda env: env.mail("EMAIL_URL"),
    "DATABASE_URL=mysql://u:secret@host/name": lambda env: env.database("DATABASE_URL", fallback=""),
    "DATABASE_URL=postgresql://u:secret@host:port/name": lambda env: env.database("DATABASE_URL", fallback=""),
}


@pytest.mark.parametrize("line", READ)
def test_bad_value_ends_in_one_sentence(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = line.partition("=")
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as end:
        READ[line](Environment())

    assert str(end.value).startswith(f"The environment variable {name} is ")
    assert "secret" not in str(end.value)


def test_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "")

    assert Environment().int("WORKERS", 2) == 2
    assert Environment().list("ALLOWED_HOSTS", default=["localhost"]) == ["localhost"]


def test_value_that_begins_with_a_dollar_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "$ecret")

    assert Environment().str("SECRET_KEY", "") == "$ecret"


def test_example_file_has_every_variable_that_is_read() -> None:
    sources = [machine.BASE_DIR / "contactflow" / name for name in ("settings.py", "webserver.py")]
    read = {name for path in sources for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', path.read_text())}

    offered = set(re.findall(r"^(\w+)=", (machine.BASE_DIR / ".env.example").read_text(), re.MULTILINE))

    assert read - offered == set()
