"""What staff change about goals stands in the trail."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0003_erasure_requests"), ("engagement", "0012_goals")]
    operations = [
        migrations.RunSQL(
            "SELECT contactflow_watch('engagement_goal', 'name', '{looked_until}')",
            "DROP TRIGGER audit_row ON engagement_goal",
        )
    ]
