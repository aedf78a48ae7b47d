"""Rights to tick, by what they are for: "Contacts: see, add, change, delete"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.forms.models import ModelChoiceIterator
from django.utils.text import capfirst
from unfold.widgets import CHECKBOX_CLASSES

VERBS: Mapping[str, str] = {"view": "see", "add": "add", "change": "change", "delete": "delete"}


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
