"""The list of what people decided, newest first."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_exports_know_how_far_they_are")]

    operations = [
        migrations.AddIndex(
            model_name="controlentry",
            index=models.Index(fields=["-at", "-id"], name="control_newest_first"),
        ),
    ]
