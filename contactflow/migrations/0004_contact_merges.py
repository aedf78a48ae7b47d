"""That two contacts were one person, and how to take it back."""

from __future__ import annotations

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contactflow", "0003_write_down_what_staff_change"),
        ("contacts", "0004_former_addresses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactMerge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kept_key",
                    models.UUIDField(help_text="Who was kept; another than `kept` once that one was merged in turn."),
                ),
                ("dropped_key", models.UUIDField()),
                ("dropped_name", models.CharField(max_length=320)),
                ("choices", models.JSONField(blank=True, default=dict)),
                ("record", models.JSONField(blank=True, default=dict)),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "kept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="merges", to="contacts.contact"
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "merge of contacts",
                "verbose_name_plural": "merges of contacts",
                "ordering": ("-at", "-id"),
            },
        ),
    ]
