"""The same request twice is done once: what was answered to an Idempotency-Key is kept for a day.

The answer is stored in the transaction that does the work. So a crash leaves neither, and of two requests at once the
second waits on the unique constraint until the first has committed, then repeats its answer.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from psycopg.errors import LockNotAvailable

from contactflow.api import keys, problems
from contactflow.models import IdempotentAnswer

WAIT = "5s"  # for a request under way with the same key
SWEEP_EVERY = 100  # requests, on average; a sweep takes away more than as many requests leave behind
SWEEP = 1000  # expired answers removed at a time

# Takes the key for this request: no row back means that an answer of the last day holds it.
CLAIM = f"""
    INSERT INTO {IdempotentAnswer._meta.db_table} AS held (caller, key, fingerprint, created_at)
    VALUES (%s, %s, %s, clock_timestamp())
    ON CONFLICT (caller, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = excluded.created_at
        WHERE held.created_at < excluded.created_at - interval '1 day'
    RETURNING id
"""  # noqa: S608  # the only thing put in is our own table's name
# By the time of the statement, which is one value: of a clock that moves on, the index knows nothing.
EXPIRED = f"""
    DELETE FROM {IdempotentAnswer._meta.db_table} WHERE id IN (
        SELECT id FROM {IdempotentAnswer._meta.db_table} WHERE created_at < statement_timestamp() - interval '1 day'
        ORDER BY created_at LIMIT {SWEEP} FOR UPDATE SKIP LOCKED)
"""  # noqa: S608  # likewise
# Not an answer to this request's content: asked again it may be answered otherwise.
NOT_KEPT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})

_KEY = re.compile(r"(?! *\Z)[\x20-\x7e]{1,255}\Z")


class IdempotencyMiddleware:
    """Wraps POST requests of the API that carry an Idempotency-Key; every other request passes untouched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or not request.path_info.startswith(problems.OURS):
            return self.get_response(request)
        if not _KEY.match(key):
            return problems.answer(400, "Idempotency-Key has to be 1 to 255 printable ASCII characters.")
        try:
            caller = keys.caller_of(request)
            if caller is None:
                return self.get_response(request)  # the view answers 401
            return self._answer_once(request, caller, key, _fingerprint(request))
        except RequestDataTooBig:
            return problems.answer(413, problems.TOO_LARGE)
        except problems.DATABASE_GONE as error:
            return problems.unavailable(request, error)

    def _answer_once(self, request: HttpRequest, caller: str, key: str, fingerprint: str) -> HttpResponse:
        with transaction.atomic():
            try:
                taken = _claim(caller, key, fingerprint)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                transaction.set_rollback(True)
                return problems.answer(
                    409, "A request with this Idempotency-Key is under way: try again.", **{"Retry-After": "2"}
                )
            if taken is None:
                return _repeat(caller, key, fingerprint)
            response = self.get_response(request)
            _keep(taken, response)
            return response


def _claim(caller: str, key: str, fingerprint: str) -> int | None:
    """The id of the row that is now ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT])
        cursor.execute(CLAIM, [caller, key, fingerprint])
        row = cursor.fetchone()
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
        if random.randrange(SWEEP_EVERY) == 0:  # noqa: S311  # no secret
            cursor.execute(EXPIRED)
    return row[0] if row else None


def _repeat(caller: str, key: str, fingerprint: str) -> HttpResponse:
    kept = IdempotentAnswer.objects.get(caller=caller, key=key)
    if kept.fingerprint != fingerprint:
        return problems.answer(
            422, "This Idempotency-Key was used for another request: use a new key for a new request."
        )
    status = kept.status or 200  # null only inside the transaction that does the work
    kind = problems.CONTENT_TYPE if status >= 400 else "application/json"
    content = kept.body or ""
    return HttpResponse(content, status=status, content_type=kind, headers={"Idempotent-Replayed": "true"})


def _keep(pk: int, response: HttpResponse) -> None:
    """Store the answer, or undo everything where there is none worth repeating."""
    if response.status_code >= 500 or response.status_code in NOT_KEPT:
        transaction.set_rollback(True)
        return
    # Kept as text, so that it is repeated to the letter; as JSON the database would sort its names.
    try:
        with transaction.atomic():
            IdempotentAnswer.objects.filter(pk=pk).update(status=response.status_code, body=response.content.decode())
    except DatabaseError:  # the work was refused by the database itself: nothing of it stands, and nothing is kept
        transaction.set_rollback(True)


def _fingerprint(request: HttpRequest) -> str:
    about = f"{request.method} {request.path_info.rstrip('/')}\n".encode()
    return hashlib.sha256(about + request.body).hexdigest()
