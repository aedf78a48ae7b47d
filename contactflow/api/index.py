"""/api/v1/: what there is."""

from __future__ import annotations

from typing import ClassVar

from rest_framework import routers


class Index(routers.APIRootView):
    """The resources of this installation. /api/docs/ describes them, and the doors under /contact-workflows/."""

    name = "Contactflow API"
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"GET": ()}  # of staff, none beyond being it


class Router(routers.DefaultRouter):
    APIRootView = Index
    include_format_suffixes = False
