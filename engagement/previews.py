"""An email as one person would get it, for the people who write it: with what stands in, and what is missing, marked.

Reads, renders and forgets: nothing is stored and nothing is sent. No language model is asked; the approved text of a
passage stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from contactflow.core import clock
from contacts.models import BusinessEntity, Contact
from engagement import context, envelopes, highlight, layout, placeholders, rendering, risky_values, unsubscribing
from engagement.envelopes import Sender
from engagement.layout import Brand
from engagement.placeholders import Context
from engagement.rendering import Rendered, Words

LONG_SUBJECT, LONG_PREHEADER = 60, 110  # characters most mailboxes on a telephone show
_HEAD = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src https: http: data:; '
    'style-src \'unsafe-inline\'"><base target="_blank">'
)


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A variable this person has no value for."""

    name: str
    label: str
    words: str
    """What is read instead; "" when it is left out."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """`sent` is what would go out; the rest is the same with marks, as HTML."""

    sent: Rendered
    sender: Sender
    subject: SafeString
    preheader: SafeString
    html: str
    text: SafeString
    stand_ins: list[StandIn]
    missing: list[str]
    hints: list[str]

    def in_scheme(self, scheme: str) -> str:
        """The HTML as a mailbox in this colour scheme shows it, whatever the scheme of who looks."""
        return self.html.replace('style="color-scheme:light dark"', f'style="color-scheme:{scheme}"', 1)


def preview(
    *,
    words: Words,
    business_entity: BusinessEntity | None,
    contact: Contact | None,
    brand: Brand | None = None,
    sender: Sender | None = None,
    is_marketing: bool = True,
) -> Preview:
    """For the contact, or with sample values. `brand` and `sender` replace those that are saved."""
    words = words.for_reader(contact, business_entity)
    way_out = unsubscribing.example() if is_marketing else None
    values = _values(words, business_entity, contact)
    brand = brand or layout.brand_of(business_entity)
    sent = rendering.compose(words=words, values=values, brand=brand, way_out=way_out)
    shown: dict[str, str] = {}

    def mark(name: str, instead: str) -> str:
        shown[name] = instead
        return highlight.around(instead, _why(name, is_missing=name in sent.missing, contact=contact))

    marked = rendering.compose(
        words=_clean(words), values=_without_marks(values), brand=brand, mark=mark, way_out=way_out
    )
    return Preview(
        sent=sent,
        sender=sender or envelopes.sender_of(business_entity, name=words.sender_name),
        subject=mark_safe(highlight.of_text(marked.subject)),
        preheader=mark_safe(highlight.of_text(marked.preheader)),
        html=_framed(marked.html),
        text=mark_safe(highlight.of_text(marked.text)),
        stand_ins=[StandIn(name=name, label=label_of(name), words=shown.get(name, "")) for name in sent.used_fallbacks],
        missing=[label_of(name) for name in sent.missing],
        hints=_hints(sent),
    )


def label_of(name: str) -> str:
    """What people call the variable."""
    placeholder = placeholders.find(name)
    return placeholder.label if placeholder else name


def _values(words: Words, business_entity: BusinessEntity | None, contact: Contact | None) -> Context:
    if contact is None:
        return rendering.samples(words, business_entity)
    names = words.variable_names()
    now = clock.database_now() if "now" in names else None
    about: dict[str, Any] = {"contact": contact, "business_entity": business_entity, "facts": None, "names": names}
    return context.gather(**about, now=now, language=words.language)


def _clean(words: Words) -> Words:
    return replace(words, **{name: highlight.clean(getattr(words, name)) for name in ("subject", "preheader", "body")})  # type: ignore[arg-type]  # all three are texts


def _without_marks(values: Context) -> Context:
    cleaned: dict[str, Any] = {one.name: _cleaned(getattr(values, one.name)) for one in fields(values)}
    return replace(values, **cleaned)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return highlight.clean(value)
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    return {name: _cleaned(one) for name, one in value.items()} if isinstance(value, dict) else value


def _why(name: str, *, is_missing: bool, contact: Contact | None) -> str:
    label = label_of(name)
    unused = dict(risky_values.of_contact(contact)) if contact else {}
    if code := unused.get(name.removeprefix(placeholders.CUSTOM).replace("_", " ")):
        return f"not used: {label.lower()} {risky_values.WHY[code]}"
    if is_missing:
        return f"missing: no {label.lower()}"
    if name.startswith(placeholders.PASSAGE):
        return "approved text: a language model may write this passage"
    return f"fallback: no {label.lower()}"


def _framed(html: str) -> str:
    """Marks belong into the body alone: the head's title holds text only. Links lead nowhere from a preview."""
    head, body_tag, body = html.partition("<body")
    head = highlight.strip(head).replace("<head>", f"<head>{_HEAD}", 1)
    return head + body_tag + highlight.as_html(body)


def _hints(sent: Rendered) -> list[str]:
    said = []
    if len(sent.subject) > LONG_SUBJECT:
        said.append(f"The subject has {len(sent.subject)} characters; many telephones cut it after {LONG_SUBJECT}.")
    if not sent.preheader:
        said.append("No preheader: mailboxes show the first words of the body instead.")
    elif len(sent.preheader) > LONG_PREHEADER:
        length = len(sent.preheader)
        said.append(f"The preheader has {length} characters; most mailboxes cut it after {LONG_PREHEADER}.")
    return said
