"""What is looked at on every page: what axe finds, what the browser complains of, whether it fits the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, Response

SERIOUS = ("serious", "critical")
LEFT_BEHIND = ("htmx:afterRequest", "htmx:sendAbort")  # of what was asked for when somebody went on, or typed on
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Complaints:
    """Everything the browser or the server complained of since the page was opened."""

    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        page.on("response", self._answer)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text not in LEFT_BEHIND:
            self.said.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _answer(self, response: Response) -> None:
        if response.status >= 500:
            self.said.append(f"{response.url}: {response.status}")


def findings(page: Page, *, only: list[str] | None = None) -> list[str]:
    """axe's serious and critical findings, each with the first place it was seen in."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    options["runOnly"] = {"type": "rule", "values": only} if only else {"type": "tag", "values": WCAG}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    response = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{page.url}: {one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
        for one in response["violations"]
        if one["impact"] in SERIOUS
    ]


def faults(page: Page) -> list[str]:
    """What is wrong with the page for whoever works on it, by day, by night and on a telephone."""
    found = findings(page)
    go_dark(page)
    found += [f"in the dark: {one}" for one in findings(page, only=["color-contrast"])]
    page.set_viewport_size({"width": 360, "height": 780})
    if wider := overflow(page):
        found.append(f"{page.url}: {wider} px wider than a telephone")
    return found


def go_dark(page: Page) -> None:
    """As the theme switch would, without a reload."""
    page.evaluate("document.documentElement.classList.add('dark')")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
