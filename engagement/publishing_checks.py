"""What keeps an email from being published, and what whoever publishes it should have seen, in every language.

`refusals` forbid it. `findings` and `slow_findings` are reasons that engagement.describe says; they only ask once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from urllib.parse import urlsplit

from contactflow.core.reasons import Reason
from contactflow.core.statement_timeout import QueryTooSlow
from contacts.models import BusinessEntity
from engagement import coverage, layout, link_check, rendering, spam_score, template_validation, translations
from engagement.rendering import Rendered, Words
from engagement.template_validation import Errors

LARGEST, BUDGET = 100_000, 80_000  # bytes of the HTML part: Gmail cuts it near 102 kB, and followed links are longer
SPAM_FROM = 2.0  # points of SpamAssassin; filters commonly refuse from 5 on
MOST_LINKS = 20
_LINK = re.compile(r'<a [^>]*?href="(https?://[^"]+)"', re.IGNORECASE)
_IMAGE = re.compile(r"<img [^>]*>", re.IGNORECASE)
_ALT = re.compile(r'\salt="[^"]*\S[^"]*"', re.IGNORECASE)


def refusals(words: Words) -> Errors:
    """Field -> sentences; what stands in a translation is told under `translations`, with its language."""
    errors = template_validation.find_errors(replace(words, translations={}))
    told = [
        f"{translations.name_of(language)}: {sentence}"
        for language in words.translations
        for sentences in template_validation.find_errors(words.in_language(language)).values()
        for sentence in sentences
    ]
    return {**errors, "translations": told} if told else errors


def findings(*, words: Words, business_entity: BusinessEntity | None) -> list[Reason]:
    """What can be said at once. Words that are refused have none."""
    if refusals(words):
        return []
    found: list[Reason] = []
    for spoken in _languages(words):
        language = translations.name_of(spoken.language)
        sent = _example(spoken, business_entity)
        found += [*_of_subject(sent, language), *_of_parts(sent, language), *_of_links(sent, business_entity)]
        found += _of_stand_ins(spoken, language)
    unique = {str(one.as_json()): one for one in found}
    return [*unique.values(), *_of_people(words, business_entity)]


def slow_findings(*, words: Words, business_entity: BusinessEntity | None, now: datetime) -> list[Reason]:
    """What other programs say: whether links lead somewhere, what SpamAssassin thinks; a few seconds at most."""
    sent = [_example(spoken, business_entity) for spoken in _languages(words)] if not refusals(words) else []
    links = list(dict.fromkeys(link for one in sent for link in _links(one)))[:MOST_LINKS]
    found = [Reason.of(why.code, link=link, **why.params) for link, why in link_check.dead(links).items()]
    for one in sent[:1]:
        score = spam_score.of(rendered=one, business_entity=business_entity, now=now)
        if score and score.points >= SPAM_FROM:
            found.append(Reason.of("spam_score", points=score.points, rules=", ".join(score.rules)))
    return found


def _languages(words: Words) -> Iterator[Words]:
    yield words.in_language(words.language)
    for language in words.offered():
        yield words.in_language(language)


def _example(words: Words, business_entity: BusinessEntity | None) -> Rendered:
    values = rendering.samples(words, business_entity)
    return rendering.compose(words=words, values=values, brand=layout.brand_of(business_entity))


def _of_subject(sent: Rendered, language: str) -> Iterator[Reason]:
    letters = [letter for letter in sent.subject if letter.isalpha()]
    loud = sum(letter.isupper() for letter in letters)
    if (len(letters) >= 8 and loud > 0.6 * len(letters)) or re.search(r"[!?]{2,}", sent.subject):
        yield Reason.of("subject_shouts", subject=sent.subject, language=language)


def _of_parts(sent: Rendered, language: str) -> Iterator[Reason]:
    size = len(sent.html.encode())
    if size > BUDGET:
        code = "too_large" if size > LARGEST else "nearly_too_large"
        yield Reason.of(code, size=round(size / 1000), language=language)
    if not sent.text.strip():
        yield Reason.of("no_text_part", language=language)
    without = sum(not _ALT.search(image) for image in _IMAGE.findall(sent.html))
    if without:
        yield Reason.of("no_alt_text", images=without, language=language)


def _links(sent: Rendered) -> list[str]:
    return [unescape(address) for address in _LINK.findall(sent.html)]


def _of_links(sent: Rendered, business_entity: BusinessEntity | None) -> Iterator[Reason]:
    own = _host(business_entity.website) if business_entity else ""
    others = {_host(one.website): one.name for one in BusinessEntity.objects.exclude(website="")}
    for link in _links(sent):
        host = _host(link)
        if host != own and host in others and business_entity is not None:
            yield Reason.of("link_of_another_brand", link=link, brand=others[host])


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _of_stand_ins(words: Words, language: str) -> Iterator[Reason]:
    """The usual words are English, and ours for a few languages: elsewhere each needs its own."""
    if translations.is_spoken(words.language):
        return
    for name in sorted(words.variable_names() - set(words.fallbacks)):
        if words.fallback_of(name):
            yield Reason.of("stand_in_untranslated", variable=name, language=language)


def _of_people(words: Words, business_entity: BusinessEntity | None) -> Iterator[Reason]:
    """Whose email would be held, and who would get another language than theirs."""
    try:
        names = {name for one in _languages(words) for name in one.variable_names() if one.fallback_of(name) is None}
        counted = coverage.count(names=names, business_entity=business_entity)
        readers = translations.readers(offered=words.offered(), own=words.language, business_entity=business_entity)
    except QueryTooSlow:
        return
    for lack in counted.lacks:
        if lack.lacking:
            yield Reason.of("people_lack", variable=lack.name, lacking=lack.lacking, people=counted.people)
    for one in readers:
        if one.lack:
            language, gets = translations.name_of(one.language), translations.name_of(one.gets)
            yield Reason.of("language_lacks", language=language, people=one.people, gets=gets)
