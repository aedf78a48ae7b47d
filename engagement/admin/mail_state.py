"""What mail providers sent, which brands' marketing is stopped, and when an address that keeps bouncing rests."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, column
from contactflow.core.clock import database_now
from engagement import breakers, describe
from engagement.models import BounceRule, ProviderDelivery, SendingBreaker
from engagement.providers import catalogue, processing

Status = ProviderDelivery.Status
STATE_LABELS = {"Stopped": "danger", "Warned of": "warning", "Running": "success"}


@admin.register(SendingBreaker)
class SendingBreakerAdmin(ReadOnlyAdmin):
    when_empty = "All is well: no brand's mail ever came back so often that it was stopped."
    list_display = ("brand", "state", "why", "resumed_by", "updated_at")
    fields = ("brand", "state", "why", "stopped_at", "counted_from", "resumed_by")
    list_select_related = ("business_entity",)
    search_fields = ("business_entity__name",)
    sortable_by = ()
    actions_detail = ("resume",)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_sendingbreaker")

    def possible_buttons(self, row: SendingBreaker) -> tuple[str, ...]:
        return ("resume",) if row.stopped_at else ()

    @column("Brand")
    def brand(self, breaker: SendingBreaker) -> str:
        return str(breaker)

    @column("State", label=STATE_LABELS)
    def state(self, breaker: SendingBreaker) -> str:
        if breaker.stopped_at:
            return "Stopped"
        return "Warned of" if breaker.warned_at else "Running"

    @column("Reason")
    def why(self, breaker: SendingBreaker) -> str:
        return describe.why(breaker.reason)

    @confirmed(
        "Let its marketing go on",
        permission="resume",
        icon="play_arrow",
        title="Let the brand's marketing go on",
        explanation="Do this once you know why so much came back: an old list, or a form that robots fill in. What "
        "came back until now does not count any more; what waits goes out within a quarter of an hour.",
        submit="Go on",
    )
    def resume(self, request: HttpRequest, breaker: SendingBreaker, answers: dict[str, Any]) -> str:
        breakers.resume(breaker=breaker, by=request.user.get_username(), now=database_now())
        return f"Marketing of {breaker} goes on."


@admin.register(ProviderDelivery)
class ProviderDeliveryAdmin(ReadOnlyAdmin):
    when_empty = "No mail provider has told us anything yet. Once EMAIL_PROVIDER is set, its addresses stand here."
    list_display = ("received_at", "provider", "kind", "status", "facts", "error")
    list_display_links = ("received_at",)
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("provider",)
    sortable_by = ()
    fields = ("received_at", "provider", "kind", "status", "facts", "attempts", "error", "payload", "address")
    actions_detail = ("read_again",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not set the provider up does not see its secret address."""
        fields = super().get_fields(request, obj)
        return fields if self.has_read_again_permission(request) else [one for one in fields if one != "address"]

    def has_read_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_providerdelivery")

    def possible_buttons(self, row: ProviderDelivery) -> tuple[str, ...]:
        return ("read_again",) if row.status == Status.PARKED else ()

    @column("As it came")
    def payload(self, delivery: ProviderDelivery) -> str:
        return bytes(delivery.body[:4000]).decode("utf-8", "replace") or "Understood, and let go"

    @column("Its address for the provider")
    def address(self, delivery: ProviderDelivery) -> str:
        return catalogue.address(delivery.provider, delivery.kind)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Above the list stands what the provider is to be given."""
        if settings.EMAIL_PROVIDER in catalogue.KINDS and self.has_read_again_permission(request):
            for kind in catalogue.KINDS[settings.EMAIL_PROVIDER]:
                name = ProviderDelivery.Kind(kind).label
                self.message_user(
                    request, f"{name} of {settings.EMAIL_PROVIDER}: {catalogue.address(settings.EMAIL_PROVIDER, kind)}"
                )
        return super().changelist_view(request, extra_context)

    @confirmed(
        "Read it again",
        permission="read_again",
        icon="refresh",
        title="Read this delivery again",
        explanation="It could not be understood. Once its reason is gone, such as a missing key, it is read anew.",
        submit="Read again",
    )
    def read_again(self, request: HttpRequest, delivery: ProviderDelivery, answers: dict[str, Any]) -> str:
        processing.try_again(delivery=delivery)
        return "It waits to be read."


@admin.register(BounceRule)
class BounceRuleAdmin(BaseAdmin):
    """One row, or none where the defaults hold."""

    when_empty = (
        "The usual rule holds: after bounces on 5 days within 30 an address rests for 30 days. Add a rule for another."
    )
    list_display = ("soft_bounces", "within_days", "rest_days")
    search_fields = ("soft_bounces",)
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not BounceRule.objects.exists()
