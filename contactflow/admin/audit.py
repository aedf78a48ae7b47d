"""What staff changed: the list, the history of one row, and an entry with the whole texts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from contactflow.audit import rendering
from contactflow.audit.rendering import Line, Told
from contactflow.core import clock, numbers
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column, name_of
from contactflow.core.datetimes import moment
from contactflow.models import AuditEntry

THINGS = {
    "contacts": ("Contact", "Consent", "Suppression", "BusinessEntity", "ContactType", "LeadSource", "ContactStatus",
                 "ClassificationRule", "RoutingRule"),
    "engagement": ("Task", "Alert", "EngagementTemplate", "TemplateVersion", "Target", "ChannelState"),
    "workflows": ("WorkflowTemplate", "WorkflowVersion", "Step", "PlannedTouch", "SavedMapping", "DigestChoice"),
    "notion_bridge": ("NotionConnection", "NotionDatabase", "PropertyMapping"),
    "contactflow": ("ApiKey",),
    "auth": ("User", "Group"),
}  # fmt: skip
# What only those who may see accounts and keys see here, too.
KEPT_FROM_OTHERS = {"auth.view_user": ("auth_user", "auth_group"), "contactflow.view_apikey": ("contactflow_apikey",)}
LONGEST_AGO = 36_500  # days
SHORT = 80  # characters of a value in the list; the entry's own page has all of it


def _staff(request: HttpRequest) -> list[tuple[str, str]]:
    if not request.user.has_perm("auth.view_user"):
        return []
    return [(str(user.pk), name_of(user)) for user in User.objects.filter(is_staff=True).order_by("username")]


@choice_filter("person", "person", _staff)
def by_person(entries: QuerySet[AuditEntry], chosen: str, request: HttpRequest) -> QuerySet[AuditEntry]:
    person = numbers.parse_int(chosen)
    return entries if person is None else entries.filter(user_id=person)


def _things(request: HttpRequest) -> list[tuple[str, str]]:
    found = [apps.get_model(app, name)._meta for app, names in THINGS.items() for name in names]
    return [(meta.db_table, str(meta.verbose_name).capitalize()) for meta in found]


@choice_filter("kind of thing", "thing", _things)
def by_thing(entries: QuerySet[AuditEntry], chosen: str, request: HttpRequest) -> QuerySet[AuditEntry]:
    return entries.filter(table=chosen) if chosen else entries


@choice_filter("when", "when", [("1", "Today"), ("2", "Since yesterday"), ("7", "Last 7 days"), ("30", "Last 30 days")])
def by_day(entries: QuerySet[AuditEntry], chosen: str, request: HttpRequest) -> QuerySet[AuditEntry]:
    """By whole days of the reader's time zone."""
    days = numbers.parse_int(chosen)
    if days is None or not 1 <= days < LONGEST_AGO:
        return entries
    midnight = timezone.localtime(clock.database_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return entries.filter(at__gte=midnight - dt.timedelta(days=days - 1))


class RowFilter(admin.SimpleListFilter):
    """The history of one row: where the history button of its page leads, together with the kind of thing."""

    title = "row"
    parameter_name = "row"
    template = "admin/contactflow/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(request.GET[self.parameter_name], "this one")] if self.parameter_name in request.GET else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(object_id=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    when_empty = "Nobody has changed anything by hand yet. Who did what, with the value before and after, is kept here."
    list_display = ("at", "actor", "what", "changed")
    list_display_links = ("at",)
    list_filter = (by_person, by_thing, by_day, RowFilter)
    sortable_by = ("at",)  # no other order has an index
    search_fields = ("label",)
    search_help_text = "Search by what the thing was called when it was changed."
    fields = ("when", "actor", "what", "differences", "path")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        hidden = [
            table for right, kept in KEPT_FROM_OTHERS.items() if not request.user.has_perm(right) for table in kept
        ]
        entries: QuerySet[AuditEntry] = super().get_queryset(request)
        return entries.exclude(table__in=hidden) if hidden else entries

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The whole page at once in words: one query for each kind of row that is mentioned."""
        changelist = super().get_changelist_instance(request)
        for told in rendering.tell(changelist.result_list):
            told.entry.told = told  # type: ignore[attr-defined]  # for the columns below
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The history of one row is called by its name, as it was last."""
        if row := request.GET.get("row"):
            of_row = self.get_queryset(request).filter(table=request.GET.get("thing", ""), object_id=row)
            newest = of_row.order_by("-at", "-pk").first()
            title = f"Changes: {_told(newest).name or row}" if newest else "Nothing was changed"
            extra_context = {"title": title, **(extra_context or {})}
        return super().changelist_view(request, extra_context)

    def title_of(self, row: AuditEntry) -> str:
        return _told(row).title

    @column("When")
    def when(self, entry: AuditEntry) -> str:
        return moment(entry.at)

    @column("What")
    def what(self, entry: AuditEntry) -> SafeString:
        told, address = _told(entry), '<a href="{}" class="desk-link">{}</a>'
        name = format_html(address, told.address, told.name) if told.address else told.name
        return format_html("{} {} {}", entry.get_verb_display(), told.thing, name)

    @column("Before → after")
    def changed(self, entry: AuditEntry) -> SafeString | str:
        lines = _told(entry).lines
        if entry.verb != AuditEntry.Verb.CHANGED:  # every value is new, or every value is gone
            return Truncator(", ".join(_one_value(line) for line in lines)).chars(2 * SHORT) or "-"
        return format_html_join("", '<div class="desk-words">{}</div>', ((_shortened(line),) for line in lines)) or "-"

    @column("Before and after")
    def differences(self, entry: AuditEntry) -> SafeString | str:
        lines = ((_in_full(line),) for line in _told(entry).lines)
        return format_html_join("", '<div class="mb-3">{}</div>', lines) or "-"


def _told(entry: AuditEntry) -> Told:
    if not hasattr(entry, "told"):
        (entry.told,) = rendering.tell([entry])  # type: ignore[attr-defined]  # remembered for the other columns
    told: Told = entry.told  # type: ignore[attr-defined]  # set by us
    return told


def _one_value(line: Line) -> str:
    if line.manner != "changed":
        return str(line)
    return f"{line.field}: {line.after if line.before == 'empty' else line.before}"


def _shortened(line: Line) -> str:
    before, after = (Truncator(value).chars(SHORT) for value in (line.before, line.after))
    return str(replace(line, before=before, after=after))


def _in_full(line: Line) -> SafeString | str:
    if line.manner != "changed":
        return str(line)
    said = '<span class="desk-strong">{}</span><div class="desk-diff"><del>{}</del> <ins>{}</ins></div>'
    return format_html(said, line.field, line.before, line.after)
