"""What Django loads: this app, and the admin on our own site."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ContactflowConfig(AppConfig):
    name = "contactflow"
    default = True


class AdminConfig(admin_apps.AdminConfig):
    default = False
