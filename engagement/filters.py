"""What the lists of messages, tasks and alerts can be narrowed by."""

from __future__ import annotations

import django_filters

from contacts.filters import AddressFilter, ChoiceFilter, SlugFilter
from engagement.models import Message, Target, Task


class MessageFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package is untyped
    contact_email = AddressFilter(field_name="contact__email")
    status = ChoiceFilter(Message.Status)


class TaskFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    contact_email = AddressFilter(field_name="contact__email")
    status = ChoiceFilter(Task.Status)


class AlertFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    target = SlugFilter(Target)
    contact_email = AddressFilter(field_name="contact__email")
