"""What the lists of instances and actions can be narrowed by."""

from __future__ import annotations

import django_filters

from contacts.filters import AddressFilter, ChoiceFilter, MomentFilter, SlugFilter
from workflows.models import ScheduledAction, WorkflowInstance, WorkflowTemplate


class TemplateFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package is untyped
    """None yet; that it exists makes unknown parameters an error."""


class InstanceFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    contact_email = AddressFilter(field_name="contact__email")
    workflow = SlugFilter(WorkflowTemplate, field_name="template")
    status = ChoiceFilter(WorkflowInstance.Status)


class ActionFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    instance = django_filters.UUIDFilter(field_name="instance_id")
    status = ChoiceFilter(ScheduledAction.Status)
    due_before = MomentFilter(field_name="due_at", lookup_expr="lt", help_text="A moment, ISO 8601 with offset.")
