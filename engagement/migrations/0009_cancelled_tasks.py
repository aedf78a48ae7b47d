"""The list of cancelled tasks, newest first."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engagement", "0008_search_tasks_and_alerts")]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                fields=["-created_at", "-id"], condition=models.Q(("status", "cancelled")), name="task_cancelled"
            ),
        ),
    ]
