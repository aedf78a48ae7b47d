"""Titles and texts of alerts and tasks become Liquid, in published versions and drafts; see engagement 0025."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations

from engagement.liquid import conversion

_ROOM = "ALTER TABLE workflows_step ALTER COLUMN title TYPE varchar(500)"
_TRIGGER = "ALTER TABLE workflows_step {} TRIGGER published_step_is_immutable"


def _rewrite(apps: Any, editor: Any, converted: Callable[[str, int | None], str]) -> None:
    steps = apps.get_model("workflows", "Step")
    editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the end of the transaction bars ALTER TABLE
    editor.execute(_TRIGGER.format("DISABLE"))
    for step in steps.objects.iterator(chunk_size=200):
        title, description = converted(step.title, 200), converted(step.description, None)
        if (title, description) != (step.title, step.description):
            steps.objects.filter(pk=step.pk).update(title=title, description=description)
    editor.execute(_TRIGGER.format("ENABLE"))


def forwards(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, conversion.to_liquid)


def backwards(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, lambda text, _: conversion.from_liquid(text))


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_tracking_switch")]
    operations = [
        migrations.RunSQL(_ROOM, migrations.RunSQL.noop),  # which 0007 tells Django
        migrations.RunPython(forwards, backwards),
    ]
