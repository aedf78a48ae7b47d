"""The newest people of each brand, read from an index alone."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_an_address_leads_to_one_person")]

    operations = [
        migrations.AddIndex(
            model_name="entitymembership",
            index=models.Index(fields=["business_entity", "since"], include=["contact"], name="membership_since"),
        ),
    ]
