"""What was sent lately, per brand, read from an index alone."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engagement", "0005_timeline_of_a_contact")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "sent")),
                fields=["business_entity", "sent_at"],
                name="message_sent_by_brand",
            ),
        ),
    ]
