"""Indexes for what one contact's page reads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0002_find_what_changed"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["contact", "-recorded_at"], name="consent_of_contact"),
        ),
    ]
