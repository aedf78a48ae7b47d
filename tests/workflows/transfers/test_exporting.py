"""Exports: who is in the file, what stands in the cells, and that no cell is a formula."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.deletion import Erased
from contacts.imports.cells import CUSTOM, defused, read
from contacts.models import Consent, Contact, Suppression
from tests import factories as f
from workflows.models import ExportPerson, ExportRun
from workflows.models.transfers import NotPossible
from workflows.transfers import erasure, exporting, runs


def export(*, chosen=None, columns=("email", "first_name"), kind="csv", by=None):
    run = exporting.start(chosen=chosen, filters="", columns=columns, kind=kind, by=by, now=f.NOW)
    runs.begin(run)
    run.refresh_from_db()
    return run


def table(run: ExportRun) -> list[list[str]]:
    content = b"".join(run.content())
    if run.format == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u200b=1",
    "\ufeff=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "\ufe661",
    "\u22121",
    "|calc",
    "%0",
    "\0=1",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_might_be_a_formula_gets_an_apostrophe(value):
    assert defused(value).startswith("'")


@pytest.mark.parametrize("value", ["", "Ada", "a=b", "2024-01-02", "ada@example.org", "'quoted'", "3 - 4"])
def test_what_is_none_stays_as_it_is(value):
    assert defused(value) == value


@given(st.text(st.characters(exclude_characters="\0")))
def test_import_takes_the_apostrophe_off_again(value):
    assert read("first_name", defused(value)) == (value, "")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_is_a_formula_not_even_a_heading(kind):
    f.ContactFactory(email="ada@example.org", first_name="=cmd()", custom={"=HYPERLINK(1)": "@SUM(1)"})

    run = export(kind=kind, columns=("email", "first_name", f"{CUSTOM}=HYPERLINK(1)"))

    assert table(run) == [["Email", "First Name", "'=HYPERLINK(1)"], ["ada@example.org", "'=cmd()", "'@SUM(1)"]]


@pytest.mark.django_db
def test_everybody_is_in_the_file_once_across_batches(monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    made = {f.ContactFactory().email for _ in range(5)}

    rows = table(export())

    assert sorted(row[0] for row in rows[1:]) == sorted(made)


@pytest.mark.django_db
def test_filtered_list_is_as_it_was_when_asked_for():
    ada = f.ContactFactory(first_name="Ada")
    f.ContactFactory(first_name="Bob")
    run = exporting.start(
        chosen=Contact.objects.filter(first_name="Ada"), filters="", columns=["email"], kind="csv", by=None, now=f.NOW
    )
    Contact.objects.filter(pk=ada.pk).update(first_name="Augusta")

    runs.begin(run)

    assert [row[0] for row in table(run)] == ["Email", ada.email]
    assert not ExportPerson.objects.exists()


@pytest.mark.django_db
def test_somebody_deleted_meanwhile_is_left_out():
    gone, stays = f.ContactFactory(), f.ContactFactory()
    run = exporting.start(chosen=Contact.objects.all(), filters="", columns=["email"], kind="csv", by=None, now=f.NOW)
    Contact.objects.filter(pk=gone.pk).delete()

    runs.begin(run)

    assert [row[0] for row in table(run)[1:]] == [stays.email]


@pytest.mark.django_db
def test_permission_is_a_column():
    may, withdrew, blocked = (f.ContactFactory(email=f"{name}@example.org") for name in ("may", "withdrew", "blocked"))
    Consent.objects.create(contact=withdrew, state="withdrawn", source="phone", recorded_at=f.NOW)
    Suppression.objects.create(email=blocked.email, reason="bounced")

    said = dict(table(export(columns=("email", "permission")))[1:])

    assert said[may.email] == "Nothing recorded"
    assert said[withdrew.email].startswith("Withdrawn (every brand, ")
    assert said[blocked.email] == "No: address does not exist"


@pytest.mark.django_db
def test_export_without_columns_is_refused():
    f.ContactFactory()

    with pytest.raises(NotPossible, match="at least one column"):
        export(columns=())


@pytest.mark.django_db
def test_export_of_nobody_is_refused():
    with pytest.raises(NotPossible, match="Nobody"):
        export()


def test_exported_file_comes_back_without_a_change(preview):
    line = 'ada@example.org,=Ada,+442079460018,"VIP, Hot","A, B & C"\n'
    runs.apply(run=preview("Email,First Name,Phone,Tags,Company\n" + line), start_workflows=False)
    run = export(columns=tuple(exporting.HEADINGS))

    again = preview(b"".join(run.content()))

    assert list(again.lines.values_list("foreseen", "changes")) == [("unchanged", {})]


@pytest.mark.django_db
def test_cancelled_export_leaves_no_file():
    f.ContactFactory()
    run = exporting.start(chosen=None, filters="", columns=["email"], kind="csv", by=None, now=f.NOW)

    runs.cancel(run=run)
    runs.begin(run)

    run.refresh_from_db()
    assert (run.state, run.chunks.count()) == ("cancelled", 0)


@pytest.mark.django_db
def test_what_a_failed_export_gathered_is_gone_once_somebody_is_erased():
    run = ExportRun.objects.create(state="failed")
    run.chunks.create(number=0, data=b"ada@example.org")

    erasure.forget(Erased(ids=(), emails=("ada@example.org",), names=()))

    run.refresh_from_db()
    assert (run.state, run.chunks.count()) == ("failed", 0)
