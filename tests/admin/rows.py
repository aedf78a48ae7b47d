"""How to make rows of every model in the admin, each with relations of its own, so that a query per row shows."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django_q.models import Failure, Success

from contactflow.models import ApiKey, AuditEntry, ErasureRequest, RetentionRun
from contacts import models as contacts
from engagement import models as engagement
from engagement.experiments import running
from notion_bridge import mapping
from notion_bridge import models as notion
from tests import factories as f
from workflows import models as workflows

count = itertools.count(1)


def entity() -> contacts.BusinessEntity:
    number = next(count)
    return contacts.BusinessEntity.objects.create(slug=f"brand_{number}", name=f"Brand {number}")


def kind() -> contacts.ContactType:
    number = next(count)
    return contacts.ContactType.objects.create(slug=f"kind_{number}", name=f"Kind {number}")


def source() -> contacts.LeadSource:
    number = next(count)
    return contacts.LeadSource.objects.create(slug=f"source_{number}", name=f"Source {number}")


def status() -> contacts.ContactStatus:
    number = next(count)
    return contacts.ContactStatus.objects.create(slug=f"status_{number}", name=f"Status {number}")


def contact() -> contacts.Contact:
    person = f.ContactFactory(status=status(), lead_source=source(), first_name="Ada", owner=f.UserFactory())
    person.contact_types.add(kind(), kind())
    contacts.EntityMembership.objects.create(
        contact=person, business_entity=entity(), because={"code": "source_named_it"}
    )
    return person


def event() -> contacts.ContactEvent:
    return f.ContactEventFactory(
        contact=contact(),
        decisions=[
            {"kind": "contact_type", "value": "Artist", "rule": "Art words", "because": {"code": "source_named_it"}}
        ],
        outcome=[
            {"workflow": "artist_discovery", "matched": True, "because": {"code": "contact_type", "has": ["Artist"]}}
        ],
        changes={"company": ["", "Analytical Engines"]},
    )


def classification_rule() -> contacts.ClassificationRule:
    name = f"Rule {next(count)}"
    return contacts.ClassificationRule.objects.create(
        name=name, field="job_title", words=["artist"], contact_type=kind(), lead_source=source()
    )


def routing_rule() -> contacts.RoutingRule:
    name = f"Rule {next(count)}"
    return contacts.RoutingRule.objects.create(name=name, field="tags", words=["art"], business_entity=entity())


def consent() -> contacts.Consent:
    return contacts.Consent.objects.create(contact=contact(), business_entity=entity(), state="granted", source="Form")


def suppression() -> contacts.Suppression:
    return contacts.Suppression.objects.create(email=f"gone{next(count)}@example.org", reason="bounced")


def target() -> engagement.Target:
    made = f.TargetFactory(slug=f"team_{next(count)}", business_entity=entity(), extra_emails=["team@example.org"])
    made.people.add(f.UserFactory(first_name="Ada"), f.UserFactory())
    return made


def email() -> engagement.EngagementTemplate:
    return f.EngagementTemplateFactory(business_entity=entity())


def words() -> engagement.TemplateVersion:
    return f.TemplateVersionFactory(template=email(), created_by=f.UserFactory())


def message() -> engagement.Message:
    made = engagement.Message.objects.create(
        contact=contact(),
        business_entity=entity(),
        version=words(),
        recipient="ada@example.org",
        subject="Good to meet you",
        text="Hello Ada",
        html="<p>Hello Ada</p>",
        status="sent",
    )
    engagement.MessageEvent.objects.create(message=made, type="sent")
    return made


def network() -> engagement.Network:
    return engagement.Network.objects.create(
        network=f"203.0.113.{next(count) % 250}/32", kind="gateway", note="Partner"
    )


def goal() -> engagement.Goal:
    number = next(count)
    return engagement.Goal.objects.create(
        slug=f"goal_{number}", name=f"Goal {number}", business_entity=entity(), events=["booked"], status=status()
    )


def experiment() -> engagement.Experiment:
    made = email()
    made.current_version = made.versions.first() or f.TemplateVersionFactory(template=made)
    made.save(update_fields=["current_version"])
    other = f.TemplateVersionFactory(template=made, subject="Other words")
    return running.start(
        template=made, plan=running.Plan(counts="click", people=100), others=[other], by="max", now=f.NOW
    )


def conversion() -> engagement.Conversion:
    made = goal()
    return engagement.Conversion.objects.create(
        contact=contact(), goal=made, business_entity=made.business_entity, at=f.NOW, source="hand", key=made.slug,
        value=5, actor="max",
    )  # fmt: skip


def alert() -> engagement.Alert:
    made = engagement.Alert.objects.create(
        title="New artist", target=target(), contact=contact(), business_entity=entity()
    )
    engagement.Delivery.objects.create(alert=made, address="team@example.org")
    return made


def kept_test() -> engagement.KeptTest:
    sender = {"name": "The Gallery", "address": "hello@gallery.example"}
    said = {"subject": f"[Test] Hello {next(count)}", "text": "Hello Ada", "html": "<p>Hello Ada</p>"}
    return engagement.KeptTest.objects.create(
        parts=said, sender=sender, address="ada@staff.example", status="sent", transport="outbox", finished_at=f.NOW
    )


def task() -> engagement.Task:
    return engagement.Task.objects.create(
        title="Portfolio review",
        target=target(),
        contact=contact(),
        business_entity=entity(),
        assignee=f.UserFactory(),
        due_at=f.NOW,
    )


def channel() -> engagement.ChannelState:
    return engagement.ChannelState.objects.create(channel=f"channel{next(count)}", paused_until=f.NOW, troubles=1)


def reply() -> engagement.Reply:
    made: engagement.Reply = f.ReplyFactory(
        contact=contact(), business_entity=entity(), target=f.TargetFactory(), assignee=f.UserFactory()
    )
    return made


def breaker() -> engagement.SendingBreaker:
    return engagement.SendingBreaker.objects.create(business_entity=entity(), stopped_at=f.NOW)


def provider_delivery() -> engagement.ProviderDelivery:
    return engagement.ProviderDelivery.objects.create(
        provider="postmark", kind="tracking", status="parked", digest=str(next(count)), body=b"{}", error="KeyError"
    )


def bounce_rule() -> engagement.BounceRule:
    return engagement.BounceRule.objects.get_or_create(soft_bounces=3)[0]


def budget() -> engagement.PassageBudget:
    return engagement.PassageBudget.objects.create(day=f.NOW.date() + dt.timedelta(days=next(count)), calls=3)


def workflow() -> workflows.WorkflowTemplate:
    version = f.WorkflowVersionFactory(template__business_entity=entity())
    f.StepFactory(version=version, target=target())
    version.published_at = f.NOW
    version.published_by = f.UserFactory()
    version.save(update_fields=["published_at", "published_by"])
    version.template.current_version = version
    version.template.save(update_fields=["current_version"])
    return version.template


def version() -> workflows.WorkflowVersion:
    current = workflow().current_version
    assert current is not None
    return current


def draft() -> workflows.WorkflowVersion:
    made = f.WorkflowVersionFactory()
    f.StepFactory(version=made, target=target())
    return made


def instance() -> workflows.WorkflowInstance:
    return f.WorkflowInstanceFactory(contact=contact(), version=draft(), business_entity=entity(), event=event())


def action() -> workflows.ScheduledAction:
    running = instance()
    step = running.version.steps.get()
    return f.ScheduledActionFactory(instance=running, step=step, template=email())


def attempt() -> workflows.ActionAttempt:
    return workflows.ActionAttempt.objects.create(
        action=action(), number=1, token=next(count), reason={"code": "mailbox_unknown", "said": "550 No such user"}
    )


def control() -> workflows.ControlEntry:
    of = action()
    return workflows.ControlEntry.objects.create(
        instance=of.instance, action=of, verb="retry", reason="Address corrected", actor="ada"
    )


def heartbeat() -> workflows.WorkerHeartbeat:
    return workflows.WorkerHeartbeat.objects.create(name=f"host:{next(count)}")


def run(model: type[Any], success: bool) -> Callable[[], Any]:
    return lambda: model.objects.create(
        id=uuid.uuid4().hex, name="pump", func="workflows.tasks.run", started=f.NOW, stopped=f.NOW, success=success
    )


def notion_connection() -> notion.NotionConnection:
    return notion.NotionConnection.objects.get_or_create(pk=notion.NotionConnection.ONLY)[0]


def notion_database() -> notion.NotionDatabase:
    """One of the three, in turn; there are no more."""
    kind = notion.Kind.values[next(count) % 3]
    made, is_new = notion.NotionDatabase.objects.get_or_create(kind=kind, defaults={"title": "Ours"})
    if is_new:
        for field in mapping.FIELDS[kind]:
            notion.PropertyMapping.objects.create(database=made, field=field.name)
    return made


def page_in_notion() -> notion.PageLink:
    database, _ = notion.NotionDatabase.objects.get_or_create(kind="contacts")
    made = notion.PageLink.objects.create(
        database=database, state="linked", contact=contact(), page_id=uuid.uuid4(), remote={"company": "Engines"}
    )
    notion.SyncEntry.objects.create(link=made, direction="from_notion", what="changed", fields={"company": ["", "A"]})
    return made


def sync_conflict() -> notion.SyncConflict:
    return notion.SyncConflict.objects.create(
        link=page_in_notion(), field="company", base="A", local="B", remote="C", rule="ask"
    )


def sync_problem() -> notion.SyncProblem:
    link = page_in_notion()
    return notion.SyncProblem.objects.create(
        cause="unknown_option",
        database=link.database,
        link=link,
        subject=f"contacts contact_types: {link.pk}",
        message="Notion has the Contact Type “Collector”, Contactflow does not. Add it here or correct it there.",
        details={"field": "contact_types", "option": "Collector"},
    )


def sync_run() -> notion.SyncRun:
    return notion.SyncRun.objects.create(trigger="monitoring", started_at=f.NOW, ended_at=f.NOW, counts={"pages": 3})


def notion_event() -> notion.WebhookDelivery:
    return notion.WebhookDelivery.objects.create(
        event_id=str(uuid.uuid4()), type="page.created", entity_type="page", payload={"id": "1"}
    )


def erasure() -> ErasureRequest:
    about = {"contact_keys": [uuid.uuid4()], "reason": "Asked by letter", "actor": "max", "asked_by": f.UserFactory()}
    steps = {"deleted": {"contacts.contact": 1}, "traces": {"came_back": 0}, "notion": {"trashed": 1}}
    return ErasureRequest.objects.create(**about, asked_at=f.NOW, due_at=f.NOW, steps=steps)


def retention_run() -> RetentionRun:
    return RetentionRun.objects.create(kind="bodies", before=f.NOW, rows=7, began_at=f.NOW, finished_at=f.NOW)


def change_by_staff() -> AuditEntry:
    """A change of a row of its own, which mentions other rows of their own."""
    person, before = contact(), status()
    return AuditEntry.objects.create(
        actor="ada",
        user=f.UserFactory(),
        table="contacts_contact",
        object_id=str(person.pk),
        verb="changed",
        contact_key=person.pk,
        changes={"status_id": [before.pk, person.status_id], "owner_id": [None, f.UserFactory().pk]},
    )


def import_run() -> workflows.ImportRun:
    made = workflows.ImportRun.objects.create(
        file_name=f"list {next(count)}.csv",
        source="Newsletter",
        created_by=f.UserFactory(),
        state="done",
        header=["Email"],
        fields=["email"],
        samples=[[]],
        applied_at=f.NOW,
        applied={"created": 1},
    )
    workflows.ImportLine.objects.create(run=made, position=1, number=2, became="created", contact=contact())
    return made


def export_run() -> workflows.ExportRun:
    return workflows.ExportRun.objects.create(created_by=f.UserFactory(), state="ready", columns=["email"], cursor=1)


MAKERS: dict[str, Callable[[], Any]] = {
    "auth.Group": lambda: Group.objects.create(name=f"Team {next(count)}"),
    "auth.User": f.UserFactory,
    "contactflow.ApiKey": lambda: ApiKey.objects.issue(name=f"Website {next(count)}", scope="intake")[0],
    "contactflow.AuditEntry": change_by_staff,
    "contactflow.ErasureRequest": erasure,
    "contactflow.RetentionRun": retention_run,
    "contacts.BusinessEntity": entity,
    "contacts.ClassificationRule": classification_rule,
    "contacts.Consent": consent,
    "contacts.Contact": contact,
    "contacts.ContactEvent": event,
    "contacts.ContactStatus": status,
    "contacts.ContactType": kind,
    "contacts.LeadSource": source,
    "contacts.RoutingRule": routing_rule,
    "contacts.Suppression": suppression,
    "django_q.Failure": run(Failure, success=False),
    "django_q.Success": run(Success, success=True),
    "engagement.Alert": alert,
    "engagement.BounceRule": bounce_rule,
    "engagement.ChannelState": channel,
    "engagement.Conversion": conversion,
    "engagement.EngagementTemplate": email,
    "engagement.Experiment": experiment,
    "engagement.Goal": goal,
    "engagement.Network": network,
    "engagement.KeptTest": kept_test,
    "engagement.Message": message,
    "engagement.PassageBudget": budget,
    "engagement.ProviderDelivery": provider_delivery,
    "engagement.SendingBreaker": breaker,
    "engagement.Reply": reply,
    "engagement.Target": target,
    "engagement.Task": task,
    "engagement.TemplateVersion": words,
    "notion_bridge.NotionConnection": notion_connection,
    "notion_bridge.NotionDatabase": notion_database,
    "notion_bridge.PageLink": page_in_notion,
    "notion_bridge.SyncConflict": sync_conflict,
    "notion_bridge.SyncProblem": sync_problem,
    "notion_bridge.SyncRun": sync_run,
    "notion_bridge.WebhookDelivery": notion_event,
    "workflows.ActionAttempt": attempt,
    "workflows.ControlEntry": control,
    "workflows.ScheduledAction": action,
    "workflows.ExportRun": export_run,
    "workflows.ImportRun": import_run,
    "workflows.WorkerHeartbeat": heartbeat,
    "workflows.WorkflowInstance": instance,
    "workflows.WorkflowTemplate": workflow,
    "workflows.WorkflowVersion": version,
}
# Written by Contactflow, read by people: nothing about them can be changed in the admin.
READ_ONLY = (
    "contactflow.AuditEntry",
    "contactflow.ErasureRequest",
    "contactflow.RetentionRun",
    "contacts.ContactEvent",
    "django_q.Failure",
    "django_q.Success",
    "engagement.Alert",
    "engagement.ChannelState",
    "engagement.Conversion",
    "engagement.KeptTest",
    "engagement.Message",
    "engagement.PassageBudget",
    "engagement.ProviderDelivery",
    "engagement.SendingBreaker",
    "engagement.Reply",
    "engagement.TemplateVersion",
    "notion_bridge.NotionConnection",
    "notion_bridge.PageLink",
    "notion_bridge.SyncConflict",
    "notion_bridge.SyncProblem",
    "notion_bridge.SyncRun",
    "notion_bridge.WebhookDelivery",
    "workflows.ActionAttempt",
    "workflows.ControlEntry",
    "workflows.ScheduledAction",
    "workflows.WorkerHeartbeat",
    "workflows.WorkflowInstance",
)
# There is one such row, so its list is its page.
SINGLE = ("notion_bridge.NotionConnection",)
# Shown on the page of another row.
INLINE = (
    "contacts.EntityMembership",
    "engagement.Delivery",
    "engagement.MessageEvent",
    "notion_bridge.PropertyMapping",
    "notion_bridge.SyncEntry",
    "workflows.PlannedTouch",
    "workflows.Step",
    "workflows.ImportLine",
)
# Not for people: the queue and what runs on it would be a shell for staff, the others are a cache.
HIDDEN = (
    "contactflow.RetentionPeriod",  # on the page of contactflow.admin.retention
    "contactflow.Profile",  # on everybody's own page
    "engagement.Assignment",  # counted on the page of its A/B test
    "engagement.Variant",  # likewise
    "engagement.BrandModelUse",  # beside each day of engagement.PassageBudget
    "engagement.GeneratedPassage",  # on the page of its email
    "engagement.ModelBreaker",
    "engagement.HumanTouch",  # in the timeline
    "engagement.Mailbox",  # its troubles stand on the start page
    "engagement.ResponseClock",  # on the start page, and on that of a person
    "contacts.RecipientCount",
    "contacts.Preference",  # in the timeline, and on the person's own page
    "contactflow.ContactMerge",  # on the pages of contactflow.admin.contact_merge
    "contacts.FormerAddress",  # likewise
    "contacts.ConfigRevision",
    "workflows.BulkDecision",
    "workflows.DigestChoice",
    "workflows.DigestLetter",
    "contactflow.IdempotentAnswer",
    "contactflow.IntakeWindow",
    "django_q.OrmQ",
    "django_q.Schedule",
    "django_q.Task",
    "notion_bridge.RequestBudget",
    "notion_bridge.RequestTally",
    "workflows.StartOrder",
    "workflows.ExportChunk",
    "workflows.ExportPerson",
    "workflows.ImportChunk",
    "workflows.SavedMapping",
)
# Made also by those who may only look: a file with what they see.
FOR_READERS = ("workflows.ExportRun",)
