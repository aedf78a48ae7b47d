"""What becomes of the draft of an email: it is published, or thrown away; both after seeing what that changes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import BaseAdmin, address_of, page
from contactflow.core.reasons import Reason
from engagement import describe, differences, drafts, publishing, publishing_checks
from engagement.models import EngagementTemplate, TemplateVersion
from engagement.rendering import Words


class Publishing(BaseAdmin):
    """The pages about a draft, below the email's own."""

    @page("<path:object_id>/publish/", permission="change")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What will change, what to look at before, and the button; asked again when something came to it meanwhile."""
        template = confirmation.opened(self, request, object_id)
        draft = drafts.draft_of(template)
        if draft is None:
            messages.info(request, "There is no draft to publish: what is saved is sent already.")
            return HttpResponseRedirect(address_of(template))
        words = Words.of(draft)
        found = [
            _told(one, template) for one in publishing_checks.findings(words=words, business_entity=draft.speaks_for)
        ]
        if request.method == "POST" and {one["key"] for one in found} <= set(request.POST.getlist("accepted")):
            return _publish(request, template)
        about = {"faults": publishing_checks.refusals(words), "findings": found, "is_new": request.method == "POST"}
        return self._about_draft(request, template, draft, "publish", f"Publish {template}", **about)

    @page("<path:object_id>/checks/", permission="change", method="GET")
    def checks(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What takes a few seconds: whether links lead somewhere, what SpamAssassin says. Fetched by the page."""
        template = confirmation.opened(self, request, object_id)
        draft = drafts.draft_of(template)
        if draft is None:
            return HttpResponse("")
        found = publishing_checks.slow_findings(
            words=Words.of(draft), business_entity=draft.speaks_for, now=clock.database_now()
        )
        context = {"findings": [_told(one, template) for one in found], "is_late": True}
        return TemplateResponse(request, "admin/engagement/findings.html", context)

    @page("<path:object_id>/discard/", permission="change")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, showing what would be lost, then throw the draft away."""
        template = confirmation.opened(self, request, object_id)
        draft = drafts.draft_of(template)
        if draft is None or template.current_version is None:
            messages.info(request, "There is no draft to throw away, or nothing published to go back to.")
            return HttpResponseRedirect(address_of(template))
        if request.method == "POST":
            if not drafts.discard(template=template, now=clock.database_now(), seen=request.POST.get("seen", "")):
                messages.error(request, "The draft was changed since you looked at it. It is still here.")
                return HttpResponseRedirect(address_of(template))
            messages.success(request, "The draft is gone. You see what is sent.")
            return HttpResponseRedirect(address_of(template))
        return self._about_draft(request, template, draft, "discard", "Throw the draft away")

    def _about_draft(
        self, request: HttpRequest, template: EngagementTemplate, draft: TemplateVersion, name: str, title: str,
        **more: Any,
    ) -> HttpResponse:  # fmt: skip
        current = template.current_version
        context = {
            "original": template,
            "title": title,
            "draft": draft,
            "current": current,
            "seen": drafts.state_of(template),
            "changes": differences.between(earlier=current, later=draft),
        }
        return self.framed(request, f"admin/engagement/{name}.html", context | more)


def _told(finding: Reason, template: EngagementTemplate) -> dict[str, str]:
    """In words, with where to look; `key` is what whoever publishes accepts."""
    address = ""
    if finding.code == "people_lack":
        where = [template.pk, finding.params["variable"]]
        address = reverse("admin:engagement_engagementtemplate_lacking", args=where)
    lasting = {name: value for name, value in finding.as_json().items() if name not in ("lacking", "people")}
    key = json.dumps(lasting, sort_keys=True)  # one person more is nothing new
    return {"key": key, "sentence": describe.why(finding), "address": address}


def _publish(request: HttpRequest, template: EngagementTemplate) -> HttpResponse:
    by: Any = request.user  # staff only
    now = clock.database_now()
    try:
        made = publishing.publish(template=template, by=by, now=now, seen=request.POST.get("seen", ""))
    except (publishing.NotPublishable, publishing.InvalidTemplate) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(address_of(template))
    said = f"Version {made.number} is published: every email that goes out from now on has its words."
    if not template.active:
        said += " The email is switched off, so none goes out yet."
    messages.success(request, said)
    return HttpResponseRedirect(address_of(template))
