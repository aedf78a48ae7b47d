"""Reads a page's form as a browser would, so that tests send what people would send."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

Values = dict[str, list[str]]


class _Form(HTMLParser):
    """Collects the successful controls of the form with this id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.values: Values = {}
        self._id = form_id
        self._is_inside = False
        self._select = self._textarea = ""
        self._first_option: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = given.get("id") == self._id
        elif self._is_inside and tag == "input" and given.get("name"):
            self._input(given)
        elif self._is_inside and tag == "textarea":
            self._textarea = given["name"]
            self.values[self._textarea] = [""]
        elif self._is_inside and tag == "select":
            self._select, self._first_option = given["name"], None
            self._is_multiple = "multiple" in given
            self.values.setdefault(self._select, [])
        elif self._select and tag == "option":
            self._option(given)

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea:
            self.values[self._textarea][0] = self.values[self._textarea][0].removeprefix("\n")
            self._textarea = ""
        elif tag == "select" and self._select:
            if not self.values[self._select] and not self._is_multiple and self._first_option is not None:
                self.values[self._select] = [self._first_option]
            self._select = ""
        elif tag == "form":
            self._is_inside = False

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("submit", "button", "file"):
            return
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self.values.setdefault(given["name"], []).append(given.get("value", "on"))
            return
        self.values.setdefault(given["name"], []).append(given.get("value", ""))  # rows repeat their names

    def _option(self, given: dict[str, str]) -> None:
        value = given.get("value", "")
        self._first_option = value if self._first_option is None else self._first_option
        if "selected" in given:
            self.values[self._select].append(value)


def form_on(client: Client, address: str, form_id: str) -> Values:
    """What the form holds when the page is opened."""
    form = _Form(form_id)
    form.feed(client.get(address).content.decode())
    assert form.values, f"there is no form {form_id} on {address}"
    return form.values


def submit(client: Client, address: str, form_id: str, **changes: Any) -> HttpResponse:
    """Open the page, change some fields, save."""
    values: dict[str, Any] = form_on(client, address, form_id)
    return client.post(address, {**values, **changes})  # type: ignore[return-value]  # the test client's response
