"""Alerts and who gets them."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from contactflow.core import clock, datetimes
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import (
    NoDeleteAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    column,
    link,
    name_of,
    page,
)  # fmt: skip
from engagement import alerts, describe, worklist
from engagement.admin import live_updates
from engagement.admin.live_updates import LiveList
from engagement.admin.messages import as_text
from engagement.models import Alert, Delivery, Target

STATES = [("open", "Open"), ("acknowledged", "Acknowledged"), ("any", "Both")]
TOGETHER = 1000  # so many at once; a page waits for them
BELL_SECONDS = 20
BY_HAND = "By hand"


@choice_filter("state", "state", STATES)
def by_state(rows: QuerySet[Alert], chosen: str, request: HttpRequest) -> QuerySet[Alert]:
    """Open ones, unless something else is asked for."""
    if "state" not in request.GET and not request.GET.get("q"):
        chosen = "open"
    return rows.filter(acknowledged_at__isnull=chosen == "open") if chosen in ("open", "acknowledged") else rows


WHOSE_ALERTS = [("mine", "For me and my team"), ("nobody", "For nobody"), ("all", "Everybody's")]


@choice_filter("whose", live_updates.WHOSE, WHOSE_ALERTS)
def by_reader(rows: QuerySet[Alert], chosen: str, request: HttpRequest) -> QuerySet[Alert]:
    if chosen == "mine":
        return worklist.alerts_of(rows, user=cast(User, request.user))
    return worklist.addressed_to_nobody(rows) if chosen == "nobody" else rows


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    verbose_name_plural = "Who was told"
    fields = ("how_it_went", "attempts", "finished_at")
    readonly_fields = fields

    @column("What happened")
    def how_it_went(self, delivery: Delivery) -> str:
        return told(delivery)


def told(delivery: Delivery) -> str:
    """One delivery, in words."""
    to, why = delivery.address, f": {describe.why(delivery.reason)}" if delivery.reason else ""
    match delivery.status:
        case Delivery.Status.SENT:
            return f"Emailed to {to}"
        case Delivery.Status.FAILED:
            return f"The email to {to} was refused{why}"
        case Delivery.Status.AMBIGUOUS:
            return f"The email to {to} may or may not have arrived{why}"
        case Delivery.Status.UNDELIVERABLE:
            return "Nobody was told"
    return f"The email to {to} is on its way"


@admin.register(Alert)
class AlertAdmin(LiveList, ReadOnlyAdmin):
    when_empty = (
        "No alert yet. A workflow writes one as soon as something needs a person. Say under “Teams” who hears of it."
    )
    list_display = ("alert", "urgency", "raised", "who_was_told", "deed")
    whose = WHOSE_ALERTS
    list_filter = (
        by_reader,
        by_state,
        ("priority", ChoicesDropdownFilter),
        ("target", RelatedDropdownFilter),
        ("business_entity", RelatedDropdownFilter),
    )
    list_select_related = ("target", "contact", "business_entity")
    sortable_by = ("raised",)  # no other order has an index
    change_list_template = "admin/engagement/alerts_list.html"
    fieldsets = (
        (None, {"fields": ("title", "urgency", "state", "words")}),
        ("About", {"fields": (("contact_link", "business_entity"), ("target", "made_by"), "created_at")}),
    )
    inlines = (DeliveryInline,)
    actions = ("acknowledge_chosen",)
    actions_detail = ("acknowledge",)

    def possible_buttons(self, row: Alert) -> tuple[str, ...]:
        return () if row.acknowledged_at else ("acknowledge",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return super().get_queryset(request).prefetch_related("deliveries")

    def version(self) -> str:
        return worklist.alerts_version(now=clock.database_now())

    def live(self, request: HttpRequest, version: str) -> dict[str, Any]:
        found, state = super().live(request, version), request.GET.get("state") or "open"
        has_roles = found["scope"] == "mine" and bool(worklist.targets_of(cast(User, request.user)))
        states = live_updates.tabs(request, parameter="state", choices=STATES, current=state)
        return found | {"states": states, "has_roles": has_roles}

    @page("bell/")
    def bell(self, request: HttpRequest) -> HttpResponse:
        """What the bell says. Asked for every few seconds by every open page: two small queries, mostly no answer.

        Asking beats the stream of engagement.stream here: that one holds a thread for each reader, and serves eight.
        """
        bell = worklist.bell(user=cast(User, request.user))
        version = f"{bell.count}-{bell.newest.pk if bell.newest else ''}"
        if live_updates.is_unchanged(request, version):
            return live_updates.unchanged()
        context = {"bell": bell, "version": version, "said": _said(bell), "every": BELL_SECONDS}
        return TemplateResponse(request, "admin/engagement/alerts_bell.html", context)

    @page("<uuid:object_id>/seen/", method="POST")
    def seen(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Acknowledges with one press, from the list."""
        if not self.has_deed_permission(request):
            raise PermissionDenied("Your role may look at alerts but not acknowledge them.")
        alert = get_object_or_404(Alert, pk=object_id)
        name = request.user.get_username()
        alerts.acknowledge(alert=alert, by=name, now=clock.database_now())
        by_me = alert.acknowledged_by == name
        said = f"“{alert.title}” is acknowledged{'' if by_me else f': {alert.acknowledged_by} was first'}."
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"said": said})
        messages.success(request, said)
        return live_updates.back(request, reverse("admin:engagement_alert_changelist"))

    @column("Alert", ordering="title")
    def alert(self, alert: Alert) -> SafeString:
        maker = self.made_by(alert)
        about = [alert.contact and link(alert.contact), alert.business_entity, maker if maker != BY_HAND else ""]
        return format_html(
            '<div class="work-cell">{}<span class="desk-faint">{}</span><span class="alert-words">{}</span></div>',
            link(alert),
            format_html_join(" · ", "{}", ((part,) for part in about if part)),
            alert.message,
        )

    @column("Raised by")
    def made_by(self, alert: Alert) -> str:
        """The workflow, where the rooms above tell (this one does not know them)."""
        return BY_HAND

    @column("Raised", ordering="created_at")
    def raised(self, alert: Alert) -> SafeString | str:
        return datetimes.moment(alert.created_at)

    @column("Who was told")
    def who_was_told(self, alert: Alert) -> SafeString:
        found = list(alert.deliveries.all())
        lines: list[str] = [told(delivery) for delivery in found] or ["Shown here, not emailed"]
        return format_html(
            '<div class="work-cell">{}<ul class="alert-told desk-faint">{}</ul>{}</div>',
            alert.target,
            format_html_join("", "<li>{}</li>", ((line,) for line in lines[:3])),
            link(alert.target, "Say who is alerted") if _reached_nobody(found) else "",
        )

    @column("State", ordering="acknowledged_at")
    def deed(self, alert: Alert) -> SafeString | str:
        if alert.acknowledged_at is None:
            return render_to_string("admin/engagement/alerts_deed.html", {"alert": alert})
        return _acknowledged(alert)

    @column("Message")
    def words(self, alert: Alert) -> str:
        return as_text(alert.message)

    @column("Contact")
    def contact_link(self, alert: Alert) -> str:
        return link(alert.contact)

    @column("State", ordering="acknowledged_at")
    def state(self, alert: Alert) -> str:
        return _acknowledged(alert) if alert.acknowledged_at else "Open"

    @confirmed(
        "Acknowledge",
        permission="deed",
        icon="check",
        title="Acknowledge this alert",
        explanation="Your colleagues see that you take care of it.",
    )
    def acknowledge(self, request: HttpRequest, alert: Alert, answers: dict[str, Any]) -> str:
        alerts.acknowledge(alert=alert, by=request.user.get_username(), now=clock.database_now())
        return "The alert is acknowledged."

    @admin.action(description="Acknowledge the chosen alerts", permissions=["deed"])
    def acknowledge_chosen(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        now, count = clock.database_now(), 0
        for alert in chosen.filter(acknowledged_at__isnull=True)[:TOGETHER]:
            alerts.acknowledge(alert=alert, by=request.user.get_username(), now=now)
            count += 1
        messages.success(request, f"{count} acknowledged.")


def _acknowledged(alert: Alert) -> SafeString:
    return format_html("Acknowledged by {}, {}", alert.acknowledged_by, datetimes.moment(alert.acknowledged_at))


def _reached_nobody(deliveries: list[Delivery]) -> bool:
    return any(one.status == Delivery.Status.UNDELIVERABLE for one in deliveries)


def _said(bell: worklist.Bell) -> str:
    if not bell.count:
        return "No open alerts for you"
    count = f"More than {worklist.BELL_COUNTS_TO}" if bell.is_cut else str(bell.count)
    return f"{count} open {'alert' if bell.count == 1 else 'alerts'} for you"


@admin.register(Target)
class TargetAdmin(NoDeleteAdmin):
    when_empty = "Add the teams and roles that workflows call, and say who is behind each."
    list_display = ("name", "business_entity", "behind_it", "how")
    list_filter = (("business_entity", RelatedDropdownFilter),)
    search_fields = ("name", "slug")
    autocomplete_fields = ("people",)
    readonly_fields = ("reaches",)
    fieldsets = (
        (None, {"fields": ("reaches", "people", "extra_emails", "alert_by_email", "hears_of_missed")}),
        ("The role", {"fields": ("name", "slug", "business_entity")}),
    )
    add_fieldsets = (
        (None, {"fields": ("name", "slug", "business_entity")}),
        ("Behind it", {"fields": ("people", "extra_emails", "alert_by_email", "hears_of_missed")}),
    )
    actions_detail = ("send_test",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Target]:
        return super().get_queryset(request).select_related("business_entity").prefetch_related("people")

    def get_readonly_fields(self, request: HttpRequest, obj: Target | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "slug") if obj else ()

    def has_send_test_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_alert")

    @column("Behind it")
    def behind_it(self, target: Target) -> str:
        names = [
            name_of(person) if person.email else f"{name_of(person)} (no email address)"
            for person in target.people.all()
        ]
        return ", ".join([*names, *target.extra_emails]) or "Nobody: alerts reach no one"

    @column("How")
    def how(self, target: Target) -> str:
        return "By email and at the bell" if target.alert_by_email else "At the bell only"

    @column("Whom an alert reaches now")
    def reaches(self, target: Target) -> SafeString:
        people = [name_of(person) for person in target.people.all() if person.is_active]
        emails = alerts.addresses_of(target) if target.alert_by_email else []
        if not people and not emails:
            return format_html(
                '<p class="desk-notice is-warn">{}</p>',
                "Nobody. Alerts for this target are kept and listed, but no one is told: add people or addresses.",
            )
        bells = f"At the bell: {', '.join(people)}." if people else "At nobody's bell: these are addresses only."
        mails = f"By email: {', '.join(emails)}." if emails else "Nobody by email."
        return format_html('<p class="desk-notice">{} {}</p>', bells, mails)

    @confirmed(
        "Send a test alert",
        permission="send_test",
        icon="notifications_active",
        explanation="Everybody behind this target gets it like a real one, marked as a test.",
        submit="Send it",
        warning=lambda target: "" if alerts.addresses_of(target) else "Nobody is behind this target yet.",
    )
    def send_test(self, request: HttpRequest, target: Target, answers: dict[str, Any]) -> str:
        raised = alerts.raise_test(target=target, by=request.user.get_username(), now=clock.database_now())
        return " ".join(["The test alert is raised.", *(f"{told(one)}." for one in raised.deliveries.all())])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        unreachable = ", ".join(name_of(person) for person in form.instance.people.filter(email=""))
        if unreachable:
            messages.warning(
                request, f"No email address: {unreachable}. Add one under Users, or no alert reaches them."
            )
