"""The database is not touched: only what is typed is judged."""

from __future__ import annotations

from django.db import migrations, models

import contactflow.core.clock


class Migration(migrations.Migration):
    dependencies = [("engagement", "0006_sends_by_brand")]
    operations = [
        migrations.AlterField(
            model_name="task",
            name="due_at",
            field=models.DateTimeField(blank=True, null=True, validators=[contactflow.core.clock.validate_moment]),
        ),
    ]
