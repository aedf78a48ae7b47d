"""The one clock of the engine: the database's."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.core.exceptions import ValidationError
from django.db import connection

YEARS = range(1900, 2200)


def database_now() -> datetime:
    """The database's time at this moment (not at the start of the transaction), aware, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cast(datetime, cursor.fetchone()[0])


def validate_moment(moment: datetime) -> None:
    """For what people type: at the ends of the calendar a time zone, or the database, may have no such moment."""
    if moment.year not in YEARS:
        raise ValidationError(f"Give a year between {YEARS[0]} and {YEARS[-1]}.")
