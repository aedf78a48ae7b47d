"""Imports in the admin: upload, columns, preview, result. Nothing reaches the contacts before "Apply"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import address_of, column, page
from contactflow.core.numbers import key
from contacts import reference_data
from contacts.imports import FileRefused, dates
from contacts.imports.cells import CUSTOM, defused
from contacts.imports.columns import CAMPAIGN, FIELDS
from contacts.models import BusinessEntity
from workflows.admin import plan_sentences
from workflows.admin.executions import export
from workflows.admin.transfers.pages import TransferAdmin, deed
from workflows.models import ImportLine, ImportRun
from workflows.transfers import column_mapping, files, runs

State = ImportRun.State
STEPS = ("File", "Columns", "Preview", "Result")
STEP_OF = {State.READING: 2, State.COLUMNS: 2, State.CHECKING: 3, State.READY: 3, State.APPLYING: 4}
ORDERS = ((dates.DAY, "The day first: 3 April for 03/04"), (dates.MONTH, "The month first: March 4 for 03/04"))

INPUT = {"class": "desk-input"}
PER_PAGE = 50
LONGEST = 200

OUTCOMES: Final = {name: str(word) for name, word in ImportLine.Became.choices if name}
COLOURS: Final = {"created": "is-good", "updated": "is-info", "rejected": "is-bad"}


class UploadForm(forms.Form):
    file = forms.FileField(
        error_messages={"required": "Choose the file with the people.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs=INPUT | {"accept": ".csv,.tsv,.txt,.xlsx"}),
        help_text="CSV, TSV or Excel (.xlsx), up to 50 MB. The first line names the columns.",
    )
    source = forms.CharField(
        label="Where it comes from",
        max_length=80,
        error_messages={"required": "Give the source a name, such as Newsletter export."},
        widget=forms.TextInput(attrs=INPUT | {"list": "sources", "autocomplete": "off"}),
        help_text="A name for files of this kind, such as Newsletter export. Its columns are remembered under it.",
    )
    business_entity = forms.ModelChoiceField(
        BusinessEntity.objects.all(),
        label="Brand of people whose line names none",
        required=False,
        empty_label="The routing rules decide",
        widget=forms.Select(attrs=INPUT),
    )


@admin.register(ImportRun)
class ImportRunAdmin(TransferAdmin):
    when_empty = "No list came in yet. Import one: you see every change before anything is stored."
    list_display = ("file_name", "source", "state_word", "outcome", "created_by", "created_at")
    search_fields = ("file_name", "source")
    search_help_text = "Search by file or source."

    class Media:
        css: ClassVar = {"all": ("workflows/transfers.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(("contacts.add_contact", "contacts.change_contact")))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The lines are people, so whoever sees them may see contacts."""
        return bool(request.user.has_perm("contacts.view_contact")) and super().has_view_permission(request, obj)

    def may_change(self, request: HttpRequest, run: ImportRun) -> bool:
        return self.has_add_permission(request)

    # Pages

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if request.META.get("UPLOAD_TOO_LARGE"):
            form.errors["file"] = form.error_class([files.TOO_LARGE])
        elif request.method == "POST" and form.is_valid():
            given = {**form.cleaned_data, "file_name": form.cleaned_data["file"].name, "by": request.user}
            try:
                run = runs.receive(**given, now=clock.database_now())
            except FileRefused as refusal:
                form.add_error("file", str(refusal))
            else:
                if run.state not in (State.READING, State.COLUMNS):
                    messages.info(request, f"The columns are taken as the last time for “{run.source}”.")
                return HttpResponseRedirect(address_of(run))
        context = {"form": form, "sources": column_mapping.sources(), "max_bytes": files.MAX_BYTES}
        return self.drawn(request, "upload", title="Import contacts", steps=STEPS, step=1, **context)

    @deed
    def columns(self, request: HttpRequest, run: ImportRun) -> HttpResponse | None:
        picked, names = (
            [request.POST.get(f"{one}-{at}", "") for at in range(len(run.header))] for one in ("field", "name")
        )
        fields, order = column_mapping.chosen(run, picked, names), request.POST.get("date_order", "")
        order = order if order in dict(ORDERS) else ""
        if errors := column_mapping.errors_of(run=run, fields=fields, date_order=order):
            return self.show(request, run, errors, fields=fields, date_order=order)
        runs.check(run=run, fields=fields, date_order=order)
        return None

    @deed
    def values(self, request: HttpRequest, run: ImportRun) -> None:
        pairs = ((name, value) for name, values in run.unknown.items() for value in values)
        chosen = {(name, value): request.POST.get(f"{name}:{value}", "") for name, value in pairs}
        runs.check(run=run, values=column_mapping.meant(run, chosen))

    @deed
    def again(self, request: HttpRequest, run: ImportRun) -> None:
        runs.choose_again(run=run)

    @deed
    def apply(self, request: HttpRequest, run: ImportRun) -> None:
        start = request.POST.get("start") == "workflows"
        runs.apply(run=run, start_workflows=start, by=request.user)  # type: ignore[arg-type]  # staff only

    @deed
    def go_on(self, request: HttpRequest, run: ImportRun) -> None:
        runs.go_on(run=run)

    @page("<path:object_id>/rejected/")
    def rejected(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        run = confirmation.opened(self, request, object_id)
        name = run.file_name.rpartition(".")[0] or run.file_name
        rows = ([defused(cell) for cell in row] for row in run.rejected_table())
        return export.streamed(rows, name=f"{name}.rejected")

    def show(self, request: HttpRequest, run: ImportRun, errors: Any = None, **chosen: Any) -> HttpResponse:
        step = STEP_OF.get(State(run.state), 4 if run.applied_at else 3)
        context: dict[str, Any] = {"title": run.file_name, "steps": STEPS, "step": step}
        if run.is_working:
            return self.drawn(request, "working", run, **context)
        if run.state == State.COLUMNS:
            context["title"] = "What the columns mean"
            context["columns"] = _columns(run, chosen.get("fields", run.fields), errors or {})
            context |= {"choices": column_mapping.choices(), "orders": ORDERS}
            context |= {"date_order": run.date_order, **chosen, "is_wrong": bool(errors)}
            context |= {"wrong": (errors or {}).get(None), "repeated": column_mapping.columns_of(run).repeated()}
            return self.drawn(request, "columns", run, **context)
        context |= _lines(run, request.GET)
        if run.state != State.READY:
            return self.drawn(request, "result", run, **context)
        reference = reference_data.load()
        context["unknown"] = [
            (
                name,
                FIELDS[name].label,
                reference.named(name).by_id.values(),
                sorted(values.items(), key=lambda one: -one[1]),
            )
            for name, values in run.unknown.items()
        ]
        context |= {"title": f"Preview of {run.file_name}", "forecast": _forecast(run)}
        return self.drawn(request, "preview", run, **context)

    # The list

    @column("What became of it")
    def outcome(self, run: ImportRun) -> str:
        counts = run.applied if run.applied_at else {}
        said = [f"{counts[name]:,} {word.lower()}" for name, word in OUTCOMES.items() if counts.get(name)]
        return ", ".join(said) or "-"


def _columns(run: ImportRun, fields: Sequence[str], errors: Mapping[int | None, str]) -> list[dict[str, Any]]:
    return [
        {
            "number": at,
            "name": name or f"Column {at + 1} (without a name)",
            "samples": samples,
            "field": next((kind for kind in (CUSTOM, CAMPAIGN) if field.startswith(kind)), field),
            "custom": field.removeprefix(CUSTOM) if field.startswith(CUSTOM) else name[:100],
            "is_open": column_mapping.order_of(run, at) == dates.UNCLEAR,
            "error": errors.get(at, ""),
        }
        for at, (name, samples, field) in enumerate(zip(run.header, run.samples, fields, strict=True))
    ]


def _lines(run: ImportRun, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Some lines by position, so that page 2,000 is as quick as the first, and where its neighbours begin."""
    show, before, after = asked.get("show", ""), key(asked.get("before")), key(asked.get("after"))
    kinds = {name: Q(**{run.outcome: name}) for name in OUTCOMES}
    kinds |= {"warnings": ~Q(warnings=[]), "differs": Q(differs=True)}
    wanted = run.lines.exclude(**{run.outcome: ""}).filter(kinds.get(show, Q()))
    page = wanted.filter(position__lt=before).reverse() if before else wanted.filter(position__gt=after)
    some = sorted(page[:PER_PAGE], key=lambda row: row.position)
    has_earlier = some and wanted.filter(position__lt=some[0].position).exists()
    has_later = some and wanted.filter(position__gt=some[-1].position).exists()
    return {
        "lines": [_shown(row, getattr(row, run.outcome)) for row in some],
        "show": show,
        "before": some[0].position if has_earlier else None,
        "after": some[-1].position if has_later else None,
        "numbers": [(name, word, run.counts.get(name, 0)) for name, word in OUTCOMES.items()],
    }


def _forecast(run: ImportRun) -> dict[str, Any]:
    """What starting workflows would mean, the largest first."""
    rows = sorted(run.forecast.get("workflows", {}).values(), key=lambda one: -int(one["people"]))
    return {
        "people": run.forecast.get("people", 0),
        "starts": sum(one["people"] for one in rows),
        "emails": sum(one["emails"] for one in rows),
        "first": _first_mail(*(one["first_hours"] for one in rows)),
        "rows": [{**one, "first": _first_mail(one["first_hours"])} for one in rows],
    }


def _named(field: str) -> str:
    if field.startswith("custom."):
        return field.removeprefix("custom.")
    if field.startswith("permission."):
        return f"May be emailed by {field.removeprefix('permission.')}"
    return FIELDS[field].label if field in FIELDS else field.replace("_", " ").capitalize()


def _first_mail(*hours: float | None) -> str:
    """When the first of these emails goes out, counted from the moment of applying."""
    first = min((one for one in hours if one is not None), default=None)
    return "sends none" if first is None else plan_sentences.delay(Decimal(str(first)))


def _shown(row: ImportLine, outcome: str) -> dict[str, Any]:
    changes = [(_named(name), _value(before), _value(after)) for name, (before, after) in row.changes.items()]
    return {"row": row, "word": OUTCOMES.get(outcome, ""), "colour": COLOURS.get(outcome, ""), "changes": changes}


def _value(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
