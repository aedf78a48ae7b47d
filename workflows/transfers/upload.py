"""A file on its way into an import: bounded as it arrives, and stored; reading it is the workers' work."""

from __future__ import annotations

import datetime as dt
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpRequest

from contacts import cleaning
from contacts.models import BusinessEntity
from workflows.models import ImportRun
from workflows.transfers import files

MAX_BYTES: Final = 50_000_000  # 100,000 lines have about 20 MB
TOO_LARGE = "The file is larger than 50 MB. Split it, or remove columns that nobody needs here."
BYTES_OF_A_LINE = 200  # about, before the lines are counted


class LimitedUpload(TemporaryFileUploadHandler):
    """Keeps no more than an import may have; what comes beyond is read and thrown away, so that we can say why.

    A file that comes to another page, or from somebody who may not import, ends the reading of the body.
    """

    def new_file(self, *args: Any, **options: Any) -> None:
        if not _is_wanted(self.request):
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **options)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > MAX_BYTES:
            if self.request is not None:
                self.request.META["UPLOAD_TOO_LARGE"] = True
            raise StopUpload
        super().receive_data_chunk(raw_data, start)


def _is_wanted(request: HttpRequest | None) -> bool:
    page = request.resolver_match if request is not None else None
    if request is None or page is None or page.view_name != settings.UPLOAD_PAGE:
        return False
    return bool(request.user.is_staff and request.user.has_perms(settings.UPLOAD_PERMISSIONS))


@transaction.atomic
def receive(
    *, file: BinaryIO, file_name: str, source: str, business_entity: BusinessEntity | None, by: Any, now: dt.datetime
) -> ImportRun:
    """Keep the file; nothing of it is read but its first bytes. Raises FileRefused."""
    files.refuse_other_kinds(file)
    size = file.seek(0, 2)
    run = ImportRun.objects.create(
        file_name=(cleaning.line(file_name) or "list")[-200:],
        source=source,
        business_entity=business_entity,
        created_by=by if isinstance(by, User) else None,
        created_at=now,
        total=max(size // BYTES_OF_A_LINE, 1),
    )
    file.seek(0)
    run.keep(file)
    return run
