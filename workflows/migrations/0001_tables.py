from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import workflows.models.action_types


class Migration(migrations.Migration):
    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length"), ("contacts", "0002_tables"), ("engagement", "0001_tables"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="DigestChoice",
            fields=[
                ("user", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="digest_choice", serialize=False, to=settings.AUTH_USER_MODEL)),
                ("wanted", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="WorkerHeartbeat",
            fields=[
                ("name", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("beat_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"verbose_name": "worker", "verbose_name_plural": "workers", "ordering": ("name",)},
        ),
        migrations.CreateModel(
            name="BulkDecision",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "verb",
                    models.CharField(
                        choices=[("retry", "Try again"), ("skip", "Leave out"), ("resolve_sent", "They arrived"), ("resolve_not_sent", "They did not arrive: send them now")], max_length=20
                    ),
                ),
                ("cause", models.CharField(blank=True, help_text="Empty: the steps in `chosen`.", max_length=120)),
                ("chosen", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ("reason", models.CharField(max_length=500)),
                ("actor", models.CharField(max_length=150)),
                ("decided_at", models.DateTimeField(help_text="What went wrong later is not touched.")),
                ("expected", models.PositiveIntegerField(default=0, help_text="How many steps the preview counted.")),
                ("reached", models.UUIDField(editable=False, help_text="The step that was looked at last.", null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0, help_text="Steps whose state did not allow it any more.")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-decided_at", "-id"),
                "indexes": [
                    models.Index(condition=models.Q(("finished_at__isnull", True)), fields=["decided_at"], name="bulk_decision_open"),
                    models.Index(fields=["-decided_at"], name="bulk_decision_newest_first"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("cursor", models.PositiveIntegerField(default=0, editable=False, help_text="The last line that was done.")),
                ("total", models.PositiveIntegerField(default=0, editable=False)),
                ("queued_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row, without any progress.")),
                ("trouble", models.TextField(blank=True, editable=False, help_text="Why it failed, for a person.")),
                (
                    "state",
                    models.CharField(
                        choices=[("preparing", "Being prepared"), ("ready", "Ready"), ("expired", "Deleted"), ("cancelled", "Cancelled"), ("failed", "Failed")],
                        default="preparing",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("format", models.CharField(choices=[("csv", "CSV, for any program"), ("xlsx", "Excel (.xlsx)")], default="csv", max_length=4)),
                ("columns", models.JSONField(default=list)),
                ("filters", models.CharField(blank=True, help_text="Which part of the list, in words.", max_length=500)),
                ("is_everybody", models.BooleanField(default=True, help_text="Not a filtered list, whose people are rows.")),
                ("reached", models.JSONField(default=list, help_text="Where the people read last stand.")),
                ("is_gathered", models.BooleanField(default=False)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("downloads", models.PositiveIntegerField(default=0)),
                ("downloaded_at", models.DateTimeField(blank=True, null=True)),
                ("created_by", models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "export", "verbose_name_plural": "exports", "ordering": ("-created_at", "-id"), "permissions": [("download_any_exportrun", "Can download the exports of others")]},
        ),
        migrations.CreateModel(
            name="ExportPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("contact_id", models.UUIDField()),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="people", to="workflows.exportrun")),
            ],
            options={"ordering": ("position",)},
        ),
        migrations.CreateModel(
            name="ExportChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="workflows.exportrun")),
            ],
            options={"ordering": ("number",)},
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("cursor", models.PositiveIntegerField(default=0, editable=False, help_text="The last line that was done.")),
                ("total", models.PositiveIntegerField(default=0, editable=False)),
                ("queued_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                ("crashes", models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row, without any progress.")),
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
                ("fields", models.JSONField(default=list, help_text="For each column: the field it fills; empty for none.")),
                ("is_read", models.BooleanField(default=False, help_text="Every line of the file is a row.")),
                ("lines_read", models.PositiveIntegerField(default=0)),
                ("start_workflows", models.BooleanField(default=False)),
                ("foreseen", models.JSONField(default=dict, help_text="The preview in numbers.")),
                ("forecast", models.JSONField(default=dict, help_text="By workflow: people, emails, when the first goes out.")),
                ("applied", models.JSONField(default=dict, help_text="What became of the lines, in numbers.")),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("is_cleared", models.BooleanField(default=False, help_text="Its lines were deleted after some weeks.")),
                ("applied_by", models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("business_entity", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="contacts.businessentity", verbose_name="brand")),
                ("created_by", models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "import", "verbose_name_plural": "imports", "ordering": ("-created_at", "-id")},
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
                        blank=True, choices=[("", "Not judged yet"), ("created", "New"), ("updated", "Changed"), ("unchanged", "Unchanged"), ("rejected", "Rejected")], default="", max_length=10
                    ),
                ),
                (
                    "became",
                    models.CharField(
                        blank=True, choices=[("", "Not judged yet"), ("created", "New"), ("updated", "Changed"), ("unchanged", "Unchanged"), ("rejected", "Rejected")], default="", max_length=10
                    ),
                ),
                ("is_repeat", models.BooleanField(default=False, help_text="The person stands earlier in the file.")),
                ("changes", models.JSONField(default=dict, help_text="{field: [before, after]}")),
                ("reason", models.TextField(blank=True)),
                ("warnings", models.JSONField(default=list)),
                ("starts", models.JSONField(default=list, help_text="Ids of the workflows it would start.")),
                ("differs", models.BooleanField(default=False, help_text="Became something else than was foreseen.")),
                ("contact", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact")),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="workflows.importrun")),
            ],
            options={"ordering": ("position",)},
        ),
        migrations.CreateModel(
            name="ImportChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="workflows.importrun")),
            ],
            options={"ordering": ("number",)},
        ),
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=80)),
                ("header_digest", models.CharField(max_length=64)),
                ("header", models.JSONField(default=list)),
                ("fields", models.JSONField(default=list, help_text="For each column: the field it fills; empty for none.")),
                ("used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"ordering": ("source", "-used_at"), "constraints": [models.UniqueConstraint(fields=("source", "header_digest"), name="one_mapping_per_source_and_header")]},
        ),
        migrations.CreateModel(
            name="ScheduledAction",
            fields=[
                ("id", models.UUIDField(editable=False, help_text="uuid5 of instance, step and occurrence.", primary_key=True, serialize=False)),
                ("occurrence", models.PositiveSmallIntegerField(default=0, help_text="0 for the step itself, the day for a touch.")),
                ("position", models.PositiveSmallIntegerField()),
                ("action_type", models.CharField(choices=workflows.models.action_types.choices, max_length=40)),
                ("lane", models.CharField(choices=[("inside", "Inside"), ("outside", "Outside")], editable=False, help_text="The action type's.", max_length=10)),
                ("due_at", models.DateTimeField(help_text="As planned; retries do not change it.")),
                ("next_attempt_at", models.DateTimeField()),
                ("paused", models.BooleanField(default=False, editable=False, help_text="Its instance is paused: no claim reads it.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("claimed", "Being prepared"),
                            ("sending", "Being handed over"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("ambiguous", "Unclear"),
                            ("dead", "Gave up"),
                            ("skipped", "Skipped"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("token", models.BigIntegerField(blank=True, editable=False, help_text="Fence: who holds the lease.", null=True)),
                ("held_by", models.CharField(blank=True, editable=False, max_length=100)),
                ("suspect", models.BooleanField(default=False, editable=False, help_text="Was held by a worker that died.")),
                ("lone_crashes", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("reason", models.JSONField(blank=True, default=dict, editable=False, help_text="Why it is not done; engagement.describe says it.")),
                ("cause", models.CharField(blank=True, editable=False, help_text="Why it failed, is unclear or gave up: workflows.failure_causes.", max_length=120)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("target", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="engagement.target", verbose_name="team")),
                ("template", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="engagement.engagementtemplate", verbose_name="email")),
            ],
            options={"verbose_name": "scheduled step", "verbose_name_plural": "scheduled steps", "ordering": ("due_at", "position", "occurrence")},
        ),
        migrations.CreateModel(
            name="ActionAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("token", models.BigIntegerField()),
                ("worker", models.CharField(blank=True, max_length=100)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("retry", "Refused for now"),
                            ("failed", "Refused for good"),
                            ("paused", "Channel in trouble"),
                            ("ambiguous", "Unclear"),
                            ("crashed", "Worker died"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("reason", models.JSONField(blank=True, default=dict, editable=False)),
                ("action", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="attempt_log", to="workflows.scheduledaction")),
            ],
            options={"verbose_name": "attempt", "verbose_name_plural": "attempts", "ordering": ("started_at", "id")},
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("delay_hours", models.DecimalField(decimal_places=4, default=0, max_digits=9)),
                ("action_type", models.CharField(choices=workflows.models.action_types.step_choices, max_length=40)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True)),
                ("category", models.CharField(blank=True, max_length=60)),
                ("priority", models.CharField(blank=True, choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent")], max_length=10)),
                ("effort_hours", models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True)),
                ("target", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="engagement.target", verbose_name="team")),
                ("template", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="engagement.engagementtemplate", verbose_name="email")),
            ],
            options={"ordering": ("position",)},
        ),
        migrations.AddField(model_name="scheduledaction", name="step", field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workflows.step")),
        migrations.CreateModel(
            name="PlannedTouch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.PositiveSmallIntegerField()),
                ("template", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="engagement.engagementtemplate", verbose_name="email")),
                ("step", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="touches", to="workflows.step")),
            ],
            options={"ordering": ("day", "id")},
        ),
        migrations.CreateModel(
            name="WorkflowInstance",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("trigger_event", models.CharField(max_length=64)),
                ("because", models.JSONField(blank=True, default=dict, help_text="Why it started: contacts.describe.because.")),
                ("reentry_key", models.CharField(editable=False, help_text='"once", or the event that started it.', max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "On hold"), ("completed", "Completed"), ("cancelled", "Cancelled"), ("failed", "Failed")], default="active", max_length=10
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("business_entity", models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="workflow_instances", to="contacts.contact")),
                ("event", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="instances", to="contacts.contactevent")),
            ],
            options={"verbose_name": "execution", "verbose_name_plural": "executions", "ordering": ("-started_at", "-id")},
        ),
        migrations.AddField(
            model_name="scheduledaction", name="instance", field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="actions", to="workflows.workflowinstance")
        ),
        migrations.CreateModel(
            name="ControlEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("pause", "Paused"),
                            ("resume", "Resumed"),
                            ("cancel", "Cancelled"),
                            ("retry", "Tried again"),
                            ("skip", "Skipped"),
                            ("resolve_sent", "Settled: it was sent"),
                            ("resolve_not_sent", "Settled: it was not sent"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("actor", models.CharField(help_text="User name, API key or part of Contactflow.", max_length=150)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("action", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="controls", to="workflows.scheduledaction")),
                ("instance", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="controls", to="workflows.workflowinstance")),
            ],
            options={"verbose_name": "decision", "verbose_name_plural": "decisions", "ordering": ("-at", "-id")},
        ),
        migrations.CreateModel(
            name="WorkflowTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="Lower-case letters, digits and underscores; used by the API and never shown to recipients.",
                        max_length=64,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_]*\\Z", "Use lower-case letters, digits and underscores only.")],
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                ("active", models.BooleanField(default=True)),
                ("loaded_digest", models.CharField(blank=True, editable=False, help_text="Digest of the content a deployment loaded last.", max_length=64)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "business_entity",
                    models.ForeignKey(
                        blank=True,
                        help_text="Starts only for contacts of this brand. Empty: for any, speaking for the contact's first brand.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="contacts.businessentity",
                        verbose_name="brand",
                    ),
                ),
            ],
            options={"verbose_name": "workflow", "verbose_name_plural": "workflows", "ordering": ("slug",)},
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="template",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="instances", to="workflows.workflowtemplate", verbose_name="workflow"),
        ),
        migrations.CreateModel(
            name="StartOrder",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("reached", models.UUIDField(editable=False, help_text="The contact that was looked at last.", null=True)),
                ("looked_at", models.PositiveIntegerField(default=0)),
                ("started", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("asked_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("template", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="start_orders", to="workflows.workflowtemplate", verbose_name="workflow")),
            ],
            options={"ordering": ("-asked_at", "-id")},
        ),
        migrations.CreateModel(
            name="WorkflowVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("events", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, help_text="Any of these events starts it.", size=None)),
                ("interests", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None)),
                ("tags", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ("reentry", models.CharField(choices=[("once", "Once per contact"), ("after_days", "Again after some days"), ("always", "With every event")], default="once", max_length=10)),
                ("reentry_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("edited_at", models.DateTimeField(blank=True, editable=False, help_text="The last edit of the draft.", null=True)),
                ("published_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "business_entity",
                    models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contacts.businessentity", verbose_name="brand"),
                ),
                ("contact_types", models.ManyToManyField(blank=True, to="contacts.contacttype")),
                ("edited_by", models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("lead_sources", models.ManyToManyField(blank=True, to="contacts.leadsource")),
                ("published_by", models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("template", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="workflows.workflowtemplate", verbose_name="workflow")),
            ],
            options={"ordering": ("-number",)},
        ),
        migrations.AddField(
            model_name="workflowtemplate",
            name="current_version",
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workflows.workflowversion"),
        ),
        migrations.AddField(
            model_name="workflowinstance",
            name="version",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="instances", to="workflows.workflowversion"),
        ),
        migrations.AddField(model_name="step", name="version", field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="workflows.workflowversion")),
        migrations.CreateModel(
            name="DigestLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(help_text="In the time zone of this installation.")),
                ("since", models.DateTimeField(help_text="What happened from here on is told.")),
                ("until", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("delivery", models.OneToOneField(help_text="Empty: there was nothing to say.", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="engagement.delivery")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="digest_letters", to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ("-day", "user"), "constraints": [models.UniqueConstraint(fields=("user", "day"), name="one_digest_a_day")]},
        ),
        migrations.AddIndex(model_name="exportrun", index=models.Index(fields=["-created_at", "-id"], name="export_newest_first")),
        migrations.AddIndex(model_name="exportrun", index=models.Index(condition=models.Q(("state", "preparing")), fields=["queued_at"], name="export_working")),
        migrations.AddIndex(model_name="exportrun", index=models.Index(condition=models.Q(("state", "ready")), fields=["expires_at"], name="export_to_clear")),
        migrations.AddConstraint(model_name="exportperson", constraint=models.UniqueConstraint(fields=("run", "position"), name="one_export_person")),
        migrations.AddConstraint(model_name="exportchunk", constraint=models.UniqueConstraint(fields=("run", "number"), name="one_export_chunk")),
        migrations.AddIndex(model_name="importrun", index=models.Index(fields=["-created_at", "-id"], name="import_newest_first")),
        migrations.AddIndex(model_name="importrun", index=models.Index(condition=models.Q(("state__in", ["checking", "applying"])), fields=["queued_at"], name="import_working")),
        migrations.AddIndex(model_name="importrun", index=models.Index(condition=models.Q(("is_cleared", False)), fields=["created_at"], name="import_to_clear")),
        migrations.AddIndex(model_name="importline", index=models.Index(fields=["run", "foreseen", "position"], name="import_line_foreseen")),
        migrations.AddIndex(model_name="importline", index=models.Index(fields=["run", "became", "position"], name="import_line_became")),
        migrations.AddIndex(model_name="importline", index=models.Index(fields=["run", "person", "position"], name="import_line_person")),
        migrations.AddConstraint(model_name="importline", constraint=models.UniqueConstraint(fields=("run", "position"), name="one_import_line")),
        migrations.AddConstraint(model_name="importchunk", constraint=models.UniqueConstraint(fields=("run", "number"), name="one_import_chunk")),
        migrations.AddConstraint(model_name="actionattempt", constraint=models.UniqueConstraint(fields=("action", "token"), name="one_attempt_per_token")),
        migrations.AddConstraint(model_name="plannedtouch", constraint=models.UniqueConstraint(fields=("step", "day"), name="one_touch_per_day")),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(condition=models.Q(("lane", "inside"), ("paused", False), ("status", "pending"), ("suspect", False)), fields=["next_attempt_at", "due_at"], name="action_claim_inside"),
        ),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(
                condition=models.Q(("lane", "outside"), ("paused", False), ("status", "pending"), ("suspect", False)), fields=["next_attempt_at", "due_at"], name="action_claim_outside"
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledaction", index=models.Index(condition=models.Q(("paused", False), ("status", "pending"), ("suspect", True)), fields=["next_attempt_at"], name="action_claim_suspect")
        ),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(condition=models.Q(("status__in", ["claimed", "sending"])), fields=["lease_until"], name="action_leases")),
        migrations.AddIndex(
            model_name="scheduledaction", index=models.Index(condition=models.Q(("status__in", ["failed", "ambiguous", "dead"])), fields=["status", "due_at"], name="action_needs_person")
        ),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(
                condition=models.Q(("status__in", ["failed", "ambiguous", "dead"])), fields=["cause", "id"], include=("status", "finished_at", "started_at", "due_at"), name="action_by_cause"
            ),
        ),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(fields=["status", "-due_at", "-id"], name="action_by_status")),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(condition=models.Q(("target__isnull", False)), fields=["target", "-due_at", "-id"], name="action_by_target")),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(condition=models.Q(("action_type", "follow_up")), fields=["-due_at", "-id"], name="action_follow_ups")),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(fields=["due_at", "id"], name="action_by_due")),
        migrations.AddIndex(model_name="scheduledaction", index=models.Index(condition=models.Q(("finished_at__isnull", False)), fields=["finished_at"], name="action_finished")),
        migrations.AddConstraint(model_name="scheduledaction", constraint=models.CheckConstraint(condition=models.Q(("lane__in", ["inside", "outside"])), name="action_has_lane")),
        migrations.AddConstraint(model_name="scheduledaction", constraint=models.UniqueConstraint(fields=("instance", "step", "occurrence"), name="one_action_per_occurrence")),
        migrations.AddConstraint(
            model_name="scheduledaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_until__isnull", False), ("status__in", ["claimed", "sending"]), ("token__isnull", False)),
                    models.Q(models.Q(("status__in", ["claimed", "sending"]), _negated=True), ("lease_until__isnull", True), ("token__isnull", True)),
                    _connector="OR",
                ),
                name="action_held_has_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ["done", "failed", "dead", "skipped", "cancelled"])),
                    models.Q(("finished_at__isnull", True), ("status__in", ["pending", "claimed", "sending", "ambiguous"])),
                    _connector="OR",
                ),
                name="action_final_has_finished_at",
            ),
        ),
        migrations.AddIndex(model_name="controlentry", index=models.Index(fields=["-at", "-id"], name="control_newest_first")),
        migrations.AddConstraint(model_name="startorder", constraint=models.UniqueConstraint(condition=models.Q(("finished_at__isnull", True)), fields=("template",), name="one_open_start_order")),
        migrations.AddConstraint(model_name="workflowversion", constraint=models.UniqueConstraint(fields=("template", "number"), name="one_workflow_version_number")),
        migrations.AddConstraint(
            model_name="workflowversion", constraint=models.UniqueConstraint(condition=models.Q(("published_at__isnull", True)), fields=("template",), name="one_draft_per_workflow")
        ),
        migrations.AddConstraint(
            model_name="workflowversion",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("reentry", "after_days"), _negated=True), models.Q(("reentry_days__gte", 1), ("reentry_days__isnull", False)), _connector="OR"),
                name="reentry_days_given",
                violation_error_message="Say after how many days the workflow may start again.",
            ),
        ),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["contact", "-started_at"], name="instance_of_contact")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(condition=models.Q(("ended_at__isnull", False)), fields=["contact", "-ended_at"], name="instance_ended_of_contact")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(condition=models.Q(("status__in", ["active", "paused"])), fields=["contact"], name="instance_running_of_contact")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["-started_at", "-id"], name="instance_newest_first")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["status", "-started_at", "-id"], include=("business_entity",), name="instance_of_status")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["template", "-started_at", "-id"], include=("business_entity",), name="instance_of_workflow")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["version", "-started_at", "-id"], include=("business_entity",), name="instance_of_version")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["business_entity", "-started_at", "-id"], name="instance_by_brand")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(fields=["updated_at", "id"], name="instance_changed")),
        migrations.AddIndex(model_name="workflowinstance", index=models.Index(condition=models.Q(("status__in", ["active", "paused"])), fields=["template", "version"], name="instance_under_way")),
        migrations.AddConstraint(model_name="workflowinstance", constraint=models.UniqueConstraint(fields=("template", "contact", "reentry_key"), name="no_second_start")),
        migrations.AddConstraint(
            model_name="workflowinstance",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("paused_at__isnull", False), ("status", "paused")), models.Q(models.Q(("status", "paused"), _negated=True), ("paused_at__isnull", True)), _connector="OR"),
                name="instance_paused_has_paused_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="workflowinstance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", False), ("status__in", ["completed", "cancelled", "failed"])),
                    models.Q(("ended_at__isnull", True), ("status__in", ["active", "paused"])),
                    _connector="OR",
                ),
                name="instance_ended_has_ended_at",
            ),
        ),
        migrations.AddConstraint(model_name="step", constraint=models.UniqueConstraint(fields=("version", "position"), name="one_step_per_position")),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("action_type__in", ["send_notification", "create_task"]), _negated=True), ("target__isnull", False), _connector="OR"),
                name="step_has_target",
                violation_error_message="Choose who is alerted or gets the task.",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("action_type", "send_email"), _negated=True), ("template__isnull", False), _connector="OR"),
                name="step_has_email",
                violation_error_message="Choose the email to send.",
            ),
        ),
    ]
