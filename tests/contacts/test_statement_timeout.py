"""Questions to the database that may take so long and no longer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from contactflow.core.statement_timeout import QueryTooSlow, statement_timeout

pytestmark = pytest.mark.django_db


def ask(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


def test_question_that_takes_too_long_is_given_up():
    with pytest.raises(QueryTooSlow), statement_timeout(milliseconds=20):
        ask("SELECT pg_sleep(30)")


def test_other_errors_stay_what_they_are():
    with pytest.raises(ProgrammingError), statement_timeout(milliseconds=2000):
        ask("SELECT nothing FROM nowhere")


def test_patience_of_around_holds_again_afterwards():
    with statement_timeout(milliseconds=4000):
        with statement_timeout(milliseconds=2000):
            inside = ask("SHOW statement_timeout")
        with pytest.raises(QueryTooSlow), statement_timeout(milliseconds=20):
            ask("SELECT pg_sleep(30)")

        assert (inside, ask("SHOW statement_timeout")) == ("2s", "4s")
