"""How workflows look over HTTP: templates, instances, actions, and what the doors take and answer."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from contactflow.core.clock import validate_moment
from contacts.models import Contact
from contacts.serializers import (
    Detail,
    DetailObject,
    Flag,
    Judgement,
    Name,
    Object,
    Output,
    Person,
    Reason,
    Remark,
    Slug,
    Strict,
    Text,
    Texts,
)
from engagement.models import Priority
from workflows import describe
from workflows.models import PlannedTouch, ScheduledAction, Step, WorkflowInstance, WorkflowTemplate, WorkflowVersion

EVENT_NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9_]*\Z", "Use lower-case letters, digits and underscores, such as consultation_completed."
)


class NewContact(Person):
    """A contact that arrives."""

    campaign_field = "source_metadata"

    message = Detail(max_length=50_000, help_text="What the person wrote.")
    source_metadata = DetailObject(help_text="Where it came from: form, page, campaign (utm_... and click ids too).")


class Trigger(Strict):
    """An event for a contact."""

    campaign_field = "metadata"

    contact_email = Text(required=True, max_length=320)
    trigger_event = Text(
        required=True,
        max_length=64,
        validators=[EVENT_NAME],
        help_text="new_contact, engagement_detected, manual_trigger or a business event: consultation_completed.",
    )
    contact_types = Texts(longest=100)
    lead_source = Text(max_length=100)
    business_entities = Texts(longest=120)
    workflows = Texts(longest=64, help_text="Slugs: start just these.")
    force = Flag(required=False, default=False, help_text="Pass over re-entry.")
    metadata = DetailObject()


class StartedInstance(Output[WorkflowInstance]):
    workflow = Slug(source="template", read_only=True)

    class Meta:
        model = WorkflowInstance
        fields = ("id", "workflow", "status")


class Answer(serializers.Serializer[Any]):
    """What an arrival or event started, and why."""

    success = serializers.BooleanField()
    contact_id = serializers.UUIDField()
    contact_email = serializers.CharField()
    created = serializers.BooleanField()
    event_id = serializers.UUIDField()
    contact_types = serializers.ListField(child=serializers.CharField())
    lead_source = serializers.CharField(allow_null=True)
    business_entities = serializers.ListField(child=serializers.CharField())
    workflows_triggered = serializers.ListField(child=serializers.CharField())
    instances = StartedInstance(many=True)
    reasons = Judgement(many=True)
    warnings = Remark(many=True)


class Accepted(serializers.Serializer[Any]):
    """What a public form is told: nothing about who is known."""

    success = serializers.BooleanField()
    event_id = serializers.UUIDField()


class Execution(serializers.Serializer[Any]):
    contact_email = serializers.CharField(source="contact.email")
    workflow = serializers.CharField(source="template.slug")
    status = serializers.ChoiceField(WorkflowInstance.Status.choices)
    at = serializers.DateTimeField(source="ended_or_started_at")


class Status(serializers.Serializer[Any]):
    """How the system is, from real counts."""

    active_workflows = serializers.IntegerField(allow_null=True)
    total_contacts_processed = serializers.IntegerField(allow_null=True)
    recent_executions = Execution(many=True)
    system_status = serializers.ChoiceField(["operational", "degraded", "down"])
    problems = serializers.ListField(child=serializers.CharField())


class TouchOutput(Output[PlannedTouch]):
    template = Slug(read_only=True)

    class Meta:
        model = PlannedTouch
        fields = ("day", "template")


class StepOutput(Output[Step]):
    target = Slug(read_only=True, allow_null=True)
    template = Slug(read_only=True, allow_null=True)
    delay_hours = serializers.FloatField(read_only=True)
    priority = serializers.ChoiceField(Priority.choices, allow_blank=True, read_only=True)
    effort_hours = serializers.FloatField(read_only=True, allow_null=True)
    touches = TouchOutput(many=True, read_only=True)

    class Meta:
        model = Step
        fields = (
            "position", "action_type", "target", "delay_hours", "template", "title", "description", "category",
            "priority", "effort_hours", "touches",
        )  # fmt: skip


class Triggers(Output[WorkflowVersion]):
    """What starts a workflow."""

    contact_types = Name(many=True, read_only=True)
    lead_sources = Name(many=True, read_only=True)

    class Meta:
        model = WorkflowVersion
        fields = ("events", "contact_types", "lead_sources", "interests", "tags", "reentry", "reentry_days")


class TemplateOutput(Output[WorkflowTemplate]):
    """A workflow with the version that runs; `version` is null while none was published."""

    business_entity = Name(read_only=True, allow_null=True)
    version = serializers.IntegerField(source="current_version.number", read_only=True, allow_null=True, default=None)
    triggers = Triggers(source="current_version", read_only=True, allow_null=True)
    on_reply = serializers.ChoiceField(
        WorkflowVersion.OnReply.choices, source="current_version.on_reply", read_only=True, allow_null=True,
        default=None, help_text="What it does when the person replies.",
    )  # fmt: skip
    reply_pause_days = serializers.IntegerField(
        source="current_version.reply_pause_days", read_only=True, allow_null=True, default=None,
        help_text="How long it waits then, where on_reply is pause.",
    )  # fmt: skip
    steps = StepOutput(source="current_version.steps", many=True, read_only=True, default=list)

    class Meta:
        model = WorkflowTemplate
        fields = (
            "slug", "name", "description", "business_entity", "active", "version", "triggers", "on_reply",
            "reply_pause_days", "steps",
        )  # fmt: skip


class Templates(serializers.Serializer[Any]):
    templates = TemplateOutput(many=True)


class ResultInWords(Object):
    """What came of an action; a reason of ours is said in words."""

    def to_representation(self, value: Any) -> Any:
        reason = value.get("reason") if isinstance(value, dict) else None
        return {**value, "reason": describe.left_out(value)} if isinstance(reason, dict) else value


class ActionOutput(Output[ScheduledAction]):
    instance = serializers.UUIDField(source="instance_id", read_only=True)  # type: ignore[assignment]  # a field, by its promised name
    target = Slug(read_only=True, allow_null=True)
    template = Slug(read_only=True, allow_null=True)
    result = ResultInWords(read_only=True, required=False)

    class Meta:
        model = ScheduledAction
        fields = (
            "id", "instance", "position", "action_type", "target", "template", "due_at", "next_attempt_at", "status",
            "attempts", "last_error", "result", "finished_at",
        )  # fmt: skip


class InstanceOutput(Output[WorkflowInstance]):
    contact = serializers.PrimaryKeyRelatedField[Contact](read_only=True)
    contact_email = serializers.CharField(source="contact.email", read_only=True)
    workflow = Slug(source="template", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    business_entity = Name(read_only=True, allow_null=True)
    actions = ActionOutput(many=True, read_only=True)

    class Meta:
        model = WorkflowInstance
        fields = (
            "id", "contact", "contact_email", "workflow", "version", "business_entity", "status", "trigger_event",
            "because", "started_at", "paused_at", "ended_at", "actions",
        )  # fmt: skip


class ExamplePerson(Strict):
    """Somebody who exists nowhere."""

    first_name = Text(max_length=150)
    contact_types = Texts(longest=100)
    lead_source = Text(max_length=100)
    business_entity = Text(max_length=120)
    interests = Texts(longest=100)
    tags = Texts(longest=60)


class Simulation(Strict):
    """For whom, from when, and of which version; nothing is written."""

    contact_email = Text(max_length=320, help_text="Somebody who is here; without, an example person.")
    example = ExamplePerson(required=False, help_text="Who the example person is.")
    start = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Empty: now.", validators=[validate_moment]
    )
    draft = Flag(required=False, default=False, help_text="Of the draft instead of what runs.")

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        if told.get("contact_email") and told.get("example"):
            raise serializers.ValidationError({"example": "Give either contact_email or example."})
        return told


class ForeseenAction(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    step = serializers.IntegerField()
    action_type = serializers.CharField()
    what = serializers.CharField()
    target = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    priority = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    subject = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    html = serializers.CharField(allow_blank=True)
    missing = serializers.ListField(child=serializers.CharField())
    used_fallbacks = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)


class Simulated(serializers.Serializer[Any]):
    """What would happen, in order of time."""

    workflow = serializers.CharField()
    version = serializers.IntegerField()
    contact_timezone = serializers.CharField()
    team_timezone = serializers.CharField()
    actions = ForeseenAction(many=True)


class Resolution(Reason):
    """How an unclear action ended."""

    outcome = serializers.ChoiceField(
        [("sent", "It was sent"), ("not_sent", "It was not sent, so it is sent now")],
        help_text="sent: done. not_sent: it is sent again.",
    )
