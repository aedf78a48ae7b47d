"""Lists of people, narrowed by one or two things at once, from indexes in the order they are shown or joined.

Each takes the place of the plain index of its foreign key, so that a new contact costs no more than before.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0006_arrivals_by_brand"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The list filtered by one of these, newest first.
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["lead_source", "-created_at", "-id"], name="contact_of_source"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["status", "-created_at", "-id"], name="contact_of_status"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="contact_of_owner"),
        ),
        # The list of one brand, counted together with a type.
        migrations.AddIndex(
            model_name="entitymembership",
            index=models.Index(fields=["business_entity", "contact"], name="membership_of_brand"),
        ),
        # The list of one type; Django makes the table of this relation, so its index is made here.
        migrations.RunSQL(
            "CREATE INDEX contact_types_of_type ON contacts_contact_contact_types (contacttype_id, contact_id)",
            "DROP INDEX contact_types_of_type",
        ),
        # The list of permissions, and its pages.
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["-recorded_at", "-id"], name="consent_newest_first"),
        ),
        migrations.AlterField(
            model_name="contact",
            name="lead_source",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="contacts.leadsource",
            ),
        ),
        migrations.AlterField(
            model_name="contact",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="contact",
            name="status",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="contacts.contactstatus"
            ),
        ),
        migrations.AlterField(
            model_name="entitymembership",
            name="business_entity",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="memberships",
                to="contacts.businessentity",
            ),
        ),
        migrations.AlterField(
            model_name="entitymembership",
            name="contact",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="contacts.contact",
            ),
        ),
    ]
