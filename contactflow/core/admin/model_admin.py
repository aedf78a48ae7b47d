"""What every page of the admin has in common: lists that stay quick, records nobody edits, lists typed line by line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib import admin as django_admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import FieldDoesNotExist, FieldError, PermissionDenied, ValidationError
from django.core.paginator import InvalidPage
from django.db import DataError, models
from django.db.models.expressions import BaseExpression
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from contactflow.core import datetimes
from contactflow.core.admin.paging import BoundedPaginator
from contactflow.core.statement_timeout import QueryTooSlow, statement_timeout

if TYPE_CHECKING:
    ModelAdmin = django_admin.ModelAdmin[Any]
    TabularInline = django_admin.TabularInline[Any, Any]
    StackedInline = django_admin.StackedInline[Any, Any]
else:
    from unfold.admin import ModelAdmin, TabularInline

Method = TypeVar("Method", bound=Callable[..., Any])
ONE_PER_LINE = "One per line."
NOT_A_FILTER = (IncorrectLookupParameters, FieldError, DataError, ValueError, TypeError, OverflowError)
"""What Django and the database raise for ?name__regex=( and the like, some of it only when rows are read."""
LIST_FOR = 3000  # milliseconds that one question of a list may take; nearly all take a hundredth of it


class LinesField(SimpleArrayField):
    """A list, typed one item per line, so that an item may hold a comma."""

    def __init__(self, base_field: Any, **options: Any) -> None:
        options["delimiter"] = "\n"
        options["widget"] = UnfoldAdminExpandableTextareaWidget(attrs={"rows": 3})
        options["help_text"] = f"{options.get('help_text') or ''} {ONE_PER_LINE}".strip()
        super().__init__(base_field, **options)
        self.error_messages["item_invalid"] = "Line %(nth)s:"
        if isinstance(self.base_field, forms.EmailField):
            self.base_field.error_messages["invalid"] = "%(value)s is not an email address."

    def to_python(self, value: Any) -> list[Any]:  # type: ignore[override]  # a field whose value is a list
        if isinstance(value, str):
            value = "\n".join(line.strip() for line in value.splitlines() if line.strip())
        return cast(list[Any], super().to_python(value))


FIELDS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    ArrayField: {"form_class": LinesField},
    models.URLField: {"assume_scheme": "https"},
}


def column(
    description: str, *, ordering: str | BaseExpression | None = None, label: dict[str, str] | bool | None = None
) -> Callable[[Method], Method]:
    """Name a display method; `label` maps its values to the colours of a badge."""
    return cast(
        Callable[[Method], Method],
        unfold_display(description=description, ordering=ordering, label=label, empty_value="-"),
    )


def button(
    description: str, *, permission: str, icon: str | None = None, danger: bool = False
) -> Callable[[Method], Method]:
    """A button above one row's page. `permission` names the page's has_<permission>_permission."""
    return cast(
        Callable[[Method], Method],
        unfold_action(
            description=description,
            permissions=[permission],
            icon=icon,
            variant=ActionVariant.DANGER if danger else ActionVariant.DEFAULT,
        ),
    )


def page(address: str, *, permission: str = "view", method: str = "", name: str = "") -> Callable[[Method], Method]:
    """Serves the method at an address below its list, called <app>_<model>_<method> unless it is given a name.

    Of several permissions, separated by spaces, one is enough; "" is for everybody who may be in the admin. `method` is
    the only one of HTTP that is answered.
    """

    def decorate(view: Method) -> Method:
        @wraps(view)
        def guarded(self: BaseAdmin, request: HttpRequest, *args: Any, **where: Any) -> HttpResponse:
            if permission and not any(self.allows(request, one) for one in permission.split()):
                raise PermissionDenied
            if method and request.method != method:
                return HttpResponseNotAllowed([method])
            return cast(HttpResponse, view(self, request, *args, **where))

        guarded.page_address, guarded.page_name = address, name  # type: ignore[attr-defined]  # ours
        return cast(Method, guarded)

    return decorate


def address_of(row: models.Model, name: str = "change") -> str:
    """Of a page of the row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[quote(row.pk)])


def link(row: models.Model | None, text: str | None = None) -> SafeString | str:
    """The row's name, leading to its page."""
    if row is None:
        return "-"
    return format_html('<a href="{}" class="text-link">{}</a>', address_of(row), text or str(row))


def name_of(person: Any) -> str:
    """A colleague, as others know them."""
    return str(person.get_full_name() or person.get_username())


def joined(rows: Iterable[object]) -> str:
    return ", ".join(str(row) for row in rows) or "-"


class BaseAdmin(ModelAdmin):
    """A list and a form in the admin."""

    formfield_overrides: ClassVar = FIELDS
    list_per_page = 50
    show_full_result_count = False  # counts the whole table, a second time
    paginator = BoundedPaginator
    brand_path: str | None = None
    """How a row leads to its brand, so that the list obeys the choice in the header; None: by its own, "": never."""
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True  # the buttons above a form know only what is saved
    actions_detail: ClassVar[tuple[str, ...]] = ()

    def get_urls(self) -> list[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        known = {name: getattr(type(self), name, None) for name in dir(type(self))}
        own = [
            path(
                address,
                self.admin_site.admin_view(getattr(self, name)),
                name=getattr(view, "page_name", "") or f"{prefix}_{name}",
            )
            for name, view in known.items()
            if (address := getattr(view, "page_address", ""))
        ]
        return [*own, *super().get_urls()]

    def allows(self, request: HttpRequest, permission: str, *row: str) -> bool:
        """As of a button: what has_<permission>_permission says."""
        return bool(getattr(self, f"has_{permission}_permission")(request, *row))

    def framed(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """A page within the frame of the admin."""
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, and what is done to rows chosen in it, obeys the chosen brand; the page of a row does not."""
        request.is_listing = True  # type: ignore[attr-defined]  # ours
        try:
            return super().get_changelist_instance(request)
        except NOT_A_FILTER as error:
            if not request.GET or isinstance(error.__context__, InvalidPage):  # of which Django leads to the first one
                raise
            raise ValidationError("filter") from error  # which is answered 400 in words

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Titled by what it lists, not by what Django thinks one wants with it; nobody waits for it for minutes."""
        context = {"title": capfirst(str(self.opts.verbose_name_plural)), **(extra_context or {})}
        if request.method != "GET":
            return super().changelist_view(request, context)
        try:
            with statement_timeout(milliseconds=LIST_FOR):
                answer = super().changelist_view(request, context)
                return answer.render() if isinstance(answer, TemplateResponse) else answer  # now, while time counts
        except QueryTooSlow:
            return self.framed(request, "admin/too_long.html", context)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Narrowed by the site's `narrow_list`, where it has one: this room knows no brands."""
        rows = super().get_queryset(request)
        narrow = getattr(self.admin_site, "narrow_list", None)
        if narrow is None or not getattr(request, "is_listing", False):
            return rows
        return cast(models.QuerySet[Any], narrow(request, rows, path=self.brand_path))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Columns that hold a moment are shown in the reader's zone, with the exact one on hover."""
        return tuple(self._with_moments(name) for name in super().get_list_display(request))

    def _with_moments(self, name: Any) -> Any:
        if not isinstance(name, str) or hasattr(self, name):
            return name
        try:
            field = self.model._meta.get_field(name)
        except FieldDoesNotExist:
            return name
        return datetimes.moment_column(field) if isinstance(field, models.DateTimeField) else name

    def title_of(self, row: Any) -> str:
        """What the row's page is headed."""
        return str(row)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.page_title = self.title_of(row)
        return row

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """What staff changed, before and after, for whoever may read that."""
        if not request.user.has_perm("contactflow.view_auditentry"):
            return super().history_view(request, object_id, extra_context)
        row = {"thing": self.opts.db_table, "row": unquote(object_id)}
        return HttpResponseRedirect(f"{reverse('admin:contactflow_auditentry_changelist')}?{urlencode(row)}")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        if options.get("obj") is not None:
            context["subtitle"] = self.title_of(options["obj"])
        return super().render_change_form(request, context, *args, **options)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """A row that is not there yet has no history to show."""
        inlines = super().get_inlines(request, obj)
        return inlines if obj is not None else [inline for inline in inlines if not issubclass(inline, ReadOnlyInline)]

    def possible_buttons(self, row: Any) -> Collection[str]:
        """The buttons that make sense for the row in its present state."""
        return self.actions_detail

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        allowed = cast(list[Any], super().get_actions_detail(request, object_id))  # type: ignore[misc]  # Unfold's
        row = self.get_object(request, unquote(str(object_id))) if allowed else None
        if row is None:
            return []
        wanted = {self.get_unfold_action(name).action_name for name in self.possible_buttons(row)}  # type: ignore[attr-defined]  # Unfold's
        return [button for button in allowed if button.action_name in wanted]


class NoDeleteAdmin(BaseAdmin):
    """Rows that staff change but never delete, because history points at them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(BaseAdmin):
    """Rows that Contactflow writes and people read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UntitledInline(TabularInline):
    """Rows that need no line with their plain name above each."""

    # Unfold renamed the attribute; each installation knows one of the two.
    if hasattr(TabularInline, "show_title"):
        show_title = False
    else:
        hide_title = True


class ReadOnlyInline(UntitledInline):
    """Rows shown on the page of another row, a page at a time."""

    extra = 0
    max_num = 0
    can_delete = False
    per_page = 10

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
