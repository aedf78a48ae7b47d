"""What staff change about networks stands in the trail."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0006_watch_retention"), ("engagement", "0014_networks")]
    operations = [
        migrations.RunSQL(
            "SELECT contactflow_watch('engagement_network', 'network', '{}')",
            "DROP TRIGGER audit_row ON engagement_network",
        )
    ]
