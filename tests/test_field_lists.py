"""Lists as people really have them, brought in by the command and by the admin, and taken out again."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts import cleaning, consent
from contacts.imports import Columns, Line, Record, cells
from contacts.intake import Arrival, receive
from contacts.models import BusinessEntity, Consent, Contact, ContactEvent, LeadSource
from tests import factories as f
from workflows.models import ExportRun, ImportLine, ImportRun, SavedMapping
from workflows.transfers import exporting, runs

pytestmark = pytest.mark.usefixtures("reference_rows")

NOTION_PAGE = "https://www.notion.so/Acme-24a3f0e1c2b94d5e8f7a6b5c4d3e2f10?pvs=21"


class Desk:
    """A colleague at the admin."""

    def __init__(self) -> None:
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("boss", "boss@staff.example", "secret"))

    def upload(self, content: str | bytes, *, source: str = "Newsletter", name: str = "list.csv") -> Any:
        data = content.encode() if isinstance(content, str) else content
        sent = {"file": SimpleUploadedFile(name, data), "source": source}
        return self.client.post("/admin/workflows/importrun/add/", sent, follow=True)

    def run(self) -> ImportRun:
        return ImportRun.objects.latest("created_at")

    def page(self, name: str = "change") -> str:
        return reverse(f"admin:workflows_importrun_{name}", args=[self.run().pk])

    def post(self, name: str, **sent: str) -> Any:
        return self.client.post(
            self.page(name), {key.replace("field_", "field-"): sent[key] for key in sent}, follow=True
        )

    def map(self, *fields: str, **more: str) -> Any:
        return self.client.post(
            self.page("columns"), {f"field-{at}": field for at, field in enumerate(fields)} | more, follow=True
        )

    def bring_in(self, content: str | bytes, *fields: str, **more: str) -> None:
        """Uploaded, with these columns, and applied."""
        self.upload(content)
        self.map(*fields, **more)
        self.post("apply", start="nothing")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def command(tmp_path: Path) -> Any:
    def run(content: str | bytes, *options: str) -> str:
        file = tmp_path / "people.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        said = io.StringIO()
        call_command("import_contacts", str(file), *options, stdout=said)
        return " ".join(said.getvalue().split())

    return run


def days(*emails: str) -> list[dt.date | None]:
    return [Contact.objects.get(email=f"{email}@example.org").added_on for email in emails]


def dated(*cells: str) -> str:
    return "Email,Date Added\n" + "".join(f"{'abcdef'[at]}@example.org,{cell}\n" for at, cell in enumerate(cells))


class TestDates:
    def test_dotted_dates_have_the_day_first(self, command: Any) -> None:
        command(dated("13.04.2024", "03.04.2024", "3.4.24"))

        assert days("a", "b", "c") == [dt.date(2024, 4, 13), dt.date(2024, 4, 3), dt.date(2024, 4, 3)]

    @pytest.mark.parametrize(
        ("telling", "open_one", "meant"),
        [
            ("13/04/2024", "03/04/2024", dt.date(2024, 4, 3)),
            ("04/13/2024", "03/04/2024", dt.date(2024, 3, 4)),
            ("13-04-2024", "03-04-2024 10:15", dt.date(2024, 4, 3)),
            ("04.13.2024", "03.04.2024", dt.date(2024, 3, 4)),
        ],
    )
    def test_a_part_above_12_decides_for_the_column(
        self, command: Any, telling: str, open_one: str, meant: dt.date
    ) -> None:
        command(dated(open_one, telling))

        assert days("a", "b") == [meant, dt.date(2024, 4, 13)]

    def test_what_stays_open_is_left_out_and_said_on_the_command_line(self, command: Any) -> None:
        said = command(dated("03/04/2024", "05/06/2024"))

        assert days("a", "b") == [None, None]
        assert "--dates" in said

    @pytest.mark.parametrize(("first", "day"), [("day", dt.date(2024, 4, 3)), ("month", dt.date(2024, 3, 4))])
    def test_the_command_can_be_told(self, command: Any, first: str, day: dt.date) -> None:
        command(dated("03/04/2024"))
        command(dated("03/04/2024"), "--dates", first)

        assert days("a") == [day]

    def test_the_mapping_asks_and_remembers(self, desk: Desk) -> None:
        desk.upload(dated("03/04/2024"))
        asked = desk.map("email", "added_on").content.decode()
        desk.map("email", "added_on", date_order="day")
        desk.post("apply", start="nothing")
        desk.upload(dated("03/04/2024", "05/06/2024"))

        assert 'name="date_order"' in asked
        assert days("a") == [dt.date(2024, 4, 3)]
        assert desk.run().lines.get(position=2).changes["added_on"] == [None, "2024-06-05"]

    @pytest.mark.parametrize("year_first", ["2024-04-03", "2024/04/03", "20240403"])
    def test_year_first_is_never_open(self, command: Any, year_first: str) -> None:
        assert "--dates" not in command(dated(year_first, "13.05.2024"))
        assert days("a") == [dt.date(2024, 4, 3)]

    def test_notion_says_the_zone_behind_the_time(self, command: Any) -> None:
        command(dated('"November 28, 2026 11:35 PM (GMT+9)"', '"November 28, 2026 11:35 PM (EST)"'))

        assert days("a", "b") == [dt.date(2026, 11, 28)] * 2


class TestLongCells:
    @pytest.mark.parametrize("size", [160_000, 3_000_000])
    @pytest.mark.parametrize("inner", ["inner{}@example.org,x\n", '"" inner{}@example.org\n', "x" * 5_000 + "\n"])
    def test_nobody_comes_from_inside_a_cell(self, command: Any, size: int, inner: str) -> None:
        many = "".join(inner.format(number) for number in range(size // len(inner)))

        command(f'Email,Notes\nbig@example.org,"{many}"\ngood@example.org,x\n')

        assert set(Contact.objects.values_list("email", flat=True)) == {"good@example.org"}
        assert [line.number for line in ImportLine.objects.filter(became="rejected")] == [2]

    def test_one_long_line_that_goes_on_is_one_record(self, command: Any) -> None:
        command(f'Email,Notes\nbig@example.org,"{"x" * 200_000}\ninner@example.org,"\ngood@example.org,x\n')

        assert [one.email for one in Contact.objects.all()] == ["good@example.org"]

    def test_a_quotation_mark_that_is_never_closed_costs_its_own_line(self, command: Any) -> None:
        many = "".join(f"p{number}@example.org,{'x' * 1000}\n" for number in range(200))

        command(f'Email,Notes\nbad@example.org,"open\n{many}last@example.org,"quoted, well"\n')

        assert Contact.objects.count() == 201


def exported(*columns: str, custom: tuple[str, ...] = ()) -> bytes:
    chosen = [*(columns or exporting.HEADINGS), *(f"custom:{name}" for name in custom)]
    run = exporting.start(chosen=None, filters="", columns=chosen, kind="csv", by=None, now=f.NOW)
    runs.begin(run)
    return b"".join(ExportRun.objects.get(pk=run.pk).content())


class TestThereAndBack:
    def test_a_brand_a_tag_and_custom_values_come_back_as_they_were(self, command: Any) -> None:
        BusinessEntity.objects.create(slug="ridge", name="Ridge, Rohr & Co")
        custom = {
            "n": 5,
            "yes": True,
            "text": "5",
            "minus": -5,
            "list": ["a", 1],
            "City": "x",
            "city": "y",
            "Phone": "z",
        }
        about: dict[str, Any] = {
            "tags": ["Berlin, Germany", 'the "best"', "a;b"],
            "business_entities": ["Ridge, Rohr & Co", "AM Consulting"],
            "custom": custom,
            "company": f"Acme ({NOTION_PAGE})",
            "phone": "4.47946E+11",
            "first_name": "#N/A",
        }
        receive(arrival=Arrival(email="ada@example.org", **about), source="api", now=f.NOW)
        before = kept(Contact.objects.get())
        file = exported(custom=tuple(custom))

        assert "unchanged │ 1" in command(file)
        Contact.objects.all().delete()
        command(file)

        assert kept(Contact.objects.get()) == before

    def test_an_untouched_number_keeps_its_kind_whatever_columns_came_along(self, command: Any) -> None:
        receive(arrival=Arrival(email="ada@example.org", custom={"n": 5, "b": True}), source="api", now=f.NOW)

        assert "unchanged │ 1" in command(exported("email", custom=("n", "b")))

    @pytest.mark.parametrize(
        ("cell", "tags"),
        [
            ('"VIP","Newsletter, Berlin"', ["VIP", "Newsletter, Berlin"]),
            ('VIP, "Newsletter, Berlin"', ["VIP", "Newsletter, Berlin"]),
            ("VIP; Hot", ["VIP", "Hot"]),
            ("VIP, R&D; Berlin", ["VIP", "R&D; Berlin"]),
            ("VIP\nHot", ["VIP", "Hot"]),
            ('5" pipe, VIP', ['5" pipe', "VIP"]),
        ],
    )
    def test_tags_in_a_cell(self, command: Any, cell: str, tags: list[str]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows([("Email", "Tags"), ("ada@example.org", cell)])

        command(text.getvalue())

        assert Contact.objects.get().tags == tags

    def test_a_number_in_somebody_elses_list_stays_as_it_is_typed(self, command: Any) -> None:
        command("Email,Shoe Size,Zip\nada@example.org,42,01234\n")

        assert Contact.objects.get().custom == {"Shoe Size": "42", "Zip": "01234"}


def kept(contact: Contact) -> dict[str, Any]:
    names = ("first_name", "last_name", "phone", "company", "job_title", "tags", "interests", "notes", "custom")
    brands = [one.business_entity.name for one in contact.memberships.all()]
    return {name: getattr(contact, name) for name in names} | {"brands": brands}


WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(cleaning.line)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(cleaning.text)
HARD = st.sampled_from(
    [
        "'5",
        "5",
        "true",
        "''=1",
        "'",
        '"',
        "a, b; c",
        f"Acme ({NOTION_PAGE})",
        "#N/A",
        "'#REF!",
        "4E+11",
        "[1]",
        "=1",
        "-5",
        "NaN",
    ]
)
VALUE = st.one_of(WORD, HARD)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | VALUE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
    max_leaves=5,
)
NAME = st.one_of(
    WORD, st.sampled_from(["Email", "phone", "'Phone", "Contact ID", "=x", "custom:", "utm_source"])
).filter(bool)


def word(brand: str | None, state: Consent.State) -> Consent:
    return Consent(business_entity=BusinessEntity(name=brand) if brand else None, state=state, recorded_at=f.NOW)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.fixed_dictionaries(dict.fromkeys(("first_name", "last_name", "phone", "company", "job_title"), VALUE)),
    notes=st.one_of(LINES, HARD),
    lists=st.fixed_dictionaries(
        {name: st.lists(VALUE.filter(bool), max_size=4, unique_by=str.casefold) for name in ("tags", "interests")}
    ),
    named=st.lists(VALUE.filter(bool), min_size=1, max_size=3, unique=True),
    custom=st.dictionaries(NAME, JSON, max_size=4),
    permission=st.dictionaries(st.none() | st.just("every brand") | VALUE.filter(bool), st.sampled_from(Consent.State)),
)
def test_export_and_import_are_inverse(
    texts: dict[str, str],
    notes: str,
    lists: dict[str, list[str]],
    named: list[str],
    custom: dict[str, Any],
    permission: dict[str | None, Consent.State],
) -> None:
    contact = Contact(email="ada@example.org", notes=notes, custom=cleaning.custom(custom), **texts, **lists)
    chosen = ["email", *texts, "notes", *lists, *(f"custom:{name}" for name in contact.custom)]
    (row,) = exporting.rows_of([contact], chosen)
    written = io.StringIO()
    may = cells.written("permission", cells.permission_written([word(*one) for one in permission.items()]))
    more = ["Contact ID", "Permission To Email"]
    csv.writer(written).writerows([[*exporting.headings(chosen), *more], [*row, "x", may]])
    header, record = csv.reader(io.StringIO(written.getvalue(), newline=""))

    line = Columns.by_name([name.strip() for name in header]).understand(Record(2, record))

    assert isinstance(line, Line)
    arrival = line.arrival
    assert {name: getattr(arrival, name) for name in texts} == texts
    assert (arrival.notes, line.warnings) == (notes, [])
    assert {name: list(getattr(arrival, name)) for name in lists} == lists
    assert (arrival.custom or {}) == {name: "" if value is None else value for name, value in contact.custom.items()}
    assert list(cells.split(cells.joined(named))) == named
    told = {"granted": True, "withdrawn": False, "pending": None}
    assert (arrival.permission or {}) == {brand or "": told[state] for brand, state in permission.items()}


class TestColumns:
    def test_of_two_columns_of_one_name_the_first_counts_and_it_is_said(self, command: Any, desk: Desk) -> None:
        content = "Email,City,City\nada@example.org,Rome,Paris\n"
        said = command(content)
        shown = desk.upload(content).content.decode()

        assert Contact.objects.get().custom == {"City": "Rome"}
        assert "“City” stands there twice" in said
        assert "“City” stands there twice" in shown

    @pytest.mark.parametrize("sign", [";", ",", "|", "\t"])
    def test_excels_first_line_names_the_separator(self, command: Any, sign: str) -> None:
        command(f"\ufeffsep={sign}\r\nEmail{sign}Company\r\nada@example.org{sign}A.B\r\n")

        assert Contact.objects.get().company == "A.B"

    @pytest.mark.parametrize("phone", ["4.47946E+11", "4,47946E+11", "4.9E+12", "1E+10"])
    def test_a_rounded_phone_is_left_out_and_said(self, command: Any, phone: str) -> None:
        said = command(f'Email,Phone\nada@example.org,"{phone}"\n')

        assert Contact.objects.get().phone == ""
        assert "line 2: The phone number" in said

    @pytest.mark.parametrize("broken", ["#N/A", "#NAME?", "#REF!", "#######"])
    def test_errors_of_a_spreadsheet_are_no_values(self, command: Any, broken: str) -> None:
        command(f"Email,First Name\nada@example.org,{broken}\n")

        assert Contact.objects.get().first_name == ""

    @pytest.mark.parametrize(
        ("cell", "company"),
        [
            (f"Acme ({NOTION_PAGE})", "Acme"),
            (f"Acme ({NOTION_PAGE}), Beta ({NOTION_PAGE})", "Acme, Beta"),
            ("Acme (Companies/Acme%2024a3f0e1c2b94d5e8f7a6b5c4d3e2f10.md)", "Acme"),
            ("Acme (https://acme.example)", "Acme (https://acme.example)"),
        ],
    )
    def test_a_relation_of_notion_is_its_name(self, command: Any, cell: str, company: str) -> None:
        command(f'Email,Company,Tags\nada@example.org,"{cell}","{cell}"\n')

        assert Contact.objects.get().company == company
        assert Contact.objects.get().tags == company.split(", ")

    @pytest.mark.parametrize("by", ["command", "desk"])
    def test_parameters_of_campaigns_go_to_the_source_metadata(self, command: Any, desk: Desk, by: str) -> None:
        content = "Email,UTM_Source,gclid,fbclid,utm_term,City\nada@example.org,mail,1,2,,Rome\n"
        if by == "command":
            command(content)
        else:
            desk.bring_in(content, "email", *["source_metadata:"] * 4, "custom:", **{"name-5": "City"})

        event = ContactEvent.objects.get()
        assert event.payload["source_metadata"] == {"utm_source": "mail", "gclid": "1", "fbclid": "2"}
        assert "utm_source" not in event.contact.custom


class TestPermission:
    def may(self, email: str, brand: str | None = None) -> bool:
        entity = BusinessEntity.objects.get(name=brand) if brand else None
        return consent.may_contact(contact=Contact.objects.get(email=email), business_entity=entity).allowed

    @pytest.mark.parametrize(
        ("heading", "no", "field"),
        [
            ("Marketing OK?", "no", "permission:"),
            ("Newsletter", "Nein", "permission:"),
            ("Email opt-in", "FALSE", "permission:"),
            ("Unsubscribed", "yes", "opt_out:"),
            ("Do not email", "1", "opt_out:"),
            ("Opt-out", "x", "opt_out:"),
            ("E-mail consent", "unsubscribed", "permission:"),
        ],
    )
    def test_a_likely_column_is_suggested_and_a_no_keeps_from_being_emailed(
        self, desk: Desk, heading: str, no: str, field: str
    ) -> None:
        desk.upload(f"Email,{heading}\nada@example.org,{no}\n")
        suggested = desk.run().fields
        desk.map(*suggested)
        desk.post("apply", start="nothing")

        assert suggested == ["email", field]
        assert not self.may("ada@example.org")
        assert Contact.objects.get().custom == {}

    def test_it_can_be_for_one_brand(self, desk: Desk) -> None:
        brand = BusinessEntity.objects.get(name="AM Consulting")
        desk.bring_in("Email,Letters\na@example.org,no\n", "email", f"permission:{brand.slug}")

        assert not self.may("a@example.org", "AM Consulting")
        assert self.may("a@example.org", "The 7 Space")

    def test_a_yes_never_lifts_a_no(self, desk: Desk) -> None:
        desk.bring_in("Email,Letters\na@example.org,no\n", "email", "permission:")
        desk.upload("Email,Letters\na@example.org,yes\n")
        desk.post("apply", start="nothing")

        assert not self.may("a@example.org")

    def test_the_same_list_again_records_nothing(self, desk: Desk) -> None:
        for _ in range(2):
            desk.upload("Email,Letters\na@example.org,no\nb@example.org,yes\nc@example.org,perhaps\n")
            if desk.run().state == "columns":
                desk.map("email", "permission:")
            desk.post("apply", start="nothing")

        states = sorted(Contact.objects.values_list("email", "consents__state"))
        assert states == [("a@example.org", "withdrawn"), ("b@example.org", "granted"), ("c@example.org", None)]
        assert desk.run().applied["unchanged"] == 3

    def test_the_preview_shows_it(self, desk: Desk) -> None:
        desk.upload("Email,Letters\na@example.org,no\n")
        desk.map("email", "permission:")

        assert desk.run().lines.get().changes["permission"] == [None, "withdrawn"]

    def test_the_command_warns_and_takes_the_mapping_of_a_source(self, command: Any, desk: Desk) -> None:
        content = "Email,Marketing OK?\nada@example.org,no\n"
        said = command(content)
        desk.upload(content, source="Shop")
        desk.map("email", "permission:")
        command(content, "--source", "shop")

        assert "“Marketing OK?” looks like a permission" in said
        assert not self.may("ada@example.org")


def states() -> dict[str, list[tuple[str | None, str, str]]]:
    """Of everybody the consents in their order: brand, state, source."""
    found: dict[str, list[tuple[str | None, str, str]]] = {one.email: [] for one in Contact.objects.all()}
    for one in Consent.objects.select_related("contact", "business_entity").order_by("recorded_at", "id"):
        name = one.business_entity.name if one.business_entity else None
        found[one.contact.email].append((name, one.state, one.source))
    return found


class TestPermissionThereAndBack:
    """The column that our own export writes."""

    def people(self) -> None:
        brand = BusinessEntity.objects.create(slug="ridge", name="Ridge, Rohr; & Co (Berlin)")
        other = BusinessEntity.objects.get(name="AM Consulting")
        for name in ("both", "general", "asked", "banned", "bounced", "silent"):
            receive(arrival=Arrival(email=f"{name}@example.org"), source="api", now=f.NOW)
        both, general, asked, banned, _, _ = (
            Contact.objects.get(email=f"{name}@example.org")
            for name in ("both", "general", "asked", "banned", "bounced", "silent")
        )
        consent.withdraw(contact=both, source="link", now=f.NOW, business_entity=brand)
        consent.grant(contact=both, source="form", now=f.NOW, business_entity=other)
        consent.grant(contact=general, source="form", now=f.NOW, business_entity=other)
        consent.withdraw(contact=general, source="link", now=f.NOW + dt.timedelta(days=1))
        consent.ask(contact=asked, source="form", now=f.NOW, business_entity=other)
        consent.do_not_contact(contact=banned, source="staff", now=f.NOW)
        consent.suppress(email="bounced@example.org", reason="bounced")

    def test_our_own_export_says_nothing_new(self, command: Any) -> None:
        self.people()
        before = states()

        assert "unchanged │ 6" in command(exported())
        assert states() == before

    def test_a_ban_does_not_outlive_its_release(self, command: Any) -> None:
        self.people()
        command(exported("email", "permission"))
        consent.contact_again(contact=Contact.objects.get(email="banned@example.org"), source="staff", now=f.NOW)

        assert states()["banned@example.org"] == states()["bounced@example.org"] == []

    def test_elsewhere_nobody_may_be_emailed_who_might_not_here(self, command: Any) -> None:
        self.people()
        file = exported("email", "permission")
        Contact.objects.all().delete()
        command(file)

        told = "told by csv"
        assert states() == {
            "both@example.org": [
                ("Ridge, Rohr; & Co (Berlin)", "withdrawn", told),
                ("AM Consulting", "granted", told),
            ],
            "general@example.org": [(None, "withdrawn", told)],
            "asked@example.org": [("AM Consulting", "withdrawn", told)],
            "banned@example.org": [(None, "withdrawn", told)],
            "bounced@example.org": [(None, "withdrawn", told)],
            "silent@example.org": [],
        }

    def test_it_never_lifts_what_was_withdrawn_meanwhile(self, command: Any) -> None:
        self.people()
        file = exported("email", "permission")
        both = Contact.objects.get(email="both@example.org")
        consent.withdraw(contact=both, source="link", now=f.NOW + dt.timedelta(days=2))

        assert "unchanged │ 6" in command(file)
        assert not consent.may_contact(contact=both).allowed

    @pytest.mark.parametrize(("cell", "state"), [("no", ["withdrawn"]), ("yes", ["granted"]), ("perhaps", [])])
    def test_a_plain_answer_in_it_counts_for_every_brand(self, command: Any, cell: str, state: list[str]) -> None:
        said = command(f"Email,Permission To Email\nada@example.org,{cell}\n")

        assert [one for _, one, _ in states()["ada@example.org"]] == state
        assert ("neither yes nor no" in said) == (not state)

    def test_a_brand_that_nobody_knows_rejects_the_line_and_can_be_mapped(self, desk: Desk) -> None:
        content = "Email,Business Entity,Permission To Email\n" + 'a@example.org,Old,"Withdrawn (Old, 2026-01-01)"\n'
        desk.upload(content)
        desk.map(*desk.run().fields)
        rejected = desk.run().foreseen["rejected"]
        desk.client.post(desk.page("values"), {"business_entities:Old": "AM Consulting"})
        desk.post("apply", start="nothing")

        assert rejected == 1
        assert [one[:2] for one in states()["a@example.org"]] == [("AM Consulting", "withdrawn")]


class TestNames:
    @pytest.mark.parametrize(
        ("whole", "first", "last"),
        [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Lovelace, Ada", "Ada", "Lovelace"),
            ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
            ("Dr. Ada King Lovelace", "Ada King", "Lovelace"),
            ("Cher", "Cher", ""),
            ("Martin Luther King Jr.", "Martin Luther", "King Jr."),
        ],
    )
    def test_a_full_name_is_split(self, desk: Desk, whole: str, first: str, last: str) -> None:
        desk.bring_in(f'Email,Name\na@example.org,"{whole}"\n', "email", "full_name")

        contact = Contact.objects.get()
        assert (contact.first_name, contact.last_name) == (first, last)

    def test_it_is_suggested_where_nothing_else_says_the_name(self, desk: Desk) -> None:
        desk.upload("Email,Name\na@example.org,Ada Lovelace\n")
        alone = desk.run().fields
        desk.upload("Email,First Name,Name\na@example.org,Ada,Ada Lovelace\n")

        assert alone == ["email", "full_name"]
        assert desk.run().fields == ["email", "first_name", "custom:Name"]


class TestUnknownValues:
    CONTENT = 'Email,Contact Type,Lead Source\na@example.org,"Painter, Artist",Instagram\nb@example.org,Artist,\n'

    def test_they_can_be_mapped_and_are_remembered(self, desk: Desk) -> None:
        desk.upload(self.CONTENT)
        desk.map("email", "contact_types", "lead_source")
        shown = desk.client.get(desk.page()).content.decode()
        unknown, rejected = desk.run().unknown, desk.run().foreseen["rejected"]
        meant = {"contact_types:Painter": "Gallery Contact", "lead_source:Instagram": "Website"}
        desk.client.post(desk.page("values"), meant)
        desk.post("apply", start="nothing")
        desk.upload("Email,Contact Type\nc@example.org,PAINTER\n")
        desk.map("email", "contact_types")

        ada = Contact.objects.get(email="a@example.org")
        assert (unknown, rejected) == ({"contact_types": {"Painter": 1}, "lead_source": {"Instagram": 1}}, 1)
        assert 'name="contact_types:Painter"' in shown
        assert {kind.name for kind in ada.contact_types.all()} == {"Gallery Contact", "Artist"}
        assert ada.lead_source == LeadSource.objects.get(name="Website")
        assert desk.run().lines.get().foreseen == "created"

    def test_they_can_be_left_out(self, desk: Desk) -> None:
        desk.upload(self.CONTENT)
        desk.map("email", "contact_types", "lead_source")
        desk.client.post(desk.page("values"), {"contact_types:Painter": "-", "lead_source:Instagram": "-"})

        assert desk.run().foreseen["created"] == 2
        assert desk.run().foreseen.get("rejected", 0) == 0

    def test_a_name_that_is_none_is_passed_over(self, desk: Desk) -> None:
        desk.upload(self.CONTENT)
        desk.map("email", "contact_types", "lead_source")
        desk.client.post(desk.page("values"), {"contact_types:Painter": "Astronaut", "status:x": "y"})

        assert not any(saved.values for saved in SavedMapping.objects.all())
        assert desk.run().foreseen["rejected"] == 1


class TestRejects:
    CONTENT = "Email,Notes\nnobody,x\nada@example.org,y\n"

    def test_they_go_where_they_are_wanted(self, command: Any, tmp_path: Path) -> None:
        elsewhere = tmp_path / "mine.csv"
        said = command(self.CONTENT, "--rejects", str(elsewhere))

        assert [row[0] for row in csv.reader(elsewhere.open(encoding="utf-8-sig"))] == ["Rejected Line", "2"]
        assert not (tmp_path / "people.csv.rejected.csv").exists()
        assert elsewhere.name in said.replace(" ", "")
        assert elsewhere.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("where", ["no/such/folder/r.csv", ".", "people.csv"])
    def test_where_they_cannot_be_written_nothing_is_imported(self, command: Any, tmp_path: Path, where: str) -> None:
        with pytest.raises(CommandError, match="--rejects FILE"):
            command(self.CONTENT, "--rejects", str(tmp_path / where))

        assert not Contact.objects.exists()
        assert (tmp_path / "people.csv").read_text() == self.CONTENT

    def test_beside_a_list_in_a_folder_that_is_not_ours_it_says_what_to_do(
        self, command: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere

        with pytest.raises(CommandError, match="--rejects FILE"):
            command(self.CONTENT)

    def test_a_link_that_stands_there_is_not_followed(self, command: Any, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.write_text("precious")
        (tmp_path / "people.csv.rejected.csv").symlink_to(victim)

        command(self.CONTENT)

        assert victim.read_text() == "precious"


STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def workbook_with(**parts: bytes) -> bytes:
    """A small Excel file in which some parts are replaced or added."""
    book = openpyxl.Workbook()
    book.active.append(["Email"])
    book.active.append(["ada@example.org"])
    plain, changed = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        stored = {name: old.read(name) for name in old.namelist()} | {
            f"xl/{name}.xml": content for name, content in parts.items()
        }
        for name in set(parts) - {"styles"}:
            override = f'<Override PartName="/xl/{name}.xml" ContentType="{STRINGS}"/></Types>'.encode()
            stored["[Content_Types].xml"] = stored["[Content_Types].xml"].replace(b"</Types>", override)
        for name, content in stored.items():
            new.writestr(name, content)
    return changed.getvalue()


class TestExcel:
    def test_a_list_is_read(self, command: Any, tmp_path: Path) -> None:
        command(workbook_with())

        assert Contact.objects.get().email == "ada@example.org"

    @pytest.mark.parametrize("part", ["sharedStrings", "styles"])
    def test_what_a_reader_would_hold_in_memory_is_bounded(self, desk: Desk, part: str) -> None:
        shown = desk.upload(workbook_with(**{part: b" " * 100_000_000}), name="list.xlsx").content.decode()

        assert "too large when unpacked" in shown
        assert not ImportRun.objects.exists()

    def test_a_reader_that_takes_too_much_dies_alone(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Under another name than its usual one, only the limit of its process holds it."""
        monkeypatch.setattr(runs, "AT_ONCE", 10_000)
        many = (b"<si><t>" + b"x" * 1_000_000 + b"</t></si>") * 330
        shared = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + many + b"</sst>"

        shown = desk.upload(workbook_with(words=shared), name="list.xlsx").content.decode()

        assert "too large when unpacked" in shown

    def test_the_request_only_stores_a_long_file(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "AT_ONCE", 0)

        shown = desk.upload(workbook_with(), name="list.xlsx").content.decode()
        stored = desk.run()
        runs.work(kind="importrun", run_id=stored.pk)

        assert stored.state == "reading"
        assert "Reading the file" in shown
        assert desk.run().state == "columns"
