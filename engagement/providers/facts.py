"""Providers' events as facts about messages. What concerns no message of ours, or nobody it was sent to, is nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import ipaddress
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q

from contactflow.core import mail_addresses
from engagement import bounces
from engagement.channels.provider import METADATA
from engagement.message_events import Fact
from engagement.models import Message, MessageEvent
from engagement.providers import verdicts

Type = MessageEvent.Type
_TYPES = {
    "sent": Type.SENT,
    "delivered": Type.DELIVERED,
    "deferred": Type.DEFERRED,
    "bounced": Type.BOUNCED,
    "rejected": Type.FAILED,
    "failed": Type.FAILED,
    "complained": Type.COMPLAINED,
    "opened": Type.OPENED,
    "clicked": Type.CLICKED,
    "unsubscribed": Type.UNSUBSCRIBED,
}
# Its id is another one each time it tries again.
_UNSTABLE_IDS = ("sendgrid",)


def facts_of(*, provider: str, events: Iterable[Any], received_at: dt.datetime) -> list[Fact]:
    """What the events tell, in two queries whatever their number."""
    told = [event for event in events if event.event_type in _TYPES]
    messages = _Messages(told)
    about = [(event, message) for event in told if (message := messages.of(event)) is not None]
    return [_fact(provider, event, message, received_at) for event, message in about if _may_be_kept(event, message)]


class _Messages:
    """The messages that events are about: by our own id where it came back, else by what the provider calls them,
    which may be the same for several people."""

    def __init__(self, events: Sequence[Any]) -> None:
        own = {known for event in events if (known := _own_id(event))}
        named = {name for event in events for name in _names(event)}
        about = Q(pk__in=own) | Q(provider_id__in=named, provider_id__gt="") | Q(message_id__in=named)
        wanted = ("recipient", "provider_id", "message_id", "contact__is_tracked")
        brand = ("business_entity__tracks_opens", "business_entity__tracks_clicks")
        found = Message.objects.filter(about).select_related("contact", "business_entity").only(*wanted, *brand)
        rows = found if events else []
        self._by_name: dict[Any, list[Message]] = defaultdict(list)
        for row in rows:
            for name in {row.pk, row.provider_id, row.message_id}:
                self._by_name[name].append(row)

    def of(self, event: Any) -> Message | None:
        named = [self._by_name[name] for name in (_own_id(event), *_names(event)) if name and name in self._by_name]
        return next((message for message in (named or [[]])[0] if _is_to(message, event.recipient)), None)


def _may_be_kept(event: Any, message: Message) -> bool:
    """Opens and clicks of those alone who are followed; the provider notices them all the same."""
    brand = message.business_entity
    follows = {"opened": brand is None or brand.tracks_opens, "clicked": brand is None or brand.tracks_clicks}
    return event.event_type not in follows or (follows[event.event_type] and message.contact.is_tracked)


def _own_id(event: Any) -> uuid.UUID | None:
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    try:
        return uuid.UUID(str(metadata[METADATA]))
    except (KeyError, ValueError):
        return None


def _names(event: Any) -> list[str]:
    bare = str(event.message_id or "").strip().strip("<>")[:250]
    return [bare, f"<{bare}>"] if bare else []


def _is_to(message: Message, recipient: Any) -> bool:
    """An event may tell of several people, of whom this message went to one."""
    named = str(recipient or "").strip().strip("<>")
    return not named or mail_addresses.folded(named) == mail_addresses.folded(message.recipient)


def _fact(provider: str, event: Any, message: Message, received_at: dt.datetime) -> Fact:
    kind, detail = _TYPES[event.event_type], _detail(provider, event)
    if kind == Type.BOUNCED or _is_bounce(provider, event, kind):
        kind, detail = Type.BOUNCED, _bounce(provider, event)
    return Fact(
        message_id=message.pk,
        type=kind,
        at=min(event.timestamp or received_at, received_at),
        key=_key(provider, event, message, kind),
        url=str(event.click_url or "")[:4000] if kind == Type.CLICKED else "",
        detail=detail,
    )


def _is_bounce(provider: str, event: Any, kind: str) -> bool:
    """What django-anymail calls otherwise: a soft one that nobody tries again, or a failure of the other server."""
    told = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    name = f"{told.get('event', '')} {told.get('status', '')}".lower()
    return (kind == Type.DEFERRED and "soft" in name) or (provider == "postal" and kind == Type.FAILED)


def _said(event: Any) -> str:
    said = (str(getattr(event, name, None) or "") for name in ("mta_response", "description"))
    return " ".join(" ".join(dict.fromkeys(said)).split())[:500]


# What providers call the address an open or click came from, and that they take a machine for it: Mailgun's
# client-info.bot, SendGrid's sg_machine_open, SparkPost's is_prefetched, Brevo's proxy_open.
_ADDRESSES, _MACHINES = {"ip", "ip_address", "ipaddress"}, {"bot", "sg_machine_open", "is_prefetched"}
_MACHINE_EVENTS = ("proxy_open", "unique_proxy_open")


def _named(told: Any, names: Collection[str], depth: int = 4) -> Iterator[Any]:
    for name, value in told.items() if isinstance(told, Mapping) and depth else ():
        if isinstance(value, Mapping):
            yield from _named(value, names, depth - 1)
        elif str(name).lower() in names and value:
            yield value


def _seen(event: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for given in _named(event.esp_event, _ADDRESSES):
        with contextlib.suppress(ValueError):
            seen.setdefault("ip", str(ipaddress.ip_address(str(given))))
    if any(_named(event.esp_event, _MACHINES)) or event.esp_event.get("event") in _MACHINE_EVENTS:
        seen["bot"] = True
    return seen


def _detail(provider: str, event: Any) -> dict[str, Any]:
    detail: dict[str, Any] = {"via": provider}
    if event.event_type in ("opened", "clicked") and isinstance(event.esp_event, Mapping):
        detail |= _seen(event)
    if agent := str(event.user_agent or "")[:512]:
        detail["agent"] = agent
    if said := _said(event):
        detail["said"] = said
    if reason := str(event.reject_reason or ""):
        detail["rejected"] = reason
    return detail


def _bounce(provider: str, event: Any) -> dict[str, Any]:
    answer = bounces.answer(_said(event))
    return bounces.detail(verdicts.verdict(provider, event.esp_event, answer), answer, via=provider)


def _key(provider: str, event: Any, message: Message, kind: str) -> str:
    """The same for an event that is told again."""
    stable = str(event.event_id or "") if provider not in _UNSTABLE_IDS else ""
    what = stable or f"{event.timestamp.isoformat() if event.timestamp else ''} {event.click_url or ''}"
    digest = hashlib.sha256(f"{message.pk} {kind} {what}".encode()).hexdigest()
    return f"{provider}:{digest[:40]}"
