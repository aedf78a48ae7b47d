"""What is wrong with an email's words, found when they are saved: each fault names its place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from engagement import layout, markdown, placeholders, rendering, skeleton
from engagement.liquid import trial
from engagement.liquid.slots import SLOT_END, TEXT_SLOT
from engagement.liquid.source import Tag, TemplateSyntaxError, Use
from engagement.placeholders import Context
from engagement.plain_text import VALUE_LIMIT
from engagement.rendering import Words
from engagement.values import Fallbacks, OfContact

LONGEST = {"subject": 300, "preheader": 300, "body": 50_000}
PARTS = ("size", "first", "last")
LONGEST_NAME, LONGEST_INSTRUCTION = 100, 2000  # of a passage
_HTML = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>|<!--")
_SLOT = re.compile(f"[{TEXT_SLOT}\ue011]([0-9]+){SLOT_END}")
_LINK_BEFORE_VARIABLE = re.compile(r"(?:https?://[^/?#\s]+[/?#]|mailto:[^?\s]+\?|tel:)", re.IGNORECASE)
# What looks like Markdown and is none here: recipients would see the signs.
_UNREAD = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"\]\(", "A link cannot be read. Write [words](https://address), without spaces in the address."),
        (r"\*\*|~~", "** or ~~ has no other half. Write **bold** or ~~struck out~~, without spaces inside the signs."),
        (r"^\s*\|.*\|\s*$", "A table has a line of dashes such as | --- | --- | below its first line."),
        (r"\[\^[^\]\s]+\]", "There are no footnotes in an email. Write the note where it belongs."),
        (r"^\[[ xX]\]\s", "There are no boxes to tick in an email. Begin the line with a dash alone."),
        (r"==\S.{0,200}?\S==", "There is no highlighting. Write **bold** words instead."),
    )
)
Errors = dict[str, list[str]]


def find_errors(words: Words) -> Errors:
    """Field -> sentences; empty when the words can be saved."""
    errors: Errors = {}
    checks: dict[str, Callable[[Words], Iterable[str]]] = {
        "subject": lambda words: _line_errors("subject", words.subject, words),
        "preheader": lambda words: _line_errors("preheader", words.preheader, words),
        "body": _body_errors,
        "fallbacks": _fallback_errors,
        "passages": _passage_errors,
    }
    for name, check in checks.items():
        if found := list(dict.fromkeys(check(words))):
            errors[name] = found
    return errors


def _line_errors(name: str, text: str, words: Words) -> Iterator[str]:
    if name == "subject" and not text.strip():
        yield "The subject is empty. Write one line."
    if len(text.splitlines()) > 1:
        yield f"The {name} has more than one line. Write one line."
    yield from _text_errors(name, text, words)


def _body_errors(words: Words) -> Iterator[str]:
    if not words.body.strip():
        yield "The body is empty. Write what the email says."
    if found := _HTML.search(words.body):
        line = words.body.count("\n", 0, found.start()) + 1
        yield f'Line {line}: "{found.group()[:40]}" is HTML, which recipients would see as it stands. Write Markdown.'
    faults = list(_text_errors("body", words.body, words))
    yield from faults
    if not faults:
        yield from _markdown_errors(words.body)


def _text_errors(name: str, text: str, words: Words) -> Iterator[str]:
    if len(text) > LONGEST[name]:
        yield f"The {name} has {len(text)} characters; at most {LONGEST[name]} are allowed."
        return
    if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
        yield f"The {name} contains control characters. Type it again instead of pasting it."
    try:
        read = skeleton.read(text)
        skeleton.line(text)
    except TemplateSyntaxError as problem:
        yield from problem.faults
        return
    own = {"forloop", *(name for name, _ in read.assigned)}
    faults = [fault for use in read.uses for fault in _use_errors(use, words, own)]
    yield from faults or _trial_errors(text, words)


def _trial_errors(text: str, words: Words) -> Iterator[str]:
    """What goes wrong for a person who knows nothing, or who knows everything: a field may hold a text or a number."""
    known = rendering.samples(words, None)
    numbers = replace(known, custom=dict.fromkeys(known.custom, "5"))
    people = [OfContact(Fallbacks(words.level, {}), values) for values in (Context(), known, numbers)]
    nobody, as_text, as_number = trial.faults(text, people, is_typed=_is_typed)
    if fault := nobody or (as_number and as_text):
        yield fault


def _is_typed(path: Sequence[object]) -> bool:
    found = placeholders.named(path) if path else None
    return not path or (found is not None and found[0] in placeholders.REGISTRY)


def variable_faults(text: str, *, level: str) -> list[str]:
    """What is wrong with the variables of a text that is no email."""
    return list(dict.fromkeys(_text_errors("body", text, Words("", "", text, level))))


def _use_errors(use: Use, words: Words, own: Set[str]) -> Iterator[str]:
    found = placeholders.named(use.path)
    placeholder = placeholders.find(found[0]) if found else None
    place = f'Line {use.line}: "{use.name}"'
    if use.path[0] in own:
        yield f"{place} has no value here. Write it behind its assign, or within its loop."
    elif found is None or placeholder is None:
        guess = placeholders.nearest(use.name)
        hint = f" Did you mean {guess}?" if guess else ""
        yield f"{place} is unknown.{hint} This level offers: {placeholders.names_at(words.level)}."
    elif not placeholder.is_offered_at(words.level):
        yield (
            f"{place} needs the personalisation level {placeholder.level}, and this email has {words.level}. "
            f"Raise the level, or use one of: {placeholders.names_at(words.level)}."
        )
    elif _passage_of(found[0]) not in (None, *words.passages):
        yield f"{place} names a passage that is not described. Add it to the passages."
    elif len(use.path) > found[1] and not (placeholder.is_group or use.path[-1] in PARTS):
        yield f'{place} has no part "{use.path[-1]}". Write {found[0]}.'


def _passage_of(name: str) -> str | None:
    return name.removeprefix(placeholders.PASSAGE) if name.startswith(placeholders.PASSAGE) else None


def _markdown_errors(body: str) -> Iterator[str]:
    """What only the parsed Markdown shows: where links lead, which are none, and what a tag tears apart."""
    document = skeleton.compiled(body)
    for line, address in document.addresses():
        for fault in _address_errors(unquote(address), document):
            yield f"Line {line}: {fault}"
    for line, content in document.contents():
        for sign, remedy in _UNREAD:
            if sign.search(content):
                yield f"Line {line}: {remedy}"
    try:
        skeleton.build(body=body, brand=layout.Brand(name="-"), preheader=False)
    except TemplateSyntaxError as problem:
        yield from problem.faults


def _address_errors(address: str, document: markdown.Document) -> Iterator[str]:
    slots = [(found, document.marked.tokens[int(found.group(1))]) for found in _SLOT.finditer(address)]
    if slots and isinstance(slots[0][1], Tag) and slots[0][0].start() == 0:
        slots = [one for one in slots if not isinstance(one[1], Tag)]  # they divide whole addresses
    first, token = slots[0] if slots else (None, None)
    if first is None or token is None:
        if not _SLOT.search(address) and not address.lower().startswith(markdown.LINK_SCHEMES):
            yield f'The link "{address[:80]}" leads nowhere in an email. Begin it with https:// or mailto:.'
        return
    said = token.source if isinstance(token, Tag) else f"{{{{ {token.expression} }}}}"
    if first.start() == 0 and not isinstance(token, Tag):
        if not skeleton.is_address(token):
            yield (
                f"A link cannot begin with {said}. Begin it with https://, or with one of: "
                f"{', '.join(name for name, one in placeholders.REGISTRY.items() if one.is_address)}, "
                'without filters but default: "https://...".'
            )
        elif address[first.end() : first.end() + 1] not in "/?#":
            yield f"In a link, only /, ? or # may follow {said}, as in {said}/shop."
    elif not _LINK_BEFORE_VARIABLE.match(_SLOT.sub("", address[: first.start()])):
        yield f"In a link, {said} may stand only behind the host, as in https://example.com/?name={{{{ first_name }}}}."


def _fallback_errors(words: Words) -> Iterator[str]:
    if not isinstance(words.fallbacks, dict):
        yield 'Fallbacks are a list of variable and words, such as {"first_name": "friend"}.'
        return
    for name, value in words.fallbacks.items():
        placeholder = placeholders.find(str(name))
        if placeholder is None or not placeholder.is_offered_at(words.level):
            yield f'"{name}" is no variable of this level. It offers: {placeholders.names_at(words.level)}.'
        if value is not None and not isinstance(value, str):
            yield f'The fallback of "{name}" is not text. Write words, or null to hold the email when it is missing.'
        elif value is not None:
            yield from _plain_errors(f'The fallback of "{name}"', value, VALUE_LIMIT)


def _passage_errors(words: Words) -> Iterator[str]:
    if not isinstance(words.passages, dict):
        yield 'Passages are named parts, such as {"opening": {"instruction": "...", "fallback": "..."}}.'
        return
    if words.passages and words.level != placeholders.Level.PREMIUM:
        yield f"Passages need the personalisation level premium, and this email has {words.level}."
    for name, passage in words.passages.items():
        if len(str(name)) > LONGEST_NAME:
            yield f'The name of passage "{name[:40]}..." has more than {LONGEST_NAME} characters. Write a short one.'
        yield from _one_passage_errors(str(name), passage)


def _one_passage_errors(name: str, passage: Any) -> Iterator[str]:
    if not isinstance(passage, dict) or not all(isinstance(value, str) for value in passage.values()):
        yield f'Passage "{name}" needs an instruction and a fallback, both text.'
        return
    if unknown := set(passage) - {"instruction", "fallback"}:
        yield f'Passage "{name}" has the unknown part "{min(unknown)}". It may have: instruction, fallback.'
    if not passage.get("instruction", "").strip():
        yield f'Passage "{name}" has no instruction. Say what the model is to write.'
    if len(passage.get("instruction", "")) > LONGEST_INSTRUCTION:
        yield f'The instruction of passage "{name}" has more than {LONGEST_INSTRUCTION} characters.'
    if not passage.get("fallback", "").strip():
        yield f'Passage "{name}" has no fallback. Write the approved text that stands in when the model is absent.'
    yield from _plain_errors(f'The fallback of passage "{name}"', passage.get("fallback", ""), 1200)


def _plain_errors(what: str, value: str, limit: int) -> Iterator[str]:
    if re.search(r"[{}]", value):
        yield f"{what} contains a brace. Write plain words."
    if len(value) > limit:
        yield f"{what} has {len(value)} characters; at most {limit} are allowed."
