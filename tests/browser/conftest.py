"""A real Chromium before a real server: an office per file of tests, a page per test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import postgres, smtp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.looking import Complaints
    from tests.browser.office import Office

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")  # the first takes half the time of the others
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDE = {"width": 1280, "height": 900}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db)  # what a test itself writes, the server does not see


@pytest.fixture(scope="session")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    from django.db import connections
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)))
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()
        connections.close_all()  # those of that event loop, which nobody could reach afterwards
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def office(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any, chromium: Browser
) -> Iterator[Office]:
    """The office of the tests of one file, who share it as colleagues do; the database is emptied afterwards."""
    from django.test import override_settings
    from pytest_django.live_server_helper import LiveServer

    from tests.browser.office import Office, enter

    with smtp.Sink() as mail, override_settings(), django_db_blocker.unblock():
        sessions = enter(mail, with_everything=getattr(request.module, "WITH_EVERYTHING", True))
        server = LiveServer("localhost")
        server._live_server_modified_settings.enable()
        try:
            yield Office(server.url, mail, sessions)
        finally:
            server.stop()
            server._live_server_modified_settings.disable()
            postgres.empty()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fails the test when the browser complained of anything."""
    from tests.browser.looking import Complaints

    heard = Complaints()
    yield heard
    assert heard.said == []


SignIn = Callable[..., "Page"]


@pytest.fixture(scope="module")
def seats(office: Office, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """The browsers of the colleagues, each with what it keeps of styles and scripts for the tests of a file."""
    known: dict[tuple[Any, ...], BrowserContext] = {}

    def seat(name: str, viewport: Any, scheme: Any) -> BrowserContext:
        key = name, viewport["width"], viewport["height"], scheme
        if key not in known:
            known[key] = chromium.new_context(
                base_url=office.url, viewport=viewport, color_scheme=scheme, timezone_id="Europe/Berlin", locale="en-GB"
            )
            known[key].set_default_timeout(15_000)
        known[key].clear_cookies()
        known[key].add_cookies([{"name": "sessionid", "value": office.sessions[name], "url": office.url}])
        return known[key]

    yield seat
    for context in known.values():
        context.close()


@pytest.fixture
def sign_in(seats: Callable[..., BrowserContext], complaints: Complaints) -> Iterator[SignIn]:
    """sign_in("operator", width=360, scheme="dark") -> a page of theirs, on Today."""
    contexts = []

    def enter(name: str, *, viewport: Any = WIDE, scheme: Any = "light") -> Page:
        contexts.append(seats(name, viewport, scheme))
        page = contexts[-1].new_page()
        complaints.listen(page)
        page.goto("/admin/")
        return page

    yield enter
    for page in [page for context in contexts for page in context.pages]:
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.close()


@pytest.fixture(scope="module")
def seat_of_boss(office: Office, chromium: Browser) -> Iterator[tuple[Page, Complaints]]:
    from tests.browser.looking import Complaints

    context = chromium.new_context(base_url=office.url, viewport=WIDE, timezone_id="Europe/Berlin", locale="en-GB")
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "sessionid", "value": office.sessions["boss"], "url": office.url}])
    page, heard = context.new_page(), Complaints()
    heard.listen(page)
    yield page, heard
    context.close()


@pytest.fixture
def boss(seat_of_boss: tuple[Page, Complaints]) -> Iterator[Page]:
    """The page of somebody who may do everything, for tests that only look; nobody signs in for each of them."""
    page, heard = seat_of_boss
    heard.said.clear()
    page.set_viewport_size(WIDE)
    yield page
    assert heard.said == []
