"""Where each address leads. /healthz and /readyz are answered earlier, by contactflow.health."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

import contacts.urls
import engagement.urls
import notion_bridge.urls
import workflows.urls
from contactflow.api import pages, problems

resources = [*contacts.urls.resources, *workflows.urls.resources, *engagement.urls.resources]
doors = [*workflows.urls.doors, *engagement.urls.doors, *notion_bridge.urls.doors]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("contact-workflows/", include(doors)),
    path("api/v1/", include(resources)),
    path("api/schema/", pages.Schema.as_view(), name="schema"),
    path("api/docs/", pages.Docs.as_view()),
    re_path(r"^(?:api|contact-workflows)/", problems.unknown_address),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
