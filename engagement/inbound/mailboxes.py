"""Reads mailboxes over IMAP: from where it stopped, message by message, and marks nothing.

A cursor (UIDVALIDITY, last UID) says how far; it moves in the transaction that takes a message in. Neither a date nor
"unread" decides: people read the mailbox, too, and what came during an outage is all there. What lay there when it was
connected is history (30 days of it): shown, and nobody is told. Where the server has numbered anew, the last 30 days
are looked through once more; what is here is known by its bytes. A message that ends whoever reads it is noted
beforehand: it is kept unread in the end. One that the server refuses, while it gives out others, is passed over, and
staff see that.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import imaplib
import logging
import re
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import imap_tools
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from imap_tools import MailBox, MailBoxUnencrypted
from imap_tools.mailbox import BaseMailBox

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from engagement.inbound import inboxes
from engagement.inbound.inboxes import Inbox
from engagement.inbound.taking import Outcome, keep, note_refused, take_in, take_in_history
from engagement.models import Mailbox

logger = logging.getLogger(__name__)

POLL = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(minutes=15)  # between two tries of a mailbox that cannot be read
LEASE = dt.timedelta(minutes=2)
CONNECT_SECONDS = 10.0
LOOK_BACK = dt.timedelta(days=30)  # at first, and where the server numbers anew
READS = 2  # of a message, before it is only kept
REFUSALS = 5  # of single messages that are looked into in one pass
MAX_BYTES = 10_000_000  # of a message; what lies beyond is left in the mailbox
_TROUBLE = (imap_tools.MailboxLoginError, imap_tools.ImapToolsError, imaplib.IMAP4.error, OSError, EOFError)


class Refused(imaplib.IMAP4.error):
    """The server would not give out one message: it said no, or hung up."""

    def __init__(self, uid: int, said: object) -> None:
        super().__init__(f"FETCH of message {uid} was refused: {said}")
        self.uid = uid


@dataclass
class Pass:
    """What one reading of one mailbox found."""

    mailbox: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reason: Reason | None = None
    """Why it could not be read to its end."""

    @property
    def read(self) -> int:
        return self.outcomes.total()


def run_pump_step(deadline: float) -> int:
    """A step of settings.PUMP_STEPS: read what is due, until time.monotonic() reaches the deadline."""
    done = 0
    for inbox in inboxes.configured():
        if time.monotonic() < deadline and _claim(inbox):
            done += read(inbox, deadline=deadline).read
    return done


def read_all() -> list[Pass]:
    """Every configured mailbox to its end, due or not."""
    found = []
    for inbox in inboxes.configured():
        _row(inbox)
        found.append(read(inbox))
    return found


def read(inbox: Inbox, *, deadline: float | None = None) -> Pass:
    """Take in what came since the last time; what keeps it from that is noted, and tried again later."""
    found = Pass(inbox.name)
    try:
        is_done = _read_past_refusals(inbox, found, deadline)
    except (OperationalError, InterfaceError):
        raise
    except _TROUBLE as trouble:
        found.reason = _reason(inbox, trouble)
        _note_failure(inbox, found.reason)
    else:
        _note_success(inbox, is_done=is_done)
    return found


def why_unreadable(inbox: Inbox) -> Reason | None:
    """Look whether one gets in, reading nothing; None where all is well."""
    try:
        with _session(inbox):
            return None
    except _TROUBLE as trouble:
        return _reason(inbox, trouble)


def problems() -> list[Reason]:
    """Why which mailbox cannot be read at present."""
    names = [one.name for one in inboxes.configured()]
    failing = Mailbox.objects.filter(name__in=names, failing_since__isnull=False) if names else ()
    return [*(one.reason for one in inboxes.unusable()), *(Reason.stored(one.reason) for one in failing)]


def _row(inbox: Inbox) -> Mailbox:
    return Mailbox.objects.get_or_create(name=inbox.name)[0]


def _claim(inbox: Inbox) -> bool:
    """Whether it is this process's turn: one reads at a time, and no more often than is due."""
    now = database_now()
    due = Mailbox.objects.filter(name=inbox.name, next_attempt_at__lte=now)
    return bool(due.update(next_attempt_at=now + LEASE)) or (
        not Mailbox.objects.filter(name=inbox.name).exists() and bool(_row(inbox)) and _claim(inbox)
    )


@contextlib.contextmanager
def _session(inbox: Inbox) -> Iterator[BaseMailBox]:
    """Logged in, the folder chosen read-only; closed without waiting for anybody."""
    box: BaseMailBox = (
        MailBox(inbox.host, inbox.port, timeout=CONNECT_SECONDS, ssl_context=ssl.create_default_context())
        if inbox.encrypted
        else MailBoxUnencrypted(inbox.host, inbox.port, timeout=CONNECT_SECONDS)
    )
    leave: Callable[[], object] = box.client.shutdown
    try:
        _log_in(box, inbox)
        box.folder.set(inbox.folder, readonly=True)
        yield box
        leave = box.logout
    finally:
        with contextlib.suppress(*_TROUBLE):
            leave()


def _log_in(box: BaseMailBox, inbox: Inbox) -> None:
    if inbox.user.isascii() and inbox.password.isascii():
        box.login(inbox.user, inbox.password, initial_folder=None)
    else:
        box.login_utf8(inbox.user, inbox.password, initial_folder=None)


def _read_past_refusals(inbox: Inbox, found: Pass, deadline: float | None) -> bool:
    """Whether it came to the end."""
    for turn in range(REFUSALS + 1):
        try:
            with _session(inbox) as session:
                return _read_on(session, inbox, found, deadline)
        except Refused as refused:
            if turn == REFUSALS or not _gives_out_others(inbox, refused.uid):
                raise
            if again := _refused_again(inbox, refused.uid):
                _pass_over(inbox, again, found)
    return False


def _gives_out_others(inbox: Inbox, uid: int) -> bool:
    """Whether it is this message alone: the server gives out the beginning of the next one, or of one before."""
    with _session(inbox) as session:
        uids = sorted(int(one) for one in session.uids("ALL", charset=None))
        others = [one for one in uids if one > uid][:1] or [one for one in uids if one < uid][-1:]
        return any(_fetch(session, one, size=1)[0] is not None for one in others)


def _refused_again(inbox: Inbox, uid: int) -> Refused | None:
    try:
        with _session(inbox) as session:
            _fetch(session, uid)
    except Refused as refused:
        return refused
    return None


def _pass_over(inbox: Inbox, refused: Refused, found: Pass) -> None:
    mailbox = _row(inbox)
    with transaction.atomic():
        key = f"{inbox.name}:{mailbox.uid_validity}:{refused.uid}"
        taken = note_refused(via="imap", key=key, said=_said(inbox, refused), now=database_now())
        found.outcomes[taken.outcome] += 1
        Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=Greatest(F("last_uid"), refused.uid))
    logger.warning("message %s of the mailbox %s is passed over: the server refuses it", refused.uid, inbox.name)


def _read_on(session: BaseMailBox, inbox: Inbox, found: Pass, deadline: float | None) -> bool:
    """Whether it came to the end."""
    mailbox = _row(inbox)
    validity = session.folder.status(inbox.folder, ["UIDVALIDITY"])["UIDVALIDITY"]
    if mailbox.uid_validity != validity:
        is_connected_now = mailbox.uid_validity is None or mailbox.last_uid < mailbox.history_uid
        mailbox.history_uid = _newest_uid(session) if is_connected_now else 0
        mailbox.uid_validity, mailbox.last_uid = validity, _uid_before(session)
        mailbox.attempted_uid = None
        mailbox.save(update_fields=["uid_validity", "last_uid", "attempted_uid", "history_uid"])
    # `n:*` always includes the newest message, however old it is.
    uids = sorted(int(uid) for uid in session.uids(f"UID {mailbox.last_uid + 1}:*", charset=None))
    for uid in uids:
        if uid <= mailbox.last_uid:
            continue
        if deadline is not None and time.monotonic() >= deadline:
            return False
        _take(session, inbox, mailbox, uid, found)
    return True


def _uid_before(session: BaseMailBox) -> int:
    """The UID before the first message of the last 30 days."""
    since = database_now() - LOOK_BACK
    uids = [int(uid) for uid in session.uids(imap_tools.AND(date_gte=since.date()), charset=None)]
    return min(uids) - 1 if uids else _newest_uid(session)


def _newest_uid(session: BaseMailBox) -> int:
    return max((int(uid) for uid in session.uids("UID *", charset=None)), default=0)


def _take(session: BaseMailBox, inbox: Inbox, mailbox: Mailbox, uid: int, found: Pass) -> None:
    validity = mailbox.uid_validity
    raw, received_at = _fetch(session, uid)
    is_readable = _note_attempt(mailbox, uid) <= READS
    now = database_now()
    with transaction.atomic():
        if raw is not None:  # else somebody deleted it meanwhile
            key = f"{inbox.name}:{validity}:{uid}"
            if is_readable and uid <= mailbox.history_uid:
                place = {"via": "imap", "key": key, "brand": inbox.brand}
                taken = take_in_history(raw, **place, received_at=received_at or now)
            elif is_readable:
                taken = take_in(raw, via="imap", key=key, now=now, received_at=received_at, brand=inbox.brand)
            else:
                taken = keep(raw, via="imap", key=key, now=now, received_at=received_at)
            found.outcomes[taken.outcome] += 1
        Mailbox.objects.filter(name=inbox.name, uid_validity=validity).update(last_uid=Greatest(F("last_uid"), uid))


def _note_attempt(mailbox: Mailbox, uid: int) -> int:
    """The how manieth reading of it begins; said before anything can go wrong."""
    attempts = mailbox.attempts + 1 if mailbox.attempted_uid == uid else 1
    Mailbox.objects.filter(pk=mailbox.pk).update(attempted_uid=uid, attempts=attempts)
    return attempts


def _fetch(session: BaseMailBox, uid: int, *, size: int = MAX_BYTES) -> tuple[bytes | None, dt.datetime | None]:
    """The message, None where somebody deleted it, and when it arrived. Raises Refused."""
    try:
        answer, parts = session.client.uid("fetch", str(uid), f"(INTERNALDATE BODY.PEEK[]<0.{size}>)")
    except imaplib.IMAP4.error as error:
        raise Refused(uid, error) from error
    if answer != "OK":
        raise Refused(uid, parts[0].decode("utf-8", "replace") if isinstance(parts[0], bytes) else answer)
    for part in parts:
        if isinstance(part, tuple):
            return part[1], _arrived_at(part[0])
    return None, None


def _arrived_at(head: bytes) -> dt.datetime | None:
    """When the server got it: unlike the header Date nobody else can say it."""
    told = re.search(rb'INTERNALDATE "([^"]+)"', head)
    try:
        return dt.datetime.strptime(told[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if told else None
    except ValueError:
        return None


def _said(inbox: Inbox, trouble: BaseException) -> str:
    return " ".join(str(trouble).replace(inbox.password or "\0", "***").split())[:200]


def _reason(inbox: Inbox, trouble: BaseException) -> Reason:
    said = _said(inbox, trouble)
    refused = isinstance(trouble, imap_tools.MailboxLoginError) or "AUTHENTICATIONFAILED" in said
    code = "inbox_login_refused" if refused else "inbox_unreachable"
    return Reason.of(code, mailbox=inbox.name, variable=inbox.variable, said=said or type(trouble).__name__)


def _note_failure(inbox: Inbox, reason: Reason) -> None:
    """Tried again after as long as it has been failing, and not less than a poll."""
    now, mailbox = database_now(), _row(inbox)
    since = mailbox.failing_since or now
    wait = min(max(POLL, now - since), LONGEST_WAIT)
    Mailbox.objects.filter(pk=mailbox.pk).update(
        failing_since=since, reason=reason.as_json(), next_attempt_at=now + wait
    )
    logger.warning("the mailbox %s cannot be read: %s", inbox.name, reason.code)


def _note_success(inbox: Inbox, *, is_done: bool) -> None:
    now = database_now()
    about = {"read_at": now, "next_attempt_at": now + POLL} if is_done else {"next_attempt_at": now}
    Mailbox.objects.filter(name=inbox.name).update(failing_since=None, reason={}, **about)
