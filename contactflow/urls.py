"""Where each address leads. /healthz and /readyz are answered earlier, by contactflow.health."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from contactflow.api import people, problems, schema
from contactflow.api.index import Router
from contactflow.permission_pages import views as permission_pages
from contacts import api as contacts
from engagement import api as engagement
from engagement import hooks
from notion_bridge import api as notion
from workflows import api as workflows

resources = Router(use_regex_path=False)
resources.register("contacts", people.Contacts)
resources.register("erasures", people.Erasures)
resources.register("events", contacts.Events)
resources.register("consents", people.Consents)
resources.register("suppressions", contacts.Suppressions)
resources.register("workflow-templates", workflows.Templates)
resources.register("workflow-instances", workflows.Instances)
resources.register("scheduled-actions", workflows.Actions)
resources.register("messages", engagement.Messages)
resources.register("goals", engagement.Goals)
resources.register("conversions", engagement.Conversions)
resources.register("replies", engagement.Replies)
resources.register("tasks", engagement.Tasks)
resources.register("alerts", engagement.Alerts)
doors = [
    path("new-contact/", workflows.NewContact.as_view()),
    path("trigger/", workflows.Trigger.as_view()),
    path("status/", workflows.Status.as_view()),
    path("templates/", workflows.AllTemplates.as_view()),
    path("alerts/stream/", engagement.AlertStream.as_view()),
    path("start-monitoring/", notion.StartMonitoring.as_view()),
    path("stop-monitoring/", notion.StopMonitoring.as_view()),
    path("notion-webhook/", notion.Webhook.as_view(), name="notion-webhook"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("contact-workflows/", include(doors)),
    # With and without a slash: RFC 8058 allows no redirect, in which a POST would be lost.
    re_path(r"^u/(?P<token>[^/]+)/?\Z", permission_pages.unsubscribe_page, name="unsubscribe"),
    re_path(r"^p/(?P<token>[^/]+)/?\Z", permission_pages.preferences_page, name="preferences"),
    re_path(r"^p/confirm/(?P<token>[^/]+)/?\Z", permission_pages.confirm_page, name="confirm"),
    re_path(r"^p/look/(?P<colour>[0-9a-f]{6})\.css\Z", permission_pages.brand_style, name="brand-style"),
    re_path(r"^hooks/email/(?P<provider>[a-z_]+)/(?P<secret>[\w-]+)/?\Z", hooks.receive, name="email-hook"),
    path("api/v1/", include(resources.urls)),
    path("api/schema/", schema.Schema.as_view(), name="schema"),
    path("api/docs/", schema.Docs.as_view()),
    re_path(r"^(?:api|contact-workflows)/", problems.unknown_address),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
