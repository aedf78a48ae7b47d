"""Gives what failed before causes were kept its cause; going back, the column goes with them."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from workflows import causes

BATCH = 1000


def name_causes(apps: Any, editor: Any) -> None:
    actions = apps.get_model("workflows", "ScheduledAction").objects
    nameless = actions.filter(status__in=["failed", "ambiguous", "dead"], cause="").order_by("pk")
    while batch := list(nameless.only("last_error", "result")[:BATCH]):
        for action in batch:
            missing = action.result.get("missing", ()) if isinstance(action.result, dict) else ()
            action.cause = causes.cause_of(action.last_error, missing)
        actions.bulk_update(batch, ["cause"])


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_causes_of_failures")]

    operations = [migrations.RunPython(name_causes, migrations.RunPython.noop, elidable=True)]
