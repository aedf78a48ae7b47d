"""Indexes for what one contact's page reads."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_timeline_of_a_contact"),
        ("engagement", "0004_work_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["contact", "-created_at"], name="alert_of_contact"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("sent_at__isnull", True)),
                fields=["contact", "-created_at"],
                name="message_unsent_of_contact",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("completed_at__isnull", False)),
                fields=["contact", "-completed_at"],
                name="task_done_of_contact",
            ),
        ),
    ]
