"""The three databases: how far they are synchronised, and which property of each holds which field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from contactflow.core import clock
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import NoDeleteAdmin, UntitledInline, column
from contacts import describe as contacts_describe
from notion_bridge import conflicts, connection_check, describe, mapping, provisioning, schemas
from notion_bridge.admin import display
from notion_bridge.models import NotionDatabase, PropertyMapping

NOWHERE = ("", "Not synchronised")


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at runtime
    """One field: the property that holds it, and who wins when both sides changed it."""

    held_by = forms.ChoiceField(
        label="Property in Notion",
        required=False,
        widget=UnfoldAdminSelectWidget(
            attrs={"style": "min-width: min(18rem, 45vw)", "aria-label": "Property in Notion"}
        ),
    )

    class Meta:
        model = PropertyMapping
        fields: ClassVar = ["rule"]
        labels: ClassVar = {"rule": "If both sides changed it"}
        widgets: ClassVar = {"rule": UnfoldAdminSelectWidget(attrs={"aria-label": "If both sides changed it"})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row: PropertyMapping = self.instance
        if row._state.adding or "held_by" not in self.fields:
            return
        field = mapping.field_of(row.database.kind, row.field)
        self.initial["held_by"] = row.property_id
        self.fields["held_by"].choices = _choices(row, field)  # type: ignore[attr-defined]  # a choice field
        if not field.pulled:  # nothing comes from Notion, so nobody can disagree
            self.fields["rule"].disabled = True


class MappingFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # not subscriptable at runtime
    def clean(self) -> None:
        """A property holds one field."""
        holders: dict[str, str] = {}
        for form in self.forms:
            property_id, row = form.cleaned_data.get("held_by", ""), form.instance
            label = describe.label(row.database.kind, row.field)
            if property_id and property_id in holders:
                form.add_error("held_by", f"{holders[property_id]} is held by this property already.")
            holders.setdefault(property_id, label)


class MappingInline(UntitledInline):
    model = PropertyMapping
    form = MappingForm
    formset = MappingFormSet
    verbose_name_plural = "Fields"
    extra = 0
    max_num = 0
    can_delete = False
    readonly_fields = ("label", "standing", "property_label")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        held_by = "held_by" if self.has_change_permission(request, obj) else "property_label"
        return ("label", held_by, "rule", "standing")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PropertyMapping]:
        return super().get_queryset(request).select_related("database")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("notion_bridge.change_notiondatabase")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("notion_bridge.view_notiondatabase") or self.has_change_permission(request, obj)

    label = column("Field")(lambda self, row: describe.label(row.database.kind, row.field))

    @column("Property in Notion")
    def property_label(self, row: PropertyMapping) -> str:
        return dict(_choices(row, mapping.field_of(row.database.kind, row.field)))[row.property_id]

    standing = column("How it goes")(lambda self, row: _standing(row))


@admin.register(NotionDatabase)
class NotionDatabaseAdmin(NoDeleteAdmin):
    when_empty = "Connect Notion first: the page “Connection” says how."
    list_display = ("name", "title", "condition", "looked_at", "passed_at")
    search_fields = ("title", "kind")
    fieldsets = (
        (None, {"fields": (("name", "page"), "in_order")}),
        ("How far it is", {"fields": (("looked_at", "passed_at"), ("met_at", "found"))}),
    )
    readonly_fields = ("name", "page", "in_order", "looked_at", "passed_at", "met_at", "found")
    inlines = (MappingInline,)
    actions_detail = ("add_properties",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[NotionDatabase]:
        return super().get_queryset(request).prefetch_related("mappings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_schema_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("notion_bridge.change_notiondatabase")

    def possible_buttons(self, row: NotionDatabase) -> Collection[str]:
        lacks = describe.lacking(row, list(row.mappings.all()))
        return self.actions_detail if lacks and row.data_source_id and not row.problem else ()

    name = column("Database", ordering="id")(lambda self, row: str(row))

    @column("State", label={"In order": "success", "Needs a look": "warning", "Out of reach": "danger"})
    def condition(self, database: NotionDatabase) -> str:
        levels = {line.level for line in connection_check.judge_database(database)}
        return "Out of reach" if "FAIL" in levels else "Needs a look" if "warning" in levels else "In order"

    page = column("In Notion")(lambda self, row: display.open_link(row.url, row.title or "Open in Notion"))

    @column("State")
    def in_order(self, database: NotionDatabase) -> str:
        return contacts_describe.listed(line.text for line in connection_check.judge_database(database))

    looked_at = column("Last look", ordering="polled_at")(lambda self, row: contacts_describe.moment(row.polled_at))

    @column("Last full pass", ordering="full_pass_at")
    def passed_at(self, database: NotionDatabase) -> str:
        return contacts_describe.moment(database.full_pass_at)

    met_at = column("First pull complete")(lambda self, row: contacts_describe.moment(row.baseline_at))
    found = column("The last full pass found")(lambda self, row: found(row.full_pass))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The fields are mapped by the domain, which knows what a new property means for what was agreed on."""
        forms_changed = [one for formset in formsets for one in formset.forms if one.has_changed()]
        for one in forms_changed:
            if "rule" in one.changed_data:
                schemas.set_rule(row=one.instance, rule=one.cleaned_data["rule"])
        chosen = {one.instance: one.cleaned_data["held_by"] for one in forms_changed if "held_by" in one.changed_data}
        try:
            schemas.rearrange(chosen=chosen, now=clock.database_now())
        except ValueError as refusal:
            messages.error(request, str(refusal))
        if chosen:
            messages.info(request, "The next pass compares every page in the fields whose property is another one.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The database itself is Notion's to change."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        changed = [one.instance.field for formset in formsets for one in formset.forms if one.has_changed()]
        return [{"changed": {"fields": changed}}] if changed else []

    @confirmed(
        "Add missing properties",
        permission="schema",
        icon="playlist_add",
        title="Add missing properties in Notion",
        explanation="Every field without a property gets one of its own in Notion, with its usual name and type. "
        "Nothing that is there is changed. To use a property that is there, choose it under Fields instead.",
        submit="Add them",
        refusals=(conflicts.NotPossible,),
    )
    def add_properties(self, request: HttpRequest, database: NotionDatabase, answers: dict[str, Any]) -> str:
        made = provisioning.add_properties(database=database, now=clock.database_now())
        if made.trouble:
            raise conflicts.NotPossible(connection_check.in_words(made.trouble))
        return f"Added in Notion: {', '.join(made.names)}." if made.names else "Nothing was missing."


def found(full_pass: Mapping[str, Any]) -> str:
    """What a full pass found, in a sentence."""
    if not full_pass:
        return "No full pass yet"
    missed, gone = full_pass.get("drift") or 0, full_pass.get("missing") or 0
    said = [f"{missed} missed {'change' if missed == 1 else 'changes'}"] if missed else []
    said += [f"{gone} {'page' if gone == 1 else 'pages'} gone"] if gone else []
    return " and ".join(said) or "Nothing that was missed"


def _choices(row: PropertyMapping, field: mapping.Field) -> list[tuple[str, str]]:
    """The properties that the field can live in, and the one that holds it now, whatever became of it."""
    fitting = {
        one: f"{seen['name']} ({describe.type_of(seen['type'])})"
        for one, seen in row.database.schema.items()
        if seen["type"] in field.accepts
    }
    if row.property_id and row.trouble:
        what = "gone" if row.property_id not in row.database.schema else "has another type"
        fitting[row.property_id] = f"{row.property_name} ({what})"
    elif row.property_id:
        fitting.setdefault(row.property_id, row.property_name)
    return [NOWHERE, *sorted(fitting.items(), key=lambda choice: choice[1].casefold())]


def _standing(row: PropertyMapping) -> str:
    field = mapping.field_of(row.database.kind, row.field)
    if row.trouble:
        said = describe.trouble_of(row)
        return said[:1].upper() + said[1:]
    if not row.property_id:
        return "Not synchronised." if row.by_staff else "No property in Notion holds it: add one, or choose one."
    if field.is_key:
        return "Contactflow writes its own number there, so that no page is ever made twice."
    if row.property_type in mapping.READ_ONLY:
        return "Read from Notion, never written: Notion sets it itself."
    return "Both ways." if field.pulled else "Written to Notion; changed only in Contactflow."
