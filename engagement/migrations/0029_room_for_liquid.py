"""Subjects and preheaders have the room that 0025 needs, which made it already, or makes it where it ran before."""

from __future__ import annotations

from django.db import migrations, models

_ROOM = """ALTER TABLE engagement_templateversion
    ALTER COLUMN subject TYPE varchar(750), ALTER COLUMN preheader TYPE varchar(750)"""


class Migration(migrations.Migration):
    dependencies = [("engagement", "0028_email_languages")]
    operations = [
        migrations.RunSQL(
            _ROOM,
            migrations.RunSQL.noop,  # what stands there may need it
            state_operations=[
                migrations.AlterField("templateversion", "subject", models.CharField(max_length=750)),
                migrations.AlterField("templateversion", "preheader", models.CharField(blank=True, max_length=750)),
            ],
        )
    ]
