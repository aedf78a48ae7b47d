"""How urgent a task or an alert is: its colour, and its place in a sorted list."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Value, When

from engagement.models import Priority

# By the alphabet, "high" would stand before "low", and "urgent" after both.
RANK = Case(
    *(When(priority=priority, then=Value(place)) for place, priority in enumerate(Priority.values)),
    output_field=IntegerField(),
)
