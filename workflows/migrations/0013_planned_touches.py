"""The list of planned touches, newest first."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0012_executions_of_one_brand")]

    operations = [
        migrations.AddIndex(
            model_name="scheduledaction",
            index=models.Index(
                fields=["-due_at", "-id"], condition=models.Q(("action_type", "follow_up")), name="action_follow_ups"
            ),
        ),
    ]
