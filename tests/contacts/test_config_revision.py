"""What is kept in memory, and that nothing is kept longer than it holds."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts import reference_data
from contacts.config_revision import Kept, now_and_revision
from contacts.models import ContactType
from workflows import active_workflows

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    return {row.name for row in reference_data.load().contact_types.by_id.values()}


def test_what_nobody_changed_is_read_once() -> None:
    ContactType.objects.create(slug="artist", name="Artist")
    reference_data.load()

    with CaptureQueriesContext(connection) as asked:
        reference_data.load()

    assert len(asked) == 1


def test_a_change_is_seen_at_once() -> None:
    ContactType.objects.create(slug="artist", name="Artist")
    assert names() == {"Artist"}

    ContactType.objects.update(name="Maker")
    assert names() == {"Maker"}

    ContactType.objects.all().delete()
    assert names() == set()


def test_what_was_taken_back_is_forgotten() -> None:
    ContactType.objects.create(slug="artist", name="Artist")
    with transaction.atomic():
        ContactType.objects.update(name="Maker")
        assert names() == {"Maker"}
        transaction.set_rollback(True)

    assert names() == {"Artist"}


def test_another_change_instead_of_one_taken_back_is_seen() -> None:
    ContactType.objects.create(slug="artist", name="Artist")
    for name in ("Maker", "Painter"):
        with transaction.atomic():
            ContactType.objects.update(name=name)
            assert names() == {name}
            transaction.set_rollback(True)


def test_without_a_revision_nothing_is_kept() -> None:
    read: list[int] = []
    kept = Kept(lambda _: read.append(1))

    kept.at(None)
    kept.at(None)

    assert len(read) == 2


@pytest.mark.django_db(transaction=True)
def test_a_change_by_somebody_else_is_seen_once_it_is_committed() -> None:
    ContactType.objects.create(slug="artist", name="Artist")
    assert names() == {"Artist"}
    changed, may_commit = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            ContactType.objects.update(name="Maker")
            changed.set()
            may_commit.wait(10)
        connection.close()

    colleague = threading.Thread(target=change)
    colleague.start()
    changed.wait(10)
    before = names()
    may_commit.set()
    colleague.join()

    assert (before, names()) == ({"Artist"}, {"Maker"})


def test_every_table_that_is_kept_renews_the_revision() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'config_changed'")
        watched = [table for (table,) in cursor.fetchall()]

    for table in watched:
        _, before = now_and_revision()
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE false")
        assert now_and_revision()[1] != before, table
    with CaptureQueriesContext(connection) as asked:
        reference_data.KEPT._read(None)
        active_workflows.KEPT._read(None)
    read = {table for table in connection.introspection.table_names() for one in asked if f'"{table}"' in one["sql"]}
    assert read <= set(watched)
