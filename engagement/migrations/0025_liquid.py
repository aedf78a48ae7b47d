"""Words of emails become Liquid: `{{ first_name|there }}` is `{{ first_name | default: "there" }}`.

The trigger that keeps versions as they are rests for it: what a version says stays the same, its spelling changes. Back
goes what former releases can say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations

from engagement.liquid import conversion

_FIELDS = ("subject", "preheader", "body")
_SHORT = 300  # what a subject or preheader may have
_ROOM = """ALTER TABLE engagement_templateversion
    ALTER COLUMN subject TYPE varchar(750), ALTER COLUMN preheader TYPE varchar(750)"""
_KEYED = ("fallbacks", "passages")
_TRIGGER = "ALTER TABLE engagement_templateversion {} TRIGGER template_version_is_immutable"


def _rewrite(apps: Any, editor: Any, converted: Callable[[str, int | None], str]) -> None:
    versions = apps.get_model("engagement", "TemplateVersion").objects
    editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the end of the transaction bars ALTER TABLE
    editor.execute(_TRIGGER.format("DISABLE"))
    for version in versions.iterator(chunk_size=200):
        said: dict[str, Any] = {name: getattr(version, name) for name in (*_FIELDS, *_KEYED)}
        now: dict[str, Any] = {name: converted(said[name], None if name == "body" else _SHORT) for name in _FIELDS}
        now |= {name: {conversion.sayable(key): one for key, one in said[name].items()} for name in _KEYED}
        if now != said:
            versions.filter(pk=version.pk).update(**now)
    editor.execute(_TRIGGER.format("ENABLE"))


def forwards(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, conversion.to_liquid)


def backwards(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, lambda text, _: conversion.from_liquid(text))


class Migration(migrations.Migration):
    dependencies = [("engagement", "0024_history_of_mailboxes")]
    operations = [
        migrations.RunSQL(_ROOM, migrations.RunSQL.noop),  # which 0029 tells Django
        migrations.RunPython(forwards, backwards),
    ]
