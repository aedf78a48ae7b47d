"""Who gets in: accounts with their roles and rights, and API keys, which are made, shown once and revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIterator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.forms import (
    AdminPasswordChangeForm,
    UnfoldReadOnlyPasswordHashWidget,
    UserChangeForm,
    UserCreationForm,
)
from unfold.widgets import (
    CHECKBOX_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextInputWidget,
)

from contactflow import roles
from contactflow.core import datetimes
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import BaseAdmin, ReadOnlyAdmin, column, joined, page
from contactflow.models import ApiKey, Profile
from contacts import describe
from engagement import alerts

for model in (User, Group):
    admin.site.unregister(model)

VERBS: Mapping[str, str] = {"view": "see", "add": "add", "change": "change", "delete": "delete"}
NEW_ACCOUNT: Mapping[str, str] = {
    "username": "What they sign in with: letters, digits and @ . + - _",
    "email": "Where alerts and the daily digest reach them.",
    "password1": "At least eight characters, not only digits, and nothing that many people use. They can change it.",
    "password2": "The same again.",
    "usable_password": "No: they get no password yet, and cannot sign in until somebody gives them one.",
}
ROLES_HELP = "Who has a role may log in here. Without a role, an account sees nothing of the desk."


class RightsWidget(forms.CheckboxSelectMultiple):
    template_name = "contactflow/rights.html"

    def __init__(self, **options: Any) -> None:
        super().__init__(attrs={"class": " ".join(CHECKBOX_CLASSES)}, **options)

    class Media:
        css = {"all": ("contactflow/rights.css",)}  # as Django reads it


class RightsByThing(ModelChoiceIterator):  # type: ignore[type-arg]  # not subscriptable at runtime
    def __iter__(self) -> Iterator[Any]:
        rights = sorted(self.queryset.select_related("content_type"), key=_place)
        for thing, of_thing in groupby(rights, key=_thing):
            yield thing, [self.choice(right) for right in of_thing]


class RightsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not subscriptable at runtime
    iterator = RightsByThing
    widget = RightsWidget

    def label_from_instance(self, obj: Permission) -> str:
        return VERBS.get(_verb(obj), obj.name)


def _verb(right: Permission) -> str:
    return right.codename.partition("_")[0]


def _thing(right: Permission) -> str:
    model = right.content_type.model_class()
    return capfirst(str(model._meta.verbose_name_plural)) if model else right.content_type.model


def _place(right: Permission) -> tuple[str, int, int, str]:
    """Things by name, and what one does with them in the order of its weight; what is special comes last."""
    verb = _verb(right)
    weight = list(VERBS).index(verb) if verb in VERBS else len(VERBS)
    return _thing(right), right.content_type_id, weight, right.name


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


class PasswordState(UnfoldReadOnlyPasswordHashWidget):  # type: ignore[misc]  # Unfold has no types
    """Whether there is one; how it is kept is nobody's business here."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["summary"] = [{"label": "Set" if value and is_password_usable(value) else "None yet"}]
        return context


class AccountForm(UserChangeForm):  # type: ignore[misc]  # Unfold has no types
    roles = RolesField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "password" in self.fields:
            self.fields["password"].widget = PasswordState()
            way = format_html('<a class="text-link" href="{}">Set another</a>', "../password/")
            self.fields["password"].help_text = way
        self.initial["roles"] = self.instance.groups.all()


class NewAccountForm(UserCreationForm):  # type: ignore[misc]  # Unfold has no types
    roles = RolesField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, words in NEW_ACCOUNT.items():
            self.fields[name].help_text = words
        if "usable_password" in self.fields:
            self.fields["usable_password"].label = "May sign in here with a password"


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """What everybody says of themselves."""

    timezone = forms.ChoiceField(
        choices=[("", "As my browser says"), *datetimes.zones()],
        required=False,
        label="Time zone",
        widget=UnfoldAdminSelect2Widget,
        help_text="In which pages tell you times.",
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")
        widgets: ClassVar = dict.fromkeys(("first_name", "last_name"), UnfoldAdminTextInputWidget) | {
            "email": UnfoldAdminEmailInputWidget
        }
        help_texts: ClassVar = {"email": "Where alerts, the daily digest and your tests of emails go."}


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

    @page("me/", permission="", name="profile")
    def profile(self, request: HttpRequest) -> HttpResponse:
        """Everybody's own: name, address, zone, and the way to a new password."""
        user = _user(request)
        known = Profile.objects.filter(user=user).first()
        sent = request.POST if request.method == "POST" else None
        form = ProfileForm(sent, instance=user, initial={"timezone": known.timezone if known else ""})
        if form.is_valid():
            form.save()
            zone = form.cleaned_data["timezone"]
            Profile.objects.update_or_create(user=user, defaults={"timezone": zone})
            request.session["timezone"] = zone
            messages.success(request, "Your profile is saved.")
            return HttpResponseRedirect(reverse("admin:profile"))
        held = f"Your roles: {self.roles_held(user)}."
        context = {"title": "My profile", "form": form, "roles": held, "is_blocked": bool(alerts.blocks([user.email]))}
        return self.framed(request, "admin/contactflow/profile.html", context)

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


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """A key is made and revoked, never changed; its text is shown once."""

    when_empty = (
        "Make a key for each system that sends people here, such as your website, so that each can be withdrawn alone."
    )
    list_display = ("name", "scope", "prefix", "state", "created_at", "last_used_at")
    list_filter = (("scope", ChoicesDropdownFilter),)
    search_fields = ("name", "prefix")
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("contactflow.add_apikey")

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contactflow.change_apikey")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.list_display if obj else ("name", "scope")

    def possible_buttons(self, row: ApiKey) -> tuple[str, ...]:
        return () if row.revoked_at else ("revoke",)

    @column("State", ordering="revoked_at")
    def state(self, key: ApiKey) -> str:
        return f"Revoked {describe.moment(key.revoked_at)}" if key.revoked_at else "Works"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[ApiKey], change: bool) -> None:
        key, plaintext = ApiKey.objects.issue(name=obj.name, scope=obj.scope)
        obj.pk, obj.prefix = key.pk, key.prefix
        messages.warning(request, f"The key, shown this once: {plaintext} Copy it now and keep it secret.")

    @confirmed(
        "Revoke",
        permission="revoke",
        icon="block",
        danger=True,
        title="Revoke this key",
        explanation="Whatever uses it is refused from now on. This cannot be undone.",
    )
    def revoke(self, request: HttpRequest, key: ApiKey, answers: dict[str, Any]) -> str:
        key.revoke()
        return "The key is revoked."
