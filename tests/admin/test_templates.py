"""What templates may never do: hand data to whatever evaluates code, or let it into a page as it is.

Alpine and htmx run what stands in their attributes, and escaping does not help there: the browser undoes it first.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.matrix import matrix

HERE = Path(__file__).parents[2]
TEMPLATES = sorted(
    path
    for folder in (HERE / "templates", *(HERE / app / "templates" for app in ("contactflow", "contacts", "engagement")))
    for path in folder.rglob("*.html")
)
CODE = sorted(
    path
    for app in ("contactflow", "contacts", "engagement", "workflows", "notion_bridge")
    for path in (HERE / app).rglob("*.py")
)
EVALUATED = re.compile(
    r"""\s(x-[\w:.-]+|@[\w:.-]+|:[\w-]+|hx-on[\w:-]*|hx-vals|hx-vars|hx-headers|hx-trigger|on[a-z]+)=("[^"]*"|'[^']*')"""
)
# Numbers and fingerprints of ours, never words of anybody.
HARMLESS = {"forloop.counter", "every", "version", "live.every", "live.version"}
AS_IT_IS = {
    "templates/admin/engagement/email_field.html",  # help texts, written in code
    "templates/emails/layout.html",  # what engagement.markdown made of the words
}
MARKED_SAFE = {
    "engagement/layout.py",
    "engagement/previews.py",
}  # Markdown that was escaped; marks around escaped words


def name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


@matrix("template", TEMPLATES)
def test_no_data_stands_where_code_is_run(template):
    found = {
        said
        for _, value in EVALUATED.findall(template.read_text())
        for said in re.findall(r"\{\{\s*(.*?)\s*\}\}", value)
    }

    assert found <= HARMLESS


def test_no_template_shows_what_is_not_escaped():
    unescaped = {name(one) for one in TEMPLATES if re.search(r"\|\s*safe\b|autoescape off", one.read_text())}

    assert unescaped <= AS_IT_IS


def test_nothing_else_calls_words_safe():
    callers = {name(one) for one in CODE if re.search(r"\bmark_safe\(|SafeString\(|html_safe", one.read_text())}

    assert callers <= MARKED_SAFE


def test_email_is_only_shown_where_no_script_runs():
    frames = [tag for one in (*TEMPLATES, *CODE) for tag in re.findall(r"<iframe[^>]*>", one.read_text())]

    assert frames
    assert all(re.search(r'sandbox="(allow-same-origin)?"', tag) for tag in frames)
