"""An uploaded file -> a run that waits for its columns to be chosen."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Any, BinaryIO, Final

from django.contrib.auth.models import User
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.db import transaction

from contacts import cleaning
from contacts.imports import FileRefused, Rejected
from contacts.models import BusinessEntity
from workflows.models import ImportChunk, ImportRun
from workflows.transfers import column_mapping, files

MAX_BYTES: Final = 50_000_000  # 100,000 lines have about 20 MB
TOO_LARGE = "The file is larger than 50 MB. Split it, or remove columns that nobody needs here."
CHUNK = 1 << 20
SAMPLES = 3
LOOKED_AT = 50  # records at the top, for samples
FIRST_CELLS = 120


class LimitedUpload(TemporaryFileUploadHandler):
    """Keeps no more than an import may have; what comes beyond is read and thrown away, so that we can say why."""

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > MAX_BYTES:
            if self.request is not None:
                self.request.META["UPLOAD_TOO_LARGE"] = True
            raise StopUpload
        super().receive_data_chunk(raw_data, start)


@transaction.atomic
def receive(
    *, file: BinaryIO, file_name: str, source: str, business_entity: BusinessEntity | None, by: Any, now: dt.datetime
) -> ImportRun:
    """Keep the file and look at its top. Raises FileRefused."""
    size = file.seek(0, 2)
    if size > MAX_BYTES:
        raise FileRefused(TOO_LARGE)
    opened = files.open_file(file)
    header = [str(cleaning.plain(name)) for name in opened.header]
    samples, some = _samples(opened, len(header))
    if not some:
        raise FileRefused("The file has a header and not a single line below it.")
    run = ImportRun.objects.create(
        file_name=(cleaning.line(file_name) or "list")[-200:],
        file_size=size,
        source=source,
        business_entity=business_entity,
        created_by=by if isinstance(by, User) else None,
        created_at=now,
        header=header,
        samples=samples,
        total=max(opened.total_lines - 1, 1),
    )
    run.fields = list(column_mapping.proposed(run))
    run.save(update_fields=["fields"])
    _keep(run, file)
    return run


def _samples(opened: files.Opened, width: int) -> tuple[list[list[str]], int]:
    """The first values of every column that are not empty, and how many records there are among the first."""
    found: list[list[str]] = [[] for _ in range(width)]
    some = 0
    records = iter(opened)
    for record in islice(records, LOOKED_AT):
        some += 1
        cells = [] if isinstance(record, Rejected) else record[1]
        for column, cell in zip(found, cells, strict=False):
            text = str(cleaning.plain(cell)).strip()
            if text and len(column) < SAMPLES:
                column.append(text[:FIRST_CELLS])
    close = getattr(records, "close", None)
    if close is not None:
        close()
    return found, some


def _keep(run: ImportRun, file: BinaryIO) -> None:
    file.seek(0)
    number = 0
    while data := file.read(CHUNK):
        ImportChunk.objects.create(run=run, number=number, data=data)
        number += 1
