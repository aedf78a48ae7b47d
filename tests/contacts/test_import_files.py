"""Lists of people come in through the import door."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts import intake
from contacts.intake import Arrival, IntakeError, Receipt, Unchanged
from contacts.models import Contact, ContactEvent
from tests.contacts import listed
from tests.contacts.listed import Report, import_file
from tests.contacts.test_intake import arrive, brands_of
from tests.factories import NOW
from workflows import defaults as workflow_defaults
from workflows.models import ImportRun, WorkflowInstance
from workflows.transfers import pipeline

pytestmark = pytest.mark.usefixtures("reference_rows")

HEADER = ("Email", "First Name", "Contact Type", "Tags", "Business Entity")


def file_of(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return io.BytesIO(text.getvalue().encode())


def load(*rows: tuple[str, ...], **options: Any) -> Report:
    return import_file(file=file_of(*rows), now=NOW, **options)


def counts(report: Report) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "rejections", "merged")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "JUDGED_AT_ONCE", 2)


class TestLists:
    """The same door for many at once."""

    def many(self, *arrivals: tuple[str, Arrival], enrol: bool = False) -> list[Any]:
        return listed.take_in(arrivals, intake.ARRIVAL if enrol else intake.BASELINE)

    def test_each_arrival_is_answered_in_its_place(self) -> None:
        arrive("known@example.org")

        answers = self.many(
            ("a", Arrival(email="new@example.org")),
            ("b", Arrival(email="nobody")),
            ("c", Arrival(email="known@example.org")),
            ("d", Arrival(email="known@example.org", first_name="Ada")),
        )

        assert [type(answer) for answer in answers] == [Receipt, IntakeError, Unchanged, Receipt]
        assert (answers[0].created, answers[3].changes) == (True, {"first_name": ["", "Ada"]})

    def test_a_list_does_what_single_arrivals_do(self) -> None:
        about: dict[str, Any] = {"job_title": "Painter", "tags": ["Wellness"], "custom": {"a": 1}, "locale": "en_US"}

        single = intake.receive(
            arrival=Arrival(email="a@example.org", **about), source="csv", now=NOW, policy=intake.BASELINE
        ).event
        (listed,) = self.many(("k", Arrival(email="b@example.org", **about)))

        for name in ("kind", "facts", "decisions", "changes", "mode", "processed_at"):
            assert getattr(listed.event, name) == getattr(single, name)

    def test_a_person_twice_in_a_list_is_merged(self) -> None:
        first, second = self.many(
            ("a", Arrival(email="ada@example.org", tags=["VIP"])),
            ("b", Arrival(email="ADA@example.org", tags=["Hot"])),
        )

        assert (first.created, second.created) == (True, False)
        assert second.changes == {"tags": [["VIP"], ["VIP", "Hot"]]}
        assert Contact.objects.get().tags == ["VIP", "Hot"]

    def test_a_key_twice_in_a_list_is_one_event(self) -> None:
        _, second = self.many(
            ("k", Arrival(email="ada@example.org")), ("k", Arrival(email="ada@example.org", tags=["x"]))
        )

        assert second.duplicate
        assert ContactEvent.objects.count() == 1

    def test_whoever_is_to_be_enrolled_leaves_an_event_even_unchanged(self) -> None:
        arrive("ada@example.org", source="csv")

        (answer,) = self.many(("k", Arrival(email="ada@example.org")), enrol=True)

        assert isinstance(answer, Receipt)
        assert (answer.event.processed_at, answer.event.mode) == (NOW, "arrival")

    def test_an_empty_list_is_no_trouble(self) -> None:
        assert self.many() == []

    def test_the_queries_do_not_grow_with_the_list(self) -> None:
        def queries(size: int, prefix: str) -> int:
            arrivals = [(f"{prefix}{n}", Arrival(email=f"{prefix}{n}@example.org", tags=["x"])) for n in range(size)]
            with CaptureQueriesContext(connection) as captured:
                listed.take_in(arrivals)
            return len(captured)

        queries(1, "first")  # what is kept in memory is read

        assert queries(40, "many") == queries(2, "few")


class TestImporting:
    def test_lines_become_people_in_batches(self, small_batches: None) -> None:
        report = load(*[(f"p{number}@example.org", "Ada", "Artist", "", "") for number in range(7)])

        assert counts(report) == {"created": 7}
        assert Contact.objects.count() == 7

    def test_repeats_are_merged_across_batches(self, small_batches: None) -> None:
        report = load(
            ("a@example.org", "Ada", "", "", ""),
            ("b@example.org", "", "", "", ""),
            ("A@example.org", "Ada", "", "", ""),
            ("A@Example.org", "", "", "VIP", ""),
            ("b@example.org", "", "", "", ""),
        )

        assert counts(report) == {"created": 2, "updated": 1, "unchanged": 2, "merged": 3}

    def test_known_people_are_updated_or_unchanged(self) -> None:
        arrive("known@example.org", first_name="Ada")
        arrive("stale@example.org", first_name="Eve")

        report = load(("known@example.org", "Ada", "", "", ""), ("stale@example.org", "Eva", "", "", ""))

        assert counts(report) == {"updated": 1, "unchanged": 1}

    def test_an_old_list_does_not_undo_what_staff_changed_since(self) -> None:
        load(("ada@example.org", "Ada", "Artist", "", ""))
        Contact.objects.update(first_name="Augusta")

        report = load(("ada@example.org", "Ada", "Artist", "", ""))

        assert counts(report) == {"unchanged": 1}
        assert Contact.objects.get().first_name == "Augusta"

    def test_somebody_who_was_deleted_can_be_imported_again(self) -> None:
        load(("ada@example.org", "Ada", "", "", ""))
        Contact.objects.all().delete()

        assert counts(load(("ada@example.org", "Ada", "", "", ""))) == {"created": 1}

    def test_bad_lines_hold_nobody_up(self) -> None:
        report = load(
            ("nobody", "", "", "", ""),
            ("a@example.org", "", "Astronaut", "", ""),
            ("b@example.org", "", "", "", "Acme"),
            ("c@example.org", "x" * 151, "", "", ""),
            ("good@example.org", "", "", "", ""),
        )

        assert counts(report) == {"created": 2, "rejections": 3}
        assert [one.number for one in report.rejected] == [2, 3, 4]
        assert report.rejected[0].cells == ["nobody", "", "", "", ""]

    def test_a_phone_never_rejects_a_line(self) -> None:
        file = file_of(("a@example.org", "ask at the desk"), header=("Email", "Phone"))

        assert counts(import_file(file=file, now=NOW)) == {"created": 1}

    def test_a_date_nobody_can_read_is_counted(self) -> None:
        file = file_of(("a@example.org", "soon"), header=("Email", "Date Added"))

        report = import_file(file=file, now=NOW)

        assert (report.created, report.warnings) == (1, 1)

    def test_an_entity_is_for_the_lines_that_name_none(self) -> None:
        load(
            ("a@example.org", "", "Artist", "", ""),
            ("b@example.org", "", "Artist", "", "HigherSelf Core"),
            entity="am_consulting",
        )

        assert brands_of(Contact.objects.get(email="a@example.org")) == ["AM Consulting"]
        assert brands_of(Contact.objects.get(email="b@example.org")) == ["HigherSelf Core"]

    def test_the_same_list_for_another_entity_adds_it(self) -> None:
        load(("a@example.org", "", "Artist", "", ""))

        report = load(("a@example.org", "", "Artist", "", ""), entity="AM Consulting")

        assert counts(report) == {"updated": 1}
        assert brands_of(Contact.objects.get()) == ["The 7 Space", "AM Consulting"]

    def test_a_dry_run_reports_the_same_and_writes_nothing(self, small_batches: None) -> None:
        rows = [("a@example.org", "Ada", "", "", ""), ("b", "", "", "", ""), ("A@example.org", "", "", "VIP", "")]

        foretold = load(*rows, dry_run=True)

        foretold.run.delete()
        assert not Contact.objects.exists()
        assert not ContactEvent.objects.exists()
        assert counts(foretold) == counts(load(*rows)) == {"created": 1, "updated": 1, "rejections": 1, "merged": 1}

    def test_who_waits_is_told_how_far_it_is(self, small_batches: None) -> None:
        told: list[int] = []

        load(*[(f"p{n}@example.org", "", "", "", "") for n in range(3)], on_step=lambda run: told.append(run.cursor))

        assert told == [2, 3, 3]

    def test_a_list_generated_in_the_form_of_the_sample(self) -> None:
        header = ("First Name", "Email", "Contact Type", "Tags", "Notes", "Status", "Date Added")
        rows = []
        for number in range(600):
            address = f"p{number}@example.org" if number % 100 else f"P{number + 1}@EXAMPLE.ORG"
            rows.append(
                (
                    "काशी",
                    address if number % 150 != 149 else "in side@example.org",
                    "Artist, Gallery Contact",
                    "VIP, Returning",
                    '=1+1,\n"quoted"',
                    "Do Not Contact" if number % 400 == 3 else "",
                    "November 3, 2024",
                )
            )

        report = import_file(file=file_of(*rows, header=header), now=NOW)

        assert counts(report) == {"created": 590, "unchanged": 6, "rejections": 4, "merged": 6}
        assert Contact.objects.count() == 590
        assert Contact.objects.filter(status__blocks_contact=True).count() == 2
        assert report.rejected[0].number == 2 + 149 * 2


class TestStartingWorkflows:
    @pytest.fixture(autouse=True)
    def _workflows(self, reference_rows: None) -> None:
        from engagement import defaults as engagement_defaults

        engagement_defaults.load()
        workflow_defaults.load(now=NOW)

    def started(self) -> set[str]:
        return set(WorkflowInstance.objects.values_list("template__slug", flat=True))

    def test_a_list_is_a_baseline_and_starts_nothing(self) -> None:
        report = load(("a@example.org", "", "Artist", "", ""))

        assert (report.started, self.started()) == (0, set())

    def test_told_to_it_starts_what_matches(self) -> None:
        report = load(("a@example.org", "", "Artist", "", ""), start_workflows=True)

        assert self.started() == {"the7space_artist_discovery", "website_lead_nurturing"}
        assert report.started == 2
        assert not ContactEvent.objects.filter(processed_at=None).exists()

    def test_people_of_an_earlier_baseline_can_be_started_at_last(self) -> None:
        load(("a@example.org", "", "Artist", "", ""))

        report = load(("a@example.org", "", "Artist", "", ""), start_workflows=True)

        assert counts(report) == {"unchanged": 1}
        assert report.started == 2

    def test_starting_twice_starts_once(self) -> None:
        load(("a@example.org", "", "Artist", "", ""), start_workflows=True)

        report = load(("a@example.org", "", "Artist", "", ""), start_workflows=True)

        assert (report.started, WorkflowInstance.objects.count()) == (0, 2)

    def test_a_dry_run_says_how_many_would_start(self) -> None:
        report = load(("a@example.org", "", "Artist", "", ""), start_workflows=True, dry_run=True)

        assert (report.started, WorkflowInstance.objects.count()) == (2, 0)


class TestTheCommand:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(
            file_of(
                ("a@example.org", "Ada", "Artist", "VIP", ""),
                ("nobody", "=1+1", "", "", ""),
                ("A@example.org", "Ada", "Artist", "VIP", ""),
            ).getvalue()
        )
        return path

    def run(self, *arguments: object) -> str:
        out = io.StringIO()
        call_command("import_contacts", *map(str, arguments), stdout=out)
        return out.getvalue()

    def test_it_reports_each_count(self, file: Path) -> None:
        printed = " ".join(self.run(file).split())

        for said in ("created │ 1", "updated │ 0", "unchanged │ 1", "rejected │ 1", "counted above) │ 1"):
            assert said in printed
        assert "line 3: The email address needs exactly one @" in printed

    def test_rejected_lines_go_beside_the_file(self, file: Path) -> None:
        self.run(file)

        rejected = file.with_name("people.csv.rejected.csv").read_text(encoding="utf-8-sig")
        header, line = csv.reader(io.StringIO(rejected))
        assert header == ["Rejected Line", "Rejected Because", *HEADER]
        assert line[0] == "3"
        assert line[1].startswith("The email address needs exactly one @")
        assert line[2:] == ["nobody", "=1+1", "", "", ""]

    def test_corrected_rejections_can_be_imported(self, file: Path) -> None:
        self.run(file)
        rejected = file.with_name("people.csv.rejected.csv")
        rejected.write_text(rejected.read_text(encoding="utf-8").replace("nobody", "eve@example.org"), encoding="utf-8")

        self.run(rejected)

        assert Contact.objects.get(email="eve@example.org").custom == {}

    def test_rejections_of_an_earlier_run_do_not_stay(self, file: Path) -> None:
        self.run(file)
        file.write_bytes(file_of(("a@example.org", "", "", "", "")).getvalue())

        self.run(file)

        assert not file.with_name("people.csv.rejected.csv").exists()

    def test_a_dry_run_leaves_nothing_at_all(self, file: Path) -> None:
        printed = self.run(file, "--dry-run")

        assert "dry run" in printed
        assert not Contact.objects.exists()
        assert not ImportRun.objects.exists()
        assert list(file.parent.iterdir()) == [file]

    def test_an_entity_can_be_given(self, file: Path) -> None:
        self.run(file, "--entity", "AM Consulting")

        assert brands_of(Contact.objects.get()) == ["AM Consulting"]

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "The file is empty"),
            (b"Mail\nx\n", 'There is no column "Email"'),
            (b"Email\n\xe4\n", "not UTF-8"),
            (b"Email\nnobody\n", "Nothing could be imported"),
            (b"Email\n", "not a single line below"),
        ],
    )
    def test_it_fails_when_nothing_can_be_read(self, tmp_path: Path, content: bytes, says: str) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes(content)

        with pytest.raises(CommandError, match=says) as failure:
            self.run(path)

        assert failure.value.returncode == 1

    def test_a_missing_file_is_said_plainly(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"people\.csv: No such file or directory\."):
            self.run(tmp_path / "people.csv")

    def test_an_unknown_entity_is_said_plainly(self, file: Path) -> None:
        with pytest.raises(CommandError, match='Unknown business entity "Acme"'):
            self.run(file, "--entity", "Acme")

    def test_a_formula_in_a_reason_is_not_markup(self, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        path.write_bytes(file_of(("a@example.org", "", "[bold]x[/nope]", "", "")).getvalue())

        with pytest.raises(CommandError, match="Nothing could be imported"):
            self.run(path)
