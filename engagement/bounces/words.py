"""The words in which servers refuse, by what they mean. Nobody agreed on them: here is what many say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engagement.bounces import verdicts
from engagement.bounces.verdicts import Verdict


def any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all of them, whatever the case; "^" is the beginning of a line."""
    return re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE)


# Whom a server means, and how it says that there is nobody: WHO and ABSENT in what follows.
WHO = (
    r"user",
    r"recipients?",
    r"mail ?box",
    r"account",
    r"address(?:ee|es)?",
    r"alias",
    r"login",
    r"member",
    r"customer",
    r"person",
    r"subscriber",
    r"employee",
    r"local.?part",
    r"destination",
    r"user ?id",
    r"id",
    r"name",
)
ABSENT = (
    r"(?:does|did|do)(?: not|n.t) (?:seem to )?exist",
    r"not exist",
    r"not (?:be )?(?:found|recogni[sz]ed|known|listed|registered)",
    r"unknown",
    r"unrecogni[sz]ed",
    r"no longer (?:exists?|valid|active|available|in use|with|on|here|accept)",
    r"(?:does|did)(?: not|n.t) match",
    r"non.?existent",
    r"invalid",
    r"n.t (?:be )?found",
    r"not valid",
    r"not (?:a )?(?:local|here)",
    r"illegal",
    r"incorrect",
    r"(?:has been |was |is )?(?:deleted|removed|terminated|closed|cancell?ed)",
)
# The first that is found decides: before an unknown mailbox comes what only looks like one.
MEANINGS: tuple[tuple[Verdict, tuple[str, ...]], ...] = (
    (
        verdicts.DISABLED,
        (r"account[^;]{0,60}\[-\d+\]",),
    ),
    (
        verdicts.NO_ACCOUNT,
        (
            r"(?:does|do)(?: not|n.t) have an?\b[^;]{0,40} (?:account|mailbox)",
            r"has no account",
            r"no longer (?:has|have)",
        ),
    ),
    (
        verdicts.NO_DOMAIN,
        (r"account or domain may not exist",),
    ),
    (
        verdicts.SYSTEM,
        (
            r"procmail",
            r"maildrop",
            r"command died",
            r"mailer died",
            r"(?:couldn.t|can.t|cannot|unable to) (?:create|open|write|lock)",
            r"i/o error",
            r"name server reply",
        ),
    ),
    (
        verdicts.FOR_NOW,
        (r"gr[ae]y.?list",),
    ),
    (
        verdicts.FULL,
        (
            r"over.?quota",
            r"quota\b[^.;]{0,25}(?:exceed|full|reached|error|violat)",
            r"exceed\w*[^.;]{0,40} (?:quota|storage|disk space)",
            (
                r"(?:mail ?box|mail ?folder|in ?box|disk|maildir|account|user|recipient)(?:.s)?[^.;]{0,40} (?:is |"
                r"was |has become )?(?:too )?(?:full|over ?flow|over (?:the |its |their )?(?:quota|limit|storage))"
            ),
            r"mailbox size limit",
            r"(?:too|not enough|insufficient) (?:much mail|(?:disk |storage |system )?(?:space|storage))",
            r"out of (?:space|storage|quota)",
            r"no space left",
            r"full mailbox",
            r"storage (?:limit|quota|allocation)",
            r"一杯",
        ),
    ),
    (
        verdicts.TOO_LARGE,
        (
            (
                r"(?:message|mail|header|data|body|line|size|attachment)s?\b[^.;]{0,45}(?:too (?:large|big|long)|"
                r"exceed\w*[^.;]{0,40}(?:size|limit|max|length)|larger than)"
            ),
            r"(?:message|file) size limit",
            r"maximum[^.;]{0,20} size",
        ),
    ),
    (
        verdicts.SENDER,
        (
            (
                r"sender[^.;]{0,30}(?:rejected|refused|denied|unknown|invalid|verif|does not exist|not (?:found|"
                r"exist)|unresolv)"
            ),
            r"(?:unknown|invalid|bad|unresolvable) sender",
            r"domain of (?:the )?sender",
            r"sender.?s? (?:address|domain)",
            r"not owned by",
            r"send as\b",
            r"callout",
        ),
    ),
    (
        verdicts.RELAY,
        (
            (
                r"relay(?:ing)?\b[^.;]{0,30}(?:denied|prohibit|not (?:permitted|allowed)|rejected|refused|"
                r"disallowed|access|forbidden)"
            ),
            (
                r"(?:unable|cannot|not (?:allowed|permitted)|do(?:es)? not|refus\w+|denied|prohibit\w+|we do "
                r"n.t)[^.;]{0,12} relay"
            ),
            r"rcpthosts",
            r"not a (?:gateway|relay)",
            r"no relay",
        ),
    ),
    (
        verdicts.BLOCKED,
        (
            r"\bspam",
            r"blacklist",
            r"black.list",
            r"block.?list",
            r"\bblocked\b",
            r"\b(?:dn|r)?s?bl\b",
            r"rbl",
            r"dmarc",
            r"\bspf\b",
            r"dkim",
            r"reputation",
            r"unsolicited",
            r"unauthenticated",
            r"authentic",
            r"ptr\b",
            r"reverse (?:dns|lookup)",
            r"rdns",
            r"(?:local|message|security|site|content|organi[sz]ation).{0,3} polic",
            r"policy (?:violation|reasons|rejection)",
            r"not authori[sz]ed",
            r"bulk mail",
            r"access denied",
            r"client host",
            r"banned",
            r"junk",
            r"abuse",
            r"(?:your|sending) (?:ip|server|host|address|network|domain)",
            r"administrative prohibition",
            r"administrative policy",
        ),
    ),
    (
        verdicts.CONTENT,
        (
            r"virus",
            r"malware",
            r"infected",
            r"phish",
            r"executable",
            r"attachment",
            r"content (?:rejected|filter)",
            r"message content",
            r"bare (?:lf|cr)",
            r"rfc ?(?:2)?822",
        ),
    ),
    (
        verdicts.BUSY,
        (
            r"too many (?:connection|message|concurrent|recipient|mail|session|hops)",
            r"rate.?limit",
            r"throttl",
            r"too fast",
            r"hop count",
            r"mail loop",
            r"routing loop",
            r"exceeded[^.;]{0,40}(?:rate|hops?|connections?)",
            r"try again later",
            r"temporar",
        ),
    ),
    (
        verdicts.DISABLED,
        (
            (
                r"(?:account|mail ?box|user|recipient|address|this)[^.;]{0,40} (?:has been |is |was )?(?:currently |"
                r"temporarily )?(?:disabled|suspend|deactivat|inactive|locked|blocked|on hold|frozen|expired|"
                r"unavailable|dormant|not active|not enabled|over)"
            ),
            (
                r"(?:disabled|inactive|suspended|locked|dormant|expired) (?:user|account|mailbox|recipient|address|"
                r"domain)"
            ),
        ),
    ),
    (
        verdicts.RESTRICTED,
        (
            r"(?:only accepts|not accept\w*)[^.;]{0,30}(?:from|sender|mail for|messages for)",
            r"restrict",
            r"not (?:allowed|permitted) to send",
            r"RESOLVER\.RST",
            r"you (?:do not|don.t) have permission",
            r"moderated",
            r"権限",
            r"does not want",
            r"refus\w+ (?:to accept )?your",
        ),
    ),
    (
        verdicts.NO_DOMAIN,
        (
            (
                r"(?:host|domain|system|server|name ?server|destination|mx)\b(?:[^.;]{0,40}) (?:lookup failed "
                r"permanently|unknown(?! user)|not found|does ?n.t exist|not exist|non.?existent)"
            ),
            (
                r"(?:unknown|illegal|invalid|bad|no such|find any|non.?existent) (?:mail )?(?:host|domain|"
                r"destination (?:host|domain)|system|hostname)"
            ),
            r"host(?: or domain)? name (?:not found|lookup fail)",
            r"unrouteable",
            r"unroutable",
            r"no (?:mx|mail server|route|dns|a record)[^.;]{0,20} (?:for|found|to|record)",
            r"(?:address|host) lookups? failed permanently",
            r"point to non-existent",
            r"name or service not known",
            r"nxdomain",
            r"domain must",
            r"illegal host",
            r"domain is not reachable",
            r"\b[\w-]{1,63}\.[a-z]{2,} (?:does not exist|not found)",
        ),
    ),
    (
        verdicts.NO_MAIL,
        (
            (
                r"(?:host|domain|server|address)[^.;]{0,30} (?:does not|doesn.t|not) accept (?:any )?(?:e?-?mail|"
                r"messages)"
            ),
            r"no smtp service",
            r"null ?mx",
            r"not? accept(?:s|ing)? (?:any )?mail",
        ),
    ),
    (
        verdicts.MOVED,
        (
            r"(?:has|have) moved",
            r"(?:address|e-?mail)[^.;]{0,15} (?:has )?(?:been )?changed",
            r"new address is",
            r"please (?:update|use)[^.;]{0,30} address",
        ),
    ),
    (
        verdicts.UNKNOWN,
        (
            (
                r"(?:unknown|no such|not a (?:known|valid)|invalid|bad|non.?existent|unrecogni[sz]ed|illegal|no "
                r"(?:valid|local)|undeliverable|wrong|unable to find|no) (?:or (?:illegal|invalid) |local |virtual |"
                r"e-?mail |mail |to |destination |final |delivery |smtp |envelope )*WHO\b"
            ),
            r"WHO(?:s|\(s\))?\b[^.;]{0,60}?\bABSENT",
            r"no mail ?box",
            r"no (?:account|one|user|person|recipient|such)[^.;]{0,20} (?:by|here|with|of) that name",
            r"not our customer",
            r"not listed in",
            r"recipnotfound",
            r"(?:have|has)(?: not|n.t)[^.;]{0,30} (?:account|mailbox)",
            r"not a (?:known|valid|local) (?:user|recipient|mailbox)",
            r"couldn.t find",
            r"(?:was|were|is|are)(?: not|n.t) (?:found|recogni[sz]ed)",
            r"(?:user|mailbox|account|recipient) not",
            r"who is not",
            r"not known",
            r"見つからない",
            r"no valid recipients",
        ),
    ),
    (
        verdicts.LATE,
        (
            r"expired",
            r"timed? ?out",
            r"not in time",
            r"retry time",
            r"too long",
            r"has been delayed",
            r"giving up",
            r"in queue",
            r"hours? old",
            r"gave up",
            r"not responding",
            r"no answer",
            r"could not be reached",
            r"lost connection",
            r"connection (?:refused|reset|closed|failed)",
            r"unreachable",
            r"can.t connect",
            r"temporar",
        ),
    ),
)
_WRITTEN = {"WHO": f"(?:{'|'.join(WHO)})", "ABSENT": f"(?:{'|'.join(ABSENT)})"}
_MEANINGS = tuple(
    (any_of(re.sub("WHO|ABSENT", lambda found: _WRITTEN[found[0]], one) for one in patterns), verdict)
    for verdict, patterns in MEANINGS
)
MAX_WORDS = 8_000  # characters of what is said of one recipient
_LINK, _ADDRESS = re.compile(r"https?://\S{1,2000}"), re.compile(r"<?[^\s<>@]{1,100}@[^\s<>@,;:]{1,255}>?")


def plain(said: str) -> str:
    """In one line, without addresses and links: they mean nothing, whatever they are made of."""
    return " ".join(_ADDRESS.sub("<>", _LINK.sub("", said[:MAX_WORDS])).split())


def meaning(said: str) -> Verdict | None:
    """What the words tell; None where they tell nothing."""
    text = plain(said).replace("<>", " ")
    return next((verdict for pattern, verdict in _MEANINGS if pattern.search(text)), None)
