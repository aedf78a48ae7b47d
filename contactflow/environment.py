"""Reads environment variables so that a bad value ends in one sentence naming the variable, not in a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

from contactflow import mail_providers
from contactflow.core import mail_addresses

MAIL_ADDRESSES = "smtp+tls://user:password@mail.example.com:587, or of a provider such as mailgun://KEY@DOMAIN"
KINDS = {int: "a whole number", bool: "true or false"}


class Environment(environ.Env):  # type: ignore[misc]  # the package is untyped
    """django-environ, where an empty variable counts as unset and a value is never a reference to another one."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        value = self.ENVIRON.get(var, "")
        if not value and default is not self.NOTSET:
            return default
        if cast is bool and value.lower() not in (*self.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"):
            raise refuse(var, value, KINDS[bool])
        if cast is str:
            return value
        try:
            return super().get_value(var, cast, default, parse_default)
        except (ValueError, TypeError):
            raise refuse(var, value, KINDS.get(cast, "readable")) from None

    def at_least(self, var: str, minimum: int, default: int) -> int:
        """A whole number that is not smaller than the minimum."""
        number: int = self.int(var, default)
        if number < minimum:
            raise refuse(var, str(number), f"{minimum} or more")
        return number

    def hour(self, var: str, default: int) -> int | None:
        """An hour of the day, or "off" for none."""
        value = str(self.str(var, "")).strip().lower() or str(default)
        if value == "off":
            return None
        if not value.isdecimal() or int(value) > 23:
            raise refuse(var, value, "an hour from 0 to 23, or off")
        return int(value)

    def time_zone(self, var: str) -> str:
        """The name of a time zone, UTC by default."""
        name = str(self.str(var, "UTC"))
        if name not in available_timezones():
            raise refuse(var, name, "a time zone such as Europe/Berlin")
        return name

    def database(self, var: str, fallback: str) -> dict[str, Any]:
        """The parts of a PostgreSQL address, and of the fallback when the variable is unset."""
        address = _encoded(var, str(self.str(var, ""))) or fallback
        try:
            if address.startswith(("postgres://", "postgresql://")):
                return dict(self.db_url_config(address))
        except ValueError:
            pass
        # The value may hold a password: do not show it.
        raise refuse(var, "...", "the address of a PostgreSQL such as postgresql://user:password@host:5432/name")

    def matching(self, var: str, default: str, *, pattern: str, wanted: str) -> str:
        """A text in which all fits the pattern, whatever its case."""
        value = str(self.str(var, "")) or default
        if value and not re.fullmatch(pattern, value, re.IGNORECASE):
            raise refuse(var, value, wanted)
        return value

    def web_address(self, var: str, default: str = "") -> str:
        """The address of a server, with its scheme."""
        pattern, wanted = r"https?://[^\s/?#@]+(:\d+)?(/[^\s?#]*)?", "an address such as https://server.example.com"
        return self.matching(var, default, pattern=pattern, wanted=wanted)

    def mailbox(self, var: str, default: str) -> str:
        """A name and an address, as the header From has them."""
        typed = str(self.str(var, ""))
        if typed and (wanted := mail_addresses.why_no_mailbox(typed)):
            raise refuse(var, typed, wanted)
        return typed or default

    def redis(self, var: str) -> str:
        """The address of a Redis server; empty when the variable is unset."""
        return _encoded(var, str(self.str(var, "")))

    def by_suffix(self, var: str) -> dict[str, str]:
        """The values of a variable and of those that begin with it, by what follows the underscore in lower case."""
        named = {name: value for name, value in self.ENVIRON.items() if value and f"{name}_".startswith(f"{var}_")}
        return {name[len(var) + 1 :].lower(): value for name, value in sorted(named.items())}

    def of_services(self, prefixes: Sequence[str]) -> dict[str, Any]:
        """The variables that begin with one of them and an underscore; JSON where their value is a list or mapping."""
        named = {
            name: value for name, value in self.ENVIRON.items() if name.startswith(tuple(f"{p}_" for p in prefixes))
        }
        return {name: self._structured(name, value) for name, value in sorted(named.items()) if value}

    def _structured(self, name: str, value: str) -> Any:
        if value[0] not in "{[":
            return {"true": True, "false": False}.get(value.lower(), value)
        try:
            return json.loads(value)
        except ValueError:
            raise refuse(name, "...", "JSON, since it begins with a bracket") from None

    def mail(self, var: str) -> dict[str, Any]:
        """Django's settings for a mail server; empty when the variable is unset."""
        address = _encoded(var, str(self.str(var, "")))
        try:
            return dict(self.email_url_config(address)) if address else {}
        except (ValueError, ImproperlyConfigured):
            raise refuse(var, "...", f"an address such as {MAIL_ADDRESSES}") from None

    def mail_provider(self, var: str, *, name: str) -> tuple[str, dict[str, Any] | None]:
        """The mail provider that an address names, with its settings; else the one of the other variable, and None."""
        chosen = str(self.str(name, "")).strip().lower().replace("-", "_")
        scheme, ends, rest = str(self.str(var, "")).partition("://")
        try:
            found = mail_providers.of_url(_encoded(var, scheme.replace("_", "-") + ends + rest))
        except ValueError:
            wanted = f"an address such as {MAIL_ADDRESSES}; or unset it and set {name}, with the provider's variables"
            raise refuse(var, "...", wanted) from None
        if found and chosen not in ("", found[0]):
            raise refuse(name, chosen, f"{found[0]} or unset, since {var} names that provider")
        return found or (chosen, None)


def _encoded(variable: str, address: str) -> str:
    """The address, unless a sign in its user or password ends them too early."""
    try:
        is_cut = "@" in address and "@" not in urlsplit(address).netloc
    except ValueError:
        is_cut = True
    if is_cut:
        how = "percent-encoded in user and password: %2F for /, %23 for #, %3F for ?, %5B for [, %5D for ], %40 for @"
        raise refuse(variable, "...", how)
    return address


def refuse(variable: str, value: str, wanted: str) -> SystemExit:
    return SystemExit(
        f"The environment variable {variable} is {value!r} but has to be {wanted}: correct it in the environment or in "
        "the file .env."
    )
