"""Work that leaves the house: the actions' queue of engagement.dispatcher."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects

from contactflow.core.clock import database_now
from contactflow.core.reasons import Reason
from contacts.config_revision import now_and_revision
from contacts.models import Contact
from engagement import breakers, delivery, dispatcher, touches
from engagement.channels.base import ChannelError
from engagement.delivery import Draft, Held, NotAllowed, NotYet, Order, SentBefore
from engagement.dispatcher import Letter, Outcome, Result
from workflows import actions, leases, results, wake
from workflows.execution import shared_rows
from workflows.execution.inside import run_inside
from workflows.instance_state import lock_instance
from workflows.leases import Claim, Intent
from workflows.models import ScheduledAction
from workflows.results import LostLease

OUTSIDE_BATCH = 50  # a turn that is over gives back the rest
logger = logging.getLogger(__name__)


def run_outside(*, deadline: float, limit: int = OUTSIDE_BATCH) -> int:
    """Hand over a batch of what is due to leave, at least one; returns how many actions were claimed.

    Alerts and tasks that become due meanwhile are done in between: they do not wait behind the whole batch.
    """
    return dispatcher.run(ActionQueue(), deadline=deadline, limit=limit, between=run_inside)


def send_alone(claim: Claim) -> None:
    """Lead one claimed action through its phases."""
    dispatcher.run(ActionQueue(given=claim), deadline=time.monotonic(), limit=1)


@dataclass(frozen=True, kw_only=True)
class ActionLetter(Letter):
    claim: Claim
    action: ScheduledAction
    draft: Draft | None = None


class ActionQueue:
    """The dispatcher's view of the actions that leave the house."""

    def __init__(self, *, given: Claim | None = None) -> None:
        """`given`: this one, claimed already."""
        self._given = given
        self._claims: dict[UUID, Claim] = {}
        self._waiting: dict[dt.datetime, list[Claim]] = defaultdict(list)

    def claim(self, *, limit: int, paused: Sequence[str]) -> int:
        claims = [self._given] if self._given else leases.claim_outside(limit=limit, paused=paused)
        self._claims = {claim.action_id: claim for claim in claims}
        if not self._given and len(claims) == limit:
            wake.wake()  # the baton: there may be more, and another worker may be free
        return len(claims)

    def prepare(self, *, until: float) -> list[ActionLetter]:
        now, revision = now_and_revision()
        loaded = self._load(revision)
        wanted = [order for action in loaded if (order := self._order(action))]
        orders = self._without_stopped(self._without_quiet(wanted, now))
        by_id = {action.pk: action for action in loaded}
        letters: list[ActionLetter] = []
        for order, prepared in zip(orders, delivery.prepare(orders, now=now), strict=False):
            letters.extend(self._letters(by_id[order.action_id], order, prepared))
            refusal = letters[-1].refusal if letters else None
            if time.monotonic() > until or (refusal is not None and refusal.channel_wide):
                break
        for end, claims in self._waiting.items():
            leases.put_off(claims, until=end, reason=Reason.of("passage_is_written"))
        return letters

    def intend(self, letters: Sequence[ActionLetter]) -> list[ActionLetter]:
        going = [letter for letter in letters if not self._stays(letter)]
        begun = self._begin_sending(_one_each(going))
        if held := [letter.claim for letter in going if letter not in begun]:
            leases.release(held)
        return begun

    def still_holds(self, letter: ActionLetter) -> bool:
        return leases.still_holds(_intent(letter), channel=letter.channel)

    def settle(self, results_: Sequence[Result[ActionLetter]]) -> None:
        sent = [
            (one.letter.claim, one.letter.action, one.receipt) for one in results_ if one.outcome == Outcome.ACCEPTED
        ]
        if sent:
            results.settle_sent([(claim, action, receipt) for claim, action, receipt in sent if receipt])
        for one in results_:
            if one.outcome != Outcome.ACCEPTED:
                _unless_lost(one.letter.claim, partial(results.settle_result, one.letter.claim, one.letter.action, one))

    def fail(self, letter: ActionLetter, error: Exception) -> None:
        if isinstance(error, SentBefore):
            # The last line of defence: what was or may have been sent under this id is not sent again.
            status, reason = ("done", None) if error.is_known else ("ambiguous", Reason.of("worker_cut_off"))
            result = {"reason": Reason.of("sent_before").as_json()} if error.is_known else {}
            self._settled(letter.action, status=status, reason=reason, result=result)
        else:
            self._park(letter.claim, error)

    def release(self) -> None:
        claims, self._claims = self._claims.values(), {}
        if claims:
            leases.release(claims)

    def _load(self, revision: UUID | None) -> list[ScheduledAction]:
        """What is still ours, with all that doing it needs."""
        rows = ScheduledAction.objects.filter(pk__in=self._claims).select_related("instance__contact")
        ours = [row for row in rows if row.token == self._claims[row.pk].token]
        ours.sort(key=lambda row: (row.next_attempt_at, row.due_at))
        shared, instances = shared_rows.KEPT.at(revision), [row.instance for row in ours]
        contacts = [instance.contact for instance in instances]
        shared.attach(ours, "template")
        shared.attach(instances, "template", "business_entity")
        shared.attach(contacts, "status", "lead_source")
        prefetch_related_objects(contacts, "contact_types")
        return ours

    def _order(self, action: ScheduledAction) -> Order | None:
        """What is to go out; None when it is settled already."""
        kind = actions.of(action.action_type)
        if reason := kind.why_not(action):
            self._settled(action, status="skipped", result={"reason": reason.as_json()})
            return None
        order = kind.order(action)
        if order is None:
            self._settled(action, status="failed", reason=Reason.of("step_incomplete"))
        return order

    def _without_quiet(self, orders: Sequence[Order], now: dt.datetime) -> list[Order]:
        """Marketing waits for a while after a colleague was in touch, where the brand wants that."""
        marketing = [order for order in orders if order.template.is_marketing]
        wanted = {order.action_id: (order.contact.pk, order.brand) for order in marketing if order.brand}
        ends = touches.quiet_until(wanted=wanted, now=now)
        for action_id, end in ends.items():
            reason = Reason.of("quiet_after_touch", until=f"{end:%Y-%m-%d %H:%M} UTC")
            leases.put_off([self._claims[action_id]], until=end, reason=reason)
        return [order for order in orders if order.action_id not in ends]

    def _without_stopped(self, orders: Sequence[Order]) -> list[Order]:
        """Marketing waits of a brand whose mail comes back too often, until a colleague lets it go on."""
        stopped = breakers.stopped_brands() if any(order.template.is_marketing for order in orders) else set()
        waiting = {
            order.action_id
            for order in orders
            if order.template.is_marketing and (order.brand.pk if order.brand else None) in stopped
        }
        for action_id in waiting:
            until, reason = database_now() + breakers.LATER, Reason.of("marketing_stopped")
            leases.put_off([self._claims[action_id]], until=until, reason=reason)
        return [order for order in orders if order.action_id not in waiting]

    def _letters(
        self, action: ScheduledAction, order: Order, prepared: delivery.Prepared | Exception
    ) -> Iterator[ActionLetter]:
        claim, channel = self._claims[action.pk], order.template.channel
        if isinstance(prepared, NotAllowed):
            self._settled(action, status="skipped", result={"reason": prepared.reason.as_json()})
        elif isinstance(prepared, Held):
            missing = prepared.reason.params.get("missing")
            result = {"missing": list(missing)} if missing else {}
            self._settled(action, status="failed", reason=prepared.reason, result=result)
        elif isinstance(prepared, NotYet):
            self._waiting[prepared.until].append(claim)
        elif isinstance(prepared, ChannelError):
            yield ActionLetter(channel=channel, refusal=prepared, claim=claim, action=action)
        elif isinstance(prepared, Exception):
            logger.error("action %s failed unexpectedly", action.pk, exc_info=prepared)
            self._park(claim, prepared)
        else:
            draft, parcel = prepared
            locks = actions.of(action.action_type).may_yield or draft.is_capped
            yield ActionLetter(
                channel=channel, parcel=parcel, claim=claim, action=action, draft=draft, takes_locks=locks
            )

    def _stays(self, letter: ActionLetter) -> bool:
        """Whether it steps back at the last moment, judged with the contact locked: two touches see each other, and
        so do two emails to somebody who wants one a week."""
        kind = actions.of(letter.action.action_type)
        if not letter.takes_locks:
            return False
        Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=letter.action.instance.contact_id)
        lock_instance(instance_id=letter.action.instance_id)
        if not kind.may_yield or not (reason := kind.why_yields(letter.action)):
            return False
        _unless_lost(
            letter.claim,
            lambda: results.finish(letter.claim, letter.action, status="skipped", result={"reason": reason.as_json()}),
        )
        return True

    def _begin_sending(self, letters: Sequence[ActionLetter]) -> list[ActionLetter]:
        by_channel: dict[str, list[Intent]] = defaultdict(list)
        for letter in letters:
            by_channel[letter.channel].append(_intent(letter))
        begun = {pk for name, intents in by_channel.items() for pk in leases.begin_sending(intents, channel=name)}
        return [letter for letter in letters if letter.claim.action_id in begun]

    def _settled(
        self,
        action: ScheduledAction,
        *,
        status: str,
        reason: Reason | None = None,
        result: dict[str, Any] | None = None,
    ) -> None:
        claim = self._claims[action.pk]
        _unless_lost(claim, lambda: results.settle(claim, action, status=status, reason=reason, result=result))

    def _park(self, claim: Claim, error: Exception) -> None:
        reason = dispatcher.fault(error)
        _unless_lost(claim, lambda: dispatcher.persistently(lambda: results.settle_unexpected(claim, reason)))


def _intent(letter: ActionLetter) -> Intent:
    assert letter.draft is not None  # noqa: S101  what has a parcel has one
    wish = letter.draft.order.wish
    brand_id = wish.business_entity.pk if wish.business_entity else None
    address, stored = letter.draft.envelope.address, delivery.letter_of(letter.draft)
    return Intent(letter.claim, address, brand_id, wish.is_marketing, wish.kind, stored)


def _one_each(letters: Sequence[ActionLetter]) -> list[ActionLetter]:
    """Of those to one person who wants one email a week the first alone; the others are judged again later."""
    capped: set[UUID] = set()
    going = []
    for letter in letters:
        contact = letter.action.instance.contact_id
        if contact not in capped:
            going.append(letter)
        if letter.draft and letter.draft.is_capped:
            capped.add(contact)
    return going


def _unless_lost(claim: Claim, settle: Callable[[], object]) -> None:
    try:
        settle()
    except LostLease:
        logger.warning("action %s: the lease was lost, somebody else settles it", claim.action_id)
