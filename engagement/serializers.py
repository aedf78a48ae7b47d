"""How messages, alerts and tasks look over HTTP."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from contactflow.core.clock import validate_moment
from contacts.models import BusinessEntity, Contact
from contacts.serializers import Name, Output, Slug, Strict, Text
from engagement import describe
from engagement.models import Alert, Conversion, Delivery, Goal, Message, MessageEvent, Priority, Reply, Target, Task
from engagement.models.goals import CURRENCY


class Email(serializers.CharField):
    """The address of the contact a row is about."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"source": "contact.email", "read_only": True, "allow_null": True, **options})


class MessageEventOutput(Output[MessageEvent]):
    machine = serializers.BooleanField(read_only=True)

    class Meta:
        model = MessageEvent
        fields = ("type", "at", "machine", "label")


class MessageOutput(Output[Message]):
    contact_email = Email(allow_null=False)
    business_entity = Name(read_only=True, allow_null=True)
    template = serializers.CharField(source="version.template.slug", read_only=True, allow_null=True, default=None)
    events = MessageEventOutput(many=True, read_only=True)
    error = serializers.SerializerMethodField(help_text="Why it was not sent, in words.")

    def get_error(self, message: Message) -> str:
        return describe.why(message.reason)

    class Meta:
        model = Message
        fields = (
            "id", "action", "contact", "contact_email", "business_entity", "template", "locale", "purpose", "author",
            "sender", "subject", "text", "html", "status", "missing", "error", "message_id", "created_at", "sent_at",
            "events",
        )  # fmt: skip


class TaskOutput(Output[Task]):
    target = Slug(read_only=True, allow_null=True)
    contact_email = Email()
    business_entity = Name(read_only=True, allow_null=True)
    effort_hours = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Task
        fields = (
            "id", "action", "title", "description", "category", "priority", "status", "source", "target", "due_at",
            "effort_hours", "contact", "contact_email", "business_entity", "created_at", "completed_at",
        )  # fmt: skip


class NewTask(Strict):
    """A task made by hand."""

    title = Text(required=True, max_length=300)
    description = Text(max_length=20_000)
    category = Text(max_length=60)
    priority = serializers.ChoiceField(Priority.choices, default=Priority.MEDIUM)
    target = Slug(queryset=Target.objects.all(), required=False, allow_null=True)
    contact_email = Text(max_length=320, help_text="Address of a contact that exists.")
    business_entity = Name(queryset=BusinessEntity.objects.all(), required=False, allow_null=True)
    effort_hours = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, required=False, allow_null=True, coerce_to_string=False
    )
    due_at = serializers.DateTimeField(required=False, allow_null=True, validators=[validate_moment])


class ReplyOutput(Output[Reply]):
    contact_email = Email()
    business_entity = Name(read_only=True, allow_null=True)
    message = serializers.PrimaryKeyRelatedField[Message](read_only=True, allow_null=True)
    matched_by = serializers.CharField(read_only=True, help_text="How the email was found that it answers, or empty.")
    contact = serializers.PrimaryKeyRelatedField[Contact](read_only=True, allow_null=True)
    assignee = serializers.SlugRelatedField[User]("username", read_only=True, allow_null=True)
    target = Slug(read_only=True, allow_null=True)
    recipients = serializers.ListField(child=serializers.CharField(), read_only=True)
    cc = serializers.ListField(child=serializers.CharField(), read_only=True)
    attachments = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = Reply
        fields = (
            "id", "contact", "contact_email", "business_entity", "message", "matched_by", "channel", "kind", "state",
            "assignee", "target", "sender", "sender_name", "recipients", "cc", "subject", "text", "body",
            "attachments", "wants_out", "returns_on", "received_at", "settled_at", "settled_by",
        )  # fmt: skip


class ReplyChange(Strict):
    """What a colleague does with a reply; of one that is quarantined, `contact_email` says whose it is."""

    contact_email = Text(max_length=320, help_text="Address of a contact that exists: what follows from a reply does.")
    assignee = serializers.SlugRelatedField[User](
        "username", queryset=User.objects.filter(is_active=True), required=False, allow_null=True,
        help_text="User name; null: nobody.",
        error_messages={"does_not_exist": "There is no active colleague with this user name."},
    )  # fmt: skip
    state = serializers.ChoiceField(
        ["new", "answered", "done"], required=False,
        help_text="new: it waits again. answered: elsewhere. done: there is nothing to do.",
        error_messages={"invalid_choice": '"{input}" cannot be set. Allowed: new, answered, done; assigned follows '
                        "from the assignee."},
    )  # fmt: skip


class TaskStatus(Strict):
    status = serializers.ChoiceField(
        Task.Status.choices,
        error_messages={"invalid_choice": f'"{{input}}" is no status. Allowed: {", ".join(Task.Status.values)}.'},
    )


class DeliveryOutput(Output[Delivery]):
    class Meta:
        model = Delivery
        fields = ("channel", "status")


class AlertOutput(Output[Alert]):
    target = Slug(read_only=True)
    contact_email = Email()
    business_entity = Name(read_only=True, allow_null=True)
    contact = serializers.PrimaryKeyRelatedField[Contact](read_only=True, allow_null=True)
    deliveries = DeliveryOutput(many=True, read_only=True)

    class Meta:
        model = Alert
        fields = (
            "id", "action", "title", "message", "priority", "target", "contact", "contact_email", "business_entity",
            "created_at", "acknowledged_at", "acknowledged_by", "deliveries",
        )  # fmt: skip


class GoalOutput(Output[Goal]):
    business_entity = Name(read_only=True)
    status = Name(read_only=True, allow_null=True)
    value = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Goal
        fields = (
            "slug", "name", "business_entity", "active", "reached_by", "events", "status", "workflow", "value",
            "currency", "counting", "every_days", "window_days",
        )  # fmt: skip


class ConversionOutput(Output[Conversion]):
    contact_email = Email(allow_null=False)
    goal = Slug(read_only=True)
    business_entity = Name(read_only=True)
    value = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Conversion
        fields = (
            "id", "contact", "contact_email", "goal", "business_entity", "at", "value", "currency", "source", "key",
            "actor", "note", "attribution", "recorded_at",
        )  # fmt: skip


class NewConversion(Strict):
    contact_email = Text(required=True, max_length=320, help_text="Address of a contact that exists.")
    goal = Slug(queryset=Goal.objects.filter(active=True), required=True)
    at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When; now where it is left out.", validators=[validate_moment]
    )
    value = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True, coerce_to_string=False
    )
    currency = Text(max_length=3, validators=[CURRENCY])
    key = Text(max_length=100, help_text="The number of the order, say: the same one is the same conversion.")
    note = Text(max_length=500)
