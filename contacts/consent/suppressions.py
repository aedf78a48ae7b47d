"""Addresses that receive nothing, whoever asks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower, Now

from contactflow.core import mail_addresses, prepared
from contacts.consent import address_hashes
from contacts.consent.taking_back import take_back
from contacts.models import Contact, ContactEvent, Suppression

KEPT = "Kept when the contact was deleted"
ERASURE = "erasure"  # the actor of those whose person was erased on request
# Through the unique index; one statement whatever their number. Beside each address how it may stand there.
_KEPT_OUT = """
    SELECT address FROM unnest(CAST(%(addresses)s AS text[]) {more}, CAST(%(kept)s AS text[]) {more})
        AS pair (address, kept)
    WHERE (
        SELECT 1 FROM contacts_suppression AS stop
        WHERE lower(stop.email) = pair.kept AND reason IN ('manual', 'erased')
          AND (until IS NULL OR until > clock_timestamp())
        LIMIT 1
    ) = 1
"""
# Addresses that come in again are written out where they stood as a hash, so that whoever looks for them finds them,
# and every statement that judges them does. What it returns is here again.
KNOWN_AGAIN_SQL = """
    UPDATE contacts_suppression AS kept SET email = arriving.address
    FROM (
        SELECT * FROM unnest(CAST(%(addresses)s AS text[]), CAST(%(kept)s AS text[])) AS pair (address, kept)
        UNION ALL SELECT address, contacts_address_hash(address) FROM unnest(CAST(%(emails)s AS text[])) AS address
    ) AS arriving
    WHERE lower(kept.email) = arriving.kept
      AND NOT EXISTS (SELECT 1 FROM contacts_suppression AS other WHERE lower(other.email) = arriving.address)
    RETURNING arriving.address, kept.reason
"""
# The first reason stays, unless the new one weighs more: for good instead of for a time, everything instead of
# marketing, a complaint instead of a bounce, anything instead of a limit that waits for staff.
_SUPPRESS = """
    INSERT INTO contacts_suppression AS known (email, reason, scope, detail, actor, until)
    VALUES (%(email)s, %(reason)s, %(scope)s, %(detail)s, %(actor)s, %(until)s)
    ON CONFLICT (lower(email)) DO UPDATE
    SET reason = EXCLUDED.reason, scope = EXCLUDED.scope, detail = EXCLUDED.detail, actor = EXCLUDED.actor,
        until = EXCLUDED.until, created_at = clock_timestamp()
    WHERE known.until <= clock_timestamp()
       OR (known.until IS NOT NULL AND (EXCLUDED.until IS NULL OR EXCLUDED.until > known.until)
           AND (EXCLUDED.scope = 'everything' OR known.scope = 'marketing'))
       OR (known.scope = 'marketing' AND EXCLUDED.scope = 'everything' AND EXCLUDED.until IS NULL)
       OR (known.reason = 'bounced' AND EXCLUDED.reason = 'complained' AND EXCLUDED.until IS NULL)
       OR (known.reason = 'limit' AND EXCLUDED.reason <> 'limit' AND EXCLUDED.until IS NULL)
"""


def kept_out_sql(more: str = "") -> str:
    """The question of `kept_out` for a statement; `more` adds addresses that the database knows."""
    return _KEPT_OUT.format(more=more)


def pairs(emails: Collection[str]) -> dict[str, list[str]]:
    """What `kept_out_sql` and KNOWN_AGAIN_SQL take, for addresses as they are stored."""
    found = [(email, kept) for email in emails for kept in (email, *address_hashes.every(email))]
    return {"emails": list(emails), "addresses": [email for email, _ in found], "kept": [kept for _, kept in found]}


def kept_out(*, emails: Collection[str]) -> frozenset[str]:
    """Those of the normalised addresses that staff entered as not to be contacted, or whose owner was erased so."""
    return frozenset(address for (address,) in prepared.rows(kept_out_sql(), pairs(emails)))


def erased(*, emails: Collection[str]) -> frozenset[str]:
    """Those of the normalised addresses whose person was erased on request and has not come back by themselves."""
    meant = {kept: email for email in emails for kept in address_hashes.every(email)}
    rows = Suppression.objects.filter(actor=ERASURE).annotate(address=Lower("email")).filter(address__in=list(meant))
    return frozenset(meant[kept] for kept in rows.values_list("address", flat=True))


def standing() -> QuerySet[Suppression]:
    """Those that are not over."""
    return Suppression.objects.filter(Q(until__isnull=True) | Q(until__gt=Now()))


def suppressions_of(*, emails: Iterable[str]) -> dict[str, Suppression]:
    """Those that stand, by address, however it was entered; of somebody erased it stands as a hash."""
    meant: dict[str, str] = {}
    for email in emails:
        folded = mail_addresses.folded(email)
        meant |= dict.fromkeys([folded, *address_hashes.every(email)], folded)
    # Through LOWER(email), which the unique index serves.
    rows = standing().alias(address=Lower("email")).filter(address__in=list(meant))
    return {meant[one.email.lower()]: one for one in rows}


def suppression_of(*, email: str) -> Suppression | None:
    """What stands against an address, however it was entered."""
    return suppressions_of(emails=[email]).get(mail_addresses.folded(email))


def suppress(
    *,
    email: str,
    reason: str,
    detail: str = "",
    actor: str = "",
    scope: str = Suppression.Scope.EVERYTHING,
    until: dt.datetime | None = None,
) -> Suppression:
    """Let the address receive nothing, whoever asks; the first reason stays unless the new one weighs more."""
    if (known := suppression_of(email=email)) is not None and address_hashes.is_hash(known.email):
        return known
    address = mail_addresses.folded(email)
    values = {"email": address, "reason": reason, "scope": scope, "detail": detail[:300], "actor": actor[:160]}
    with connection.cursor() as cursor:
        cursor.execute(_SUPPRESS, {**values, "until": until})
    take_back(Contact.objects.filter(email=address).values_list("pk", flat=True))
    return Suppression.objects.alias(address=Lower("email")).get(address=address)


def end_suppression(*, email: str, actor: str) -> bool:
    """End what a machine entered for a time, when the same machine knows better; what anybody else entered stays."""
    address = mail_addresses.folded(email)
    rows = Suppression.objects.alias(address=Lower("email")).filter(address=address, actor=actor, until__isnull=False)
    return bool(rows.delete()[0])


@transaction.atomic
def lift_suppression(*, suppression: Suppression, why: str, colleague: str) -> bool:
    """Let the address receive again, as a colleague decides; the person's timeline says who and why. False where
    nothing stood any more. It lifts neither Do Not Contact nor a withdrawn consent.
    """
    contact = Contact.objects.select_for_update(no_key=True, of=("self",)).filter(email=suppression.email).first()
    if not Suppression.objects.filter(pk=suppression.pk).delete()[0]:
        return False
    if contact is not None:
        ContactEvent.objects.create(
            contact=contact,
            kind="contact_updated",
            source=ContactEvent.Source.ADMIN,
            event_key=f"suppression_lifted:{uuid.uuid4().hex}",
            payload={"how": why[:200], "colleague": colleague},
            changes={"suppressed": [suppression.get_reason_display(), ""]},
            processed_at=Now(),  # it starts nothing: a colleague decides what may begin again
        )
    return True


def suppress_erased(*, emails: Iterable[str]) -> None:
    """Let addresses receive nothing because their person is erased, whatever else spoke against them before."""
    meant = pairs([mail_addresses.folded(email) for email in set(emails)])
    known = Suppression.objects.annotate(address=Lower("email")).filter(address__in=meant["kept"])
    stands = dict(zip(meant["kept"], meant["addresses"], strict=True))
    missing = {*meant["emails"]} - {stands[kept] for kept in known.values_list("address", flat=True)}
    Suppression.objects.bulk_create([Suppression(email=one) for one in sorted(missing)])
    why = {"reason": Suppression.Reason.ERASED, "scope": Suppression.Scope.EVERYTHING}
    known.all().update(**why, actor=ERASURE, detail="", until=None)


def hash_suppressions(*, emails: Iterable[str]) -> None:
    """Keep of these addresses only a keyed hash. Should one come in again, contacts.intake writes it out again."""
    rows = Suppression.objects.alias(address=Lower("email")).filter(address__in=[one.lower() for one in emails])
    for row in rows:
        detail = row.detail if row.detail.startswith(KEPT) else KEPT
        hashed = address_hashes.hashed(row.email)
        Suppression.objects.filter(email=hashed).delete()  # of an earlier time: this one is newer
        rows.filter(pk=row.pk).update(email=Value(hashed), detail=detail)


def unreadable_hashes() -> int:
    """How many were hashed with a key that is gone: should such an address come in again, nobody knows it."""
    known = Q()
    for name in address_hashes.known_keys():
        known |= Q(email__startswith=f"{address_hashes.PREFIX}{name}:")
    return Suppression.objects.filter(email__startswith=address_hashes.PREFIX).exclude(known).count()
