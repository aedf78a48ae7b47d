"""A CSV file -> arrivals, without the database."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.imports import FileRefused, Line, Record
from tests.contacts.listed import Table
from tests.matrix import matrix


def table(text: str, encoding: str = "utf-8") -> Table:
    return Table(io.BytesIO(text.encode(encoding)))


def records(text: str, encoding: str = "utf-8") -> list[Line | Record]:
    return list(table(text, encoding))


def only(text: str) -> Line:
    (record,) = records(text)
    assert isinstance(record, Line)
    return record


class TestFiles:
    @matrix("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_a_file_may_have_a_byte_order_mark(self, encoding: str) -> None:
        (line,) = records("Email,First Name\nada@example.org,Ада\n", encoding)

        assert isinstance(line, Line)
        assert (line.arrival.email, line.arrival.first_name) == ("ada@example.org", "Ада")

    @matrix("separator", [",", ";", "\t"])
    def test_cells_are_parted_by_comma_semicolon_or_tab(self, separator: str) -> None:
        line = only(f"Email{separator}First Name\nada@example.org{separator}Ada\n")

        assert line.arrival.first_name == "Ada"

    def test_a_separator_inside_quotes_in_the_header_does_not_mislead(self) -> None:
        line = only('"Notes, long, very";Email\nx;ada@example.org\n')

        assert line.arrival.email == "ada@example.org"

    @matrix("end", ["\n", "\r\n", "\r"])
    def test_lines_end_as_any_system_ends_them(self, end: str) -> None:
        assert len(records(end.join(["Email", "a@example.org", "b@example.org", ""]))) == 2

    @matrix("text", ["", "\n\n", "\ufeff", " \n,,,\n"])
    def test_an_empty_file_is_refused(self, text: str) -> None:
        with pytest.raises(FileRefused, match="empty"):
            table(text)

    def test_another_encoding_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(FileRefused, match=r"line 3.*CSV UTF-8"):
            table("Email,First Name\na@example.org,A\nb@example.org,Jürgen\n", "latin-1")

    def test_a_broken_utf_16_is_refused(self) -> None:
        with pytest.raises(FileRefused, match="UTF-8"):
            Table(io.BytesIO("Email\na@example.org\n".encode("utf-16")[:-1]))

    def test_a_header_that_is_never_closed_is_refused(self) -> None:
        with pytest.raises(FileRefused, match="header"):
            table('Email,"First Name\n')

    def test_the_stream_stays_open(self) -> None:
        stream = io.BytesIO(b"Email\na@example.org\n")

        list(Table(stream))

        assert not stream.closed

    def test_the_stream_stays_open_when_it_is_refused(self) -> None:
        stream = io.BytesIO(b"\n")

        with pytest.raises(FileRefused):
            Table(stream)

        assert not stream.closed

    def test_it_knows_how_far_it_is(self) -> None:
        reading = table("Email\na@example.org\nb@example.org\n")

        iterator = iter(reading)
        next(iterator)

        assert (reading.records.lines_read, reading.records.total_lines) == (2, 3)


class TestLines:
    def test_every_known_column_is_understood(self) -> None:
        line = only(
            "First Name,Last Name,Email,Phone,Contact Type,Lead Source,Business Entity,Company,Job Title,Status,"
            "Tags,Notes,Date Added,Interests,Timezone,Locale,Contact ID,Last Interaction\n"
            'Ada,Lovelace,Ada@example.org,+1 (286) 555-0112,"Artist, Gallery Contact",Event,'
            '"AM Consulting, HigherSelf",Engines,Painter,Inactive,"VIP, Returning","Notes, with comma",'
            '"November 3, 2024","yoga, art",Europe/Berlin,'
            "de-DE,4711,2024-01-01\n"
        )

        arrival = line.arrival
        assert (arrival.email, arrival.first_name, arrival.last_name) == ("Ada@example.org", "Ada", "Lovelace")
        assert (arrival.phone, arrival.company, arrival.job_title) == ("+1 (286) 555-0112", "Engines", "Painter")
        assert arrival.contact_types == ("Artist", "Gallery Contact")
        assert arrival.business_entities == ("AM Consulting", "HigherSelf")
        assert (arrival.lead_source, arrival.status) == ("Event", "Inactive")
        assert (arrival.tags, arrival.interests) == (("VIP", "Returning"), ("yoga", "art"))
        assert (arrival.notes, arrival.added_on) == ("Notes, with comma", dt.date(2024, 11, 3))
        assert (arrival.timezone, arrival.locale, arrival.custom) == ("Europe/Berlin", "de-DE", None)
        assert arrival.payload["Contact ID"] == "4711"

    def test_the_case_of_a_column_name_does_not_matter(self) -> None:
        assert only("EMAIL, first  NAME \na@example.org,Ada\n").arrival.first_name == "Ada"

    def test_columns_nobody_knows_become_custom_fields(self) -> None:
        assert only("Email,Shoe Size,\na@example.org, 42 ,x\n").arrival.custom == {"Shoe Size": "42"}

    def test_missing_columns_are_unknown_not_empty(self) -> None:
        arrival = only("Email\na@example.org\n").arrival

        assert (arrival.first_name, arrival.contact_types, arrival.tags, arrival.lead_source) == (None,) * 4

    def test_missing_cells_are_unknown(self) -> None:
        assert only("Email,First Name,Company\na@example.org\n").arrival.company is None

    def test_of_two_columns_of_one_name_the_first_counts(self) -> None:
        assert only("Email,Email\na@example.org,b@example.org\n").arrival.email == "a@example.org"

    def test_quoted_line_breaks_belong_to_the_cell(self) -> None:
        assert only('Email,Notes\na@example.org,"one\ntwo"\n').arrival.notes == "one\ntwo"

    def test_formulas_stay_text(self) -> None:
        formula = '=HYPERLINK("http://example.com","x")'

        line = only('Email,Notes\na@example.org,"=HYPERLINK(""http://example.com"",""x"")"\n')

        assert line.arrival.notes == formula

    def test_empty_lines_are_no_records(self) -> None:
        found = records("\n\nEmail,Notes\n\na@example.org,x\n , \n\nb@example.org,y\n\n")

        assert [record.number for record in found] == [5, 8]

    def test_a_record_is_named_by_the_line_it_starts_on(self) -> None:
        found = records('Email,Notes\na@example.org,"1\n2\n3"\nb@example.org,x\n"c@example.org",\n')

        assert [record.number for record in found] == [2, 5, 6]

    @matrix(
        "typed, date",
        [
            ("November 3, 2024", dt.date(2024, 11, 3)),
            ("2024-11-03", dt.date(2024, 11, 3)),
            ("November 3, 2024 10:15 AM", dt.date(2024, 11, 3)),
            ("November 3, 2024 → November 9, 2024", dt.date(2024, 11, 3)),
            ("3 Nov 2024", dt.date(2024, 11, 3)),
            ("2024-02-29T23:59:00+02:00", dt.date(2024, 2, 29)),
        ],
    )
    def test_dates_as_people_write_them(self, typed: str, date: dt.date) -> None:
        line = only(f'Email,Date Added\na@example.org,"{typed}"\n')

        assert (line.arrival.added_on, line.warnings) == (date, [])

    @matrix("typed", ["soon", "November 2024", "Monday", "31.31.2024", "9" * 50, "February 30, 2024"])
    def test_a_date_nobody_can_read_is_left_out_with_a_warning(self, typed: str) -> None:
        line = only(f'Email,Date Added\na@example.org,"{typed}"\n')

        assert line.arrival.added_on is None
        assert len(line.warnings) == 1

    def test_the_digest_is_of_the_content_alone(self) -> None:
        first = only("Email,Company\na@example.org,Engines\n")
        moved = only("\nCompany;Email;Notes\n\nEngines;a@example.org;\n")
        other = only("Email,Company\na@example.org,Difference\n")

        assert first.digest == moved.digest
        assert first.digest != other.digest


class TestBrokenLines:
    def test_more_cells_than_columns_is_rejected(self) -> None:
        bad, good = records("Email,Notes\na@example.org,one,two\nb@example.org,x,\n")

        assert isinstance(bad, Record)
        assert bad.reason.startswith("The line has 3 cells, the header 2.")
        assert bad.cells == ["a@example.org", "one", "two"]
        assert isinstance(good, Line)

    def test_a_quote_that_is_never_closed_costs_its_own_line_only(self) -> None:
        found = records('Email,Notes\na@example.org,"open\nb@example.org,x\nc@example.org,y\n')

        assert [type(record) for record in found] == [Record, Line, Line]
        assert [record.number for record in found] == [2, 3, 4]
        assert isinstance(found[0], Record)
        assert found[0].reason == "A quotation mark is opened and never closed."
        assert found[0].cells == ['a@example.org,"open']

    def test_a_quote_that_swallows_too_much_costs_its_own_line_only(self) -> None:
        many = "".join(f"p{number}@example.org,{'x' * 1000}\n" for number in range(200))

        found = records(f'Email,Notes\na@example.org,"open\n{many}')

        assert [type(record) for record in found] == [Record] + [Line] * 200

    def test_a_quotation_mark_that_is_open_for_too_long_refuses_the_file_and_names_the_line(self) -> None:
        found = iter(table('Email,Notes\na@example.org,x\nb@example.org,"' + "open\n" * 100))
        usual = csv.field_size_limit(100)

        try:
            next(found)
            with pytest.raises(FileRefused, match="Line 3 opens a quotation mark"):
                next(found)
        finally:
            csv.field_size_limit(usual)

    def test_a_stray_quote_is_rejected(self) -> None:
        bad, good = records('Email,Notes\na@example.org,"x"y\nb@example.org,x\n')

        assert isinstance(bad, Record)
        assert "quotation marks" in bad.reason
        assert isinstance(good, Line)

    @given(st.text(alphabet='ab@.,;"\n\r ', max_size=60))
    def test_whatever_stands_in_a_file_it_is_read_to_its_end(self, body: str) -> None:
        reading = table(f"Email,Notes\n{body}\nlast@example.org,x\n")

        found = list(reading)

        numbers = [record.number for record in found]
        assert numbers == sorted(set(numbers))
        assert reading.records.lines_read >= reading.records.total_lines


CELL = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


class TestRoundTrips:
    @given(st.lists(st.tuples(CELL, CELL, CELL), max_size=6), st.sampled_from(",;\t"))
    def test_what_a_spreadsheet_writes_is_read_back(self, rows: list[tuple[str, ...]], separator: str) -> None:
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=separator).writerows([("Email", "Notes", "Company"), *rows])

        found = list(table(written.getvalue()))

        kept = [list(row) for row in rows if any(cell.strip() for cell in row)]
        assert [list(record.cells) for record in found] == kept

    @given(st.lists(CELL, min_size=1, max_size=5))
    def test_line_numbers_count_physical_lines(self, notes: list[str]) -> None:
        written = io.StringIO(newline="")
        csv.writer(written).writerows([("Email", "Notes"), *[("a@example.org", note) for note in notes]])
        lines = io.StringIO(written.getvalue(), newline="").readlines()

        for record in table(written.getvalue()):
            assert lines[record.number - 1].startswith("a@example.org,")

    def test_a_long_file_is_read_record_by_record(self) -> None:
        reading = table("Email\n" + "".join(f"p{number}@example.org\n" for number in range(5000)))

        iterator = iter(reading)
        for _ in range(10):
            next(iterator)

        assert reading.records.lines_read == 11
