"""What arrived from whom, what was decided about it, and what it started."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, ReadOnlyInline, column, link
from contacts import contact_actions, describe
from contacts.admin.people_search import PeopleSearch
from contacts.intake import IntakeError
from contacts.models import ContactEvent

KINDS = ("new_contact", "contact_updated", "engagement_detected", "manual_trigger")


@choice_filter("kind", "kind", [*((one, describe.name_of_event(one)) for one in KINDS), ("business", "Business event")])
def by_kind(events: QuerySet[ContactEvent], chosen: str, request: HttpRequest) -> QuerySet[ContactEvent]:
    """The general kinds by name, and all named business events together: listing those would read the whole table."""
    if chosen in KINDS:
        return events.filter(kind=chosen)
    return events.exclude(kind__in=KINDS) if chosen == "business" else events


@choice_filter("proposal", "proposal", [("open", "Proposes changes")])
def by_proposal(events: QuerySet[ContactEvent], chosen: str, request: HttpRequest) -> QuerySet[ContactEvent]:
    return events.exclude(proposed={}) if chosen == "open" else events


class Told:
    """What both the list of events and the contact's page say about an event."""

    @column("What happened")
    def happened(self, event: ContactEvent) -> str:
        return describe.name_of_event(event.kind)

    @column("What it did")
    def did(self, event: ContactEvent) -> str:
        if event.processed_at is None:
            return "waiting to be looked at"
        if event.mode == ContactEvent.Mode.BASELINE:
            return "known before: starts nothing"
        return describe.started(event.outcome)


class ContactEventInline(Told, ReadOnlyInline):
    model = ContactEvent
    verbose_name_plural = "What arrived"
    fields = ("what", "source", "did", "received_at")
    readonly_fields = fields

    @column("What happened")
    def what(self, event: ContactEvent) -> str:
        return link(event, describe.name_of_event(event.kind))


@admin.register(ContactEvent)
class ContactEventAdmin(PeopleSearch, Told, ReadOnlyAdmin):
    when_empty = (
        "Nothing has arrived. New people, imports and what other systems send are written down here, with what was "
        "decided about them."
    )
    list_display = ("happened", "contact_link", "source", "did", "received_at")
    list_filter = (by_kind, by_proposal, ("source", ChoicesDropdownFilter))
    list_select_related = ("contact",)
    sortable_by = ("received_at",)  # no other order has an index
    fieldsets = (
        (None, {"fields": ("happened", "contact_link", "source", "received_at", "processed_at")}),
        ("What was decided", {"fields": ("decided", "changed", "proposals", "held")}),
        ("What it started", {"fields": ("started",)}),
        ("What arrived", {"fields": ("arrived", "not_understood", "asked", "event_key")}),
    )

    actions_detail = ("take_over",)

    def has_take_over_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contacts.change_contact")

    def possible_buttons(self, row: ContactEvent) -> tuple[str, ...]:
        return self.actions_detail if row.proposed else ()

    @confirmed(
        "Take over what it proposes",
        permission="take_over",
        explanation=lambda page, request, row: describe.listed(describe.proposals(row)),
        icon="how_to_reg",
        refusals=(IntakeError,),
    )
    def take_over(self, request: HttpRequest, row: ContactEvent, answers: dict[str, Any]) -> str:
        contact_actions.take_over_proposal(event=row, colleague=request.user.get_username(), now=clock.database_now())
        return "The contact has it now."

    def title_of(self, row: ContactEvent) -> str:
        return f"{describe.name_of_event(row.kind)}: {row.contact}"

    @column("Decisions")
    def decided(self, event: ContactEvent) -> str:
        return describe.listed(map(describe.decision, event.decisions))

    @column("Changes")
    def changed(self, event: ContactEvent) -> str:
        return describe.listed(describe.changes(event.changes))

    @column("Proposed")
    def proposals(self, event: ContactEvent) -> str:
        return describe.listed(describe.proposals(event))

    @column("What held then")
    def held(self, event: ContactEvent) -> str:
        return describe.pairs(event.facts)

    @column("Workflows")
    def started(self, event: ContactEvent) -> str:
        return describe.listed(map(describe.outcome, sorted(event.outcome, key=describe.did_not_start)))

    @column("As it arrived")
    def arrived(self, event: ContactEvent) -> str:
        return describe.pairs(event.payload)

    @column("Not understood")
    def not_understood(self, event: ContactEvent) -> str:
        return describe.listed(describe.warnings(event.warnings))

    @column("What the caller asked for")
    def asked(self, event: ContactEvent) -> str:
        also = "Also what started before" if event.is_forced else ""
        return describe.listed(filter(None, [event.get_mode_display(), ", ".join(event.workflows), also, event.error]))
