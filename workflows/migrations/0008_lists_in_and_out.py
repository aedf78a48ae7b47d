"""Imports with their lines, exports with their files, and which column meant what."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_timeline_of_a_contact"),
        ("workflows", "0007_name_the_causes_so_far"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "cursor",
                    models.PositiveIntegerField(default=0, editable=False, help_text="The last line that was done."),
                ),
                ("total", models.PositiveIntegerField(default=0, editable=False)),
                ("queued_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "crashes",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, help_text="In a row, without any progress."
                    ),
                ),
                ("trouble", models.TextField(blank=True, editable=False, help_text="Why it failed, for a person.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preparing", "Being prepared"),
                            ("ready", "Ready"),
                            ("expired", "Deleted"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="preparing",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV, for any program"), ("xlsx", "Excel (.xlsx)")],
                        default="csv",
                        max_length=4,
                    ),
                ),
                ("columns", models.JSONField(default=list)),
                (
                    "filters",
                    models.CharField(blank=True, help_text="Which part of the list, in words.", max_length=500),
                ),
                (
                    "selection",
                    models.JSONField(default=list, help_text="Where the whole list is meant: who was read last."),
                ),
                ("is_gathered", models.BooleanField(default=False)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("downloads", models.PositiveIntegerField(default=0)),
                ("downloaded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "ordering": ("-created_at", "-id"),
                "permissions": [("download_any_exportrun", "Can download the exports of others")],
            },
        ),
        migrations.CreateModel(
            name="ExportPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("contact_id", models.UUIDField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="people", to="workflows.exportrun"
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="ExportChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="workflows.exportrun"
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "cursor",
                    models.PositiveIntegerField(default=0, editable=False, help_text="The last line that was done."),
                ),
                ("total", models.PositiveIntegerField(default=0, editable=False)),
                ("queued_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "crashes",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, help_text="In a row, without any progress."
                    ),
                ),
                ("trouble", models.TextField(blank=True, editable=False, help_text="Why it failed, for a person.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("columns", "Columns to be chosen"),
                            ("checking", "Being checked"),
                            ("ready", "Waiting for you to apply it"),
                            ("applying", "Being applied"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="columns",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("file_name", models.CharField(max_length=200)),
                ("file_size", models.PositiveIntegerField(default=0)),
                ("source", models.CharField(max_length=80)),
                ("header", models.JSONField(default=list)),
                ("samples", models.JSONField(default=list, help_text="The first values of every column.")),
                (
                    "fields",
                    models.JSONField(default=list, help_text="For each column: the field it fills; empty for none."),
                ),
                ("is_read", models.BooleanField(default=False, help_text="Every line of the file is a row.")),
                ("lines_read", models.PositiveIntegerField(default=0)),
                ("start_workflows", models.BooleanField(default=False)),
                ("foreseen", models.JSONField(default=dict, help_text="The preview in numbers.")),
                (
                    "forecast",
                    models.JSONField(default=dict, help_text="By workflow: people, emails, when the first goes out."),
                ),
                ("applied", models.JSONField(default=dict, help_text="What became of the lines, in numbers.")),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_cleared",
                    models.BooleanField(default=False, help_text="Its lines were deleted after some weeks."),
                ),
                (
                    "business_entity",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="contacts.businessentity",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports and exports",
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="ImportLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("number", models.PositiveIntegerField(help_text="The line of the file on which the record starts.")),
                ("cells", models.JSONField(default=list)),
                ("unreadable", models.TextField(blank=True, help_text="Why the record could not be read at all.")),
                ("person", models.CharField(blank=True, max_length=320)),
                (
                    "foreseen",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not judged yet"),
                            ("created", "New"),
                            ("updated", "Changed"),
                            ("unchanged", "Unchanged"),
                            ("rejected", "Rejected"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "became",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not judged yet"),
                            ("created", "New"),
                            ("updated", "Changed"),
                            ("unchanged", "Unchanged"),
                            ("rejected", "Rejected"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("is_repeat", models.BooleanField(default=False, help_text="The person stands earlier in the file.")),
                ("changes", models.JSONField(default=dict, help_text="{field: [before, after]}")),
                ("reason", models.TextField(blank=True)),
                ("warnings", models.JSONField(default=list)),
                ("starts", models.JSONField(default=list, help_text="Ids of the workflows it would start.")),
                ("differs", models.BooleanField(default=False, help_text="Became something else than was foreseen.")),
                (
                    "contact",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="workflows.importrun"
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="ImportChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="workflows.importrun"
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=80)),
                ("header_digest", models.CharField(max_length=64)),
                ("header", models.JSONField(default=list)),
                (
                    "fields",
                    models.JSONField(default=list, help_text="For each column: the field it fills; empty for none."),
                ),
                ("used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ("source", "-used_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "header_digest"), name="one_mapping_per_source_and_header"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(fields=["-created_at", "-id"], name="export_newest_first"),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(condition=models.Q(("state", "preparing")), fields=["queued_at"], name="export_working"),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(condition=models.Q(("state", "ready")), fields=["expires_at"], name="export_to_clear"),
        ),
        migrations.AddConstraint(
            model_name="exportperson",
            constraint=models.UniqueConstraint(fields=("run", "position"), name="one_export_person"),
        ),
        migrations.AddConstraint(
            model_name="exportchunk",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="one_export_chunk"),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(fields=["-created_at", "-id"], name="import_newest_first"),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                condition=models.Q(("state__in", ["checking", "applying"])), fields=["queued_at"], name="import_working"
            ),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                condition=models.Q(("is_cleared", False)), fields=["created_at"], name="import_to_clear"
            ),
        ),
        migrations.AddIndex(
            model_name="importline",
            index=models.Index(fields=["run", "foreseen", "position"], name="import_line_foreseen"),
        ),
        migrations.AddIndex(
            model_name="importline",
            index=models.Index(fields=["run", "became", "position"], name="import_line_became"),
        ),
        migrations.AddIndex(
            model_name="importline",
            index=models.Index(fields=["run", "person", "position"], name="import_line_person"),
        ),
        migrations.AddConstraint(
            model_name="importline",
            constraint=models.UniqueConstraint(fields=("run", "position"), name="one_import_line"),
        ),
        migrations.AddConstraint(
            model_name="importchunk",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="one_import_chunk"),
        ),
    ]
