"""Who works here, and in which roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from contactflow import roles
from contactflow.admin.rights import RightsField
from contactflow.core.admin.model_admin import BaseAdmin, column, joined

for model in (User, Group):
    admin.site.unregister(model)

ROLES_HELP = "Who has a role may log in here. Without a role, an account sees nothing of the desk."


class RolesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not subscriptable at runtime
    def __init__(self, **options: Any) -> None:
        super().__init__(
            roles.groups().order_by("name"),
            required=False,
            help_text=ROLES_HELP,
            widget=UnfoldAdminCheckboxSelectMultipleWidget(),
            **options,
        )

    def label_from_instance(self, obj: Any) -> str:
        means = {role.name: role.means for role in roles.ROLES}
        return f"{obj.name}: {means[obj.name]}"


class AccountForm(UserChangeForm):  # type: ignore[misc]  # Unfold has no types
    roles = RolesField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["roles"] = self.instance.groups.all()


class NewAccountForm(UserCreationForm):  # type: ignore[misc]  # Unfold has no types
    roles = RolesField()


@admin.register(User)
class UserAdmin(PlainUserAdmin, BaseAdmin):  # type: ignore[type-arg]  # Django's and Unfold's, as Unfold documents
    form = AccountForm
    add_form = NewAccountForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "roles_held", "is_active")
    list_filter = (("is_active", BooleanRadioFilter), ("groups", RelatedDropdownFilter))
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    fieldsets: ClassVar = (
        (None, {"fields": ("username", "password", ("first_name", "last_name"), "email", "is_active")}),
        ("Roles", {"fields": ("roles",)}),
        ("History", {"fields": (("last_login", "date_joined"),)}),
    )
    rights: ClassVar = ("More rights", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")})
    add_fieldsets = (
        (None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),
        ("Roles", {"fields": ("roles",)}),
    )
    readonly_fields: ClassVar = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._is_theirs(request, obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._is_theirs(request, obj) and bool(super().has_delete_permission(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Rights one by one are for superusers to give; everybody else gives roles, or nothing."""
        shown = super().get_fieldsets(request, obj)
        return (*shown, self.rights) if obj is not None and _user(request).is_superuser else shown

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:  # type: ignore[override]  # as Django's own
        form = super().get_form(request, obj, **options)
        if "roles" in form.base_fields:
            form.base_fields["roles"].queryset = self._offered(request)  # type: ignore[attr-defined]  # our own field
        return form

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **options: Any) -> Any:
        return _field_of_rights(super().formfield_for_manytomany, db_field, request, **options)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "roles" in form.cleaned_data and ("roles" in form.changed_data or not change):
            roles.give(user=form.instance, chosen=form.cleaned_data["roles"], offered=self._offered(request))

    @column("Roles")
    def roles_held(self, user: User) -> str:
        if user.is_superuser:
            return "Everything"
        return joined(sorted(group.name for group in user.groups.all()))

    def _is_theirs(self, request: HttpRequest, obj: User | None) -> bool:
        return obj is None or roles.may_look_after(keeper=_user(request), account=obj)

    def _offered(self, request: HttpRequest) -> QuerySet[Group]:
        mine = [group.pk for group in roles.groups() if roles.may_give(giver=_user(request), group=group)]
        return roles.groups().filter(pk__in=mine).order_by("name")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # every page of the admin asks who it is


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, BaseAdmin):
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **options: Any) -> Any:
        return _field_of_rights(super().formfield_for_manytomany, db_field, request, **options)


def _field_of_rights(make: Callable[..., Any], db_field: Any, request: HttpRequest | None, **options: Any) -> Any:
    if db_field.related_model is Permission:
        return db_field.formfield(form_class=RightsField, help_text="", **options)
    return make(db_field, request, **options)
