"""The brands with the frame of their emails: edited beside one of these emails, redrawn while somebody types."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from contactflow.core import numbers
from contactflow.core.admin.model_admin import page
from contacts.admin import people_search
from contacts.admin.reference import BusinessEntityAdmin
from contacts.models import BusinessEntity
from engagement import contrast, envelopes, layout, previews
from engagement.admin.email_preview import answer
from engagement.admin.messages import EmailPictures
from engagement.models import EngagementTemplate
from engagement.rendering import Words

EXAMPLE = Words(
    "An example for {{ first_name }}",
    "What mailboxes show beside the subject",
    "Hello {{ first_name }},\n\nthis is how an email of the brand looks. It has **words that matter** and "
    "[a link](https://www.example.com).\n",
    EngagementTemplate.Level.BASIC,
)
LISTED = 100
FACE = (
    "name", "sender_name", "sender_email", "reply_to", "colour", "logo_url", "signature", "postal_address", "website",
    "translated_signatures",
)  # fmt: skip

admin.site.unregister(BusinessEntity)


@admin.register(BusinessEntity)
class BrandAdmin(EmailPictures, BusinessEntityAdmin):
    """A brand, and how its emails look."""

    change_form_template = "admin/engagement/brand.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        brand: BusinessEntity | None = options.get("obj")
        may_read_emails = request.user.has_perm("engagement.view_engagementtemplate")
        context |= {
            "brand_page": True,
            "preview_address": reverse("admin:contacts_businessentity_frame"),
            "emails": _emails(brand) if may_read_emails else [],
            "may_choose": may_read_emails and request.user.has_perm("contacts.view_contact"),
        }
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: BusinessEntity, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for warning in contrast.warnings(obj.colour):
            messages.warning(request, f"Colour: {warning}")

    @page("preview/", permission="view add", method="POST")
    def frame(self, request: HttpRequest) -> JsonResponse:
        """An email in the frame as typed. Nothing is stored."""
        brand = _typed(request)
        seen = previews.preview(
            words=_words(request),
            business_entity=brand,
            contact=people_search.chosen(request),
            brand=layout.brand_of(brand),
            sender=envelopes.sender_of(brand),
        )
        return answer(seen, str(seen.sender), errors=[], colour_warnings=contrast.warnings(brand.colour))


def _emails(brand: BusinessEntity | None) -> list[EngagementTemplate]:
    """Its own first, then those that any brand may send."""
    theirs = Q(business_entity=brand) if brand else Q(pk=None)
    emails = EngagementTemplate.objects.filter(theirs | Q(business_entity=None), current_version__isnull=False)
    return sorted(emails.order_by("name")[:LISTED], key=lambda email: email.business_entity_id is None)


def _typed(request: HttpRequest) -> BusinessEntity:
    """The brand as it would be with what is typed, unsaved; where the page has no form, as it is saved."""
    brand = BusinessEntity.objects.filter(pk=numbers.key(request.POST.get("template_brand"))).first()
    brand = brand or BusinessEntity()
    for name in FACE:
        if name in request.POST:
            setattr(brand, name, request.POST[name].strip())
    if not contrast.is_colour(brand.colour):
        brand.colour = layout.NEUTRAL_COLOUR
    if not brand.logo_url.lower().startswith(("https://", "http://")):
        brand.logo_url = ""
    return brand


def _words(request: HttpRequest) -> Words:
    number = numbers.parse_int(request.POST.get("template"))
    if number is None or not request.user.has_perm("engagement.view_engagementtemplate"):
        return EXAMPLE
    email = EngagementTemplate.objects.select_related("current_version").filter(pk=number).first()
    if email is None or email.current_version is None:
        return EXAMPLE
    email.current_version.template = email
    return Words.of(email.current_version)
