"""Drafts say who edited them last, delays are exact to the minute, and staff may start people who are here."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0002_find_what_changed"),
        ("workflows", "0003_find_what_changed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="workflowversion",
            name="business_entity",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contacts.businessentity",
            ),
        ),
        migrations.AddField(
            model_name="workflowversion",
            name="edited_at",
            field=models.DateTimeField(blank=True, editable=False, help_text="The last edit of the draft.", null=True),
        ),
        migrations.AddField(
            model_name="workflowversion",
            name="edited_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="step",
            name="delay_hours",
            field=models.DecimalField(decimal_places=4, default=0, max_digits=9),
        ),
        migrations.CreateModel(
            name="StartOrder",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "reached",
                    models.UUIDField(editable=False, help_text="The contact that was looked at last.", null=True),
                ),
                ("looked_at", models.PositiveIntegerField(default=0)),
                ("started", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="start_orders",
                        to="workflows.workflowtemplate",
                    ),
                ),
            ],
            options={
                "ordering": ("-asked_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=("template",),
                        name="one_open_start_order",
                    )
                ],
            },
        ),
    ]
