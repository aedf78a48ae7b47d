"""Passages of premium emails: wanted when an email is due, written beside the queue, used when it goes.

An email steps aside for its passages, LONGEST_WAIT at most, and is looked at again every LOOK_AGAIN; whatever else is
due passes. They are asked for then and not ahead of time: the facts are those of the moment, and nobody pays for
emails that never go. A lane, one thread of a process that pumps, asks for several at once; it waits for the server, the
pump does not. Where a process dies, the lease lets another ask again, or the approved text goes when the wait is over.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q, QuerySet

from contactflow.core.clock import database_now
from contacts.models import BusinessEntity, Contact
from engagement.language_model import breaker, budget, checks, client, facts, is_available, languages, prompts
from engagement.language_model.budget import Reservation
from engagement.language_model.checks import Rules
from engagement.language_model.client import Answer, NoAnswer, Question
from engagement.models import EngagementTemplate, GeneratedPassage, Message, TemplateVersion
from engagement.plain_text import plain
from engagement.rendering import Words

if TYPE_CHECKING:
    from openai import AsyncOpenAI  # for its type alone

LONGEST_WAIT = dt.timedelta(seconds=30)  # of an email for its passages
LOOK_AGAIN = dt.timedelta(seconds=2)
LEASE = dt.timedelta(seconds=2 * client.SECONDS)
AT_ONCE = 8  # questions of one process that are under way
Status = GeneratedPassage.Status
_OPEN = (Status.WANTED, Status.ASKED)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Email:
    """One that is about to go."""

    action_id: UUID
    version: TemplateVersion
    contact: Contact
    business_entity: BusinessEntity | None


@dataclass(frozen=True)
class Written:
    """Of emails, by action: the texts to use by their names, and until when to let one wait."""

    texts: Mapping[UUID, Mapping[str, str]]
    waiting: Mapping[UUID, dt.datetime]


def of_emails(emails: Sequence[Email], *, now: dt.datetime) -> Written:
    """Want what nobody wanted yet, and give what is written by now. What is neither is left to the approved texts."""
    premium = [one for one in emails if one.version.allowed_level == EngagementTemplate.Level.PREMIUM]
    if not (premium and is_available()):
        return Written({}, {})
    wanted = {(one.action_id, one.version.pk) for one in premium}
    rows = GeneratedPassage.objects.filter(action__in=[one.action_id for one in premium])
    known = [row for row in rows if (row.action, row.version_id) in wanted]
    seen = {(row.action, row.version_id) for row in known}
    fresh = _want([one for one in premium if (one.action_id, one.version.pk) not in seen], now)
    _give_up([row.pk for row in known if row.status in _OPEN and row.wait_until <= now])
    texts: dict[UUID, dict[str, str]] = defaultdict(dict)
    for row in known:
        if row.status == Status.WRITTEN:
            texts[row.action][row.name] = row.text
    waiting = [row for row in [*known, *fresh] if row.status in _OPEN and row.wait_until > now]
    return Written(texts, {row.action: min(row.wait_until, now + LOOK_AGAIN) for row in waiting})


def passages_of(message: Message) -> list[GeneratedPassage]:
    """What stands in it from a language model, or was asked for. Their digests are what an approval is bound to: they
    change with the text, the model, the prompt and the facts."""
    if message.action is None:
        return []
    return list(GeneratedPassage.objects.filter(action=message.action, version=message.version_id))


def _digest(row: GeneratedPassage) -> str:
    said = json.dumps([row.text, row.model, row.prompt, row.facts], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _want(emails: Sequence[Email], now: dt.datetime) -> list[GeneratedPassage]:
    if not emails:
        return []
    quiet = breaker.is_quiet(now=now)
    rows = [row for one in emails for row in _wanted(one, now)]
    for row in rows if quiet else ():
        row.status, row.reason, row.text, row.digest = Status.NOT_ASKED, "model_quiet", row.fallback, _digest(row)
    GeneratedPassage.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def _wanted(email: Email, now: dt.datetime) -> list[GeneratedPassage]:
    """One for each passage in the words as this person reads them."""
    brand = email.business_entity
    words = Words.of(email.version).for_reader(email.contact, brand)
    names = [name for name in words.passage_names() if words.passages.get(name)]
    told = facts.of_person(email.contact, brand) if names else {}
    return [_row(email, name, words, told, now) for name in names]


def _row(email: Email, name: str, words: Words, told: facts.Facts, now: dt.datetime) -> GeneratedPassage:
    described, brand = words.passages[name], email.business_entity
    language = languages.of(f"{words.body} {described['fallback']}") or words.language.partition("-")[0]
    asked = prompts.passage(instruction=described["instruction"], facts=told, business_entity=brand, language=language)
    return GeneratedPassage(
        action=email.action_id,
        contact=email.contact,
        business_entity=brand,
        version=email.version,
        name=name,
        facts=told,
        prompt=asked,
        language=language,
        allowed=facts.repeatable(told, brand),
        fallback=described["fallback"],
        model=settings.AI_MODEL,
        wanted_at=now,
        wait_until=now + LONGEST_WAIT,
    )


def _give_up(ids: Collection[int]) -> None:
    """Their emails waited long enough."""
    for row in GeneratedPassage.objects.filter(pk__in=ids, status__in=_OPEN):
        _close(row, Status.FAILED, reason="too_slow")


def _close(row: GeneratedPassage, status: str, *, text: str = "", reason: str = "", **values: Any) -> None:
    """Write what became of it, unless somebody did; without a text of its own the approved one stands."""
    row.text = text or row.fallback
    values |= {"status": status, "text": row.text, "reason": reason, "lease_until": None, "digest": _digest(row)}
    GeneratedPassage.objects.filter(pk=row.pk, status__in=_OPEN).update(**values)


# The lane


class _Lane:
    """The thread of this process that asks."""

    thread: threading.Thread | None = None
    lock = threading.Lock()


def run_pump_step(deadline: float) -> int:
    """Have what is wanted written, beside the pump; so there is nothing for the pump to do."""
    with _Lane.lock:
        is_busy = _Lane.thread is not None and _Lane.thread.is_alive()
        if not is_busy and is_available() and _due(database_now()).exists():
            _Lane.thread = threading.Thread(target=_work, name="language model", daemon=True)
            _Lane.thread.start()
    return 0


def finish(*, seconds: float) -> bool:
    """Wait for what this process asks; whether there was anything. For commands that end."""
    thread = _Lane.thread
    if thread is None or not thread.is_alive():
        return False
    thread.join(seconds)
    return True


def _work() -> None:
    try:
        write_all()
    except Exception:  # the thread's boundary: the emails go with their approved texts
        logger.exception("passages could not be written")
    finally:
        connections.close_all()


def write_all() -> int:
    """Ask for whatever is wanted, AT_ONCE at a time, until nothing is; returns how many were settled."""
    done = 0
    asked: dict[Future[Answer], tuple[GeneratedPassage, Reservation]] = {}
    server: list[AsyncOpenAI] = []

    async def ask(row: GeneratedPassage) -> Answer:
        if not server:
            server.append(client.connect())
        return await client.answer(server[0], _question(row), seconds=client.SECONDS)

    with client.loop() as begin:
        while True:
            fresh, settled = _take(AT_ONCE - len(asked))
            asked |= {begin(ask(row)): (row, held) for row, held in fresh}
            if asked and not settled:  # what is not to be asked waits for no answer
                for answered in wait(asked, return_when=FIRST_COMPLETED).done:
                    _settle(*asked.pop(answered), answered)
                    settled += 1
            done += settled
            if not (asked or settled):
                break
        for one in server:
            begin(one.close()).result()
    return done


def _question(row: GeneratedPassage) -> Question:
    return Question(row.prompt, {"text": 10 * checks.LONGEST})  # how long it may be is a check


def _due(now: dt.datetime) -> QuerySet[GeneratedPassage]:
    return GeneratedPassage.objects.filter(Q(status=Status.WANTED) | Q(status=Status.ASKED, lease_until__lt=now))


@transaction.atomic
def _take(limit: int) -> tuple[list[tuple[GeneratedPassage, Reservation]], int]:
    """Those to be asked now, each with what is reserved for it; how many are not to be asked at all."""
    now = database_now()
    due = _due(now).select_related("business_entity").order_by("wanted_at")
    rows = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
    taken = []
    for row in rows:
        if row.wait_until <= now:
            _close(row, Status.FAILED, reason="too_slow")
        elif not breaker.may_ask(now=now):
            _close(row, Status.NOT_ASKED, reason="model_quiet")
        elif (held := _reserve(row, now)) is None:
            _close(row, Status.NOT_ASKED, reason="over_budget")
        else:
            taken.append((row, held))
    ids = [row.pk for row, _ in taken]
    GeneratedPassage.objects.filter(pk__in=ids).update(status=Status.ASKED, lease_until=now + LEASE)
    return taken, len(rows) - len(taken)


def _reserve(row: GeneratedPassage, now: dt.datetime) -> Reservation | None:
    return budget.reserve(business_entity=row.business_entity, tokens=_question(row).estimate, now=now)


def _settle(row: GeneratedPassage, reservation: Reservation, answered: Future[Answer]) -> None:
    now = database_now()
    try:
        with client.boundary():
            answer = answered.result()
    except NoAnswer as failure:
        budget.settle(reservation, tokens=failure.tokens)
        if failure.is_trouble:
            breaker.troubled(reason=failure.code, now=now)
        said: dict[str, Any] = {
            "answer": failure.raw,
            "tokens": failure.tokens,
            "seconds": failure.seconds,
            "answered_at": now,
        }
        _close(row, Status.FAILED, reason=failure.code, **said)
        return
    budget.settle(reservation, tokens=answer.tokens)
    breaker.answered(now=now)
    text = _unquoted(answer.parts["text"])
    found = checks.findings(text, _rules(row))
    said = {"answer": answer.raw, "tokens": answer.tokens, "seconds": answer.seconds, "answered_at": now}
    said["checks"] = checks.as_json(found)
    if found:
        logger.info("a passage was not used: %s", ", ".join(one.code for one in found))
        _close(row, Status.REFUSED, **said)
    else:
        _close(row, Status.WRITTEN, text=plain(text, checks.LONGEST), **said)


def _rules(row: GeneratedPassage) -> Rules:
    """It may be about what was asked, what was approved and what is known of the person but for their name."""
    instruction = row.prompt[-1]["content"].partition("\n\n<data>")[0]
    told = {name: value for name, value in row.facts.items() if name != "first_name"}
    values = [one for value in told.values() for one in (value if isinstance(value, list) else [value])]
    stated = [one for one in row.allowed if one != row.facts.get("first_name")]
    return Rules(known=row.allowed, topic=[instruction, row.fallback, *stated, *values], language=row.language)


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and (text[0], text[-1]) in {('"', '"'), ("“", "”"), ("„", "“")}:
        return text[1:-1].strip()
    return text
