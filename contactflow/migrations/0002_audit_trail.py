"""The rows in which what staff change is written down."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contactflow", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "actor",
                    models.CharField(
                        help_text="The name of the account, kept when the account goes.",
                        max_length=150,
                        verbose_name="who",
                    ),
                ),
                ("table", models.CharField(max_length=63)),
                ("object_id", models.CharField(max_length=64)),
                ("label", models.CharField(blank=True, help_text="What the row was called then.", max_length=300)),
                (
                    "verb",
                    models.CharField(
                        choices=[("created", "Added"), ("changed", "Changed"), ("deleted", "Deleted")], max_length=10
                    ),
                ),
                ("changes", models.JSONField(blank=True, default=dict)),
                ("path", models.CharField(blank=True, help_text="The page on which it was done.", max_length=300)),
                ("contact_key", models.UUIDField(blank=True, help_text="The contact it concerns.", null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "change by staff",
                "verbose_name_plural": "changes by staff",
                "ordering": ("-at", "-id"),
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_newest_first"),
                    models.Index(fields=["user", "-at", "-id"], name="audit_of_person"),
                    models.Index(fields=["table", "-at", "-id"], name="audit_of_table"),
                    models.Index(fields=["table", "object_id", "-at", "-id"], name="audit_of_object"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("label"), name="gin_trgm_ops"
                        ),
                        name="audit_search",
                    ),
                    models.Index(
                        condition=models.Q(("contact_key__isnull", False)),
                        fields=["contact_key", "-at", "-id"],
                        name="audit_of_contact",
                    ),
                ],
            },
        ),
    ]
