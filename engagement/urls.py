"""Addresses of messages, tasks and alerts below /api/v1/, and of the live stream below /contact-workflows/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from engagement import api

router = SimpleRouter(use_regex_path=False)
router.register("messages", api.Messages)
router.register("tasks", api.Tasks)
router.register("alerts", api.Alerts)
resources = router.urls
doors = [path("alerts/stream/", api.AlertStream.as_view())]
