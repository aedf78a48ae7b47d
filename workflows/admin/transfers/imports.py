"""Imports in the admin: upload, columns, preview, result. Nothing reaches the contacts before "Apply"."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse

from contactflow.core import clock, numbers
from contactflow.core.admin.model_admin import column
from contacts import reference_data
from contacts.imports import FileRefused, dates
from contacts.imports.cells import CUSTOM, defused
from contacts.models import BusinessEntity
from workflows.admin.executions import export
from workflows.admin.transfers import import_lines
from workflows.admin.transfers.pages import TransferAdmin
from workflows.models import ImportRun
from workflows.transfers import column_mapping, job_runner, rejections, runs, upload

State = ImportRun.State
STEPS = ("File", "Columns", "Preview", "Result")
STEP_OF = {State.READING: 2, State.COLUMNS: 2, State.CHECKING: 3, State.READY: 3, State.APPLYING: 4}

DOING = {State.READING: "Reading the file", State.CHECKING: "Checking", State.APPLYING: "Applying"}
ORDERS = ((dates.DAY, "The day first: 3 April for 03/04"), (dates.MONTH, "The month first: March 4 for 03/04"))


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        error_messages={"required": "Choose the file with the people.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"class": "desk-input", "accept": ".csv,.tsv,.txt,.xlsx"}),
        help_text="CSV, TSV or Excel (.xlsx), up to 50 MB. The first line names the columns.",
    )
    source = forms.CharField(
        label="Where it comes from",
        max_length=80,
        error_messages={"required": "Give the source a name, such as Newsletter export."},
        widget=forms.TextInput(attrs={"class": "desk-input", "list": "sources", "autocomplete": "off"}),
        help_text="A name for files of this kind, such as Newsletter export. Its columns are remembered under it.",
    )
    business_entity = forms.ModelChoiceField(
        BusinessEntity.objects.all(),
        label="Brand of people whose line names none",
        required=False,
        empty_label="The routing rules decide",
        widget=forms.Select(attrs={"class": "desk-input"}),
    )


@admin.register(ImportRun)
class ImportRunAdmin(TransferAdmin):
    when_empty = "No list came in yet. Import one: you see every change before anything is stored."
    list_display = ("file_name", "source", "state_word", "outcome", "who", "when")
    search_fields = ("file_name", "source")
    search_help_text = "Search by file or source."

    class Media:
        css: ClassVar = {"all": ("workflows/transfers.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(("contacts.add_contact", "contacts.change_contact")))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The lines are people, so whoever sees them may see contacts."""
        return bool(request.user.has_perm("contacts.view_contact")) and super().has_view_permission(request, obj)

    def pages(self) -> dict[str, Callable[..., Any]]:
        return {
            "columns": self.columns_view,
            "values": self._deed(_mean),
            "again": self._deed(lambda request, run: runs.choose_again(run=run)),
            "apply": self._deed(_apply),
            "cancel": self._deed(lambda request, run: runs.cancel(run=run)),
            "continue": self._deed(lambda request, run: runs.go_on(run=run)),
            "rejected": self.rejected_view,
        }

    # Pages

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if request.META.get("UPLOAD_TOO_LARGE"):
            form.errors["file"] = form.error_class([upload.TOO_LARGE])
        elif request.method == "POST" and form.is_valid():
            run = self._received(request, form)
            if run is not None:
                return self.to(run)
        context = {"form": form, "sources": column_mapping.sources(), "max_bytes": upload.MAX_BYTES, "step": 1}
        return self._page(request, "upload", "Import contacts", context)

    def columns_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self._to_change(request, object_id)
        if request.method != "POST":
            return self.to(run)
        width = range(len(run.header))
        choice = column_mapping.judge(
            run=run,
            picked=[request.POST.get(f"field-{number}", "") for number in width],
            names=[request.POST.get(f"name-{number}", "") for number in width],
            date_order=request.POST.get("date_order", ""),
        )
        if not choice.is_valid:
            return self.show(request, run, choice)
        return self._done(request, run, lambda: runs.check(run=run, choice=choice))

    def rejected_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        run = self.run(request, object_id)
        name = run.file_name.rpartition(".")[0] or run.file_name
        return StreamingHttpResponse(
            _rejected_lines(run),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{_plain(name)}.rejected.csv"'},
        )

    # Their pieces

    def _received(self, request: HttpRequest, form: UploadForm) -> ImportRun | None:
        given = form.cleaned_data
        try:
            run = upload.receive(
                file=given["file"].file,
                file_name=given["file"].name,
                source=" ".join(given["source"].split()),
                business_entity=given["business_entity"],
                by=request.user,
                now=clock.database_now(),
            )
        except FileRefused as refusal:
            form.add_error("file", str(refusal))
            return None
        job_runner.begin(run)
        run.refresh_from_db()
        if run.state == State.FAILED:
            form.add_error("file", run.trouble)
            run.delete()
            return None
        if run.state not in (State.READING, State.COLUMNS):
            messages.info(request, f"The columns are taken as the last time for “{run.source}”.")
        return run

    def show(self, request: HttpRequest, run: ImportRun, choice: column_mapping.Choice | None = None) -> HttpResponse:
        may_change = self.has_add_permission(request)
        context: dict[str, Any] = {"may_change": may_change, "step": self._step(run), "can_go_on": runs.can_go_on(run)}
        if run.state == State.COLUMNS:
            context |= {"columns": _columns(run, choice), "choices": column_mapping.choices(), "choice": choice}
            context |= {"date_order": choice.date_order if choice else run.date_order, "orders": ORDERS}
            context["repeated"] = column_mapping.columns_of(run).repeated()
            return self._page(request, "columns", "What the columns mean", context, run)
        if run.is_working:
            return self._page(request, "working", str(run), context | self.progress_of(request, run), run)
        context |= self._lines(request, run)
        if run.state == State.READY:
            context |= {"forecast": import_lines.forecast(run), "unknown": _unknown(run)}
            return self._page(request, "preview", f"Preview of {run.file_name}", context, run)
        return self._page(request, "result", run.file_name, context, run)

    def _step(self, run: ImportRun) -> int:
        return STEP_OF.get(State(run.state), 4 if run.applied_at else 3)

    def _lines(self, request: HttpRequest, run: ImportRun) -> dict[str, Any]:
        show = request.GET.get("show", "")
        counts = run.applied if run.applied_at else run.foreseen
        lines = import_lines.lines(run, show=show, after=_number(request, "after"), before=_number(request, "before"))
        return {
            "lines": lines,
            "counts": counts,
            "numbers": import_lines.numbers(counts, show),
            "accepted": sum(counts.get(name, 0) for name in ("created", "updated", "unchanged")),
            "to_write": counts.get("created", 0) + counts.get("updated", 0),
        }

    def progress_of(self, request: HttpRequest, run: ImportRun) -> dict[str, Any]:
        return self.bar(run, DOING[State(run.state)], run.cursor, may_change=self.has_add_permission(request))

    def _page(
        self, request: HttpRequest, name: str, title: str, context: dict[str, Any], run: ImportRun | None = None
    ) -> TemplateResponse:
        addresses = {f"{page}_address": self.address(run, page) for page in self.pages()} if run is not None else {}
        return self.page(request, name, title, {"steps": STEPS, "run": run, **addresses, **context})

    def _to_change(self, request: HttpRequest, object_id: str) -> ImportRun:
        run: ImportRun = self.run(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        return run

    def _deed(self, act: Callable[[HttpRequest, ImportRun], None]) -> Callable[..., HttpResponse]:
        """A view that does it when it is posted, and leads back."""

        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            run = self._to_change(request, object_id)
            return self._done(request, run, lambda: act(request, run))

        return view

    def _done(self, request: HttpRequest, run: ImportRun, act: Callable[[], None]) -> HttpResponse:
        if request.method == "POST":
            try:
                act()
            except runs.NotPossible as refusal:
                messages.error(request, str(refusal))
        return self.to(run)

    # The list

    @column("What became of it")
    def outcome(self, run: ImportRun) -> str:
        counts = run.applied if run.applied_at else {}
        said = [f"{counts[name]:,} {word.lower()}" for name, word, _ in import_lines.OUTCOMES if counts.get(name)]
        return ", ".join(said) or "-"


def _apply(request: HttpRequest, run: ImportRun) -> None:
    start = request.POST.get("start") == "workflows"
    runs.apply(run=run, start_workflows=start, by=request.user)  # type: ignore[arg-type]  # staff only


def _mean(request: HttpRequest, run: ImportRun) -> None:
    pairs = ((name, value) for name, values in run.unknown.items() for value in values)
    runs.mean(run=run, chosen={(name, value): request.POST.get(f"{name}:{value}", "") for name, value in pairs})


def _unknown(run: ImportRun) -> list[dict[str, Any]]:
    """What the file says that nobody knows, each with the names it may mean."""
    reference = reference_data.load()
    return [
        {
            "field": import_lines.named(name),
            "name": f"{name}:{value}",
            "value": value,
            "lines": lines,
            "choices": [row.name for row in reference.named(name).by_id.values()],
        }
        for name, values in run.unknown.items()
        for value, lines in sorted(values.items(), key=lambda one: (-one[1], one[0]))
    ]


def _columns(run: ImportRun, choice: column_mapping.Choice | None) -> list[dict[str, Any]]:
    fields = choice.fields if choice else run.fields
    shown_columns = []
    for number, (name, samples, field) in enumerate(zip(run.header, run.samples, fields, strict=True)):
        is_custom = field.startswith(CUSTOM)
        shown_columns.append(
            {
                "number": number,
                "name": name or f"Column {number + 1} (without a name)",
                "samples": samples,
                "field": CUSTOM if is_custom else field,
                "custom": field.removeprefix(CUSTOM) if is_custom else name[:100],
                "is_open": column_mapping.order_of(run, number) == dates.UNCLEAR,
                "error": choice.errors.get(number, "") if choice else "",
            }
        )
    return shown_columns


def _rejected_lines(run: ImportRun) -> Iterator[str]:
    writer = csv.writer(export.Echo())
    yield "\ufeff"
    for row in rejections.table(run):
        yield writer.writerow([defused(cell) for cell in row])


def _plain(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in " ._-") else "_" for char in name)


def _number(request: HttpRequest, name: str) -> int:
    return numbers.parse_int(request.GET.get(name)) or 0
