"""What is new in a reply, apart from what it quotes, and whether that only says "stop".

The library that cuts takes long for many words: it gets a bounded text, and bounded time in the main thread, where
workers work. Elsewhere nothing can interrupt it: there it only gets texts so short that none takes long. What is done
beside it has no such limit, so no pattern there may take long for any text. Whatever is cut, the whole body is kept
beside it.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from mailparser_reply import EmailReplyParser
from mailparser_reply.constants import MAIL_LANGUAGES

MAX_CHARACTERS, MAX_LINES, SECONDS = 20_000, 600, 2.0
SHORT = 1_000  # characters: the library takes less than a second for the worst of them
LANGUAGES = [name for name in MAIL_LANGUAGES if len(name) == 2]
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
# What the library does not know: a time and an address before a colon say it in every language, in a line or in two; so
# do words between dashes. Nothing is gone back into that was read once (`*+`, `(?=...)`), and all else is bounded.
_TIME, _ADDRESS = r"\d{1,2}[:.h]\d\d", r"[^\s<>@]{1,64}@[^\s<>:]{1,255}+"
_WROTE = re.compile(
    rf"^[ \t]*+(?:(?=[^\n]*{_TIME})[^\n]{{5,200}}{_ADDRESS}[^\n]{{0,30}}:|"
    rf"(?=[^\n]{{0,150}}{_TIME}[^\n]{{0,150}}\n)[^\n]*+\n[^\n]{{0,60}}{_ADDRESS}[^\n]{{0,30}}:|"
    r"(?=[^\n]*\d)[^\n]{5,150}\b(?:escribió|escreveu|написала?|пише|пишет|yazd\u0131|kirjoitti|írta)[^\S\n]*:|"
    r"(?=[^\n]*[\d@])[^\n]{5,100}\b(?:schreef|skrev|napisał\w*|napsal\w*)\b[^\n]{1,100}?:|"
    r"-{4,}[^\n-][^\n]{2,80}-{4,})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_RULE = re.compile(r"[-_=*]{5,}|-{4,}[^\n]{2,80}-{4,}")
_QUOTED = re.compile(r"^[ \t]*>", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
OPT_OUT = frozenset(
    {
        *("stop", "stopp", "stop it", "please stop", "stop please", "stop emails", "stop emailing me", "unsubscribe"),
        *("please unsubscribe", "unsubscribe please", "unsubscribe me", "please unsubscribe me", "remove", "remove me"),
        *("please remove me", "opt out", "optout", "no more emails", "take me off your list", "cancel subscription"),
        *("abmelden", "bitte abmelden", "abmeldung", "abbestellen", "bitte abbestellen", "austragen"),
        *("bitte austragen", "keine mails mehr", "keine e mails mehr", "bitte keine mails mehr", "newsletter abmelden"),
        *("désabonner", "me désabonner", "désinscription", "désinscrire", "me désinscrire", "désabonnement", "arrêt"),
        *("baja", "dar de baja", "darme de baja", "cancelar suscripción", "cancelar subscrição", "remover"),
        *("disiscrivi", "disiscrivimi", "cancellami", "annulla iscrizione", "afmelden", "uitschrijven", "afmeld"),
        *("avregistrera", "avsluta", "avmeld", "framelding", "wypisz", "wypisz mnie", "odhlásit", "leiratkozás"),
        *("отписаться", "відписатися", "abonelikten ç\u0131k", "peruuta tilaus", "配信停止", "退订"),
    }
)


@dataclass(frozen=True)
class Cut:
    """`text` is what they wrote this time; the whole body where answers stand between quoted lines."""

    text: str
    wants_out: bool


class _TooLong(Exception):
    """The library is not done in time, or might not be."""


def cut(body: str, *, subject: str = "") -> Cut:
    """What is new in the body."""
    whole = _BLANK_LINES.sub("\n\n", body).strip()
    bounded = "\n".join(whole[:MAX_CHARACTERS].split("\n")[:MAX_LINES])
    if _answers_inside(bounded):
        return Cut(whole, wants_out=False)
    new, without_signature = _latest(bounded)
    said = without_signature or new
    return Cut(new or whole, wants_out=_means_stop(said or ("" if whole else subject)))


def _latest(text: str) -> tuple[str, str]:
    """The newest part with and without what stands below it in every mail."""
    before = _WROTE.split(text, maxsplit=1)[0]
    try:
        with _within(SECONDS, text=before):
            newest = EmailReplyParser(languages=list(LANGUAGES)).read(before).replies[0]
    except (_TooLong, RecursionError, IndexError, re.error):
        newest = None
    content = newest.content if newest else before
    short = newest.body if newest else before
    kept = [line for line in content.strip().split("\n") if not line.startswith(">")]
    while len(kept) > 1 and (not kept[-1].strip() or _RULE.fullmatch(kept[-1].strip())):
        kept.pop()
    return "\n".join(kept).strip(), _SIGNATURE.split(_without_quotes(short), maxsplit=1)[0].strip()


def _without_quotes(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">"))


def _answers_inside(text: str) -> bool:
    """Whether somebody wrote between or below quoted lines: then nothing is cut."""
    first = _QUOTED.search(text)
    if first is None:
        return False
    below = _SIGNATURE.split(text[first.start() :], maxsplit=1)[0]
    return bool(_without_quotes(below).strip())


def _means_stop(text: str) -> bool:
    words = re.sub(r"[^\w]+", " ", text.casefold()).strip()
    return words in OPT_OUT


@contextlib.contextmanager
def _within(seconds: float, *, text: str) -> Iterator[None]:
    """Raise _TooLong after so long; where nothing can be interrupted, at once for a text that is not short."""
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        if len(text) > SHORT:
            raise _TooLong
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
