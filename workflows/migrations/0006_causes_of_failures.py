"""Failures keep their cause, lists have the indexes of their filters; decisions over many steps and digests are kept."""

from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_timeline_of_a_contact"),
        ("engagement", "0005_timeline_of_a_contact"),
        ("workflows", "0005_timeline_of_a_contact"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkDecision",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("retry", "Try again"),
                            ("skip", "Leave out"),
                            ("resolve_sent", "They arrived"),
                            ("resolve_not_sent", "They did not arrive: send them now"),
                        ],
                        max_length=20,
                    ),
                ),
                ("cause", models.CharField(blank=True, help_text="Empty: the steps in `chosen`.", max_length=120)),
                (
                    "chosen",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("actor", models.CharField(max_length=150)),
                ("decided_at", models.DateTimeField(help_text="What went wrong later is not touched.")),
                ("expected", models.PositiveIntegerField(default=0, help_text="How many steps the preview counted.")),
                ("reached", models.UUIDField(editable=False, help_text="The step that was looked at last.", null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "refused",
                    models.PositiveIntegerField(default=0, help_text="Steps whose state did not allow it any more."),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-decided_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="DigestChoice",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="digest_choice",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("wanted", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="DigestLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(help_text="In the time zone of this installation.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("sending", "Being handed over"),
                            ("waiting", "Refused for now"),
                            ("sent", "Sent"),
                            ("quiet", "Nothing to say"),
                            ("unclear", "Unclear"),
                            ("failed", "Refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("since", models.DateTimeField(help_text="What happened from here on is told.")),
                ("until", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=1)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ("-day", "user"),
            },
        ),
        migrations.AddField(
            model_name="scheduledaction",
            name="cause",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Why it failed, is unclear or gave up: workflows.causes.",
                max_length=120,
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(
                condition=models.Q(("status__in", ["failed", "ambiguous", "dead"])),
                fields=["cause", "id"],
                include=("status", "finished_at", "started_at", "due_at"),
                name="action_by_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(fields=["status", "-due_at", "-id"], name="action_by_status"),
        ),
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(
                condition=models.Q(("target__isnull", False)),
                fields=["target", "-due_at", "-id"],
                name="action_by_target",
            ),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["template", "-started_at", "-id"], name="instance_by_workflow"),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(fields=["business_entity", "-started_at", "-id"], name="instance_by_brand"),
        ),
        migrations.AddIndex(
            model_name="bulkdecision",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["decided_at"], name="bulk_decision_open"
            ),
        ),
        migrations.AddIndex(
            model_name="bulkdecision",
            index=models.Index(fields=["-decided_at"], name="bulk_decision_newest_first"),
        ),
        migrations.AddField(
            model_name="digestletter",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="digest_letters", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="digestletter",
            constraint=models.UniqueConstraint(fields=("user", "day"), name="one_digest_a_day"),
        ),
    ]
