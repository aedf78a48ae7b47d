"""An export of everybody remembers whom it read last; one of a filtered list keeps its people as rows."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0009_count_who_is_under_way"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="exportrun",
            name="selection",
        ),
        migrations.AddField(
            model_name="exportrun",
            name="is_everybody",
            field=models.BooleanField(default=True, help_text="Not a filtered list, whose people are rows."),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="reached",
            field=models.JSONField(default=list, help_text="Where the people read last stand."),
        ),
    ]
