"""Titles of steps have the room that 0006 needs, which made it already, or makes it where it ran before."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_liquid")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE workflows_step ALTER COLUMN title TYPE varchar(500)",
            migrations.RunSQL.noop,  # what stands there may need it
            state_operations=[migrations.AlterField("step", "title", models.CharField(blank=True, max_length=500))],
        )
    ]
