"""A contact with what every room knows about them: who they are, what runs, what happened, what one can do."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from contactflow import contact_merge, contact_summary, timeline
from contactflow.admin import mail_writing, writing_help
from contactflow.admin.contact_merge import Merging
from contactflow.admin.mail_writing import MailWriting
from contactflow.admin.people_list import PeopleList
from contactflow.admin.person_buttons import PersonButtons
from contactflow.admin.person_goals import PersonGoals
from contactflow.admin.personal_data import PersonalData
from contactflow.admin.writing_help import PersonHelp
from contactflow.core import clock
from contactflow.core.admin.model_admin import address_of, joined, page
from contacts import intake
from contacts.admin.contacts import ContactAdmin
from contacts.models import Contact
from contacts.timeline import Entry
from notion_bridge import describe as notion_describe
from notion_bridge.admin import display
from notion_bridge.admin.display import InNotion
from notion_bridge.models import PageLink
from workflows import entrypoints
from workflows.admin.transfers.exports import ListButtons

MAIN = ("Start a workflow", "Write", "Add a task")
"""The buttons that stand on a person's page; the others are in its menu."""


@admin.register(Contact)
class WholeContactAdmin(
    Merging,
    PersonHelp,
    PersonalData,
    PersonGoals,
    PersonButtons,
    MailWriting,
    PeopleList,
    ListButtons,
    InNotion,
    ContactAdmin,
):
    """The page of a person is a place to work; the form stands behind "Edit". A change starts its workflows at once."""

    when_empty = (
        "Import a list, add somebody, or let your website send new people here: each of them starts the workflows "
        "that fit."
    )
    inlines: ClassVar = ()

    class Media:
        css: ClassVar = {"all": ("contactflow/person.css",)}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method != "GET" or "_popup" in request.GET:
            return super().change_view(request, object_id, form_url, extra_context)
        contact = self.get_object(request, unquote(object_id))
        if contact is None:
            if kept := contact_merge.now_part_of(key=unquote(object_id)):
                messages.info(request, "This contact was merged: you are on the page of the person they are part of.")
                return HttpResponseRedirect(address_of(kept, "change"))
            return super().change_view(request, object_id, form_url, extra_context)  # says that there is none
        if not self.has_view_permission(request, contact):
            raise PermissionDenied
        return self._page(request, contact)

    @page("<path:object_id>/edit/", permission="view change")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form, for those who may change or look at all fields."""
        return super().change_view(request, object_id)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """The buttons stand on the person's page; the form has its own."""
        match = request.resolver_match
        is_form = match is not None and match.url_name == "contacts_contact_edit"
        return [] if is_form else super().get_actions_detail(request, object_id)

    def response_post_save_change(self, request: HttpRequest, obj: Contact) -> HttpResponseRedirect:
        return HttpResponseRedirect(address_of(obj, "change"))

    def response_post_save_add(self, request: HttpRequest, obj: Contact) -> HttpResponseRedirect:
        return HttpResponseRedirect(address_of(obj, "change"))

    def apply(
        self, request: HttpRequest, change: intake.Change, policy: intake.EnrolmentPolicy, now: dt.datetime
    ) -> intake.Receipt:
        """Through the door that starts what follows at once, and says so."""
        answer = entrypoints.apply(change=change, policy=policy, now=now)
        if started := answer.enrolment.instances:
            messages.info(request, f"Started: {joined(instance.template for instance in started)}.")
        return answer.receipt

    def _page(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        past = self._timeline(request, contact)
        if request.headers.get("HX-Request"):
            name = "entries" if "before" in request.GET else "timeline"
            response = TemplateResponse(request, f"admin/contacts/{name}.html", past)
        else:
            response = self.framed(request, "admin/contacts/person.html", past | self._head(request, contact))
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _head(self, request: HttpRequest, contact: Contact) -> dict[str, Any]:
        page = PageLink.objects.filter(contact=contact).first()
        offered = [*self._deeds(request, contact), *self._places(request, contact)]
        return {
            **writing_help.context_of(contact, writing_help.kinds_for(contact)),
            "original": contact,
            "subtitle": self.title_of(contact),
            "title": self.title_of(contact),
            "person": contact_summary.gather(contact=contact),
            "now": clock.database_now(),
            "custom": list(contact.custom.items()),  # here: to a template, a field called "items" would hide the method
            "buttons": [one for one in offered if one["name"] in MAIN],
            "more": [one for one in offered if one["name"] not in MAIN],
            "notion": {"link": display.open_link(page.url), "state": notion_describe.STATES[PageLink.State(page.state)]}
            if page else None,
        }  # fmt: skip

    def _deeds(self, request: HttpRequest, contact: Contact) -> list[dict[str, Any]]:
        """What one can do; of the main things, first."""
        found = [
            {"name": one.description, "icon": one.icon, "danger": bool(one.variant and one.variant.value == "danger"),
             "address": reverse(f"admin:{one.action_name}", args=[quote(contact.pk)])}
            for one in self.get_actions_detail(request, str(contact.pk))
        ]  # fmt: skip
        if contact.status.blocks_contact or not mail_writing.may_write(request):
            return found
        write = {"name": MAIN[1], "icon": "mail", "danger": False, "address": address_of(contact, "write")}
        return sorted([*found, write], key=lambda one: MAIN.index(one["name"]) if one["name"] in MAIN else len(MAIN))

    def _places(self, request: HttpRequest, contact: Contact) -> list[dict[str, Any]]:
        """Where else one can go from here; last what cannot be taken back."""
        found = [("All fields", "list_alt", address_of(contact, "edit"))]
        if self.has_change_permission(request, contact):
            merge = address_of(contact, "merge")
            found = [("Edit", "edit", address_of(contact, "edit")), ("Merge with another contact", "merge", merge)]
            found += self.undo_places(contact)
        if request.user.has_perm("workflows.view_workflowtemplate"):
            why = f"{reverse('admin:workflows_why')}?contact={contact.pk}"
            found.append(("Why did a workflow (not) start?", "help", why))
        if self.has_delete_permission(request, contact):
            found.append(("Delete", "delete", address_of(contact, "delete")))
        return [
            {"name": name, "icon": icon, "address": address, "danger": icon == "delete"}
            for name, icon, address in found
        ]

    def _timeline(self, request: HttpRequest, contact: Contact) -> dict[str, Any]:
        sources = timeline.visible_to(request.user)
        offered = timeline.kinds_of(sources)
        chosen = [kind for kind in request.GET.getlist("show") if kind in offered]
        try:
            stretch = timeline.read(
                contact=contact, kinds=chosen, before=request.GET.get("before", ""), sources=sources
            )
        except timeline.UnknownPlace:
            raise Http404("There is no such place in the timeline.") from None
        return {
            "original": contact,
            "entries": _told(stretch.entries, request),
            "older": _query(chosen, stretch.next) if stretch.next else "",
            "is_later_page": "before" in request.GET,
            "chips": _chips(offered, chosen),
            "chosen": chosen,
        }


def _chips(offered: dict[str, str], chosen: list[str]) -> list[dict[str, Any]]:
    """A button for each kind: pressed, it takes the kind away again."""
    return [
        {
            "name": name,
            "icon": timeline.ICONS[kind],
            "is_on": kind in chosen,
            "query": _query([one for one in offered if (one in chosen) != (one == kind)]) or "?",
        }
        for kind, name in offered.items()
    ]


def _query(kinds: list[str], before: str = "") -> str:
    pairs = [("show", kind) for kind in kinds] + ([("before", before)] if before else [])
    return f"?{urlencode(pairs)}" if pairs else ""


def _told(entries: Any, request: HttpRequest) -> list[dict[str, Any]]:
    """Entries with what a template cannot find out: where they lead, and what the workflows said."""
    return [
        {
            "it": entry,
            "icon": timeline.ICONS[entry.kind],
            "kind": timeline.KINDS[entry.kind],
            "address": _leads_to(entry, request),
            "started": timeline.told(entry.answers, started=True),
            "not_started": timeline.told(entry.answers, started=False),
        }
        for entry in entries
    ]


def _leads_to(entry: Entry, request: HttpRequest) -> str:
    row: models.Model | None = entry.row
    if row is None or not admin.site.is_registered(type(row)):
        return ""
    meta = row._meta
    if not request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
        return ""
    return address_of(row)
