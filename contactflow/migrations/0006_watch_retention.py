"""How long staff let data be kept stands in the trail."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0005_retention")]
    operations = [
        migrations.RunSQL(
            "SELECT contactflow_watch('contactflow_retentionperiod', 'kind', key => 'kind')",
            "DROP TRIGGER audit_row ON contactflow_retentionperiod",
        )
    ]
