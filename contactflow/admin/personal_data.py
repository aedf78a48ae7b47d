"""All data of a person, from their page: what is kept, and the files they get of it."""

from __future__ import annotations

import logging

from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import BaseAdmin, address_of, button
from contactflow.personal_data import belongings, export
from contacts.models import Contact

logger = logging.getLogger(__name__)

KINDS = {"json": "application/json", "html": "text/html; charset=utf-8"}


class PersonalData(BaseAdmin):
    """Before an admin of contacts."""

    def has_takeout_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contacts.export_contact")

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
