"""Addresses people were known by before they were merged."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_timeline_of_a_contact"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(help_text="Normalised: trimmed and lower-case.", max_length=254)),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_addresses",
                        to="contacts.contact",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "former addresses",
                "ordering": ("email",),
                "constraints": [
                    models.UniqueConstraint(fields=("email",), name="one_contact_per_former_address"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "email",
                                django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("email")),
                            ),
                            models.Q(("email", ""), _negated=True),
                        ),
                        name="former_address_normalised",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("phone", ""), _negated=True), fields=["phone"], name="contact_phone"
            ),
        ),
    ]
