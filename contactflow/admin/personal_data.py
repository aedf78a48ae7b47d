"""All data of a person, from their page: what is kept, and the files they get of it."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.filters import IsNullFilter
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, address_of, button, column
from contactflow.models import ErasureRequest
from contactflow.personal_data import belongings, describe, erasure, export
from contacts.models import Contact

logger = logging.getLogger(__name__)

KINDS = {"json": "application/json", "html": "text/html; charset=utf-8"}


class ErasureForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with your name, without theirs.",
    )
    sure = forms.BooleanField(
        label="I know that nobody can take this back", widget=UnfoldBooleanWidget(),
        error_messages={"required": "Tick this to go on."},
    )  # fmt: skip


class PersonalData(BaseAdmin):
    """Before an admin of contacts."""

    def has_takeout_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contacts.export_contact")

    def has_erase_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contactflow.add_erasurerequest")

    @button("Erase for good", permission="erase", icon="delete_forever", danger=True)
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what it reaches, asks, and leads to what becomes of it."""
        contact: Contact = confirmation.opened(self, request, object_id)
        form = ErasureForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            user, now = cast(User, request.user), clock.database_now()
            about = {"reason": form.cleaned_data["reason"], "actor": user.get_username(), "user": user}
            done = erasure.erase(contacts=[contact], now=now, **about)
            messages.success(request, "Deleted. What was at work meanwhile is looked through in a minute.")
            return HttpResponseRedirect(address_of(done[0]) if done else reverse("admin:contacts_contact_changelist"))
        context = {
            "original": contact,
            "title": f"Erase {contact}",
            "question": {"title": "Erase for good", "explanation": _reach(contact), "submit": "Erase"},
            "form": form,
            "back": address_of(contact),
        }
        return self.framed(request, "admin/confirmation.html", context)

    @button("Everything about them", permission="takeout", icon="folder_open")
    def takeout(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is kept about the person, and with `?as=json` or `html` all of it as a file."""
        contact: Contact = confirmation.opened(self, request, object_id)
        kind = request.GET.get("as", "")
        if kind in KINDS:
            return _file(request, contact, kind)
        here = reverse("admin:contacts_contact_takeout", args=[quote(contact.pk)])
        context = {
            "original": contact,
            "title": f"Everything about {contact}",
            "kept": belongings.counted(contacts=[contact.pk]),
            "files": [("A page to read and to send", f"{here}?as=html"), ("JSON, for a program", f"{here}?as=json")],
            "back": address_of(contact),
        }
        return self.framed(request, "admin/contacts/takeout.html", context)


def _file(request: HttpRequest, contact: Contact, kind: str) -> HttpResponse:
    told = export.of(contact=contact, now=clock.database_now())
    logger.info("export of contact %s for %s", contact.pk, request.user.get_username())
    answer = HttpResponse(told.as_json() if kind == "json" else told.as_html(), content_type=KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="person-{contact.pk}.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _reach(contact: Contact) -> str:
    kept = [f"{number} {name}" for name, number in belongings.counted(contacts=[contact.pk])]
    return (
        f"This deletes the person and all that belongs to them: {', '.join(kept) or 'nothing but their own row'}. "
        "Their pages in Notion go to the trash. Of the address a hash is kept, so that no list brings them back; "
        "whoever comes back by a form is a new person, and is not written to until you lift that. Backups are not "
        "reached: after a restore, run erase_person --again."
    )


class StateFilter(IsNullFilter):
    is_null, is_set, lookup = ("open", "Under way"), ("done", "Done"), "finished_at__isnull"


@admin.register(ErasureRequest)
class ErasureRequestAdmin(ReadOnlyAdmin):
    """Who was erased, by ids alone, and how far it is."""

    when_empty = "Nobody was erased yet. That is done from a person's page, or with manage.py erase_person."
    list_display = ("asked_at", "state", "reason", "actor", "finished_at")
    list_filter: ClassVar = (StateFilter,)
    search_fields = ("reason", "actor")
    fields: ClassVar[Any] = ("asked_at", "actor", "reason", "ids", "told", "finished_at")
    brand_path = ""

    @column("State", label={"Under way": "info", "Done": "success"})
    def state(self, row: ErasureRequest) -> str:
        return "Done" if row.finished_at else "Under way"

    @column("Ids of contacts")
    def ids(self, row: ErasureRequest) -> str:
        return ", ".join(map(str, row.contact_keys))

    @column("What was done")
    def told(self, row: ErasureRequest) -> SafeString:
        return format_html_join("", "{}<br>", ((line,) for line in describe.erasure(row)))
