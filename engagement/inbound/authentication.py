"""Whether the server that received a message found that it is from the domain it says (RFC 8601).

Anybody can write such a header: only the topmost one counts, and only under the name that INBOX_AUTHSERV_ID gives.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy

from django.conf import settings

from contactflow.core import mail_addresses

MAX_HEAD = 100_000  # bytes at the top that are looked through
# Comments and quoted strings repeat what the sender chose; a header that has them inside one another is not heard.
_REPEATED = re.compile(r'\([^()"\\]*\)|"[^"\\]*"')
_OF_METHOD = {"dmarc": "header.from", "dkim": "header.d", "spf": "smtp.mailfrom"}


def proves(raw: bytes, *, sender: str) -> bool:
    """Whether it passed DMARC, or DKIM or SPF in the name of just the sender's domain."""
    domain = sender.rpartition("@")[2].lower()
    found = message_from_bytes(raw[:MAX_HEAD], policy=policy.compat32).get_all("Authentication-Results", [])
    if not settings.INBOX_AUTHSERV_ID or not domain or not found:
        return False
    bare = _REPEATED.sub(" ", str(found[0]))
    server, *results = bare.split(";")
    if server.lower().split()[:1] != [settings.INBOX_AUTHSERV_ID] or set(bare) & set('()"\\'):
        return False
    return any(_passes(result.lower().split(), domain) for result in results)


def _passes(result: list[str], domain: str) -> bool:
    method, _, verdict = result[0].partition("=") if result else ("", "", "")
    said = dict(one.split("=", 1) for one in result[1:] if "=" in one)
    named = said.get(_OF_METHOD.get(method, ""), "") or (said.get("header.i", "") if method == "dkim" else "")
    return verdict == "pass" and mail_addresses.folded(f"x@{named.rpartition('@')[2]}").rpartition("@")[2] == domain
