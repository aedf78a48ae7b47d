"""Addresses of workflows below /api/v1/, and the doors below /contact-workflows/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from workflows import api

router = SimpleRouter(use_regex_path=False)
router.register("workflow-templates", api.Templates)
router.register("workflow-instances", api.Instances)
router.register("scheduled-actions", api.Actions)
resources = router.urls
doors = [
    path("new-contact/", api.NewContact.as_view()),
    path("trigger/", api.Trigger.as_view()),
    path("status/", api.Status.as_view()),
    path("templates/", api.AllTemplates.as_view()),
]
