"""Who works here, and in which groups."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from contacts.admin.pages import Page

for model in (User, Group):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(PlainUserAdmin, Page):  # type: ignore[type-arg]  # Django's and Unfold's, as Unfold documents
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active")
    list_filter = (("is_active", BooleanRadioFilter), ("is_staff", BooleanRadioFilter))
    filter_horizontal = ("user_permissions",)
    autocomplete_fields = ("groups",)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser's account, password included, is for superusers."""
        is_theirs = obj is None or not obj.is_superuser or bool(getattr(request.user, "is_superuser", False))
        return is_theirs and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_theirs = obj is None or not obj.is_superuser or bool(getattr(request.user, "is_superuser", False))
        return is_theirs and bool(super().has_delete_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody gives more rights than they have: rights are for superusers to give."""
        rights = () if getattr(request.user, "is_superuser", False) else ("is_superuser", "groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *rights)


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, Page):
    pass
