from __future__ import annotations

import pytest
from django.db import connection, transaction

from contactflow.core import prepared

STATEMENT = "SELECT name FROM unnest(%s::bigint[]) AS one (id) JOIN contacts_leadsource AS source USING (id)"


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_planned_once_even_where_planning_each_time_looks_cheaper() -> None:
    connection.close()
    with transaction.atomic():
        prepared.rows(STATEMENT, [[1]])
        transaction.set_rollback(True)

    for _ in range(3):
        prepared.rows(STATEMENT, [[1]])

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE '%leadsource%'"
        )
        assert cursor.fetchall() == [(0, 3)]


@pytest.mark.django_db
def test_statements_that_go_together_are_answered_each_in_its_place() -> None:
    named, placed = "SELECT %(a)s::int + %(b)s::int + %(a)s::int, '100%%'", "SELECT %s::text, %s::int"

    assert prepared.together((named, {"b": 2, "a": 1}), (placed, ["x", 1])) == [[(4, "100%")], [("x", 1)]]
