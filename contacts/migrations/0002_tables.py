from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import contacts.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("contacts", "0001_extensions"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="BusinessEntity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="Lower-case letters, digits and underscores; used by the API and never shown to recipients.",
                        max_length=64,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_]*\\Z", "Use lower-case letters, digits and underscores only.")],
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("position", models.PositiveSmallIntegerField(default=100, help_text="Order in lists, smallest first.")),
                ("is_fallback", models.BooleanField(default=False, help_text="Takes the contacts that no routing rule matches.")),
                ("preferred_channels", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, help_text="Told to colleagues in the email of an alert.", size=None)),
                ("response_hours", models.PositiveSmallIntegerField(default=24, help_text="Promise: first response within, in hours.")),
                ("follow_up_days", django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, help_text="Proposed for each new email of a follow-up.", size=None)),
                ("success_metrics", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None)),
                ("timezone", models.CharField(default="UTC", help_text="IANA name of the team's time zone.", max_length=64)),
                ("sender_name", models.CharField(blank=True, max_length=120, validators=[contacts.models.validate_no_variables])),
                ("sender_email", models.EmailField(blank=True, help_text="Empty: the address of DEFAULT_FROM_EMAIL.", max_length=254, validators=[contacts.models.validate_mailbox])),
                ("reply_to", models.EmailField(blank=True, max_length=254, validators=[contacts.models.validate_mailbox])),
                ("colour", models.CharField(default="#334155", max_length=7, validators=[django.core.validators.RegexValidator("^#[0-9a-fA-F]{6}\\Z", "Give the colour as # and six hexadecimal digits.")])),
                ("logo_url", models.URLField(blank=True)),
                ("signature", models.TextField(blank=True, help_text="Markdown, below every email of the brand.", validators=[contacts.models.validate_no_variables])),
                ("postal_address", models.TextField(blank=True, validators=[contacts.models.validate_no_variables])),
                ("website", models.URLField(blank=True)),
            ],
            options={
                "verbose_name": "brand",
                "verbose_name_plural": "brands",
                "permissions": [("choose_sender_domain", "Can send from a new domain")],
                "ordering": ("position", "name"),
                "constraints": [models.UniqueConstraint(condition=models.Q(("is_fallback", True)), fields=("is_fallback",), name="one_fallback_entity")],
            },
        ),
        migrations.CreateModel(
            name="ConfigRevision",
            fields=[("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)), ("value", models.UUIDField())],
            options={"constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_config_revision")]},
        ),
        migrations.CreateModel(
            name="ContactStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="Lower-case letters, digits and underscores; used by the API and never shown to recipients.",
                        max_length=64,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_]*\\Z", "Use lower-case letters, digits and underscores only.")],
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_default", models.BooleanField(default=False, help_text="Given to new contacts.")),
                ("blocks_contact", models.BooleanField(default=False, help_text="Starts no workflow and receives nothing.")),
            ],
            options={
                "verbose_name_plural": "contact statuses",
                "ordering": ("position", "name"),
                "constraints": [models.UniqueConstraint(condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_contact_status")],
            },
        ),
        migrations.CreateModel(
            name="ContactType",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="Lower-case letters, digits and underscores; used by the API and never shown to recipients.",
                        max_length=64,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_]*\\Z", "Use lower-case letters, digits and underscores only.")],
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_fallback", models.BooleanField(default=False, help_text="Given to contacts that no classification rule matches.")),
            ],
            options={"ordering": ("position", "name"), "constraints": [models.UniqueConstraint(condition=models.Q(("is_fallback", True)), fields=("is_fallback",), name="one_fallback_contact_type")]},
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(help_text="Normalised: trimmed and lower-case.", max_length=254)),
                ("email_typed", models.CharField(blank=True, help_text="The form in which it was first typed.", max_length=320)),
                ("first_name", models.CharField(blank=True, max_length=150)),
                ("last_name", models.CharField(blank=True, max_length=150)),
                ("phone", models.CharField(blank=True, help_text="E.164 where it could be read, else as typed.", max_length=60)),
                ("company", models.CharField(blank=True, max_length=200)),
                ("job_title", models.CharField(blank=True, max_length=200)),
                ("tags", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ("interests", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None)),
                ("timezone", models.CharField(blank=True, help_text="IANA name; empty: the brand's.", max_length=64)),
                ("locale", models.CharField(blank=True, help_text="BCP 47 language tag.", max_length=35)),
                ("custom", models.JSONField(blank=True, default=dict)),
                ("notes", models.TextField(blank=True)),
                ("added_on", models.DateField(blank=True, help_text="The date the source gives for the first meeting.", null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("last_interaction_at", models.DateTimeField(blank=True, null=True)),
                (
                    "searched",
                    models.GeneratedField(db_persist=True, expression=models.Func("email", "first_name", "last_name", "company", "phone", function="contacts_searched"), help_text="What a search looks through, without case and accents; of the number its digits.", output_field=models.TextField()),
                ),
                ("owner", models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("status", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="contacts.contactstatus")),
                ("contact_types", models.ManyToManyField(blank=True, related_name="contacts", to="contacts.contacttype")),
            ],
            options={"ordering": ("-created_at", "-id"), "permissions": [("export_contact", "Can take lists of contacts out")]},
        ),
        migrations.CreateModel(
            name="EntityMembership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("because", models.JSONField(blank=True, default=dict, help_text="Why: contacts.describe.because.")),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("business_entity", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="contacts.contact")),
            ],
            options={"ordering": ("position", "id")},
        ),
        migrations.AddField(model_name="contact", name="business_entities", field=models.ManyToManyField(blank=True, related_name="contacts", through="contacts.EntityMembership", to="contacts.businessentity", verbose_name="brands")),
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(help_text="Normalised: trimmed and lower-case.", max_length=254)),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("contact", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="former_addresses", to="contacts.contact")),
            ],
            options={"verbose_name_plural": "former addresses", "ordering": ("email",)},
        ),
        migrations.CreateModel(
            name="LeadSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="Lower-case letters, digits and underscores; used by the API and never shown to recipients.",
                        max_length=64,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_]*\\Z", "Use lower-case letters, digits and underscores only.")],
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_fallback", models.BooleanField(default=False, help_text="Given to contacts that arrive without a source.")),
                ("response_hours", models.PositiveSmallIntegerField(default=24)),
                ("hot_tag", models.CharField(blank=True, help_text='Tag that shortens the promise ("Hot", "VIP").', max_length=60)),
                ("hot_response_hours", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("follow_up_days", django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, help_text="Proposed for each new email of a follow-up.", size=None)),
                ("focus", models.CharField(blank=True, help_text="Told to colleagues in the email of an alert.", max_length=200)),
            ],
            options={"ordering": ("position", "name"), "constraints": [models.UniqueConstraint(condition=models.Q(("is_fallback", True)), fields=("is_fallback",), name="one_fallback_lead_source")]},
        ),
        migrations.AddField(model_name="contact", name="lead_source", field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.leadsource")),
        migrations.CreateModel(
            name="ClassificationRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True)),
                ("position", models.PositiveSmallIntegerField(default=100, help_text="Rules are tried in this order.")),
                ("active", models.BooleanField(default=True)),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("email_domain", "Email domain"),
                            ("job_title", "Job title"),
                            ("company", "Company"),
                            ("form", "Form"),
                            ("interests", "Interests"),
                            ("tags", "Tags"),
                            ("message", "Message words"),
                            ("source", "Lead source"),
                            ("contact_type", "Contact type"),
                        ],
                        max_length=20,
                    ),
                ),
                ("operator", models.CharField(choices=[("is", "is one of"), ("ends_with", "ends with one of"), ("has_word", "has one of the words")], default="has_word", max_length=20)),
                ("words", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None)),
                ("interest", models.CharField(blank=True, max_length=100)),
                ("contact_type", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="contacts.contacttype")),
                ("lead_source", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="contacts.leadsource")),
            ],
            options={"ordering": ("position", "name"), "abstract": False},
        ),
        migrations.CreateModel(
            name="RoutingRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True)),
                ("position", models.PositiveSmallIntegerField(default=100, help_text="Rules are tried in this order.")),
                ("active", models.BooleanField(default=True)),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("email_domain", "Email domain"),
                            ("job_title", "Job title"),
                            ("company", "Company"),
                            ("form", "Form"),
                            ("interests", "Interests"),
                            ("tags", "Tags"),
                            ("message", "Message words"),
                            ("source", "Lead source"),
                            ("contact_type", "Contact type"),
                        ],
                        max_length=20,
                    ),
                ),
                ("operator", models.CharField(choices=[("is", "is one of"), ("ends_with", "ends with one of"), ("has_word", "has one of the words")], default="has_word", max_length=20)),
                ("words", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None)),
                ("business_entity", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contacts.businessentity", verbose_name="brand")),
            ],
            options={"ordering": ("position", "name"), "abstract": False},
        ),
        migrations.CreateModel(
            name="RecipientCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField()),
                ("day", models.DateField()),
                ("people", models.PositiveIntegerField(default=0)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("key", "day"), name="one_count_per_key_and_day")]},
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("reason", models.CharField(choices=[("bounced", "Address does not exist"), ("complained", "Reported as spam"), ("unsubscribed", "Unsubscribed"), ("manual", "Entered by staff"), ("limit", "Too many new people by one key in a day")], max_length=20)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "ordering": ("-created_at",),
                "constraints": [models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="one_suppression_per_email")],
                "indexes": [models.Index(condition=models.Q(("reason", "limit")), fields=["reason"], name="suppression_by_limit")],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(default="email", max_length=20)),
                ("state", models.CharField(choices=[("granted", "Granted"), ("withdrawn", "Withdrawn")], max_length=10)),
                ("source", models.CharField(help_text="How it was given or withdrawn.", max_length=200)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("business_entity", models.ForeignKey(blank=True, help_text="Empty: every brand.", null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="contacts.contact")),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "ordering": ("-recorded_at", "-id"),
                "indexes": [models.Index(fields=["contact", "-recorded_at"], name="consent_of_contact"), models.Index(fields=["-recorded_at", "-id"], name="consent_newest_first")],
            },
        ),
        migrations.CreateModel(
            name="ContactEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(help_text="new_contact, contact_updated, engagement_detected, ...", max_length=64)),
                ("source", models.CharField(choices=[("api", "API"), ("admin", "Admin"), ("csv", "CSV import"), ("notion", "Notion"), ("system", "Contactflow")], max_length=10)),
                ("event_key", models.CharField(help_text="Delivered twice, it is one event.", max_length=200, unique=True)),
                ("payload", models.JSONField(blank=True, default=dict, help_text="What arrived, as it arrived.")),
                ("facts", models.JSONField(blank=True, default=dict)),
                ("decisions", models.JSONField(blank=True, default=list)),
                ("changes", models.JSONField(blank=True, default=dict)),
                ("proposed", models.JSONField(blank=True, default=dict)),
                ("warnings", models.JSONField(blank=True, default=list)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("arrival", "Starts what matches"),
                            ("baseline", "Known before: starts nothing"),
                            ("edit", "An edit: of somebody known before, starts what became true by it"),
                            ("named", "Starts the workflows the caller named"),
                            ("only", "Starts these workflows where their conditions hold"),
                        ],
                        default="arrival",
                        max_length=10,
                    ),
                ),
                ("workflows", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ("is_forced", models.BooleanField(default=False, help_text="Passes over re-entry.")),
                ("failures", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("error", models.TextField(blank=True, editable=False)),
                ("outcome", models.JSONField(blank=True, default=list)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("processed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("contact", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="events", to="contacts.contact")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ("-received_at", "-id"),
                "indexes": [
                    models.Index(condition=models.Q(("processed_at__isnull", True)), fields=["received_at"], name="event_unprocessed"),
                    models.Index(fields=["contact", "-received_at"], name="event_of_contact"),
                    models.Index(fields=["-received_at", "-id"], name="event_newest_first"),
                    models.Index(condition=models.Q(("proposed", {}), _negated=True), fields=["-received_at", "-id"], name="event_with_proposal"),
                    models.Index(fields=["source", "-received_at", "-id"], name="event_of_source"),
                    models.Index(condition=models.Q(("kind__in", ["new_contact", "contact_updated"]), _negated=True), fields=["kind", "-received_at", "-id"], name="event_of_kind"),
                ],
            },
        ),
        migrations.AddIndex(model_name="entitymembership", index=models.Index(fields=["business_entity", "since"], include=("contact",), name="membership_since")),
        migrations.AddIndex(model_name="entitymembership", index=models.Index(fields=["business_entity", "contact"], name="membership_of_brand")),
        migrations.AddConstraint(model_name="entitymembership", constraint=models.UniqueConstraint(fields=("contact", "business_entity"), name="one_membership_per_entity")),
        migrations.AddConstraint(model_name="formeraddress", constraint=models.UniqueConstraint(fields=("email",), name="one_contact_per_former_address")),
        migrations.AddConstraint(
            model_name="formeraddress",
            constraint=models.CheckConstraint(condition=models.Q(("email", django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("email"))), models.Q(("email", ""), _negated=True)), name="former_address_normalised"),
        ),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["email"], name="contact_email")),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["-created_at", "-id"], name="contact_newest_first")),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["lead_source", "-created_at", "-id"], name="contact_of_source")),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["status", "-created_at", "-id"], name="contact_of_status")),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["owner", "-created_at", "-id"], name="contact_of_owner")),
        migrations.AddIndex(model_name="contact", index=models.Index(fields=["updated_at", "id"], name="contact_changed")),
        migrations.AddIndex(model_name="contact", index=models.Index(condition=models.Q(("phone", ""), _negated=True), fields=["phone"], name="contact_phone")),
        migrations.AddIndex(model_name="contact", index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass("searched", name="gin_trgm_ops"), name="contact_search")),
        migrations.AddIndex(model_name="contact", index=django.contrib.postgres.indexes.GinIndex(models.Func("tags", "interests", "custom", function="contacts_marks"), name="contact_marks")),
        migrations.AddConstraint(model_name="contact", constraint=models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="one_contact_per_email")),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(condition=models.Q(("email", django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("email"))), models.Q(("email", ""), _negated=True)), name="contact_email_normalised"),
        ),
        migrations.AddConstraint(
            model_name="classificationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("contact_type__isnull", False), ("lead_source__isnull", False), models.Q(("interest", ""), _negated=True), _connector="OR"),
                name="classification_rule_concludes",
                violation_error_message="Choose what the rule concludes: a contact type, a lead source or an interest.",
            ),
        ),
    ]
