"""The mail providers that django-anymail knows, and the addresses by which EMAIL_URL names one with its keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# What user, password and host of such an address are, by the names of django-anymail's settings; "" for none.
_PARTS = {
    "amazon_ses": ("aws_access_key_id", "aws_secret_access_key", "region_name"),  # Amazon's own names
    "brevo": ("API_KEY", "", ""),
    "mailersend": ("API_TOKEN", "", ""),
    "mailgun": ("API_KEY", "", "SENDER_DOMAIN"),
    "mailjet": ("API_KEY", "SECRET_KEY", ""),
    "mailtrap": ("API_TOKEN", "", ""),
    "mandrill": ("API_KEY", "", ""),
    "postal": ("API_KEY", "", "API_URL"),
    "postmark": ("SERVER_TOKEN", "", ""),
    "resend": ("API_KEY", "", ""),
    "scaleway": ("SECRET_KEY", "", "PROJECT_ID"),
    "sendgrid": ("API_KEY", "", ""),
    "sparkpost": ("API_KEY", "", ""),
    "unisender_go": ("API_KEY", "", "API_URL"),
}
NAMES = tuple(_PARTS)
_OTHER_NAMES = {"amazonses": "amazon_ses", "ses": "amazon_ses", "unisendergo": "unisender_go"}
NOWHERE = ("", "default")  # hosts of providers that need none


def of_url(address: str) -> tuple[str, dict[str, Any]] | None:
    """The provider that it names, and django-anymail's settings for it: mailgun://KEY@DOMAIN, postmark://TOKEN,
    mailjet://KEY:SECRET@default, amazon-ses://KEY:SECRET@REGION, postal://KEY@HOST; others as ?message_stream=news.

    None where it is the address of something else. Raises ValueError where it names a provider and cannot be read.
    """
    scheme, is_one, rest = address.partition("://")
    name = scheme.lower().replace("-", "_")
    name = _OTHER_NAMES.get(name, name)
    if not is_one or name not in _PARTS:
        return None
    parts = urlsplit(f"//{rest}" if "@" in rest else f"//{rest.partition('?')[0]}@?{rest.partition('?')[2]}")
    given = [unquote(parts.username or ""), unquote(parts.password or ""), _place(name, parts.netloc, parts.path)]
    found = {part: value for part, value in zip(_PARTS[name], given, strict=True) if value}
    if "" in found:
        raise ValueError("more than the provider needs")
    if name == "amazon_ses":
        return name, {"AMAZON_SES_CLIENT_PARAMS": found} if found else {}
    more = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    return name, {f"{name}_{part}".upper(): value for part, value in {**found, **more}.items()}


def _place(name: str, netloc: str, path: str) -> str:
    host = netloc.rpartition("@")[2]
    if _PARTS[name][2] == "API_URL" and host:
        return f"https://{host}{path}"
    if path.strip("/"):
        raise ValueError("a path")
    return "" if host in NOWHERE else host
