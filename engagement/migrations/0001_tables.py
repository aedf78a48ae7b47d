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

import contactflow.core.clock


class Migration(migrations.Migration):
    initial = True

    dependencies = [("contacts", "0002_tables"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="ChannelState",
            fields=[
                ("channel", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("paused_until", models.DateTimeField(blank=True, null=True)),
                ("reason", models.JSONField(blank=True, default=dict)),
                ("troubles", models.PositiveSmallIntegerField(default=0, help_text="Troubles in a row; lengthens the next pause.")),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"verbose_name": "channel", "verbose_name_plural": "channels"},
        ),
        migrations.CreateModel(
            name="PassageBudget",
            fields=[("day", models.DateField(primary_key=True, serialize=False)), ("calls", models.PositiveIntegerField(default=0))],
            options={"verbose_name": "language model use", "verbose_name_plural": "language model use"},
        ),
        migrations.CreateModel(
            name="EngagementTemplate",
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
                ("name", models.CharField(max_length=120)),
                ("category", models.CharField(choices=[("welcome", "Welcome"), ("follow_up", "Follow-up"), ("lead_source", "Lead source"), ("information", "Information")], default="information", max_length=20)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("basic", "Basic: name and email"),
                            ("standard", "Standard: + type, source, brand"),
                            ("advanced", "Advanced: + profile, company, custom fields, behaviour"),
                            ("premium", "Premium: + passages by a language model"),
                        ],
                        default="basic",
                        max_length=10,
                        verbose_name="personalisation level",
                    ),
                ),
                ("channel", models.CharField(default="email", help_text="What it leaves by: a name of settings.ENGAGEMENT_CHANNELS.", max_length=20)),
                ("active", models.BooleanField(default=True)),
                ("loaded_digest", models.CharField(blank=True, editable=False, help_text="Digest of the content a deployment loaded last.", max_length=64)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "business_entity",
                    models.ForeignKey(blank=True, help_text="Empty: speaks for the brand of the workflow that sends it.", null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand"),
                ),
            ],
            options={"verbose_name": "email", "verbose_name_plural": "emails", "ordering": ("name",)},
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("action", models.UUIDField(blank=True, editable=False, null=True)),
                ("sender", models.CharField(blank=True, max_length=320)),
                ("recipient", models.EmailField(max_length=254)),
                ("reply_to", models.CharField(blank=True, max_length=320)),
                ("subject", models.CharField(max_length=998)),
                ("text", models.TextField()),
                ("html", models.TextField()),
                ("message_id", models.CharField(blank=True, help_text="What the other side calls it; of an email the Message-ID header.", max_length=255)),
                ("status", models.CharField(choices=[("held", "Held: something is missing"), ("sending", "Being handed over"), ("sent", "Sent"), ("failed", "Refused"), ("ambiguous", "Unclear"), ("cancelled", "Cancelled")], max_length=10)),
                ("transport", models.CharField(blank=True, choices=[("outbox", "Local outbox"), ("smtp", "SMTP")], max_length=20)),
                ("missing", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None)),
                ("reason", models.JSONField(blank=True, default=dict, help_text="Why it is not sent; engagement.describe says it.")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("business_entity", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="contacts.contact")),
            ],
            options={"verbose_name": "sent email", "verbose_name_plural": "sent mail", "ordering": ("-created_at", "-id")},
        ),
        migrations.CreateModel(
            name="MessageEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("type", models.CharField(max_length=20)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("machine", models.BooleanField(default=False)),
                ("provider_event_id", models.CharField(blank=True, max_length=200, null=True, unique=True)),
                ("detail", models.JSONField(blank=True, default=dict)),
                ("message", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="events", to="engagement.message")),
            ],
            options={"ordering": ("at", "id")},
        ),
        migrations.CreateModel(
            name="Target",
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
                ("name", models.CharField(max_length=120)),
                ("extra_emails", django.contrib.postgres.fields.ArrayField(base_field=models.EmailField(max_length=254), blank=True, default=list, help_text="Addresses besides those of the people.", size=None)),
                ("alert_by_email", models.BooleanField(default=True)),
                ("business_entity", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("people", models.ManyToManyField(blank=True, related_name="targets", to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "team", "verbose_name_plural": "teams", "ordering": ("slug",)},
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("action", models.UUIDField(blank=True, editable=False, null=True)),
                ("title", models.CharField(max_length=300)),
                ("message", models.TextField(blank=True)),
                ("priority", models.CharField(choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent")], default="medium", max_length=10)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("acknowledged_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("acknowledged_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("business_entity", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="contacts.contact")),
                ("target", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="engagement.target", verbose_name="team")),
            ],
            options={"ordering": ("-created_at", "-id")},
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("action", models.UUIDField(blank=True, editable=False, null=True)),
                ("title", models.CharField(max_length=300)),
                ("description", models.TextField(blank=True)),
                ("category", models.CharField(blank=True, max_length=60)),
                ("priority", models.CharField(choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent")], default="medium", max_length=10)),
                ("status", models.CharField(choices=[("to_do", "To do"), ("in_progress", "In progress"), ("on_hold", "On hold"), ("done", "Done"), ("cancelled", "Cancelled")], default="to_do", max_length=12)),
                ("source", models.CharField(choices=[("workflow", "Workflow"), ("manual", "Manual")], default="manual", max_length=10)),
                ("effort_hours", models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True, validators=[contactflow.core.clock.validate_moment])),
                ("due_date", models.DateField(editable=False, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("completed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("assignee", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("business_entity", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="contacts.businessentity", verbose_name="brand")),
                ("contact", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="contacts.contact")),
                ("target", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="tasks", to="engagement.target", verbose_name="team")),
            ],
            options={"ordering": ("due_at", "created_at")},
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("subject", models.CharField(max_length=300)),
                ("preheader", models.CharField(blank=True, max_length=300)),
                ("body", models.TextField()),
                ("fallbacks", models.JSONField(blank=True, default=dict)),
                ("passages", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("created_by", models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("template", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="engagement.engagementtemplate", verbose_name="email")),
            ],
            options={"verbose_name": "email version", "verbose_name_plural": "email versions", "ordering": ("-number",)},
        ),
        migrations.AddField(model_name="message", name="version", field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="engagement.templateversion")),
        migrations.AddField(model_name="engagementtemplate", name="current_version", field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="engagement.templateversion")),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identity", models.UUIDField(default=uuid.uuid4, editable=False, help_text="The same on every try.")),
                ("parts", models.JSONField(blank=True, default=dict, help_text="What it says, of one without an alert, until sent.")),
                ("channel", models.CharField(default="email", max_length=20)),
                ("sender", models.JSONField(blank=True, default=dict, help_text="Who speaks. Empty: this installation.")),
                ("address", models.CharField(blank=True, max_length=254)),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("claimed", "Being prepared"), ("sending", "Being handed over"), ("sent", "Sent"), ("failed", "Failed"), ("ambiguous", "Unclear"), ("undeliverable", "Nobody behind the target")],
                        default="pending",
                        max_length=15,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(blank=True, help_text="From here on it is of no use any more.", null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("token", models.UUIDField(blank=True, editable=False, help_text="Fence: who holds the lease.", null=True)),
                ("transport", models.CharField(blank=True, max_length=20)),
                ("reason", models.JSONField(blank=True, default=dict, help_text="Why it is not sent; engagement.describe says it.")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("alert", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="engagement.alert")),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("id",),
                "indexes": [
                    models.Index(condition=models.Q(("status", "pending")), fields=["next_attempt_at", "id"], name="delivery_due"),
                    models.Index(condition=models.Q(("status__in", ["claimed", "sending"])), fields=["lease_until"], name="delivery_leased"),
                    models.Index(condition=models.Q(("status", "sent")), fields=["address", "finished_at"], name="delivery_sent_to"),
                ],
                "constraints": [models.UniqueConstraint(fields=("alert", "channel", "address"), name="one_delivery_per_address")],
            },
        ),
        migrations.AddIndex(model_name="alert", index=models.Index(fields=["created_at", "id"], name="alert_oldest_first")),
        migrations.AddIndex(model_name="alert", index=models.Index(fields=["contact", "-created_at"], name="alert_of_contact")),
        migrations.AddIndex(model_name="alert", index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"), name="alert_search")),
        migrations.AddIndex(model_name="alert", index=models.Index(condition=models.Q(("acknowledged_at__isnull", True)), fields=["target", "-created_at"], name="alert_open")),
        migrations.AddIndex(model_name="alert", index=models.Index(condition=models.Q(("acknowledged_at__isnull", True)), fields=["-created_at", "-id"], name="alert_open_newest_first")),
        migrations.AddIndex(model_name="alert", index=models.Index(condition=models.Q(("acknowledged_at__isnull", False)), fields=["-acknowledged_at"], name="alert_acknowledged_latest")),
        migrations.AddConstraint(model_name="alert", constraint=models.UniqueConstraint(fields=("action",), name="one_alert_per_action")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status__in", ["done", "cancelled"]), _negated=True), fields=["due_at"], name="task_open_by_due")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status__in", ["done", "cancelled"]), _negated=True), fields=["assignee", "due_at"], name="task_open_of_assignee")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status__in", ["done", "cancelled"]), _negated=True), fields=["target", "due_at"], name="task_open_of_target")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status__in", ["done", "cancelled"]), _negated=True), fields=["status", "due_at"], name="task_open_by_status")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status", "done")), fields=["-completed_at"], name="task_done_latest")),
        migrations.AddIndex(model_name="task", index=models.Index(fields=["contact", "-created_at"], name="task_of_contact")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("completed_at__isnull", False)), fields=["contact", "-completed_at"], name="task_done_of_contact")),
        migrations.AddIndex(model_name="task", index=models.Index(fields=["-created_at", "-id"], name="task_newest_first")),
        migrations.AddIndex(model_name="task", index=models.Index(condition=models.Q(("status", "cancelled")), fields=["-created_at", "-id"], name="task_cancelled")),
        migrations.AddIndex(model_name="task", index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"), name="task_search")),
        migrations.AddIndex(model_name="task", index=models.Index(fields=["updated_at", "id"], name="task_changed")),
        migrations.AddConstraint(model_name="task", constraint=models.UniqueConstraint(fields=("action",), name="one_task_per_action")),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("completed_at__isnull", False), ("status", "done")), models.Q(models.Q(("status", "done"), _negated=True), ("completed_at__isnull", True)), _connector="OR"), name="task_done_has_completed_at"),
        ),
        migrations.AddConstraint(model_name="templateversion", constraint=models.UniqueConstraint(fields=("template", "number"), name="one_template_version_number")),
        migrations.AddIndex(model_name="message", index=models.Index(fields=["contact", "-sent_at"], name="message_of_contact")),
        migrations.AddIndex(model_name="message", index=models.Index(condition=models.Q(("sent_at__isnull", True)), fields=["contact", "-created_at"], name="message_unsent_of_contact")),
        migrations.AddIndex(model_name="message", index=models.Index(fields=["-created_at", "-id"], name="message_newest_first")),
        migrations.AddIndex(model_name="message", index=models.Index(fields=["version", "-created_at", "-id"], include=("business_entity",), name="message_of_version")),
        migrations.AddIndex(model_name="message", index=models.Index(fields=["message_id"], name="message_by_message_id")),
        migrations.AddIndex(model_name="message", index=models.Index(condition=models.Q(("status", "sent")), fields=["business_entity", "sent_at"], name="message_sent_by_brand")),
        migrations.AddIndex(model_name="message", index=models.Index(condition=models.Q(("status__in", ["held", "ambiguous", "failed"])), fields=["status", "created_at"], name="message_needs_person")),
        migrations.AddConstraint(model_name="message", constraint=models.UniqueConstraint(fields=("action",), name="one_message_per_action")),
    ]
