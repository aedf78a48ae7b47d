"""Searching what happened by whom it happened to."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from contactflow.core.admin.model_admin import column, link
from contacts import search
from contacts.models import Contact

FOUND = 200  # people a search is about; who types two letters gets the first of them


def people_of(words: str) -> list[Any]:
    """The ids of people whom the words find."""
    return list(Contact.objects.search(words).values_list("pk", flat=True)[:FOUND])


def chosen(request: HttpRequest) -> Contact | None:
    """The contact named in the address or the form, for whoever may see contacts."""
    if not request.user.has_perm("contacts.view_contact"):
        return None
    try:
        pk = UUID(request.POST.get("contact") or request.GET.get("contact", ""))
    except ValueError:
        return None
    return Contact.objects.select_related("status", "lead_source").filter(pk=pk).first()


class PeopleSearch:
    """Searches a list by its contact: first the people, by their own index, then the rows of those few.

    In one question the database would walk through all rows, the newest first, until it has met enough that match.
    """

    people: ClassVar[str] = "contact"
    """How a row leads to its contact."""
    search_fields: ClassVar[Any] = ("contact__email",)  # that there is a search; the people decide what is found
    search_help_text: ClassVar[Any] = "Search by the contact's name, email address, company or telephone number."
    also_searched: ClassVar[tuple[str, ...]] = ()
    """Columns of the row itself that may hold a word instead."""

    @column("Contact")
    def contact_name(self, row: Any) -> str:
        return str(self._contact_of(row))

    @column("Contact")
    def contact_link(self, row: Any) -> str:
        return link(self._contact_of(row))

    def _contact_of(self, row: Any) -> Contact:
        return cast(Contact, attrgetter(self.people.replace("__", "."))(row))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        terms = search.terms(search_term)
        for words in terms if self.also_searched else filter(None, [" ".join(terms)]):
            found = Q(**{f"{self.people}__in": people_of(words)})
            for name in self.also_searched:
                found |= Q(**{f"{name}__icontains": words})
            queryset = queryset.filter(found)
        return queryset, False
