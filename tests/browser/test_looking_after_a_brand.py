"""The first morning: an editor looks after the emails, the workflow and the look of The 7 Space."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from contacts.models import BusinessEntity
from engagement.models import EngagementTemplate
from tests.browser.walking import go_to, region, type_into
from workflows.models import WorkflowInstance, WorkflowTemplate

WITH_EVERYTHING = False
EMAIL = "Artist welcome"


@pytest.fixture
def editor(sign_in):
    return sign_in("editor")


def open_email(page: Page) -> None:
    go_to(page, "Emails")
    page.get_by_role("link", name=EMAIL, exact=True).click()


def open_workflow(page: Page) -> None:
    go_to(page, "Workflows")
    page.get_by_role("link", name="Artist discovery", exact=True).first.click()


def as_read(page: Page) -> Locator:
    return page.frame_locator("iframe[title='The email as its reader sees it']").locator("body")


def step(page: Page, number: int) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=f"Step {number}", exact=True))


def test_words_are_seen_as_hilma_will_read_them(editor):
    open_email(editor)
    editor.get_by_label("Personalisation level").select_option(value="advanced")
    editor.get_by_label("Body").first.fill("Dear {{ first_name }},\n\nhow are things at ")
    editor.get_by_role("button", name="Company", exact=True).focus()
    editor.keyboard.press("Enter")
    editor.keyboard.type("?")  # the cursor is back in the text
    expect(as_read(editor)).to_contain_text("Dear Ada")
    type_into(editor.get_by_label("For whom"), "hilma")
    editor.get_by_role("button", name="Hilma af Klint").click()

    expect(as_read(editor)).to_contain_text("Dear Hilma")
    expect(as_read(editor)).to_contain_text("how are things at your company?")
    expect(as_read(editor).locator("mark")).to_have_text("your company")
    expect(region(editor, "Preview")).to_contain_text("No company: “your company” stands in.")
    expect(region(editor, "Preview")).to_contain_text("1 of 2 contacts has no company: they read “your company”.")
    assert "how are things" not in EngagementTemplate.objects.get(name=EMAIL).current_version.body


def test_the_email_is_looked_at_on_a_telephone_in_the_dark_and_as_text(editor):
    open_email(editor)
    shown = editor.get_by_role("group", name="How it is shown")
    expect(as_read(editor)).to_contain_text("Dear Ada")
    by_day = ground(as_read(editor))

    shown.get_by_role("button", name="Phone").click()
    expect(shown.get_by_role("button", name="Phone")).to_have_attribute("aria-pressed", "true")
    assert as_read(editor).evaluate("body => body.ownerDocument.defaultView.innerWidth") == 375
    shown.get_by_role("button", name="Dark").click()
    expect(as_read(editor).locator("table").first).not_to_have_css("background-color", by_day)
    shown.get_by_role("button", name="Text").click()

    expect(region(editor, "The email as plain text")).to_contain_text("Dear Ada")
    expect(editor.locator("iframe")).to_be_hidden()


def ground(body: Locator) -> str:
    return str(body.locator("table").first.evaluate("table => getComputedStyle(table).backgroundColor"))


def test_a_test_of_unsaved_words_arrives_at_the_editors_own_address(office, editor):
    open_email(editor)
    editor.get_by_label("Subject", exact=True).first.fill("Only a test, {{ first_name }}")
    expect(editor.get_by_role("group", name="As the inbox shows it")).to_contain_text("Only a test, Ada")

    editor.get_by_role("button", name="Send a test").click()

    expect(region(editor, "Preview")).to_contain_text("The mail server took it.")
    arrived = office.mail.received[-1]
    assert arrived.recipients == ["editor@staff.example"]
    assert "Only a test, Ada" in arrived.message["Subject"]


def test_words_wait_in_a_draft_whose_difference_is_read_before_it_is_published(office, editor):
    open_email(editor)
    editor.get_by_label("Subject", exact=True).first.fill("A warm welcome to The 7 Space")
    editor.get_by_role("button", name="Save the draft").click()
    expect(editor.get_by_text("What is sent stays as it is until you publish.")).to_be_visible()
    waiting = EngagementTemplate.objects.get(name=EMAIL).current_version
    editor.get_by_role("link", name="Publish…").click()

    expect(region(editor, "What becomes different").locator("ins").first).to_contain_text("A warm welcome")
    editor.get_by_role("button", name="Publish version 2").click()
    expect(editor.get_by_text("Version 2 is published")).to_be_visible()
    editor.get_by_role("link", name="Compare and restore").click()

    expect(region(editor, "From version 1 to version 2").locator("ins").first).to_contain_text("A warm welcome")
    version = EngagementTemplate.objects.get(name=EMAIL).current_version
    assert (waiting.number, version.number, version.subject) == (1, 2, "A warm welcome to The 7 Space")
    assert version.published_by == office.colleague("editor")


def test_the_timeline_follows_what_is_typed_and_a_missing_target_is_told_at_its_field(editor):
    open_workflow(editor)
    timeline = editor.get_by_role("complementary", name="What a contact goes through")
    step(editor, 4).get_by_label("How much later").fill("3")
    expect(timeline).to_contain_text("After 3 days · step 4")
    editor.get_by_role("button", name="Add a step").click()
    step(editor, 5).get_by_label("What happens").select_option(label="Create a task")
    step(editor, 5).get_by_label("Title").fill("Invite to the studio")
    expect(timeline).to_contain_text("Task: Invite to the studio")

    editor.get_by_role("button", name="Save the draft").click()
    expect(editor.get_by_role("alert")).to_contain_text("Not saved yet")
    who = step(editor, 5).get_by_label("Who", exact=True)
    expect(who).to_have_attribute("aria-invalid", "true")
    expect(who).to_have_accessible_description("Choose who is alerted or gets the task.")
    who.select_option(label="Gallery team")
    editor.get_by_role("button", name="Save the draft").click()

    expect(editor.get_by_text("Saved as a draft.")).to_be_visible()
    expect(region(editor, "This is a draft: 2 differences from what runs")).to_contain_text("Invite to the studio")
    assert "Invite to the studio" not in titles(WorkflowTemplate.objects.get(name="Artist discovery"))


def titles(workflow: WorkflowTemplate) -> list[str]:
    """Of the alerts and tasks of the version that runs."""
    assert workflow.current_version is not None
    return [step.title for step in workflow.current_version.steps.all()]


def test_a_dry_run_shows_what_ada_would_get_and_writes_nothing(office, editor):
    open_workflow(editor)
    editor.get_by_role("link", name="Dry run").click()
    type_into(editor.get_by_label("Find a contact by name, address or company"), "lovelace")
    editor.get_by_role("link", name="Ada Lovelace").click()

    would = region(editor, "What would happen to Ada Lovelace")
    expect(would).to_contain_text("Task: Artist Portfolio Review")
    would.get_by_text("As its reader sees it").first.click()
    expect(would.frame_locator("iframe").first.locator("body")).to_contain_text("Dear Ada")
    artist_discovery = WorkflowInstance.objects.filter(template__name="Artist discovery")
    assert artist_discovery.filter(contact=office.contact("Ada")).count() == 1


def test_publishing_shows_the_difference_and_leaves_those_under_way_where_they_are(editor):
    open_workflow(editor)
    step(editor, 2).get_by_label("Title").fill("Portfolio review at leisure")
    editor.get_by_role("button", name="Save and go on to publish").click()
    expect(editor.locator("ins").filter(has_text="Portfolio review at leisure")).to_be_visible()
    expect(editor.get_by_text("2 people on version 1: they stay on it to the end.")).to_be_visible()

    editor.get_by_role("button", name="Publish version 2").click()

    expect(editor.get_by_text("Version 2 is published: whoever starts from now on goes through it.")).to_be_visible()
    workflow = WorkflowTemplate.objects.get(name="Artist discovery")
    assert "Portfolio review at leisure" in titles(workflow)
    under_way = WorkflowInstance.objects.filter(template=workflow)
    assert set(under_way.values_list("version__number", flat=True)) == {1}


def test_the_frame_of_a_brand_is_seen_while_it_is_changed(editor):
    go_to(editor, "Brands", under="Settings")
    editor.get_by_role("link", name="The 7 Space", exact=True).click()
    expect(as_read(editor)).to_contain_text("Gallery and wellness centre")
    editor.get_by_role("textbox", name="Signature", exact=True).fill("Until soon,\n\n**The house of seven rooms**")
    editor.get_by_label("Postal address").fill("7 Harbour Walk\nOslo")
    expect(as_read(editor)).to_contain_text("The house of seven rooms")
    expect(as_read(editor)).to_contain_text("7 Harbour Walk")

    editor.get_by_role("button", name="Save", exact=True).click()

    expect(editor.get_by_text("was changed successfully")).to_be_visible()
    assert "seven rooms" in BusinessEntity.objects.get(slug="the_7_space").signature


def test_what_a_reply_means_is_chosen_for_each_workflow(editor):
    open_workflow(editor)
    answers = region(editor, "When they answer")
    expect(answers.get_by_label("How many days it waits")).not_to_be_visible()

    answers.get_by_label("Waits some days").check()
    answers.get_by_label("How many days it waits").fill("7")
    editor.get_by_role("button", name="Save the draft").click()

    expect(answers.get_by_label("How many days it waits")).to_have_value("7")
