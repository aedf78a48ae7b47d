"""Searching what happened by whom it happened to."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest

from contacts.models import Contact

FOUND = 200  # people a search is about; who types two letters gets the first of them
MOST_WORDS = 6


def people_of(words: str) -> list[Any]:
    """The ids of people whom the words find."""
    return list(Contact.objects.search(words).values_list("pk", flat=True)[:FOUND])


class PeopleSearch:
    """Searches a list by its contact: first the people, by their own index, then the rows of those few.

    In one question the database would walk through all rows, the newest first, until it has met enough that match.
    """

    people: ClassVar[str] = "contact"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.replace("\0", "").split():
            return queryset, False
        return queryset.filter(**{f"{self.people}__in": people_of(search_term)}), False
