"""What a person may choose at /p/{token}, what holds now, and how their choice is kept.

Whoever holds an email, as one it was forwarded to, holds its link. Leaving works with every link, always; coming back
needs one that is not old, and what else is changed is limited a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from contactflow.permission_pages import confirming
from contactflow.permission_pages.addressee import Addressee
from contactflow.permission_pages.leaving import unsubscribe
from contactflow.permission_pages.words import VERSION
from contacts import consent
from contacts.models import BusinessEntity, Consent, Contact, EntityMembership, Preference
from engagement import tasking
from engagement.models import EngagementTemplate, Message, Task
from workflows import leases

ALL, WEEKLY, PAUSE, NONE = "all", "weekly", "pause", "none"
WAYS = (ALL, WEEKLY, PAUSE, NONE)
KINDS = tuple(EngagementTemplate.Category.values)
PAUSE_DAYS = 30
RETURN_DAYS = 30  # how old a link may be that lets emails come again
MOST_A_DAY = 20  # choices of one person that are kept, leaving not counted
SAVED, TO_CONFIRM, TOO_OLD, TOO_MANY = "saved", "to_confirm", "too_old", "too_many"
SOURCE = "chosen on their own page"
DATA_CATEGORY = "privacy"
ANSWER_DAYS = 30  # Art. 12 GDPR: within a month


@dataclass(frozen=True)
class Choice:
    """How one brand (None: whoever writes without one) may write."""

    brand: BusinessEntity | None
    way: str
    paused_until: dt.datetime | None = None

    @property
    def is_to_be_confirmed(self) -> bool:
        """Whether a yes to it counts once it is confirmed from a mail."""
        return self.way == NONE and self.brand is not None and self.brand.requires_consent

    @property
    def name(self) -> str:
        """Of its field in the form."""
        return f"brand-{self.brand.slug if self.brand else ''}"


def choices(*, who: Addressee, now: dt.datetime) -> list[Choice]:
    """Of every brand that has to do with them, and of the one that wrote."""
    brands: list[BusinessEntity | None] = [*_brands(who)]
    if (who.message is not None and who.brand is None) or not brands:
        brands.append(None)
    chosen = consent.choices_of(contact=who.contact)
    verdicts = consent.judge(wishes=[consent.Wish(who.contact, brand) for brand in brands])
    return [
        _choice(brand, verdict, chosen.get(brand.pk if brand else None), now)
        for brand, verdict in zip(brands, verdicts, strict=True)
    ]


def refused_kinds(*, who: Addressee) -> Sequence[str]:
    general = consent.choices_of(contact=who.contact).get(None)
    return general.refused_kinds if general else ()


def may_return(*, who: Addressee, now: dt.datetime) -> bool:
    """Whether emails they left, or never agreed to, may come again by this link."""
    if who.message is None:
        return False
    return (who.message.sent_at or who.message.created_at) > now - dt.timedelta(days=RETURN_DAYS)


def choose(*, who: Addressee, ways: Mapping[str, str], kinds: Collection[str] | None, now: dt.datetime) -> str:
    """Keep what differs from what holds: by name of the brand's field, and the kinds that are wanted.

    SAVED, or why some of it does not hold: TO_CONFIRM, TOO_OLD, TOO_MANY."""
    leaving, said = [], SAVED
    with transaction.atomic():
        Contact.objects.select_for_update(no_key=True, of=("self",)).get(pk=who.contact.pk)
        is_much = _is_much(who, now)
        offered = choices(who=who, now=now)
        left = [choice.brand for choice in offered if choice.brand and ways.get(choice.name, choice.way) == NONE]
        for choice in offered:
            way = ways.get(choice.name, choice.way)
            if way == choice.way or way not in WAYS:
                continue
            if way == NONE:
                leaving.append(choice.brand)
            elif is_much:
                said = TOO_MANY
            elif choice.way == NONE and not may_return(who=who, now=now):
                said = TOO_OLD
            else:
                _allow(who, choice, way, now, left=left)
                said = TO_CONFIRM if choice.is_to_be_confirmed and said == SAVED else said
        if kinds is not None and not is_much:
            _choose_kinds(who, [kind for kind in KINDS if kind not in kinds], now)
    for brand in leaving:
        unsubscribe(who=who, brand=brand, source=SOURCE, now=now)
    leases.await_hand_overs(contact_id=who.contact.pk)
    return TOO_MANY if is_much and not leaving else said


def _is_much(who: Addressee, now: dt.datetime) -> bool:
    today = Preference.objects.filter(contact=who.contact, source=SOURCE, recorded_at__gt=now - dt.timedelta(days=1))
    return today.count() >= MOST_A_DAY


def ask_for_data(*, who: Addressee, now: dt.datetime) -> None:
    """A task for the team, once: they answer with the export on the person's page."""
    waiting = Task.objects.filter(contact=who.contact, category=DATA_CATEGORY).exclude(status__in=["done", "cancelled"])
    if not waiting.exists():
        tasking.create_task(
            action_id=None,
            title=f"{who.contact} asks for their data",
            description="Asked for on their page. Give them the export of their page, or erase them if they want that.",
            category=DATA_CATEGORY,
            priority="high",
            target=None,
            contact=who.contact,
            business_entity=who.brand,
            due_at=now + dt.timedelta(days=ANSWER_DAYS),
            now=now,
        )


def _brands(who: Addressee) -> list[BusinessEntity]:
    """That they belong to, that wrote to them, and of which they said something."""
    theirs = [
        EntityMembership.objects.filter(contact=who.contact),
        Message.objects.filter(contact=who.contact),
        Consent.objects.filter(contact=who.contact),
    ]
    found = Q(pk=who.brand.pk if who.brand else None)
    for rows in theirs:
        found |= Q(pk__in=rows.order_by().values("business_entity"))
    return list(BusinessEntity.objects.filter(found).order_by("position", "name"))


def _choice(
    brand: BusinessEntity | None, verdict: consent.Verdict, chosen: Preference | None, now: dt.datetime
) -> Choice:
    if verdict.reason.code in ("consent_withdrawn", "consent_missing", "consent_pending"):
        return Choice(brand, NONE)
    if chosen is None:
        return Choice(brand, ALL)
    if chosen.paused_until and chosen.paused_until > now:
        return Choice(brand, PAUSE, chosen.paused_until)
    return Choice(brand, WEEKLY if chosen.frequency == Preference.Frequency.WEEKLY else ALL)


def _allow(who: Addressee, choice: Choice, way: str, now: dt.datetime, *, left: Collection[BusinessEntity]) -> None:
    """`left`: brands that stay as they are left when the word for all brands is lifted."""
    if choice.brand is not None and choice.is_to_be_confirmed:
        confirming.ask(contact=who.contact, brand=choice.brand, source=SOURCE, now=now)
    elif choice.way == NONE:
        consent.grant(
            contact=who.contact,
            business_entity=choice.brand,
            source=SOURCE,
            basis="consent",
            wording=confirming.wording(who.contact, choice.brand),
            wording_version=VERSION,
            actor=consent.PERSON,
            now=now,
        )
        for one in left if choice.brand is None else ():
            consent.withdraw(contact=who.contact, business_entity=one, source=SOURCE, actor=consent.PERSON, now=now)
    consent.choose(
        contact=who.contact,
        business_entity=choice.brand,
        frequency=Preference.Frequency.WEEKLY if way == WEEKLY else Preference.Frequency.ALL,
        paused_until=now + dt.timedelta(days=PAUSE_DAYS) if way == PAUSE else None,
        refused_kinds=() if choice.brand else refused_kinds(who=who),
        source=SOURCE,
        now=now,
    )


def _choose_kinds(who: Addressee, refused: list[str], now: dt.datetime) -> None:
    general = consent.choices_of(contact=who.contact).get(None)
    if sorted(general.refused_kinds if general else []) != sorted(refused):
        consent.choose(
            contact=who.contact,
            frequency=general.frequency if general else Preference.Frequency.ALL,
            paused_until=general.paused_until if general else None,
            refused_kinds=refused,
            source=SOURCE,
            now=now,
        )
