"""Lists of people on their way in and out: each run with its file, its lines and how far it is.

Files and lines are rows, because the one who uploads or downloads talks to another machine than the one that works.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import IO, Any, ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from contacts.imports import REJECTION_COLUMNS
from contacts.models import BusinessEntity, Contact

WORKING: Final = ("reading", "checking", "applying", "preparing")  # states in which a worker is to be busy
LEASE = dt.timedelta(seconds=90)  # a batch takes a second or two
FORGOTTEN = dt.timedelta(seconds=30)  # a run that nobody took up for so long is the pump's
CHUNK = 1 << 20


class SavedMapping(models.Model):
    """Which column of a source filled which field the last time, for files with the same header."""

    source = models.CharField(max_length=80)
    header_digest = models.CharField(max_length=64)
    header = models.JSONField(default=list)
    fields = models.JSONField(default=list, help_text="For each column: the field it fills; empty for none.")
    date_order = models.CharField(max_length=10, blank=True, help_text="Whether the day or the month comes first.")
    values = models.JSONField(default=dict, help_text="{field: {unknown value: the name that is meant}}")
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("source", "-used_at")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "header_digest"], name="one_mapping_per_source_and_header"),
        ]

    def __str__(self) -> str:
        return self.source


class Lost(Exception):
    """Somebody cancelled the run, or another worker took over: what the batch did is undone."""


class NotPossible(Exception):
    """The state of the run, or what was asked for, does not allow it; the message says why and what to do."""

    permanent = True


class RunQuerySet(models.QuerySet[Any]):
    def free(self) -> Self:
        """To be worked on, and held by nobody: not taken up yet, or by a worker that died."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), state__in=WORKING)

    def claim(self, pk: uuid.UUID) -> Any:
        """The run, held by the caller; None when there is nothing to do or somebody else does it."""
        crashes = F("crashes") + Case(When(lease_until__isnull=False, then=1), default=0)
        held = {"token": uuid.uuid4(), "lease_until": Now() + Value(LEASE), "crashes": crashes}
        return self.get(pk=pk) if self.free().filter(pk=pk).update(**held) else None

    def forgotten(self) -> Self:
        """Nobody works on them although somebody should: the queue lost them, or their worker died."""
        return self.free().filter(queued_at__lt=Now() - Value(FORGOTTEN)).order_by("queued_at")


class ListRun(models.Model):
    """What imports and exports have in common: who asked, the file, and how a worker holds and leaves the work.

    A worker that holds the lease renews it with every batch; one that died leaves it to run out.
    """

    OPEN: ClassVar[Sequence[str]] = WORKING  # states in which it can be stopped
    chunks: Any
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, verbose_name="by"
    )
    created_at = models.DateTimeField("asked for", db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    state = models.CharField(max_length=10, editable=False)
    cursor = models.PositiveIntegerField(default=0, editable=False, help_text="The last line that was done.")
    total = models.PositiveIntegerField(default=0, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = models.UUIDField(null=True, blank=True, editable=False)
    crashes = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row, without any progress.")
    trouble = models.TextField(blank=True, editable=False, help_text="Why it failed, for a person.")

    objects = RunQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="%(class)s_newest_first"),  # the list and its pages
            # RunQuerySet.forgotten: what a worker should be busy with.
            models.Index(fields=["queued_at"], condition=Q(state__in=WORKING), name="%(class)s_working"),
        ]

    @property
    def is_working(self) -> bool:
        return self.state in WORKING

    def move(self, states: Sequence[str], state: str, **values: Any) -> None:
        """To another state, from one of these. Raises NotPossible."""
        if not type(self)._default_manager.filter(pk=self.pk, state__in=states).update(state=state, **values):
            self.refresh_from_db()
            now: str = self.get_state_display().lower()  # type: ignore[attr-defined]  # of the choices of each kind
            raise NotPossible(f"This is not possible any more: the {self._meta.verbose_name} is {now}.")
        self.refresh_from_db()

    def advance(self, **values: Any) -> None:
        """Note how far it is; within the transaction of the batch, which is undone by `Lost`. A batch is done once."""
        held = type(self)._default_manager.filter(pk=self.pk, token=self.token, state=self.state)
        if held.update(lease_until=Now() + Value(LEASE), crashes=0, **values) != 1:
            raise Lost
        for name, value in values.items():
            setattr(self, name, value)

    def release(self, **values: Any) -> None:
        """Let the next one take it at once."""
        held = type(self)._default_manager.filter(pk=self.pk, token=self.token)
        held.update(lease_until=None, token=None, **values)

    def fail(self, trouble: str) -> None:
        """End it with a reason that a person reads."""
        self.release(state="failed", trouble=trouble, ended_at=Now())

    def keep(self, file: IO[bytes]) -> None:
        """Store the file, from where it stands, instead of what is stored."""
        self.chunks.all().delete()
        for number, data in enumerate(iter(lambda: file.read(CHUNK), b"")):
            self.chunks.create(number=number, data=data)

    def content(self) -> Iterator[bytes]:
        """The file, a piece at a time: the whole is never in memory."""
        for number in list(self.chunks.values_list("number", flat=True)):
            yield bytes(self.chunks.values_list("data", flat=True).get(number=number))


class Chunk(models.Model):
    """A piece of a file."""

    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        abstract = True
        ordering = ("number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "number"], name="one_%(class)s")]

    def __str__(self) -> str:
        return f"{self.number}"


class ImportRun(ListRun):
    """One file on its way in. Nothing of it reaches the contacts before somebody applies it."""

    OPEN = (*WORKING, "columns", "ready")

    class State(models.TextChoices):
        READING = "reading", "Reading the file"  # stored; line by line into rows
        COLUMNS = "columns", "Columns to be chosen"  # every line is a row; a person says what the columns mean
        CHECKING = "checking", "Checking"  # judged and taken back
        READY = "ready", "Waiting for you to apply it"  # a person looks at the preview
        APPLYING = "applying", "Applying"  # cursor says how far
        DONE = "done", "Done"  # every line is stored or rejected
        CANCELLED = "cancelled", "Cancelled"  # what was applied before stays
        FAILED = "failed", "Failed"  # trouble says why; what was applied before stays

    state = models.CharField(max_length=10, choices=State, default=State.READING, editable=False)
    file_name = models.CharField(max_length=200)
    source = models.CharField(max_length=80)
    business_entity = models.ForeignKey(
        BusinessEntity, on_delete=models.SET_NULL, null=True, blank=True, verbose_name="brand"
    )
    header = models.JSONField(default=list)
    samples = models.JSONField(default=list, help_text="The first values of every column.")
    fields = models.JSONField(default=list, help_text="For each column: the field it fills; empty for none.")
    date_evidence = models.JSONField(default=list, help_text="For each column: what its dates say of their order.")
    date_order = models.CharField(max_length=10, blank=True, help_text="Whether the day or the month comes first.")
    values = models.JSONField(default=dict, help_text="{field: {unknown value: the name that is meant}}")
    unknown = models.JSONField(default=dict, help_text="{field: {value: lines}} of the preview, to be mapped.")
    start_workflows = models.BooleanField(default=False)
    foreseen = models.JSONField(default=dict, help_text="The preview in numbers.")
    forecast = models.JSONField(default=dict, help_text="By workflow: people, emails, when the first goes out.")
    applied = models.JSONField(default=dict, help_text="What became of the lines, in numbers.")
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    is_cleared = models.BooleanField(default=False, help_text="Its lines were deleted after some weeks.")

    class Meta(ListRun.Meta):
        verbose_name = "import"
        verbose_name_plural = "imports"

    def __str__(self) -> str:
        return self.file_name

    @property
    def outcome(self) -> str:
        """The field of its lines that says what they become."""
        return "became" if self.applied_at else "foreseen"

    @property
    def counted(self) -> str:
        """Its own field that says how many lines become what."""
        return "applied" if self.applied_at else "foreseen"

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = getattr(self, self.counted)
        return counts

    @property
    def can_go_on(self) -> bool:
        return self.state in (self.State.CANCELLED, self.State.FAILED) and bool(self.cursor) and not self.is_cleared

    def rejected(self) -> models.QuerySet[ImportLine]:
        """In the order of the file."""
        return self.lines.filter(**{self.outcome: ImportLine.Became.REJECTED})

    def rejected_table(self) -> Iterator[list[Any]]:
        """With number and reason of each, to be corrected and imported; with a header, as an import reads it."""
        yield [*REJECTION_COLUMNS, *self.header]
        for row in self.rejected().iterator(chunk_size=500):
            yield [row.number, row.reason, *row.cells]


class ImportChunk(Chunk):
    """Of an uploaded file, until it is read."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="chunks")


class ImportLine(models.Model):
    """One record of the file: what it would become, and what became of it."""

    class Became(models.TextChoices):
        UNKNOWN = "", "Not judged yet"
        CREATED = "created", "New"
        UPDATED = "updated", "Changed"
        UNCHANGED = "unchanged", "Unchanged"
        REJECTED = "rejected", "Rejected"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="The line of the file on which the record starts.")
    cells = models.JSONField(default=list)
    unreadable = models.TextField(blank=True, help_text="Why the record could not be read at all.")
    person = models.CharField(max_length=320, blank=True)
    foreseen = models.CharField(max_length=10, choices=Became, default=Became.UNKNOWN, blank=True)
    became = models.CharField(max_length=10, choices=Became, default=Became.UNKNOWN, blank=True)
    is_repeat = models.BooleanField(default=False, help_text="The person stands earlier in the file.")
    changes = models.JSONField(default=dict, help_text="{field: [before, after]}")
    reason = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    starts = models.JSONField(default=list, help_text="Ids of the workflows it would start.")
    differs = models.BooleanField(default=False, help_text="Became something else than was foreseen.")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "position"], name="one_import_line")]
        indexes: ClassVar = [
            models.Index(fields=["run", "foreseen", "position"], name="import_line_foreseen"),  # the preview, filtered
            models.Index(fields=["run", "became", "position"], name="import_line_became"),  # the result, filtered
            # The earlier lines of the people of a batch.
            models.Index(fields=["run", "person", "position"], name="import_line_person"),
        ]

    def __str__(self) -> str:
        return f"line {self.number}"


class ExportRun(ListRun):
    """A file with people, made for the one who asked for it and deleted after some days."""

    class State(models.TextChoices):
        PREPARING = "preparing", "Preparing the file"  # cursor says how far
        READY = "ready", "Ready"  # to be downloaded until expires_at
        EXPIRED = "expired", "Deleted"  # the file is gone, that it was made is kept
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"  # trouble says why

    class Format(models.TextChoices):
        CSV = "csv", "CSV, for any program"
        XLSX = "xlsx", "Excel (.xlsx)"

    state = models.CharField(max_length=10, choices=State, default=State.PREPARING, editable=False)
    format = models.CharField(max_length=4, choices=Format, default=Format.CSV)
    columns = models.JSONField(default=list)
    filters = models.CharField("which people", max_length=500, default="Everybody", help_text="In words.")
    is_everybody = models.BooleanField(default=True, help_text="Not a filtered list, whose people are rows.")
    reached = models.JSONField(default=list, help_text="Where the people read last stand.")
    is_gathered = models.BooleanField(default=False)
    size = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)
    downloaded_at = models.DateTimeField(null=True, blank=True)

    class Meta(ListRun.Meta):
        verbose_name = "export"
        verbose_name_plural = "exports"
        permissions: ClassVar = [("download_any_exportrun", "Can download the exports of others")]

    def __str__(self) -> str:
        return f"contacts-{self.created_at:%Y-%m-%d}.{self.format}"


class ExportPerson(models.Model):
    """Somebody who stood in the list as it was filtered when it was asked for; gone when the file is made."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="people")
    position = models.PositiveIntegerField()
    contact_id = models.UUIDField()

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "position"], name="one_export_person")]

    def __str__(self) -> str:
        return f"{self.position}"


class ExportChunk(Chunk):
    """Of a file to be downloaded."""

    run = models.ForeignKey(ExportRun, on_delete=models.CASCADE, related_name="chunks")
