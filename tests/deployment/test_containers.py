"""No container engine is needed to see that what the images start exists."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from contactflow import machine

ROOT = machine.BASE_DIR
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def commands() -> list[list[str]]:
    """What each container runs; a shell line counts as each of its parts."""
    found = [json.loads(line) for line in re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)]
    found += [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    return [
        part
        for command in found
        for part in (map(shlex.split, command[2].split("&&")) if command[:2] == ["sh", "-c"] else [command])
    ]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_what_a_container_runs_exists(command: list[str]) -> None:
    program, first, *rest = command

    if first == "-m":
        assert importlib.util.find_spec(rest[0])
    else:
        assert (program, first) == ("python", "manage.py")
        assert rest[0] in get_commands()


def test_compose_sets_only_known_variables() -> None:
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert set(COMPOSE["x-app"]["environment"]) <= offered


def test_image_runs_as_an_ordinary_user_and_tells_its_health() -> None:
    assert re.search(r"^USER contactflow$", DOCKERFILE, re.MULTILINE)
    assert "/healthz" in DOCKERFILE
    assert DOCKERFILE.index("USER contactflow") < DOCKERFILE.index("\nCMD ")
