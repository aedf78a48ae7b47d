"""The list of arrivals, narrowed to one source or to a rare kind."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_lists_of_a_million_people")]

    operations = [
        migrations.AddIndex(
            model_name="contactevent",
            index=models.Index(fields=["source", "-received_at", "-id"], name="event_of_source"),
        ),
        migrations.AddIndex(
            model_name="contactevent",
            index=models.Index(
                fields=["kind", "-received_at", "-id"],
                condition=models.Q(("kind__in", ["new_contact", "contact_updated"]), _negated=True),
                name="event_of_kind",
            ),
        ),
    ]
