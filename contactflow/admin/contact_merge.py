"""Merging on the page of a person: find who is the same, see what would happen, do it, take it back."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from contactflow import contact_merge
from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.confirmation import Question
from contactflow.core.admin.model_admin import BaseAdmin, address_of, page
from contactflow.models import ContactMerge
from contacts.contact_merge.values import CHOSEN, DROP, KEEP
from contacts.models import Contact

FOUND = 10  # people that a search offers
UNDOABLE = 5  # merges of one person that their page offers to undo


class Merging(BaseAdmin):
    """Changing contacts is right enough to merge them: it deletes nothing that cannot be brought back."""

    @page("<path:object_id>/merge/", permission="change")
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        contact = confirmation.opened(self, request, object_id)
        other = self._other(request, contact)
        if other is None:
            return self._answer(request, contact, "merge_find", self._found(request, contact))
        chosen = {name: side for name in CHOSEN if (side := _asked(request).get(name)) in (KEEP, DROP)}
        if request.method == "POST":
            return self._merge(request, contact, other, chosen)
        told = contact_merge.preview(keep=contact, drop=other, choices=chosen)
        swap = f"{address_of(other, 'merge')}?with={contact.pk}"
        context = {"other": other, "preview": told, "swap": swap}
        return self._answer(request, contact, "merge", context)

    @page("<path:object_id>/undo-merge/<uuid:merge>/", permission="change")
    def undo_merge(self, request: HttpRequest, object_id: str, merge: UUID) -> HttpResponse:
        contact = confirmation.opened(self, request, object_id)
        done = ContactMerge.objects.select_related("kept").filter(pk=merge, kept=contact).first()
        if done is None:
            raise Http404

        def act(row: Contact, answers: dict[str, Any]) -> str:
            undone = contact_merge.undo(merge=done, by=cast(User, request.user), now=clock.database_now())
            said = f"The merge is undone: {done.dropped_name} is a contact of their own again."
            return " ".join([said, *undone.remarks])

        question = Question(
            title=f"Undo the merge with {done.dropped_name}",
            explanation="What went over returns, values that nobody changed since become what they were, and what was "
            "cancelled goes on if its time has not passed. What came since stays here.",
            submit="Undo the merge",
            act=act,
            refusals=(contact_merge.NotPossible,),
            warning=lambda row: contact_merge.why_not(merge=done),
        )
        return confirmation.ask(self, request, object_id, question)

    def undo_places(self, contact: Contact) -> list[tuple[str, str, str]]:
        """For the person's page: the merges that can be undone."""
        done = ContactMerge.objects.filter(kept=contact, kept_key=contact.pk, undone_at=None).defer("record")
        return [(f"Undo the merge with {one.dropped_name}", "undo", _undo(one)) for one in done[:UNDOABLE]]

    def _merge(self, request: HttpRequest, keep: Contact, drop: Contact, chosen: dict[str, str]) -> HttpResponse:
        by = cast(User, request.user)
        try:
            done = contact_merge.merge(keep=keep, drop=drop, choices=chosen, by=by, now=clock.database_now())
        except contact_merge.NotPossible as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(address_of(keep, "merge"))
        said = format_html('Merged with {}. <a href="{}" class="underline">Undo</a>', done.dropped_name, _undo(done))
        messages.success(request, said)
        return HttpResponseRedirect(address_of(keep))

    def _other(self, request: HttpRequest, contact: Contact) -> Contact | None:
        """Who was chosen; nobody where they are gone or the same person."""
        asked = _asked(request).get("with")
        other = self.get_object(request, asked) if asked else None
        if asked and (other is None or other.pk == contact.pk):
            messages.error(request, "Choose another contact: this one is gone, or is the same person.")
            return None
        return other

    def _found(self, request: HttpRequest, contact: Contact) -> dict[str, Any]:
        words = request.GET.get("q", "").strip()
        found = Contact.objects.search(words)
        return {
            "words": words,
            "results": list(found.exclude(pk=contact.pk).select_related("status")[:FOUND]) if words else None,
            "likely": contact_merge.likely_duplicates(contact=contact),
            "undo": self.undo_places(contact),
        }

    def _answer(self, request: HttpRequest, contact: Contact, name: str, context: dict[str, Any]) -> HttpResponse:
        about = {
            "original": contact,
            "contact": contact,
            "title": f"Merge {contact} with another contact",
            "back": address_of(contact),
        }
        return self.framed(request, f"admin/contacts/{name}.html", about | context)


def _asked(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else request.GET


def _undo(done: ContactMerge) -> str:
    return reverse("admin:contacts_contact_undo_merge", args=[quote(done.kept_id), done.pk])
