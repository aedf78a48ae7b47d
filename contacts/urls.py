"""Addresses of contacts and their events below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from contacts import api

router = SimpleRouter(use_regex_path=False)
router.register("contacts", api.Contacts)
router.register("events", api.Events)
resources = router.urls
