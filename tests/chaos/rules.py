"""Rules that the database of the harness adds: short leases and waits, and the designs that have to be caught."""

from __future__ import annotations

from django.db import connection

LEASE_SECONDS = 12  # for all leases: longer than anything takes here, and short enough to wait for
RETRY_SECONDS = 5  # at most, until what could not be handed over is tried again

_FUNCTION = "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$"
_TRIGGER = """
    CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()
"""
_ACTION, _MESSAGE = "workflows_scheduledaction", "engagement_message"
_UNCLEAR = "OLD.status = 'sending' AND NEW.status = 'ambiguous'"

SOON = (
    (
        "chaos_lease",
        _ACTION,
        "NEW.lease_until IS NOT NULL",
        f"NEW.lease_until := least(NEW.lease_until, clock_timestamp() + interval '{LEASE_SECONDS} s');",
    ),
    (
        "chaos_wait",
        _ACTION,
        "OLD.status <> 'pending' AND NEW.status = 'pending'",
        f"NEW.next_attempt_at := least(NEW.next_attempt_at, clock_timestamp() + interval '{RETRY_SECONDS} s');",
    ),
)
RETRY = (
    ("chaos_rule", _ACTION, _UNCLEAR, "NEW.status := 'pending'; NEW.next_attempt_at := clock_timestamp();"),
    ("chaos_words", _MESSAGE, _UNCLEAR, "NEW.status := 'failed';"),
)
MARK_FIRST = (("chaos_rule", _ACTION, _UNCLEAR, "NEW.status := 'done'; NEW.finished_at := clock_timestamp();"),)
DESIGNS = {"ours": (), "retry": RETRY, "mark first": MARK_FIRST}


def install(design: str) -> None:
    """Short leases and waits, and the rules of the design instead of those of the one before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DROP TRIGGER IF EXISTS chaos_rule ON {_ACTION}; DROP TRIGGER IF EXISTS chaos_words ON {_MESSAGE}"
        )
        for name, table, when, body in (*SOON, *DESIGNS[design]):
            cursor.execute(_FUNCTION.format(name=name, body=body))
            cursor.execute(_TRIGGER.format(name=name, table=table, when=when))
