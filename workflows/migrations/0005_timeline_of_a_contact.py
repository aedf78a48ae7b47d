"""Indexes for what one contact's page reads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_timeline_of_a_contact"),
        ("workflows", "0004_drafts_know_their_editors"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["contact", "-ended_at"],
                name="instance_ended_of_contact",
            ),
        ),
        migrations.AddIndex(
            model_name="workflowinstance",
            index=models.Index(
                condition=models.Q(("status__in", ["active", "paused"])),
                fields=["contact"],
                name="instance_running_of_contact",
            ),
        ),
    ]
