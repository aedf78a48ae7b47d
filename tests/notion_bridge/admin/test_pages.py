"""The pages in Notion, the passes and the events, as the admin shows them; and the way there from an object."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact
from engagement.models import Task
from notion_bridge import describe
from notion_bridge.admin import display
from notion_bridge.models import PageLink, SyncRun, WebhookDelivery
from tests.admin import rows
from tests.factories import NOW
from tests.notion_bridge import bridge
from tests.notion_bridge.admin.colleagues import colleague
from tests.notion_bridge.observed import Sandbox
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deployed")]


@pytest.fixture
def link(ids: dict[str, str], notion: Sandbox) -> PageLink:
    ada = {"Email": "ada@example.org", "First Name": "Ada", "Company": "Mill"}
    bridge.once("Ada in step", notion, lambda: bridge.typed(notion, ids, ada))
    return PageLink.objects.get(contact__email="ada@example.org")


def shown(client: Client, page: str) -> str:
    return client.get(page).content.decode()


def test_a_page_leads_to_its_object_and_to_notion(desk: Client, address: Any, link: PageLink) -> None:
    page = shown(desk, address.change(link))

    assert address.change(link.contact) in page
    assert f'href="{link.url}"' in page


def test_the_agreed_values_are_shown_in_the_order_of_the_fields(desk: Client, address: Any, link: PageLink) -> None:
    page = shown(desk, address.change(link))

    assert ">ada@example.org</td>" in page
    assert page.index(">Email</td>") < page.index(">Company</td>") < page.index(">Contact ID</td>")


def test_the_history_tells_what_was_carried_over(desk: Client, address: Any, link: PageLink, notion: Sandbox) -> None:
    notion.person_edits(str(link.page_id), {"Company": "Engines"})
    bridge.sync()

    assert "Company: was Mill, now Engines" in shown(desk, address.change(link))


def test_a_page_without_problems_says_nothing_of_them(desk: Client, address: Any, link: PageLink) -> None:
    before = {
        formset.opts.model.__name__ for formset in desk.get(address.change(link)).context["inline_admin_formsets"]
    }
    link.problems.create(cause="limit", subject="x", message="Too long.")

    after = desk.get(address.change(link)).context["inline_admin_formsets"]

    assert before == {"SyncEntry"}
    assert {formset.opts.model.__name__ for formset in after} == {"SyncEntry", "SyncProblem"}


def test_a_page_is_looked_at_again(desk: Client, address: Any, link: PageLink, notion: Sandbox) -> None:
    PageLink.objects.filter(pk=link.pk).update(attempts=7)

    desk.post(address.button(link, "look_again"))

    link.refresh_from_db()
    assert (link.wanted_at is not None, link.attempts) == (True, 0)


def test_looking_again_needs_the_right_to_change_pages(address: Any, link: PageLink) -> None:
    onlooker = colleague("notion_bridge.view_pagelink")

    assert onlooker.get(address.change(link)).status_code == 200
    assert onlooker.post(address.button(link, "look_again")).status_code == 403


def test_a_page_of_something_deleted_is_not_looked_at(desk: Client, address: Any, link: PageLink) -> None:
    PageLink.objects.filter(pk=link.pk).update(state="deleted", contact=None)

    assert address.button(link, "look_again") not in shown(desk, address.change(link))
    assert "A person that was deleted here" in shown(desk, address.change(link))


def test_a_page_that_is_not_taken_over_says_why(
    desk: Client, address: Any, notion: Sandbox, ids: dict[str, str]
) -> None:
    notion.person_creates(ids["contacts"], {"First Name": "Nobody"})
    bridge.sync()

    page = shown(desk, address.change(PageLink.objects.get(state="waiting")))

    assert "Not taken over yet. The email address is missing." in page


@pytest.mark.parametrize("words", ["ada@example", "Ada", "Port"])
def test_pages_are_found_by_whom_they_are_about(desk: Client, address: Any, link: PageLink, words: str) -> None:
    database = bridge.database("tasks")
    PageLink.objects.create(database=database, state="creating", task=Task.objects.create(title="Portfolio"))

    assert desk.get(address.list(PageLink), {"q": words}).context["cl"].result_count == 1


@pytest.mark.parametrize("state", PageLink.State)
def test_every_state_has_words(state: str) -> None:
    assert describe.STATES[PageLink.State(state)]


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "data:text/html,x", "ftp://example.org"])
def test_what_is_no_web_address_leads_nowhere(url: str) -> None:
    assert display.open_link(url) == "-"


def test_values_from_notion_are_text_and_nothing_else(desk: Client, address: Any, link: PageLink) -> None:
    PageLink.objects.filter(pk=link.pk).update(remote={"company": "<script>alert(1)</script>"})

    assert "<script>alert(1)" not in shown(desk, address.change(link))


# From an object


@pytest.mark.parametrize("make", [rows.contact, rows.task, rows.instance])
def test_an_object_leads_to_its_page(desk: Client, address: Any, link: PageLink, make: Any) -> None:
    row = make()
    column = {Contact: "contact", Task: "task", WorkflowInstance: "instance"}[type(row)]
    PageLink.objects.create(
        database=link.database, state="linked", page_id=row.pk, url="https://notion.example/page", **{column: row}
    )

    assert 'href="https://notion.example/page"' in shown(desk, address.change(row))


@pytest.mark.parametrize("make", [rows.contact, rows.task, rows.instance])
def test_an_object_without_a_page_says_nothing_of_notion(desk: Client, address: Any, make: Any) -> None:
    assert "Page in Notion" not in shown(desk, address.change(make()))


@pytest.mark.parametrize("model", [Contact, Task])
def test_a_new_object_has_no_page(desk: Client, address: Any, model: Any) -> None:
    assert "Page in Notion" not in shown(desk, address.add(model))


# Passes and events


def test_a_pass_tells_what_it_did(desk: Client, address: Any, link: PageLink) -> None:
    assert "1 pages read, 1 taken over from Notion" in shown(desk, address.change(SyncRun.objects.latest("pk")))


def test_a_long_error_is_cut_in_the_list_and_whole_on_its_page(desk: Client, address: Any) -> None:
    run = SyncRun.objects.create(trigger="monitoring", started_at=NOW, error="x" * 300)

    assert "x" * 101 not in shown(desk, address.list(SyncRun))
    assert "x" * 300 in shown(desk, address.change(run))


@pytest.mark.parametrize(("result", "count"), [("failed", 1), ("done", 2)])
def test_passes_are_filtered_by_their_result(desk: Client, address: Any, result: str, count: int) -> None:
    for error in ("", "", "Notion was unwell."):
        SyncRun.objects.create(
            trigger="monitoring", started_at=NOW, ended_at=NOW + dt.timedelta(minutes=2), error=error
        )

    assert desk.get(address.list(SyncRun), {"result": result}).context["cl"].result_count == count


def test_an_event_shows_what_came(desk: Client, address: Any) -> None:
    event = WebhookDelivery.objects.create(
        event_id="1", type="page.properties_updated", entity_type="page", payload={"authors": ["robin & co"]}
    )

    page = shown(desk, address.change(event))

    assert "Page properties updated" in page
    assert "robin &amp; co" in page


@pytest.mark.parametrize(("state", "count"), [("waiting", 1), ("followed", 2)])
def test_events_are_filtered_by_whether_they_were_followed(desk: Client, address: Any, state: str, count: int) -> None:
    for number, at in enumerate((None, NOW, NOW)):
        WebhookDelivery.objects.create(event_id=str(number), type="page.created", processed_at=at)

    assert desk.get(address.list(WebhookDelivery), {"state": state}).context["cl"].result_count == count
