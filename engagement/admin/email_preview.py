"""What the editor of an email asks while somebody types: the preview, whom it is for, who lacks what, a test."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from typing import Any, cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse

from contactflow.core import clock, numbers
from contactflow.core.admin.model_admin import BaseAdmin, address_of, page
from contactflow.core.statement_timeout import QueryTooSlow
from contacts.admin import people_search
from contacts.models import BusinessEntity, Contact, Suppression
from engagement import coverage, drafts, placeholders, previews, template_validation, test_send, translations
from engagement.admin.email_form import FallbacksField, PassagesField, TranslationsField
from engagement.models import EngagementTemplate, Purpose
from engagement.previews import Preview
from engagement.rendering import Words

FOUND = 8  # people offered for a few letters
LISTED = 50
SPOKEN = 8  # languages listed
TESTS, PER = 10, dt.timedelta(minutes=10)
TESTED = "Sent a test."


class Previewing(BaseAdmin):
    """The addresses below the list of emails that the editor's script calls. None of them writes an email."""

    @page("preview/", permission="view add", method="POST")
    def preview(self, request: HttpRequest) -> HttpResponse:
        """The email as typed, or as saved where nothing was."""
        seen = _previewed(request)
        return answer(seen, seen.sender.name or seen.sender.address, errors=_errors(request))

    @page("coverage/", permission="view add", method="POST")
    def coverage(self, request: HttpRequest) -> HttpResponse:
        """How many people lack what the words use."""
        if not request.user.has_perm("contacts.view_contact"):
            return HttpResponse("")
        return TemplateResponse(request, "admin/engagement/coverage.html", _lacks(request))

    @page("test/", permission="change add", method="POST")
    def test(self, request: HttpRequest) -> HttpResponse:
        """The email as typed, in the language that is looked at, to whoever asks or to several people."""
        return JsonResponse(_tested(request))

    @page("people/", permission="view add", method="GET")
    def people(self, request: HttpRequest) -> HttpResponse:
        """A few contacts by any part of name, address or company."""
        if not request.user.has_perm("contacts.view_contact"):
            raise PermissionDenied
        asked = request.GET.get("q", "").strip()[:100]
        found = Contact.objects.search(asked).only("first_name", "last_name", "email", "company")[:FOUND]
        said = [
            {"id": str(one.pk), "name": str(one), "more": " · ".join(filter(None, (one.email, one.company)))}
            for one in (found if len(asked) > 1 else ())
        ]
        return JsonResponse({"people": said})

    @page("<path:object_id>/lacking/<str:variable>/", permission="view add")
    def lacking(self, request: HttpRequest, object_id: str, variable: str) -> HttpResponse:
        """The contacts of the email's brand who have no value for the variable."""
        if not request.user.has_perm("contacts.view_contact"):
            raise PermissionDenied
        template = self.get_object(request, object_id)
        if template is None or not coverage.can_lack(variable):
            raise Http404
        context = {
            "original": template,
            "title": f"Contacts without {previews.label_of(variable).lower()}",
            "brand": template.business_entity,
            "limit": LISTED,
        }
        try:
            context["people"] = coverage.who_lacks(
                name=variable, business_entity=template.business_entity, limit=LISTED
            )
        except QueryTooSlow:
            context["too_many"] = True
        return self.framed(request, "admin/engagement/lacking.html", context)


def _words(request: HttpRequest) -> Words:
    template = _template(request)
    if "subject" not in request.POST:
        version = drafts.in_work(template) if template else None
        return Words.of(version) if version else Words("", "", "", EngagementTemplate.Level.BASIC)
    read = request.POST.get
    return Words(
        read("subject", "")[: template_validation.LONGEST["subject"]],
        read("preheader", "")[: template_validation.LONGEST["preheader"]],
        read("body", "").replace("\r\n", "\n")[: template_validation.LONGEST["body"]],
        read("level") if read("level") in placeholders.LEVELS else EngagementTemplate.Level.BASIC,  # type: ignore[arg-type]  # one of the levels, so text
        _rows(request, "fallbacks", FallbacksField()),
        _rows(request, "passages", PassagesField()),
        read("sender_name", "")[:120].strip(),
        read("language") or translations.ENGLISH,
        _translations(request),
    )


def _translations(request: HttpRequest) -> dict[str, Any]:
    """As typed; what cannot be read yet is none."""
    field = TranslationsField()
    found: dict[str, Any] = {}
    for language, told in field.widget.value_from_datadict(request.POST, None, "translations").items():
        with suppress(ValidationError):
            found |= field.to_python({language: told})
    return found


def _spoken(request: HttpRequest) -> Words:
    """The words in the language that is looked at."""
    words = _words(request)
    return words.in_language(request.POST.get("shown_language") or words.language)


def _rows(request: HttpRequest, name: str, field: FallbacksField | PassagesField) -> dict[str, Any]:
    """Unfinished rows count for nothing in a preview."""
    typed = field.widget.value_from_datadict(request.POST, None, name)
    found: dict[str, Any] = {}
    for row in typed:
        try:
            found |= field.to_python([row])
        except ValidationError:
            continue
    return found


def _template(request: HttpRequest) -> EngagementTemplate | None:
    emails = EngagementTemplate.objects.select_related("business_entity", "current_version")
    return emails.filter(pk=numbers.key(request.POST.get("template"))).first()


def _brand(request: HttpRequest, contact: Contact | None = None) -> BusinessEntity | None:
    """The one typed or saved; else that of the contact, as when a workflow for any brand sends it."""
    number = request.POST.get("business_entity")
    if number is None:
        template = _template(request)
        version = drafts.in_work(template) if template else None
        brand = version.speaks_for if version else None
    else:
        brand = BusinessEntity.objects.filter(pk=numbers.key(number)).first()
    if brand is None and contact is not None:
        return contact.business_entities.order_by("memberships__position").first()
    return brand


def _previewed(request: HttpRequest) -> Preview:
    contact = people_search.chosen(request)
    return previews.preview(
        words=_spoken(request),
        business_entity=_brand(request, contact),
        contact=contact,
        is_marketing=_is_marketing(request),
    )


def _is_marketing(request: HttpRequest) -> bool:
    """As typed or saved."""
    if "purpose" in request.POST:
        return request.POST["purpose"] != Purpose.TRANSACTIONAL
    template = _template(request)
    return template is None or template.is_marketing


def _errors(request: HttpRequest) -> list[str]:
    found = template_validation.find_errors(_spoken(request))
    return [
        fault for field in ("subject", "preheader", "body", "passages", "fallbacks") for fault in found.get(field, [])
    ]


def answer(seen: Preview, sender: str, **notes: Any) -> JsonResponse:
    """What the script beside the form draws."""
    return JsonResponse(
        {
            "sender": sender,
            "subject": seen.subject,
            "preheader": seen.preheader,
            "light": seen.in_scheme("light"),
            "dark": seen.in_scheme("dark"),
            "text": seen.text,
            "notes": render_to_string("admin/engagement/preview_notes.html", {"seen": seen, **notes}),
        }
    )


def _lacks(request: HttpRequest) -> dict[str, Any]:
    words, brand, template = _words(request), _brand(request), _template(request)
    context: dict[str, Any] = {"brand": brand, "template": template, "readers": _readers(words, brand)}
    try:
        found = coverage.count(names=words.variable_names(), business_entity=brand)
    except QueryTooSlow:
        return context | {"too_many": True}
    lines = [
        {
            "name": lack.name,
            "label": previews.label_of(lack.name).lower(),
            "lacking": lack.lacking,
            "count": f"{lack.lacking:,}",
            "then": _then(words, lack.name),
            "address": reverse("admin:engagement_engagementtemplate_lacking", args=[template.pk, lack.name])
            if template and lack.lacking
            else "",
        }
        for lack in found.lacks
    ]
    return context | {"found": found, "lines": lines, "people": f"{found.people:,}"}


def _readers(words: Words, brand: BusinessEntity | None) -> list[dict[str, Any]]:
    """How many get which language, those first who would get another than their own."""
    try:
        found = translations.readers(offered=words.offered(), own=words.language, business_entity=brand)
    except QueryTooSlow:
        return []
    named = [
        {"people": f"{one.people:,}", "many": one.people != 1, "lack": one.lack,
         "language": translations.name_of(one.language) if one.language else "", "gets": translations.name_of(one.gets)}
        for one in sorted(found, key=lambda one: (not one.lack, -one.people))
    ]  # fmt: skip
    return named[:SPOKEN]


def _then(words: Words, name: str) -> str:
    """What those read who have no value."""
    fallback = words.fallback_of(name)
    if fallback is None:
        return "their email is held until somebody fills it in"
    return f"they read “{fallback}”" if fallback else "it is left out for them"


def _tested(request: HttpRequest) -> dict[str, Any]:
    now = clock.database_now()
    recipients = _recipients(request)
    if not recipients:
        return {
            "level": "is-bad",
            "said": "Your account has no email address, so a test cannot reach you.",
            "remedy": "Add your address",
            "address": reverse("admin:profile"),
        }
    if refused := _refused(request, recipients, now):
        return refused
    seen = _previewed(request)
    told = [_sent_to(request, seen, recipient, now) for recipient in recipients]
    held = f" A real one would be held: no {', no '.join(seen.missing).lower()}." if seen.missing else ""
    worst = max(told, key=lambda one: ("is-good", "is-warn", "is-bad").index(one["level"]))
    return worst | {"said": " ".join(dict.fromkeys(one["said"] for one in told)) + held}


def _recipients(request: HttpRequest) -> list[str]:
    """Whoever was typed, commas between them; else whoever asks."""
    typed = re.split(r"[,;\s]+", request.POST.get("test_to", ""))
    mine = str(getattr(request.user, "email", ""))
    return list(dict.fromkeys(filter(None, typed))) or [one for one in (mine,) if one]


def _refused(request: HttpRequest, recipients: list[str], now: dt.datetime) -> dict[str, str] | None:
    """Why nothing goes out to any of them."""
    if odd := next((one for one in recipients if not _is_address(one)), None):
        return {"level": "is-bad", "said": f"“{odd[:80]}” is no email address. Nothing was sent."}
    blocked = Suppression.objects.filter(email__in=[one.lower() for one in recipients]).values_list("email", flat=True)
    if first := blocked.first():
        return {"level": "is-bad", "said": f"{first} is blocked (Suppressed addresses). Nothing was sent."}
    mine = LogEntry.objects.filter(user_id=cast(int, request.user.pk), change_message=TESTED)
    if mine.filter(action_time__gt=now - PER).count() + len(recipients) > TESTS:
        return {"level": "is-warn", "said": f"That is more than {TESTS} tests in 10 minutes. Wait a little."}
    if errors := _errors(request):
        return {"level": "is-bad", "said": f"These words cannot be sent yet. {errors[0]}"}
    return None


def _is_address(typed: str) -> bool:
    try:
        validate_email(typed)
    except ValidationError:
        return False
    return True


def _sent_to(request: HttpRequest, seen: Preview, recipient: str, now: dt.datetime) -> dict[str, Any]:
    contact = people_search.chosen(request)
    brand = _brand(request, contact)
    _log(request, now)
    try:
        outcome = test_send.send(
            rendered=seen.sent, business_entity=brand, recipient=recipient, now=now, contact=contact
        )
    except test_send.TestFailed as failure:
        return {"level": "is-bad", "said": str(failure)}
    if outcome.kept is None:
        return {"level": "is-good", "said": outcome.said}
    where = {"remedy": "Read it", "address": address_of(outcome.kept)}
    may_read = request.user.has_perm("engagement.view_kepttest")
    return {"level": "is-warn", "said": outcome.said} | (where if may_read else {})


def _log(request: HttpRequest, now: dt.datetime) -> None:
    """Staff's tests are counted, so that nobody floods a mail server, and seen by colleagues."""
    template = _template(request)
    LogEntry.objects.create(
        user_id=cast(int, request.user.pk),
        content_type=ContentType.objects.get_for_model(EngagementTemplate),
        object_id=str(template.pk) if template else "",
        object_repr=str(template or "a new email")[:200],
        action_flag=CHANGE,
        change_message=TESTED,
        action_time=now,
    )
