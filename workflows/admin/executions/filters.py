"""What narrows the lists of what ran: days, people, causes. Each is served by an index."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.widgets import INPUT_CLASSES

from contactflow.core import clock, numbers
from engagement.models import Target
from workflows import failure_causes, failures
from workflows.models import Step


class DayForm(forms.Form):
    """From and to, as the browser offers dates."""

    def __init__(self, name: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        title = name.replace("_", " ").capitalize()
        for end, label in (("from", f"{title} from"), ("to", f"{title} up to and with")):
            widget = forms.DateInput(attrs={"type": "date", "aria-label": label, "class": " ".join(INPUT_CLASSES)})
            self.fields[f"{name}_{end}"] = forms.DateField(required=False, label=label, widget=widget)


class DayFilter(RangeDateFilter):  # type: ignore[misc]  # Unfold has no types
    """Days of the reader's calendar, both ends included."""

    template = "admin/workflows/runs_days.html"
    form_class = DayForm

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(last + dt.timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> dt.date | None:
        try:
            found = parse_date(self.used_parameters.get(f"{self.field_path}_{end}", ""))
        except ValueError:  # the 30th of February
            return None
        return found if found and found.year in clock.YEARS else None  # elsewhere a time zone may have no such moment


class TargetFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Workflows with a step for a colleague or team."""

    title = "target"
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Target.objects.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        target = numbers.parse_int(self.value())
        if target is None:
            return queryset
        # By the versions with such a step: they are few, and each leads to its executions by an index.
        versions = Step.objects.filter(target=target).order_by().values_list("version", flat=True).distinct()
        return queryset.filter(version__in=list(versions))


class CauseFilter(DropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Why steps failed, are unclear or were given up."""

    title = "cause"
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = failures.went_wrong().order_by("cause").values_list("cause", flat=True).distinct()
        return [(cause or "unknown", failure_causes.explain(cause).title) for cause in found[: failures.GROUPS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        names = ["", "unknown"] if value == "unknown" else [value]
        return queryset.filter(cause__in=names, status__in=failures.NEEDS_PERSON)


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
