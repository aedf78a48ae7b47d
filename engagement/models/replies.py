"""What people wrote back, what machines answered for them, and how far each mailbox was read."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper

from contacts.models import BusinessEntity, Contact
from engagement.models.messages import Message
from engagement.models.teams import Target

WAITING = models.Q(state__in=["new", "assigned"])


class Reply(models.Model):
    """One message that arrived, kept as it arrived; what people wrote is in the inbox until it is answered or done.

    `text` is what they wrote this time, `body` all of it, the quoted part included: who answers between quoted lines is
    read there. What a machine answered is kept, but nobody has to look at it, and it is no reply.
    """

    class Kind(models.TextChoices):
        HUMAN = "human", "Written by a person"
        AUTOMATIC = "automatic", "Automatic answer"
        OUT_OF_OFFICE = "out_of_office", "Out of office"
        BOUNCE = "bounce", "Delivery report"
        COMPLAINT = "complaint", "Complaint report"
        RECEIPT = "receipt", "Read receipt"
        UNREADABLE = "unreadable", "Could not be read"  # kept raw and passed over

    class State(models.TextChoices):
        NEW = "new", "New"  # nobody looks after it yet
        ASSIGNED = "assigned", "Assigned"  # a colleague looks after it
        ANSWERED = "answered", "Answered"  # a colleague wrote back
        DONE = "done", "Done"  # nothing to do, or nothing left to do; what machines send begins so
        QUARANTINED = "quarantined", "To be checked"  # not surely from who it says it is, or about nobody we know

    class MatchedBy(models.TextChoices):
        REPLY_ADDRESS = "reply_address", "Signed reply address"
        IN_REPLY_TO = "in_reply_to", "In-Reply-To"
        REFERENCES = "references", "References"
        QUOTED = "quoted", "Quoted text"
        SENDER = "sender", "Sender and subject"  # only suggests whose it is, and which message it answers

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Its indexes are among those below.
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="replies", db_index=False
    )
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.PROTECT, null=True, blank=True, verbose_name="brand"
    )
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies", help_text="What it answers."
    )
    matched_by = models.CharField(max_length=15, choices=MatchedBy, blank=True, editable=False)
    channel = models.CharField(max_length=20, default="email")
    kind = models.CharField(max_length=15, choices=Kind, default=Kind.HUMAN)
    kind_reason = models.CharField(max_length=40, blank=True, editable=False, help_text="Code of what told the kind.")
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    target = models.ForeignKey(Target, on_delete=models.PROTECT, null=True, blank=True, verbose_name="team")

    sender = models.CharField(max_length=320, blank=True, help_text="The address it says it is from.")
    sender_name = models.CharField(max_length=200, blank=True)
    recipients = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    cc = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    text = models.TextField(blank=True, help_text="What they wrote this time.")
    body = models.TextField(blank=True, help_text="All of it as text, what they quote included.")
    attachments = models.JSONField(default=list, blank=True, help_text='[{"name", "type", "bytes"}], without content.')
    internet_message_id = models.CharField(max_length=998, blank=True, help_text="Its Message-ID header.")
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = ArrayField(models.CharField(max_length=998), default=list, blank=True)
    wants_out = models.BooleanField(default=False, help_text="They wrote “stop” and nothing else, or the like.")
    returns_on = models.DateField(null=True, blank=True, help_text="Of an out-of-office answer: when they are back.")

    key = models.CharField(
        max_length=300, unique=True, editable=False, help_text="Where it was delivered: the same key is one message."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of it as it arrived.")
    raw = models.BinaryField(help_text="As it arrived, up to a limit.")
    received_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was answered or done.")
    settled_by = models.CharField(max_length=150, blank=True, editable=False)
    accepted_by = models.CharField(
        max_length=150, blank=True, editable=False, default="", db_default="", help_text="Who said whose answer it is."
    )

    class Meta:
        verbose_name_plural = "replies"
        ordering = ("-received_at", "-id")
        constraints: ClassVar = [
            # What waits has no end, what is over has one; what machines send is over when it arrives.
            models.CheckConstraint(
                condition=models.Q(state__in=["answered", "done"]) | models.Q(settled_at__isnull=True),
                name="reply_waits_or_is_settled",
            ),
        ]
        indexes: ClassVar = [
            # Search by any part of the subject (__icontains, that is UPPER() LIKE): the list and the palette.
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="reply_search"),
            models.Index(fields=["contact", "-received_at"], name="reply_of_contact"),  # the contact's timeline
            models.Index(fields=["-received_at", "-id"], name="reply_newest_first"),  # lists and their pages
            models.Index(fields=["-received_at", "-id"], condition=WAITING, name="reply_waiting"),  # the inbox
            models.Index(
                fields=["-received_at", "-id"], condition=models.Q(state="quarantined"), name="reply_quarantined"
            ),
            # engagement.inbox.version: what colleagues did last.
            models.Index(
                fields=["-settled_at"], condition=models.Q(settled_at__isnull=False), name="reply_settled_latest"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or "(no subject)"


class Mailbox(models.Model):
    """How far a mailbox was read: the UIDs up to `last_uid`, of this UIDVALIDITY, are here.

    The two only move together with what was taken in. `attempts` counts how often the reading of `attempted_uid` began,
    whatever became of it. `reason` says why it cannot be read, since `failing_since`.
    """

    name = models.CharField(max_length=320, unique=True, help_text="user@server/folder")
    uid_validity = models.BigIntegerField(null=True, blank=True)
    last_uid = models.BigIntegerField(default=0)
    history_uid = models.BigIntegerField(
        db_default=0, editable=False, help_text="The messages up to it were there before the mailbox was connected."
    )
    attempted_uid = models.BigIntegerField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(db_default=0, editable=False)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read to its end.")
    next_attempt_at = models.DateTimeField(db_default=Now())
    failing_since = models.DateTimeField(null=True, blank=True)
    reason = models.JSONField(default=dict, blank=True, help_text="Why it cannot be read; engagement.describe says it.")

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
