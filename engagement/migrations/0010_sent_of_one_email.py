"""The messages of one email, newest first, also for one brand. Takes the place of the foreign key's plain index."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engagement", "0009_cancelled_tasks")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["version", "-created_at", "-id"], include=["business_entity"], name="message_of_version"
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="engagement.templateversion",
            ),
        ),
    ]
