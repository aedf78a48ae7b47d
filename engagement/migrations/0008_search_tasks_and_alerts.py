"""Tasks and alerts are found by any part of their title, among millions."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    # contacts installs pg_trgm.
    dependencies = [("contacts", "0001_initial"), ("engagement", "0007_likely_due_times")]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="task_search"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="alert_search"),
        ),
    ]
