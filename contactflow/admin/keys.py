"""API keys: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column
from contactflow.models import ApiKey
from contacts import describe


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """A key is made and revoked, never changed; its text is shown once."""

    when_empty = (
        "Make a key for each system that sends people here, such as your website, so that each can be withdrawn alone."
    )
    list_display = ("name", "scope", "prefix", "state", "created_at", "last_used_at")
    list_filter = (("scope", ChoicesDropdownFilter),)
    search_fields = ("name", "prefix")
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("contactflow.add_apikey")

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contactflow.change_apikey")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.list_display if obj else ("name", "scope")

    def possible_buttons(self, row: ApiKey) -> tuple[str, ...]:
        return () if row.revoked_at else ("revoke",)

    @column("State", ordering="revoked_at")
    def state(self, key: ApiKey) -> str:
        return f"Revoked {describe.moment(key.revoked_at)}" if key.revoked_at else "Works"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[ApiKey], change: bool) -> None:
        key, plaintext = ApiKey.objects.issue(name=obj.name, scope=obj.scope)
        obj.pk, obj.prefix = key.pk, key.prefix
        messages.warning(request, f"The key, shown this once: {plaintext} Copy it now and keep it secret.")

    @confirmed(
        "Revoke",
        permission="revoke",
        icon="block",
        danger=True,
        title="Revoke this key",
        explanation="Whatever uses it is refused from now on. This cannot be undone.",
    )
    def revoke(self, request: HttpRequest, key: ApiKey, answers: dict[str, Any]) -> str:
        key.revoke()
        return "The key is revoked."
