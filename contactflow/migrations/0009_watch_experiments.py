"""What staff change about A/B tests stands in the trail."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0008_watch_bounce_rule"), ("engagement", "0027_experiments")]
    operations = [
        migrations.RunSQL(
            "SELECT contactflow_watch('engagement_experiment', 'started_by', '{looked_at,looks,shares}')",
            "DROP TRIGGER audit_row ON engagement_experiment",
        )
    ]
