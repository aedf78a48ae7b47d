"""A colleague writes a mail to one person: the form with its preview, for a first word and for an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from contactflow.core import clock, numbers
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import BaseAdmin, address_of, page
from contacts import consent
from contacts import describe as contacts_describe
from contacts.models import BusinessEntity, Contact
from engagement import correspondence, describe, envelopes, inbox, previews
from engagement.admin.email_preview import answer
from engagement.models import EngagementTemplate, Message, Reply
from workflows import wake

PICTURES = csp_update({"img-src": ["https:", "http:"]})
"""Of emails, which come from wherever they stand."""
AT_HAND = 100  # emails to choose words from


class MailForm(forms.Form):
    business_entity = forms.ModelChoiceField(
        BusinessEntity.objects.all(),
        required=False,
        label="From",
        empty_label="This installation",
        widget=UnfoldAdminSelectWidget(),
    )
    subject = forms.CharField(required=False, max_length=300, widget=UnfoldAdminTextInputWidget())
    body = forms.CharField(
        required=False,
        label="Text",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text="**bold**, *italic*, [a link](https://example.com), and variables such as {{ first_name }}. The "
        "brand's signature follows by itself.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput())


def may_write(request: HttpRequest) -> bool:
    return request.user.has_perm("engagement.add_message")


def form_for(contact: Contact, *, reply: Reply | None = None) -> MailForm:
    """Empty, but for what is known."""
    brand = reply.business_entity if reply else None
    brand = brand or contact.business_entities.order_by("memberships__position").first()
    subject = correspondence.subject_of_answer(reply.subject) if reply else ""
    return MailForm(initial={"business_entity": brand, "subject": subject, "seen": _seen(contact)})


def context_of(contact: Contact, form: MailForm) -> dict[str, Any]:
    """What the form's template needs."""
    brand = form["business_entity"].value()
    key = brand.pk if isinstance(brand, BusinessEntity) else numbers.key(brand)
    own = Q(business_entity=None) | Q(business_entity=key)
    emails = EngagementTemplate.objects.filter(own, active=True, current_version__isnull=False)
    verdict = consent.may_contact(contact=contact, is_marketing=False)
    return {
        "mail_form": form,
        "mail_to": contact,
        "mail_refusal": "" if verdict.allowed else contacts_describe.permission(verdict.reason),
        "emails_at_hand": emails.order_by("name")[:AT_HAND],
        "preview_address": reverse("admin:contacts_contact_mail_preview", args=[contact.pk]),
        "words_address": reverse("admin:contacts_contact_mail_words", args=[contact.pk]),
        "brand_page": True,  # of the preview: nothing but the preview
    }


def send(request: HttpRequest, contact: Contact, form: MailForm, *, reply: Reply | None = None) -> Message | None:
    """Write what was typed; None where that could not be, which stands at the form."""
    if not form.is_valid():
        return None
    typed = form.cleaned_data
    if typed["seen"] != (now_seen := _seen(contact)):
        form.add_error(None, "Something came or went meanwhile: look at the exchange, then send it if it still fits.")
        form.data = form.data.copy()  # type: ignore[attr-defined]  # of a request
        form.data["seen"] = now_seen  # type: ignore[index]  # a copy may be written
        return None
    try:
        message = correspondence.write(
            contact=contact,
            business_entity=typed["business_entity"],
            subject=typed["subject"],
            body=typed["body"],
            by=request.user.get_username(),
            reply=reply,
            now=clock.database_now(),
        )
    except correspondence.NotWritten as refusal:
        form.add_error(None, describe.why(refusal.reason))
        return None
    wake.on_commit()
    messages.success(request, f"Your mail to {contact} is on its way.")
    return message


def _seen(contact: Contact) -> str:
    return inbox.seen(inbox.exchange(contact=contact))


class MailWriting(BaseAdmin):
    """Before an admin of contacts."""

    @method_decorator(PICTURES)
    @page("<path:object_id>/write/")
    def write(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A first word, or the next one."""
        if not may_write(request):
            raise PermissionDenied("Your role may read mails but not write them.")
        contact = confirmation.opened(self, request, object_id)
        form = MailForm(request.POST) if request.method == "POST" else form_for(contact)
        if request.method == "POST" and send(request, contact, form):
            return HttpResponseRedirect(address_of(contact))
        context = {
            "original": contact,
            "title": f"Write to {contact}",
            "back": address_of(contact),
            **context_of(contact, form),
        }
        return self.framed(request, "admin/contacts/write.html", context)

    @page("<path:object_id>/mail-preview/", method="POST")
    def mail_preview(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """As its reader would see it. Nothing is stored."""
        contact, brand = confirmation.opened(self, request, object_id), _brand(request)
        typed = correspondence.words(subject=request.POST.get("subject", ""), body=request.POST.get("body", ""))
        seen = previews.preview(words=typed, business_entity=brand, contact=contact, is_marketing=False)
        return answer(replace(seen, hints=[]), str(envelopes.sender_of(brand)), errors=[])

    @page("<path:object_id>/mail-words/", method="GET")
    def mail_words(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """The words of an email with this person's values."""
        if not request.user.has_perm("engagement.view_engagementtemplate"):
            raise PermissionDenied
        contact = confirmation.opened(self, request, object_id)
        emails = EngagementTemplate.objects.select_related("current_version")
        template = emails.filter(pk=numbers.key(request.GET.get("email"))).first()
        if template is None:
            return JsonResponse({"subject": "", "body": ""})
        brand = BusinessEntity.objects.filter(pk=numbers.key(request.GET.get("business_entity"))).first()
        found = correspondence.filled(template=template, contact=contact, business_entity=brand)
        return JsonResponse({"subject": found.subject, "body": found.body})


def _brand(request: HttpRequest) -> BusinessEntity | None:
    return BusinessEntity.objects.filter(pk=numbers.key(request.POST.get("business_entity"))).first()
