"""Whether a colleague gets the daily digest, and what it would say now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from contactflow.core import clock
from contactflow.core.admin.model_admin import BaseAdmin, page
from engagement.channels import registry
from workflows import digest
from workflows.models import DigestChoice


class DigestPages(BaseAdmin):
    """The page of the digest, for the admin of steps. Each colleague decides for themselves."""

    @page("digest/", permission="", name="workflows_digest")
    def digest_view(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            wanted = request.POST.get("wanted") == "yes"
            digest.choose(user=request.user, wanted=wanted)  # type: ignore[arg-type]  # signed in, says admin_view
            messages.success(request, "You get the daily digest." if wanted else "You get no daily digest any more.")
            return HttpResponseRedirect(reverse("admin:workflows_digest"))
        now = clock.database_now()
        user: Any = request.user
        said_no = DigestChoice.objects.filter(user=user, wanted=False).exists()
        is_reader = digest.is_reader(user=user)
        may_look = self.has_view_permission(request)
        context = {
            "title": "Daily digest by email",
            "is_reader": is_reader,
            "wants": not said_no,
            "state": _state(user, is_reader, said_no),
            "preview": digest.gather(since=digest.last_look(user=user, now=now), now=now) if may_look else None,
            "hour": settings.DIGEST_HOUR,
        }
        return self.framed(request, "admin/workflows/failures_digest.html", context)


def _state(user: Any, is_reader: bool, said_no: bool) -> str:
    roles = " and ".join(f"{role.lower()}s" for role in settings.DIGEST_ROLES)
    if settings.DIGEST_HOUR is None:
        return "No digest is sent at all: DIGEST_HOUR is off."
    if said_no:
        return "You do not get the digest, as you wished."
    if not is_reader:
        return f"It goes to {roles}" + ("; your account has no email address." if not user.email else " only.")
    if not registry.is_mail_connected():
        return "You will get it once mail is connected: set EMAIL_URL."
    return f"You get it at {user.email}, from {settings.DIGEST_HOUR}:00 ({settings.TIME_ZONE}), on days that need it."
