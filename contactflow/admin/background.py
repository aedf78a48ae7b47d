"""What the workers did, as django-q2 keeps it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from contactflow.core.admin.model_admin import ReadOnlyAdmin, column

# Whoever may add a schedule or fill the queue can run any command on this machine. The others get pages below.
for model in (Schedule, OrmQ, Success, Failure):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class RunAdmin(ReadOnlyAdmin):
    """What the workers did, as django-q2 tells it. Arguments are not shown: they are of use to nobody here."""

    list_display = ("name", "func", "started", "stopped")
    search_fields = ("name", "func")
    ordering = ("-started",)
    fields: ClassVar[tuple[str, ...]] = ("name", "func", "started", "stopped", "attempt_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("args", "kwargs", "result")


@admin.register(Success)
class SuccessAdmin(RunAdmin):
    when_empty = "Nothing ran in the background yet."


@admin.register(Failure)
class FailureAdmin(RunAdmin):
    when_empty = "All is well: nothing failed in the background."
    fields: ClassVar = (*RunAdmin.fields, "what_happened")

    @column("What happened")
    def what_happened(self, run: Failure) -> str:
        return str(run.result)
