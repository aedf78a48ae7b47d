"""The smallest valid rows; a test states what matters."""

from __future__ import annotations

import datetime as dt
import uuid

import factory
from factory.django import DjangoModelFactory

from contacts import models as contacts
from engagement import models as engagement
from workflows import models as workflows
from workflows.models import action_types

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)  # a Monday


class UserFactory(DjangoModelFactory):
    class Meta:
        model = "auth.User"

    username = factory.Sequence(lambda n: f"colleague{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@staff.example")
    is_staff = True


class BusinessEntityFactory(DjangoModelFactory):
    class Meta:
        model = contacts.BusinessEntity
        django_get_or_create = ("slug",)

    slug = "the_7_space"
    name = factory.LazyAttribute(lambda entity: entity.slug.replace("_", " ").title())


class ContactTypeFactory(DjangoModelFactory):
    class Meta:
        model = contacts.ContactType
        django_get_or_create = ("slug",)

    slug = "artist"
    name = factory.LazyAttribute(lambda kind: kind.slug.replace("_", " ").title())


class LeadSourceFactory(DjangoModelFactory):
    class Meta:
        model = contacts.LeadSource
        django_get_or_create = ("slug",)

    slug = "website"
    name = factory.LazyAttribute(lambda source: source.slug.title())


class ContactStatusFactory(DjangoModelFactory):
    class Meta:
        model = contacts.ContactStatus
        django_get_or_create = ("slug",)

    slug = "active_lead"
    name = factory.LazyAttribute(lambda status: status.slug.replace("_", " ").title())
    is_default = factory.LazyAttribute(lambda status: status.slug == "active_lead")
    blocks_contact = factory.LazyAttribute(lambda status: status.slug == "do_not_contact")


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = contacts.Contact

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    status = factory.SubFactory(ContactStatusFactory)


class ContactEventFactory(DjangoModelFactory):
    class Meta:
        model = contacts.ContactEvent

    contact = factory.SubFactory(ContactFactory)
    kind = "new_contact"
    source = "api"
    event_key = factory.LazyFunction(lambda: uuid.uuid4().hex)


class TargetFactory(DjangoModelFactory):
    class Meta:
        model = engagement.Target
        django_get_or_create = ("slug",)

    slug = "gallery_curator"
    name = factory.LazyAttribute(lambda target: target.slug.replace("_", " ").capitalize())


class EngagementTemplateFactory(DjangoModelFactory):
    """An email with one version; `words` are its subject and body."""

    class Meta:
        model = engagement.EngagementTemplate
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"email_{n}")
    name = factory.LazyAttribute(lambda template: template.slug)

    @factory.post_generation
    def words(self, create, extracted, **kwargs):
        subject, body = extracted or ("Hello {{ first_name }}", "Hello {{ first_name }}, good to meet you.")
        self.current_version = TemplateVersionFactory(template=self, subject=subject, body=body, **kwargs)
        self.save(update_fields=["current_version"])


class TemplateVersionFactory(DjangoModelFactory):
    class Meta:
        model = engagement.TemplateVersion

    template = factory.SubFactory(EngagementTemplateFactory)
    number = factory.LazyAttribute(lambda version: version.template.versions.count() + 1)
    subject = "Hello {{ first_name }}"
    body = "Hello {{ first_name }}, good to meet you."


class WorkflowTemplateFactory(DjangoModelFactory):
    class Meta:
        model = workflows.WorkflowTemplate

    slug = factory.Sequence(lambda n: f"workflow_{n}")
    name = factory.LazyAttribute(lambda template: template.slug)


class WorkflowVersionFactory(DjangoModelFactory):
    """A draft; publish it with workflows.publishing.publish once its steps stand."""

    class Meta:
        model = workflows.WorkflowVersion

    template = factory.SubFactory(WorkflowTemplateFactory)
    number = factory.LazyAttribute(lambda version: version.template.versions.count() + 1)
    events = ["new_contact", "contact_updated"]


class StepFactory(DjangoModelFactory):
    class Meta:
        model = workflows.Step

    version = factory.SubFactory(WorkflowVersionFactory)
    position = factory.LazyAttribute(lambda step: step.version.steps.count() + 1)
    action_type = "create_task"
    title = "Look at it"
    target = factory.SubFactory(TargetFactory)


class WorkflowInstanceFactory(DjangoModelFactory):
    class Meta:
        model = workflows.WorkflowInstance

    contact = factory.SubFactory(ContactFactory)
    version = factory.SubFactory(WorkflowVersionFactory)
    template = factory.LazyAttribute(lambda instance: instance.version.template)
    trigger_event = "new_contact"
    reentry_key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    started_at = NOW


class ScheduledActionFactory(DjangoModelFactory):
    class Meta:
        model = workflows.ScheduledAction

    id = factory.LazyFunction(uuid.uuid4)
    instance = factory.SubFactory(WorkflowInstanceFactory)
    step = factory.SubFactory(StepFactory, version=factory.SelfAttribute("..instance.version"))
    position = factory.LazyAttribute(lambda action: action.step.position)
    action_type = factory.LazyAttribute(lambda action: action.step.action_type)
    lane = factory.LazyAttribute(lambda action: action_types.lane_of(action.action_type))
    target = factory.LazyAttribute(lambda action: action.step.target)
    template = factory.LazyAttribute(lambda action: action.step.template)
    due_at = NOW
    next_attempt_at = factory.LazyAttribute(lambda action: action.due_at)


class ReplyFactory(DjangoModelFactory):
    class Meta:
        model = engagement.Reply

    contact = factory.SubFactory(ContactFactory)
    sender = factory.LazyAttribute(lambda reply: reply.contact.email if reply.contact else "stranger@example.org")
    subject = "Re: Hello"
    text = "Yes, please."
    body = factory.SelfAttribute("text")
    key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    digest = factory.LazyFunction(lambda: uuid.uuid4().hex)
    raw = b"Subject: Re: Hello"
    received_at = NOW
