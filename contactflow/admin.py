"""The pages that span all rooms: API keys, users and groups, background runs, and the whole contact."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from contactflow.models import ApiKey
from contacts import clock
from contacts.admin import confirmation, sentences
from contacts.admin.confirmation import Question
from contacts.admin.pages import Page, Record, RecordInline, button, column, joined, link
from contacts.admin.people import ContactAdmin
from contacts.intake import Receipt
from contacts.models import Contact
from engagement.admin.work import TaskAdmin
from engagement.models import Message, Task
from notion_bridge.admin.subjects import InNotion
from workflows import enrolment, wake
from workflows.admin.runs import WorkflowInstanceAdmin
from workflows.models import WorkflowInstance

# Whoever may add a schedule or fill the queue can run any command on this machine. The others get more below.
for model in (Schedule, OrmQ, Success, Failure, User, Group, Task, WorkflowInstance):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(ApiKey)
class ApiKeyAdmin(Record):
    """A key is made and revoked, never changed; its text is shown once."""

    list_display = ("name", "scope", "prefix", "state", "created_at", "last_used_at")
    list_filter = (("scope", ChoicesDropdownFilter),)
    search_fields = ("name", "prefix")
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("contactflow.add_apikey")

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("contactflow.change_apikey")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "scope")
        return ("name", "scope", "prefix", "state", "created_at", "last_used_at")

    def possible_buttons(self, row: ApiKey) -> tuple[str, ...]:
        return () if row.revoked_at else ("revoke",)

    @column("State", ordering="revoked_at")
    def state(self, key: ApiKey) -> str:
        return f"Revoked {sentences.moment(key.revoked_at)}" if key.revoked_at else "Works"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[ApiKey], change: bool) -> None:
        key, plaintext = ApiKey.objects.issue(name=obj.name, scope=obj.scope)
        obj.pk, obj.prefix = key.pk, key.prefix
        messages.warning(request, f"The key, shown this once: {plaintext} Copy it now and keep it secret.")

    @button("Revoke", permission="revoke", icon="block", danger=True)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(key: ApiKey, answers: dict[str, Any]) -> str:
            key.revoke()
            return "The key is revoked."

        question = Question(
            title="Revoke this key",
            explanation="Whatever uses it is refused from now on. This cannot be undone.",
            submit="Revoke",
            act=act,
        )
        return confirmation.ask(self, request, object_id, question)


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


class RunAdmin(Record):
    """What the workers did, as django-q2 tells it. Arguments are not shown: they are of use to nobody here."""

    list_display = ("name", "func", "started", "stopped")
    search_fields = ("name", "func")
    ordering = ("-started",)
    fields: ClassVar[tuple[str, ...]] = ("name", "func", "started", "stopped", "attempt_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("args", "kwargs", "result")


@admin.register(Success)
class SuccessAdmin(RunAdmin):
    pass


@admin.register(Failure)
class FailureAdmin(RunAdmin):
    fields: ClassVar = (*RunAdmin.fields, "what_happened")

    @column("What happened")
    def what_happened(self, run: Failure) -> str:
        return str(run.result)


class InstanceInline(RecordInline):
    model = WorkflowInstance
    verbose_name_plural = "Workflows"
    fields = ("workflow", "status", "because", "started_at", "ended_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("template")

    @column("Workflow")
    def workflow(self, instance: WorkflowInstance) -> str:
        return link(instance, str(instance.template))


class MessageInline(RecordInline):
    model = Message
    verbose_name_plural = "Emails"
    fields = ("subject_link", "status", "sent_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("text", "html")

    @column("Subject")
    def subject_link(self, message: Message) -> str:
        return link(message)


class TaskInline(RecordInline):
    model = Task
    verbose_name_plural = "Tasks"
    fields = ("title_link", "status", "priority", "due_at")
    readonly_fields = fields

    @column("Task")
    def title_link(self, task: Task) -> str:
        return link(task)


@admin.register(Contact)
class WholeContactAdmin(InNotion, ContactAdmin):
    """A contact with what every room knows about them; a change starts its workflows at once."""

    inlines: ClassVar = (*ContactAdmin.inlines, InstanceInline, MessageInline, TaskInline)

    def tell(self, request: HttpRequest, receipt: Receipt) -> None:
        started = enrolment.enrol(event=receipt.event, now=clock.database_now()).instances
        wake.on_commit()
        if started:
            messages.info(request, f"Started: {joined(instance.template for instance in started)}.")


@admin.register(Task)
class WholeTaskAdmin(InNotion, TaskAdmin):
    """A task with its page in Notion."""


@admin.register(WorkflowInstance)
class WholeInstanceAdmin(InNotion, WorkflowInstanceAdmin):
    """A workflow somebody is in, with its page in Notion."""
