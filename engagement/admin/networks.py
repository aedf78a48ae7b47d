"""Networks that staff know better than the shipped list: who sits there decides who clicked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin.model_admin import BaseAdmin
from engagement.models import Network


@admin.register(Network)
class NetworkAdmin(BaseAdmin):
    when_empty = (
        "The list that Contactflow brings along knows large gateways and data centres. Add what it does not know: a "
        "partner's mail gateway, or an office that it takes for machines."
    )
    list_display = ("network", "kind", "note", "created_at")
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("network", "note")
    search_help_text = "Search by network or note."
    fields = ("network", "kind", "note")

    def save_model(self, request: HttpRequest, obj: Network, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        messages.info(request, "It holds from now on. manage.py label_hits judges earlier opens and clicks anew.")
