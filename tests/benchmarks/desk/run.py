"""Fills a database, opens every page many times over HTTP, prints what that took and writes the plans down."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import stand

GOAL = 0.3  # seconds, for the 95th percentile
ROUNDS = 20  # of what is named; the ways to look at long lists are many and get a quarter, fewer than 4 rounds none
PATIENCE = 10  # seconds spent on one page at most


def main() -> None:
    console = Console(width=None if sys.stdout.isatty() else 140)
    size = float(os.environ.get("SIZE") or "1")
    with contextlib.ExitStack() as stack:
        kept = os.environ.get("DESK_DATABASE_URL", "")
        url = kept or stack.enter_context(stand.database()).url
        stand.set_environment(database_url=url, mail_port=9)
        _measure(console, size=size, kept=bool(kept))


def _measure(console: Console, *, size: float, kept: bool) -> None:
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    from tests.benchmarks import content
    from tests.benchmarks.desk import million, pages

    content.deploy(os.environ["DATABASE_URL"])
    million.fill(size=size, say=lambda doing: console.print(doing, style="dim"))
    boss, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    clients = {False: Client(HTTP_HOST="localhost"), True: Client(HTTP_HOST="localhost")}
    for client in clients.values():
        client.force_login(boss)
    pages.choose_brand(clients[True])
    rows, plans = [], Path("var/plans")
    plans.mkdir(parents=True, exist_ok=True)
    wanted, rounds = os.environ.get("ONLY", ""), int(os.environ.get("ROUNDS") or ROUNDS)
    with _server() as base:
        for place in pages.places(clients[False]):
            often = rounds if place.is_named else rounds // 4
            if often and wanted in place.name:
                client = clients[place.is_of_brand]
                taken, size_of_page = _open_often(base, place, client.cookies["sessionid"].value, often)
                count, slow = pages.statements_of(client, place)
                (plans / f"{_as_file(place.name)}.txt").write_text(_told(slow))
                rows.append((place, taken, size_of_page, count, slow))
                console.print(f"{place.name}: {pages.percentile(taken, 0.95) * 1000:.0f} ms", style="dim")
    _show(console, rows, pages.percentile)


def _as_file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _open_often(base: str, place: Any, session: str, rounds: int) -> tuple[list[float], int]:
    import httpx

    taken: list[float] = []
    token = secrets.token_hex(16)  # what Django compares is whether both are the same
    cookies = {"sessionid": session, "csrftoken": token}
    with httpx.Client(base_url=base, cookies=cookies, headers={"X-CSRFToken": token}, timeout=60) as http:
        for number in range(rounds + 1):
            began = time.perf_counter()
            answer = http.post(place.address, data=dict(place.posted)) if place.posted else http.get(place.address)
            if answer.status_code != 200:
                raise SystemExit(f"{place.name}: {place.address} answered {answer.status_code}")
            if number:  # the first fills caches that stay filled
                taken.append(time.perf_counter() - began)
            if sum(taken) > PATIENCE:
                break
    return taken, len(answer.content)


def _show(console: Console, rows: list[tuple], percentile) -> None:  # type: ignore[type-arg,no-untyped-def]  # rows of a table
    table = Table(title="The desk over HTTP, ms, the slowest last", title_justify="left")
    for heading in ("page", "median", "p95", "statements", "slowest statement", "KB"):
        table.add_column(heading, justify="left" if heading == "page" else "right")
    for place, taken, length, count, slow in sorted(rows, key=lambda row: percentile(row[1], 0.95)):
        p95 = percentile(taken, 0.95)
        table.add_row(
            place.name,
            f"{statistics.median(taken) * 1000:.0f}",
            f"{p95 * 1000:.0f}",
            str(count),
            f"{slow[0].seconds * 1000:.0f}" if slow else f"< {20}",
            f"{length / 1024:.0f}",
            style="bold red" if p95 > GOAL else None,
        )
    console.print(table)


def _told(slow: list) -> str:  # type: ignore[type-arg]  # of pages.Statement
    parts = [f"-- {one.seconds * 1000:.0f} ms\n{one.sql}\n-- {one.parameters}\n" + "\n".join(one.plan) for one in slow]
    return "\n\n".join(parts) or "Every statement took less than 20 ms.\n"


@contextlib.contextmanager
def _server() -> Iterator[str]:
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    with stand.web_server() as port:
        yield f"http://localhost:{port}"
