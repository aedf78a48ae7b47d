from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("contacts", "0002_tables"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "scope",
                    models.CharField(
                        choices=[("intake", "Intake: POST new-contact only"), ("read", "Read: every GET"), ("operate", "Operate: read, and everything a colleague does"), ("admin", "Admin: everything")],
                        help_text="One scope, or several separated by spaces (RFC 6749, section 3.3).",
                        max_length=40,
                    ),
                ),
                ("prefix", models.CharField(editable=False, help_text="The first characters, to recognise a key by.", max_length=8)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={"verbose_name": "API key", "ordering": ("name", "created_at")},
        ),
        migrations.CreateModel(
            name="ContactMerge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kept_key", models.UUIDField(help_text="Who was kept; another than `kept` once that one was merged in turn.")),
                ("dropped_key", models.UUIDField()),
                ("dropped_name", models.CharField(max_length=320)),
                ("choices", models.JSONField(blank=True, default=dict)),
                ("record", models.JSONField(blank=True, default=dict)),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("kept", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="merges", to="contacts.contact")),
                ("undone_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "merge of contacts", "verbose_name_plural": "merges of contacts", "ordering": ("-at", "-id")},
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(help_text="The API key or user the request came from.", max_length=80)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(help_text="SHA-256 of method, path and body.", max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="answer_age")], "constraints": [models.UniqueConstraint(fields=("caller", "key"), name="one_answer_per_key")]},
        ),
        migrations.CreateModel(
            name="IntakeWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=64, unique=True)),
                ("began_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("requests", models.PositiveIntegerField(default=0)),
            ],
            options={"indexes": [models.Index(fields=["began_at"], name="intake_window_age")]},
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("user", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="profile", serialize=False, to=settings.AUTH_USER_MODEL)),
                ("timezone", models.CharField(blank=True, max_length=64)),
                ("put_away", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, help_text="Notices read for good.", size=None)),
            ],
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("actor", models.CharField(help_text="The name of the account, kept when the account goes.", max_length=150, verbose_name="who")),
                ("table", models.CharField(max_length=63)),
                ("object_id", models.CharField(max_length=64)),
                ("label", models.CharField(blank=True, help_text="What the row was called then.", max_length=300)),
                ("verb", models.CharField(choices=[("created", "Added"), ("changed", "Changed"), ("deleted", "Deleted")], max_length=10)),
                ("changes", models.JSONField(blank=True, default=dict)),
                ("path", models.CharField(blank=True, help_text="The page on which it was done.", max_length=300)),
                ("contact_key", models.UUIDField(blank=True, help_text="The contact it concerns.", null=True)),
                ("user", models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="person")),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ("-at", "-id"),
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_newest_first"),
                    models.Index(fields=["user", "-at", "-id"], name="audit_of_person"),
                    models.Index(fields=["table", "-at", "-id"], name="audit_of_table"),
                    models.Index(fields=["table", "object_id", "-at", "-id"], name="audit_of_object"),
                    django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper("label"), name="gin_trgm_ops"), name="audit_search"),
                    models.Index(condition=models.Q(("contact_key__isnull", False)), fields=["contact_key", "-at", "-id"], name="audit_of_contact"),
                ],
            },
        ),
    ]
