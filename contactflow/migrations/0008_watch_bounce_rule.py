"""What staff set about soft bounces stands in the trail."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0007_watch_networks"), ("engagement", "0011_bounces")]
    operations = [
        migrations.RunSQL(
            "SELECT contactflow_watch('engagement_bouncerule', 'soft_bounces')",
            "DROP TRIGGER audit_row ON engagement_bouncerule",
        )
    ]
