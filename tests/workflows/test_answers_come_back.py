"""The whole way: an email goes out over SMTP, its answer arrives in a Dovecot, and the sequence ends."""

from __future__ import annotations

import pytest

from contactflow.core.clock import database_now
from engagement.channels import registry
from engagement.inbound import mailboxes
from engagement.models import Alert, Message, Reply
from tests import factories as f
from tests.engagement.inbound.letters import mail
from tests.workflows import world
from workflows import publishing
from workflows.models import WorkflowInstance

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
BOX = "answers@brand.example"


@pytest.fixture
def outside(smtp_sink, imap_server, settings):
    settings.EMAIL_URL = smtp_sink.url
    settings.INBOX_URLS = {"": imap_server.url(BOX)}
    settings.INBOX_PLUS_ADDRESSING = True
    yield smtp_sink
    registry.release_all()


def test_an_answer_ends_the_sequence_and_reaches_the_team(outside, imap_server):
    world.deploy()
    mailboxes.read_all()  # what comes before is history
    template = f.WorkflowTemplateFactory()
    version = f.WorkflowVersionFactory(template=template, events=["begun"])
    for hours in (0, 24):
        email = f.EngagementTemplateFactory(words=("Hello", "Hello there."))
        f.StepFactory(version=version, action_type="send_email", delay_hours=hours, template=email)
    publishing.publish(version=version, by=None, now=database_now())
    world.happen("ada@example.org", "begun", [template.slug])
    world.run_due()
    (letter,) = outside.messages

    answer = mail("Yes, please.", to=letter["Reply-To"], subject="Re: Hello", In_Reply_To=letter["Message-ID"])
    imap_server.deliver(BOX, answer)
    mailboxes.read_all()
    world.run_due()

    reply, message = Reply.objects.get(), Message.objects.get()
    assert (reply.message, reply.matched_by, reply.text) == (message, "reply_address", "Yes, please.")
    assert letter["Reply-To"] == message.reply_to
    assert {one.type for one in message.events.all()} == {"sent", "replied"}
    instance = WorkflowInstance.objects.get(template=template)
    assert (instance.status, instance.actions.last().result["reason"]["code"]) == ("cancelled", "contact_replied")
    assert Alert.objects.filter(contact__email="ada@example.org", target=reply.target).exists()
