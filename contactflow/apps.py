"""What Django loads: this app, and the admin on our own site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ContactflowConfig(AppConfig):
    name = "contactflow"
    default = True

    def ready(self) -> None:
        from contactflow import checks  # noqa: F401, PLC0415 - importing registers them, once apps are loaded


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "contactflow.admin_site.DeskSite"
