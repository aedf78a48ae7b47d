"""The doors that concern Notion, below /contact-workflows/."""

from __future__ import annotations

from django.urls import path

from notion_bridge import api

doors = [
    path("start-monitoring/", api.StartMonitoring.as_view()),
    path("stop-monitoring/", api.StopMonitoring.as_view()),
    path("notion-webhook/", api.Webhook.as_view(), name="notion-webhook"),
]
