"""Exports in the admin: choose the columns, wait if it is long, download. Who exported how many stays."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import address_of, button, column, page
from contacts import brands
from contacts.imports.cells import CUSTOM
from contacts.models import Contact
from workflows.admin.transfers.pages import TransferAdmin
from workflows.models import ExportRun
from workflows.models.transfers import NotPossible
from workflows.transfers import exporting, runs

State = ExportRun.State
TAKE_OUT = ("contacts.view_contact", "contacts.export_contact")  # reading is one right, taking out another
LISTED = "list"  # the query of the list of contacts, as a parameter of the page
WHO = (("filtered", "The list as you left it"), ("all", "Everybody"))
NO_FILTER = ("o", "p", "all", "_changelist_filters")


class ExportForm(forms.Form):
    list = forms.CharField(required=False, widget=forms.HiddenInput)
    who = forms.ChoiceField(choices=WHO, required=False, initial="filtered", widget=forms.RadioSelect)
    columns = forms.MultipleChoiceField(
        choices=exporting.column_choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    format = forms.ChoiceField(choices=ExportRun.Format.choices, initial=ExportRun.Format.CSV, widget=forms.RadioSelect)


@admin.register(ExportRun)
class ExportRunAdmin(TransferAdmin):
    when_empty = "No list was taken out yet. Export one from the list of contacts."
    list_display = ("filters", "state_word", "rows", "created_by", "created_at", "downloads")
    search_fields = ("filters", "created_by__username")
    search_help_text = "Search by filter or colleague."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(TAKE_OUT))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everybody sees their own; the list of all is for those who may see runs."""
        is_own = obj is not None and obj.created_by_id == request.user.pk
        return is_own or super().has_view_permission(request, obj)

    def may_change(self, request: HttpRequest, run: ExportRun) -> bool:
        """Download it, that is, or stop it."""
        if not request.user.has_perms(TAKE_OUT):
            return False
        return run.created_by_id == request.user.pk or request.user.has_perm("workflows.download_any_exportrun")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        query = request.POST.get(LISTED) or request.GET.get(LISTED) or ""
        chosen, words = self._chosen(request, query)
        usual = [name for name in exporting.HEADINGS if name not in exporting.SELDOM]
        form = ExportForm(request.POST or None, initial={LISTED: query, "columns": usual})
        if form.is_valid():
            whole = chosen is None or form.cleaned_data["who"] == "all"
            try:
                run = exporting.start(
                    chosen=None if whole else chosen,
                    filters="Everybody" if whole else words,
                    columns=form.cleaned_data["columns"],
                    kind=form.cleaned_data["format"],
                    by=request.user,
                    now=clock.database_now(),
                )
            except NotPossible as refusal:
                form.add_error(None, str(refusal))
            else:
                runs.begin(run)
                return HttpResponseRedirect(address_of(run))
        shown = {"form": form, "words": words, "is_filtered": chosen is not None}
        return self.drawn(request, "export", title="Export contacts", **shown)

    def show(self, request: HttpRequest, run: ExportRun) -> HttpResponse:
        headings = [exporting.HEADINGS.get(name, name.removeprefix(CUSTOM)) for name in run.columns]
        return self.drawn(request, "exported", run, title="Export of contacts", headings=headings)

    @page("<path:object_id>/download/", permission="")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        run = confirmation.opened(self, request, object_id)
        if not self.may_change(request, run):
            raise PermissionDenied
        if run.state != State.READY or (run.expires_at and run.expires_at < clock.database_now()):
            messages.error(request, "The file is not there (any more). Export again to get a new one.")
            return HttpResponseRedirect(address_of(run))
        exporting.note_download(run)
        response = StreamingHttpResponse(run.content(), content_type=exporting.CONTENT_TYPES[run.format])
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=str(run))
        response["Content-Length"], response["Cache-Control"] = run.size, "private, no-store"
        return response

    def _chosen(self, request: HttpRequest, query: str) -> tuple[QuerySet[Contact] | None, str]:
        """The people in the list as it was filtered, and the filter in words; None when it was not.

        The brand chosen in the header filters the list as well.
        """
        wanted, brand = QueryDict(query), brands.chosen(request)
        if brand is None and not any(value for name, value in wanted.items() if name not in NO_FILTER):
            return None, ""
        like = copy.copy(request)
        like.GET, like.method = wanted, "GET"
        try:
            listing = self.admin_site.get_model_admin(Contact).get_changelist_instance(like)
        except IncorrectLookupParameters as error:  # never everybody, because a filter could not be read
            raise SuspiciousOperation("The filter of this list cannot be read.") from error
        names = [str(spec.title) for spec in listing.filter_specs if getattr(spec, "used_parameters", None)]
        words = [f"search “{listing.query}”"] if listing.query else []
        words += [f"filtered by {', '.join(names)}"] if names else []
        words += [f"of {brand.name}"] if brand else []
        return listing.queryset, "; ".join(words) or "as filtered"

    @column("People")
    def rows(self, run: ExportRun) -> str:
        return f"{run.cursor:,}"


class ListButtons:
    """Import and Export above the list of contacts."""

    actions_list = ("import_people", "export_people")

    def has_import_people_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perms(("contacts.add_contact", "contacts.change_contact")))

    def has_export_people_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perms(TAKE_OUT))

    @button("Import", permission="import_people", icon="upload")
    def import_people(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:workflows_importrun_add"))

    @button("Export", permission="export_people", icon="download")
    def export_people(self, request: HttpRequest) -> HttpResponse:
        """Of the list as it was filtered on the page where the button was pressed."""
        came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
        is_list = came_from.path == reverse("admin:contacts_contact_changelist")
        query = {LISTED: came_from.query} if is_list and came_from.query else None
        return HttpResponseRedirect(reverse("admin:workflows_exportrun_add", query=query))
