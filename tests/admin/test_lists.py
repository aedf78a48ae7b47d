"""Imports and exports in the admin, as a person clicks through them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, EntityMembership
from tests import factories as f
from workflows.models import ExportRun, ImportRun
from workflows.transfers import files, runs

pytestmark = pytest.mark.django_db
ADD = "/admin/workflows/importrun/add/"


@pytest.fixture(autouse=True)
def _workflow(reference_rows):
    version = f.WorkflowVersionFactory(events=["new_contact"])
    version.template.current_version = version
    version.template.save(update_fields=["current_version"])


def colleague(*permissions: str) -> Client:
    user = User.objects.create_user(f"colleague{User.objects.count()}", is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, content: str | bytes, name: str = "list.csv", **more: str):
    data = content.encode() if isinstance(content, str) else content
    return client.post(ADD, {"file": SimpleUploadedFile(name, data), "source": "Newsletter", **more})


def page(run, name: str = "change") -> str:
    return reverse(f"admin:workflows_{run._meta.model_name}_{name}", args=[run.pk])


def columns(*fields: str) -> dict[str, str]:
    return {f"field-{number}": field for number, field in enumerate(fields)}


@pytest.fixture
def run(desk) -> ImportRun:
    """Uploaded; its columns are to be chosen."""
    upload(desk, "Mail,Firm\nada@example.org,Engines\nnobody,\n")
    return ImportRun.objects.get()


@pytest.fixture
def checked(desk, run) -> ImportRun:
    desk.post(page(run, "columns"), columns("email", "company"))
    run.refresh_from_db()
    return run


def test_upload_leads_to_the_columns_with_their_first_values(desk, run):
    shown = desk.get(page(run)).content.decode()

    assert "ada@example.org" in shown
    assert '<option value="email" selected>' in shown


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "list.csv", "The file is empty."),
        (b"Email\n", "list.csv", "not a single line below"),
        (b"\n\n,,\n", "list.csv", "The file is empty."),
        ("Email,Name\nada@example.org,J\u00f8rgen\n".encode("latin-1"), "list.csv", "Save it as CSV UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "list.csv", "no list but a binary file"),
        (b"PK\x03\x04 broken", "list.xlsx", "cannot be opened as an Excel file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "list.xls", "old Excel file"),
        (b"%PDF-1.7", "list.pdf", "This is a PDF"),
        (b",".join(b"c%d" % n for n in range(300)) + b"\nx\n", "list.csv", "300 columns; 200 at most"),
    ],
)
def test_file_that_is_no_list_is_refused_with_a_remedy(desk, content, name, said):
    shown = upload(desk, content, name).content.decode()

    assert said in shown
    assert not ImportRun.objects.exists()


def test_file_that_is_too_large_is_refused_without_being_kept(desk, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)

    shown = upload(desk, "Email\n" + "ada@example.org\n" * 100).content.decode()

    assert "larger than 50 MB" in shown
    assert not ImportRun.objects.exists()


def test_excel_file_is_read_like_a_list(desk):
    import datetime as dt
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Email", "Phone", "Date Added"])
    book.active.append(["ada@example.org", 442079460018, dt.date(2024, 11, 3)])
    content = io.BytesIO()
    book.save(content)
    upload(desk, content.getvalue(), "list.xlsx")
    run = ImportRun.objects.get()

    desk.post(page(run, "columns"), columns("email", "phone", "added_on"))

    assert run.lines.get().changes["added_on"] == [None, "2024-11-03"]
    assert run.lines.get().changes["phone"] == [None, "442079460018"]


def test_two_columns_for_one_field_is_an_error_at_the_second(desk, run):
    shown = desk.post(page(run, "columns"), columns("email", "email")).content.decode()

    assert "“Mail” fills this field already" in shown


def test_email_has_to_be_among_the_columns(desk, run):
    shown = desk.post(page(run, "columns"), columns("first_name", "")).content.decode()

    assert "Choose the column with the email address" in shown


def test_custom_field_needs_a_name(desk, run):
    shown = desk.post(page(run, "columns"), columns("email", "custom:")).content.decode()

    assert "Give the custom field a name" in shown


def test_columns_of_a_source_are_remembered_whatever_their_order(desk, checked):
    upload(desk, "Firm,Mail\nLooms,bob@example.org\n")

    again = ImportRun.objects.exclude(pk=checked.pk).get()
    assert again.state == ImportRun.State.READY
    assert again.fields == ["company", "email"]


def test_remembered_columns_are_found_whatever_their_case_and_however_many_have_one_name(desk):
    upload(desk, "Mail,Name,Name\nada@example.org,Ada,Lovelace\n")
    first = ImportRun.objects.get()
    desk.post(page(first, "columns"), columns("email", "first_name", "last_name"))

    upload(desk, "MAIL,Name,NAME\nbob@example.org,Bob,Byron\n")

    again = ImportRun.objects.exclude(pk=first.pk).get()
    assert again.fields == ["email", "first_name", "last_name"]
    assert again.foreseen["created"] == 1


def test_column_of_a_hostile_form_reaches_no_script(desk, run):
    shown = desk.post(page(run, "columns"), columns("'-alert(1)-'", "company")).content.decode()

    assert "Choose one of the fields in the list." in shown
    assert "alert(1)" not in shown


def test_preview_shows_changes_and_rejections_and_stores_nothing(desk, checked):
    shown = desk.get(page(checked)).content.decode()

    assert "<ins>Engines</ins>" in shown
    assert "exactly one @" in shown
    assert "Start nothing." in shown
    assert not Contact.objects.exists()


def test_preview_can_be_narrowed_to_the_rejected(desk, checked):
    shown = desk.get(page(checked), {"show": "rejected"}).context["lines"]

    assert [line["row"].number for line in shown] == [3]


def test_rejected_lines_can_be_downloaded(desk, checked):
    response = desk.get(page(checked, "rejected"))

    content = b"".join(response.streaming_content).decode("utf-8-sig")
    assert content.splitlines()[0] == "Rejected Line,Rejected Because,Mail,Firm"
    assert content.splitlines()[1].startswith("3,The email address needs")


def test_apply_stores_and_shows_what_became_of_the_lines(desk, checked):
    response = desk.post(page(checked, "apply"), {"start": "nothing"}, follow=True)

    assert "Done: 1 new, 0 changed, 0 unchanged, 1 rejected." in response.content.decode()
    assert reverse("admin:contacts_contact_change", args=[Contact.objects.get().pk]) in response.content.decode()


def test_apply_starts_workflows_only_when_chosen(desk, checked):
    desk.post(page(checked, "apply"), {"start": "workflows"})

    checked.refresh_from_db()
    assert checked.applied["started"] > 0


def test_apply_asks_for_the_post_method(desk, checked):
    desk.get(page(checked, "apply"))

    assert not Contact.objects.exists()


def test_cancelled_import_stores_nothing(desk, checked):
    desk.post(page(checked, "cancel"))

    shown = desk.post(page(checked, "apply"), follow=True).content.decode()
    assert "not possible any more" in shown
    assert not Contact.objects.exists()


def test_progress_is_shown_while_it_works(desk, run):
    ImportRun.objects.filter(pk=run.pk).update(state="applying", cursor=25, total=100)

    shown = desk.get(page(run)).content.decode()

    assert '<progress class="desk-progress" max="100" value="25"' in shown
    assert "hx-get" in shown


def test_progress_reloads_the_page_when_it_is_done(desk, checked):
    assert desk.get(page(checked, "progress"))["HX-Refresh"] == "true"


def test_later_lines_are_a_page_away(desk):
    upload(desk, "Email\n" + "".join(f"person{number}@example.org\n" for number in range(60)))
    run = ImportRun.objects.get()
    desk.post(page(run, "columns"), columns("email"))
    first = desk.get(page(run)).context

    second = desk.get(page(run), {"after": first["after"]}).context
    back = desk.get(page(run), {"before": second["before"]}).context

    assert (len(first["lines"]), len(second["lines"]), second["after"]) == (50, 10, None)
    assert [line["row"].pk for line in back["lines"]] == [line["row"].pk for line in first["lines"]]


def test_who_may_only_look_imports_nothing(reading_room, run):
    statuses = [
        reading_room.post(page(run, name)).status_code for name in ("columns", "again", "apply", "cancel", "go_on")
    ]

    assert statuses == [403] * 5
    assert upload(reading_room, "Email\nada@example.org\n").status_code == 403


def test_import_needs_both_permissions_on_contacts():
    may = colleague("contacts.add_contact", "contacts.change_contact")

    assert may.get(ADD).status_code == 200
    assert colleague("contacts.add_contact").get(ADD).status_code == 403


# Exports


def export(client: Client, **more: object) -> ExportRun:
    client.post("/admin/workflows/exportrun/add/", {"columns": ["email"], "format": "csv", **more})
    return ExportRun.objects.latest("created_at")


def emails_in(client: Client, run: ExportRun) -> list[str]:
    content = b"".join(client.get(page(run, "download")).streaming_content).decode("utf-8-sig")
    return sorted(content.split()[1:])


def test_export_of_the_filtered_list_has_the_people_of_the_list(desk):
    f.ContactFactory(email="ada@example.org")
    f.ContactFactory(email="bob@example.com")

    run = export(desk, list="q=example.org", who="filtered")

    assert emails_in(desk, run) == ["ada@example.org"]
    assert run.filters == "search “example.org”"


def test_export_keeps_to_the_brand_chosen_above_the_list(desk):
    ours, theirs = f.BusinessEntityFactory(slug="ours"), f.BusinessEntityFactory(slug="theirs")
    for email, brand in (("ada@example.org", ours), ("bob@example.com", theirs)):
        EntityMembership.objects.create(contact=f.ContactFactory(email=email), business_entity=brand)
    desk.post(reverse("admin:brand"), {"brand": str(ours.pk)})

    run = export(desk)

    assert emails_in(desk, run) == ["ada@example.org"]
    assert run.filters == "of Ours"


def test_export_of_a_list_whose_filter_cannot_be_read_exports_nobody(desk):
    sent = {"list": "no_such_field__exact=1", "who": "filtered"}

    response = desk.post(reverse("admin:workflows_exportrun_add"), sent)

    assert response.status_code == 400
    assert not ExportRun.objects.exists()


def test_export_button_remembers_how_the_list_was_filtered(desk):
    contacts = reverse("admin:contacts_contact_changelist")

    response = desk.get(
        reverse("admin:contacts_contact_export_people"), HTTP_REFERER=f"http://testserver{contacts}?q=ada"
    )

    assert response.url == "/admin/workflows/exportrun/add/?list=q%3Dada"


def test_export_says_who_asked_for_how_many(desk, boss):
    f.ContactFactory()

    run = export(desk)

    assert (run.created_by, run.cursor, run.downloads) == (boss, 1, 0)


def test_file_is_only_for_who_asked_for_it(desk):
    f.ContactFactory()
    run = export(desk)
    other = colleague("contacts.view_contact", "contacts.export_contact", "workflows.view_exportrun")
    owner = colleague(
        "contacts.view_contact",
        "contacts.export_contact",
        "workflows.view_exportrun",
        "workflows.download_any_exportrun",
    )

    assert other.get(page(run, "download")).status_code == 403
    assert owner.get(page(run, "download")).status_code == 200


def test_file_that_has_run_out_is_not_given(desk):
    f.ContactFactory()
    run = export(desk)
    ExportRun.objects.filter(pk=run.pk).update(expires_at=f.NOW.replace(year=2020))

    response = desk.get(page(run, "download"), follow=True)

    assert "Export again" in response.content.decode()


def test_what_has_run_out_is_deleted_by_the_pump(desk):
    import time

    f.ContactFactory()
    run = export(desk)
    ExportRun.objects.filter(pk=run.pk).update(expires_at=f.NOW.replace(year=2020))

    runs.run_pump_step(time.monotonic() + 5)

    run.refresh_from_db()
    assert (run.state, run.chunks.count()) == ("expired", 0)


def test_lines_of_old_imports_are_deleted_and_their_numbers_stay(desk, checked):
    import time

    ImportRun.objects.filter(pk=checked.pk).update(created_at=f.NOW.replace(year=2020))

    runs.run_pump_step(time.monotonic() + 5)

    checked.refresh_from_db()
    assert (checked.lines.count(), checked.is_cleared, checked.foreseen["created"]) == (0, True, 1)


def test_export_needs_to_see_contacts():
    assert (
        colleague("contacts.view_contact", "contacts.export_contact").get("/admin/workflows/exportrun/add/").status_code
        == 200
    )
    assert colleague("contacts.view_contact").get("/admin/workflows/exportrun/add/").status_code == 403
    assert colleague("workflows.view_exportrun").get("/admin/workflows/exportrun/add/").status_code == 403
