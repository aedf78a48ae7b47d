"""What passes over Notion did, and what Notion told us by itself. To be read, not changed."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin.filters import IsNullFilter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column
from contacts import describe as contacts_describe
from notion_bridge import describe
from notion_bridge.models import SyncRun, WebhookDelivery

ONE_LINE = 100  # characters


class ResultFilter(IsNullFilter):
    title = parameter_name = "result"
    is_null, is_set = ("done", "Done"), ("failed", "Stopped by an error")
    lookup, when_null = "error", ""


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    when_empty = (
        "Contactflow has not looked at Notion yet. Connect it and switch monitoring on: the page “Connection” says how."
    )
    list_display = ("began", "trigger", "took", "did", "stopped_by")
    list_filter = (ResultFilter, ("trigger", ChoicesDropdownFilter))
    search_fields = ("error",)
    fields = ("trigger", "began", "took", "did", "error")

    def title_of(self, row: SyncRun) -> str:
        return f"{row.get_trigger_display()}, {contacts_describe.moment(row.started_at)}"

    began = column("Began", ordering="started_at")(lambda self, row: contacts_describe.moment(row.started_at))
    took = column("Took")(lambda self, row: describe.duration(row.ended_at - row.started_at) if row.ended_at else "-")
    did = column("What it did")(lambda self, row: describe.done(row.counts))

    @column("Stopped by")
    def stopped_by(self, run: SyncRun) -> str:
        return run.error if len(run.error) <= ONE_LINE else f"{run.error[:ONE_LINE]} ..."


class FollowedFilter(IsNullFilter):
    is_null, is_set = ("waiting", "Waits to be followed"), ("followed", "Followed")
    lookup = "processed_at__isnull"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    when_empty = (
        "Notion has not sent anything yet. The page “Connection” says how to set that up; without it, changes come "
        "half a minute later."
    )
    list_display = ("what", "about", "came", "state")
    list_filter = (FollowedFilter,)
    search_fields = ("type", "entity_id", "event_id")
    search_help_text = "Search by the kind of event, the id of the page or the id of the event."
    fields = ("what", "about", "came", "state", "attempts", "event_id", "as_it_came")

    def title_of(self, row: WebhookDelivery) -> str:
        return self.what(row)

    @column("What happened", ordering="type")
    def what(self, event: WebhookDelivery) -> str:
        return event.type.replace(".", " ").replace("_", " ").capitalize() or "Unnamed event"

    about = column("About")(lambda self, row: f"{row.entity_type.replace('_', ' ')} {row.entity_id}".strip() or "-")
    came = column("Came", ordering="received_at")(lambda self, row: contacts_describe.moment(row.received_at))

    @column("State", ordering="processed_at")
    def state(self, event: WebhookDelivery) -> str:
        if event.processed_at is None:
            return "Waits to be followed"
        outcome = event.outcome or "followed"
        return f"{outcome[:1].upper()}{outcome[1:]}, {contacts_describe.moment(event.processed_at)}"

    @column("As it came")
    def as_it_came(self, event: WebhookDelivery) -> str:
        shown = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html(
            '<pre class="text-xs" style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>', shown
        )
