"""What waits for a person: problems with their remedies, and conflicts with both values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.filters import IsNullFilter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column, link
from contacts import describe as contacts_describe
from contacts.admin.people_search import PeopleSearch
from contacts.models import Contact
from notion_bridge import conflicts, describe
from notion_bridge.admin import display
from notion_bridge.models import SyncConflict, SyncProblem

Cause = SyncProblem.Cause
Winner = SyncConflict.Winner
ONE_LINE = 60  # characters of a value in a list
# On a narrow screen a cell of a list is no higher.
TWO_LINES = "display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden"
OF_LINK = tuple(f"link__{name}" for name in display.RELATED)


@admin.register(SyncProblem)
class SyncProblemAdmin(ReadOnlyAdmin):
    when_empty = "All is well: nothing stands between Notion and Contactflow."
    list_display = ("kind_of", "in_short", "about", "state", "times", "met_at")
    list_filter = (IsNullFilter, ("cause", ChoicesDropdownFilter), ("database", RelatedDropdownFilter))
    search_fields = ("message", "subject")
    ordering = (F("closed_at").desc(nulls_first=True), "-last_at", "-id")
    fieldsets = (
        (None, {"fields": ("said", ("kind_of", "state"))}),
        ("About", {"fields": (("database", "page"), ("value", "in_notion"), "local")}),
        ("When", {"fields": (("since", "met_at"), ("times", "closed"))}),
    )
    actions = ("dismiss_chosen",)
    actions_detail = ("add_option", "take_over_again", "dismiss")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncProblem]:
        return super().get_queryset(request).select_related("database", *OF_LINK)

    def has_dismiss_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_syncproblem")

    def has_take_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_pagelink")

    def has_option_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may add such a row on its own page may add it here."""
        problem = self.get_object(request, unquote(str(object_id))) if object_id else None
        model = conflicts.addable(problem=problem) if problem else None
        if model is None:
            return self.has_dismiss_permission(request)
        return request.user.has_perm(f"{model._meta.app_label}.add_{model._meta.model_name}")

    def possible_buttons(self, row: SyncProblem) -> tuple[str, ...]:
        if row.closed_at:
            return ()
        if conflicts.addable(problem=row):
            return ("add_option", "dismiss")
        return ("take_over_again", "dismiss") if row.cause == Cause.RESTORED and row.link else ("dismiss",)

    def title_of(self, row: SyncProblem) -> str:
        return row.get_cause_display()

    in_short = column("Problem")(lambda self, row: format_html('<span style="{}">{}</span>', TWO_LINES, row.message))

    @column("About")
    def about(self, problem: SyncProblem) -> str:
        return describe.name_of(problem.link) if problem.link else str(problem.database or "The connection")

    said = column("Problem")(lambda self, row: row.message)
    kind_of = column("Cause", ordering="cause")(lambda self, row: row.get_cause_display())

    @column("State", ordering="closed_at", label={"Open": "warning"})
    def state(self, problem: SyncProblem) -> str:
        return "Closed" if problem.closed_at else "Open"

    since = column("Since", ordering="first_at")(lambda self, row: contacts_describe.moment(row.first_at))
    met_at = column("Last met", ordering="last_at")(lambda self, row: contacts_describe.moment(row.last_at))
    page = column("Page")(lambda self, row: link(row.link, describe.name_of(row.link)) if row.link else "-")

    @column("Value in Notion")
    def value(self, problem: SyncProblem) -> str:
        given = problem.details.get("value", problem.details.get("option"))
        return "-" if given is None else describe.value(given)

    @column("In Notion")
    def in_notion(self, problem: SyncProblem) -> str:
        urls = {"Second page": problem.details.get("second"), "First page": problem.details.get("first")}
        shown = [display.open_link(str(url), text) for text, url in urls.items() if url]
        url = problem.details.get("url") or (problem.link.url if problem.link else "")
        return contacts_describe.listed(reversed(shown)) if shown else display.open_link(str(url or ""))

    @column("In Contactflow")
    def local(self, problem: SyncProblem) -> str:
        """The person two pages speak for; where the second page is another person's, the way to merge the two."""
        person = _person(problem.details.get("object"))
        other = problem.link.contact if problem.link else None
        if person is None or other is None or other.pk == person.pk:
            return link(person)
        try:
            merge = f"{reverse('admin:contacts_contact_merge', args=[person.pk])}?with={other.pk}"
        except NoReverseMatch:  # an installation without that page
            return link(person)
        words = "Two people who are one? Merge {} with {}"
        return contacts_describe.listed(
            [
                link(person),
                link(other),
                format_html(f'<a href="{{}}" class="text-link">{words}</a>', merge, person, other),
            ]
        )

    @column("Closed")
    def closed(self, problem: SyncProblem) -> str:
        return f"{contacts_describe.moment(problem.closed_at)} by {problem.closed_by}" if problem.closed_at else "-"

    @confirmed(
        "Add this option here",
        permission="option",
        icon="add",
        title="Add this option to Contactflow",
        explanation="It is added to the list of such options under Settings. Whoever has it in Notion gets it here "
        "too. Which workflows it starts is up to the workflows.",
        submit="Add it",
        refusals=(conflicts.NotPossible,),
    )
    def add_option(self, request: HttpRequest, problem: SyncProblem, answers: dict[str, Any]) -> str:
        name = conflicts.add_option(problem=problem, actor=_who(request), now=clock.database_now())
        return f"“{name}” was added. Whoever has it in Notion gets it with the next full pass, which comes soon."

    @confirmed(
        "Take over again",
        permission="take",
        icon="undo",
        title="Take this page over again",
        explanation="What was deleted in Contactflow is made anew from the page in Notion. Its old history stays "
        "deleted. A person may start workflows, like everybody who arrives.",
        submit="Take over",
        refusals=(conflicts.NotPossible,),
    )
    def take_over_again(self, request: HttpRequest, problem: SyncProblem, answers: dict[str, Any]) -> str:
        if problem.link is None:
            raise conflicts.NotPossible("This problem is about no page.")
        conflicts.take_over_again(link=problem.link, actor=_who(request), now=clock.database_now())
        return "The page is taken over as something new as soon as a worker is free."

    @confirmed(
        "Dismiss",
        permission="dismiss",
        icon="check",
        title="Dismiss this problem",
        explanation="It leaves the list of open problems. If it is met again, it is reported again.",
    )
    def dismiss(self, request: HttpRequest, problem: SyncProblem, answers: dict[str, Any]) -> str:
        conflicts.dismiss(problem=problem, actor=_who(request), now=clock.database_now())
        return "The problem is closed."

    @admin.action(description="Dismiss the chosen problems", permissions=["dismiss"])
    def dismiss_chosen(self, request: HttpRequest, chosen: QuerySet[SyncProblem]) -> None:
        now, count = clock.database_now(), 0
        for problem in chosen.filter(closed_at=None).iterator():
            conflicts.dismiss(problem=problem, actor=_who(request), now=now)
            count += 1
        messages.success(request, f"{count} dismissed.")


def _person(key: Any) -> Contact | None:
    try:
        return Contact.objects.filter(pk=UUID(str(key))).first()
    except ValueError:
        return None


class SettledFilter(IsNullFilter):
    is_set = ("settled", "Settled")
    lookup, when_null = "winner", ""


def _keeping(winner: Winner, icon: str) -> Callable[..., HttpResponse]:
    """The button that lets this side win."""

    def act(page: Any, request: HttpRequest, conflict: SyncConflict, answers: dict[str, Any]) -> str:
        conflicts.settle(conflict=conflict, winner=winner, actor=_who(request), now=clock.database_now())
        return f"{winner.label}'s value holds. The other side gets it as soon as a worker is free."

    act.__name__ = f"keep_{winner.value}"
    return confirmed(
        f"Keep {winner.label}'s",
        permission="settle",
        icon=icon,
        title=f"Keep {winner.label}'s value",
        explanation=f"The value that {winner.label} had then stands on both sides afterwards, whatever was written "
        "there since. The other value stays in this record.",
        refusals=(conflicts.NotPossible,),
    )(act)


@admin.register(SyncConflict)
class SyncConflictAdmin(PeopleSearch, ReadOnlyAdmin):
    when_empty = "All is well: nobody changed the same thing on both sides."
    list_display = ("about", "field_name", "in_contactflow", "in_notion", "state", "since")
    list_filter = (SettledFilter, ("link__database", RelatedDropdownFilter))
    people = "link__contact"
    also_searched = ("link__task__title", "field")
    search_help_text = "Search by a contact (as in their list), a task's title or the field."
    ordering = (F("settled_at").desc(nulls_first=True), "-opened_at", "-id")
    fieldsets = (
        (None, {"fields": (("about_link", "page"), ("field_name", "state"), "why")}),
        ("Both values", {"fields": ("values",)}),
        ("When", {"fields": (("since", "settled"),)}),
    )
    actions = ("keep_notion_chosen", "keep_contactflow_chosen")
    actions_detail = ("keep_notion", "keep_contactflow")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncConflict]:
        return super().get_queryset(request).select_related(*OF_LINK)

    def has_settle_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_syncconflict")

    def possible_buttons(self, row: SyncConflict) -> tuple[str, ...]:
        """Also once it is settled: staff may change their mind."""
        return {"notion": ("keep_contactflow",), "contactflow": ("keep_notion",)}.get(row.winner, self.actions_detail)

    def title_of(self, row: SyncConflict) -> str:
        return f"{describe.label(row.link.database.kind, row.field)}: {describe.name_of(row.link)}"

    about = column("About")(lambda self, row: describe.name_of(row.link))
    about_link = column("About")(lambda self, row: display.object_link(row.link))
    page = column("Page")(lambda self, row: display.open_link(row.link.url))
    field_name = column("Field", ordering="field")(lambda self, row: describe.label(row.link.database.kind, row.field))
    in_contactflow = column("In Contactflow")(lambda self, row: _cut(describe.value(row.local)))
    in_notion = column("In Notion")(lambda self, row: _cut(describe.value(row.remote)))

    @column("State", ordering="winner", label={"Open": "warning"})
    def state(self, conflict: SyncConflict) -> str:
        return f"{conflict.get_winner_display()}'s was kept" if conflict.winner else "Open"

    @column("Why")
    def why(self, conflict: SyncConflict) -> str:
        return conflict.because or f"Both sides changed it. The rule of the field: {conflict.get_rule_display()}."

    @column("Values")
    def values(self, conflict: SyncConflict) -> str:
        given = tuple(describe.value(one) for one in (conflict.base, conflict.local, conflict.remote))
        return display.table(("Before", "In Contactflow", "In Notion"), [given])

    since = column("Since", ordering="opened_at")(lambda self, row: contacts_describe.moment(row.opened_at))

    @column("Settled")
    def settled(self, conflict: SyncConflict) -> str:
        by = f" by {conflict.settled_by}" if conflict.settled_by else " by the rule"
        return f"{contacts_describe.moment(conflict.settled_at)}{by}" if conflict.settled_at else "-"

    keep_notion = _keeping(Winner.NOTION, "cloud_download")
    keep_contactflow = _keeping(Winner.CONTACTFLOW, "cloud_upload")

    @admin.action(description="Keep Notion's: the chosen open conflicts", permissions=["settle"])
    def keep_notion_chosen(self, request: HttpRequest, chosen: QuerySet[SyncConflict]) -> None:
        self._settle_all(request, chosen, Winner.NOTION)

    @admin.action(description="Keep Contactflow's: the chosen open conflicts", permissions=["settle"])
    def keep_contactflow_chosen(self, request: HttpRequest, chosen: QuerySet[SyncConflict]) -> None:
        self._settle_all(request, chosen, Winner.CONTACTFLOW)

    def _settle_all(self, request: HttpRequest, chosen: QuerySet[SyncConflict], winner: Winner) -> None:
        now, count, refused = clock.database_now(), 0, set()
        for conflict in chosen.filter(winner="").select_related(*OF_LINK):
            try:
                conflicts.settle(conflict=conflict, winner=winner, actor=_who(request), now=now)
                count += 1
            except conflicts.NotPossible as refusal:
                refused.add(f"{self.title_of(conflict)}: {refusal}")
        messages.success(request, f"{count} settled.")
        for sentence in sorted(refused):
            messages.error(request, sentence)


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


def _cut(text: str) -> str:
    return text if len(text) <= ONE_LINE else f"{text[:ONE_LINE]} ..."
