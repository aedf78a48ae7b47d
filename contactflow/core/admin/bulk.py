"""A question about many rows chosen in a list: what would happen to how many, asked before it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from contactflow.core.admin.confirmation import NoQuestions
from contactflow.core.numbers import counted

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What is asked about several rows, and what happens when the answer is yes."""

    name: str  # of the action in the list
    title: str
    submit: str
    act: Callable[[list[Any], dict[str, Any]], str]
    noun: tuple[str, str]
    form: type[forms.Form] = NoQuestions
    named: Callable[[Any], str] = str  # one row, in the list of those that are meant
    lines: Callable[[list[Any]], list[str]] = lambda rows: []  # what it would mean for these rows
    refusals: tuple[type[Exception], ...] = ()
    at_once: int = 500
    cuts: bool = False  # whether the first so many are taken of more; else more are refused
    is_danger: bool = False
    is_final: bool = True  # False for a question whose answer leads to another one


def ask(page: Any, request: HttpRequest, chosen: QuerySet[Any], bulk: Bulk) -> HttpResponse | None:
    """Say what would happen to how many; act once it is confirmed, then go back to the list."""
    found = list(chosen[: bulk.at_once + 1])
    rows, is_cut = found[: bulk.at_once], len(found) > bulk.at_once
    if is_cut and not bulk.cuts:
        many = f"more than {bulk.at_once} {bulk.noun[1]} at once"
        messages.error(request, f"That is {many}. Narrow the list by search or filters.")
        return None
    is_answer = bulk.is_final and "confirmed" in request.POST
    form = bulk.form(request.POST if is_answer or (not bulk.is_final and "answered" in request.POST) else None)
    try:
        if is_answer and form.is_valid():
            messages.success(request, bulk.act(rows, form.cleaned_data))
            return None
        lines = bulk.lines(rows)
    except bulk.refusals as refusal:
        messages.error(request, str(refusal))
        return None
    context = {
        "title": bulk.title,
        "bulk": bulk,
        "count": counted(len(rows), *bulk.noun),
        "is_cut": is_cut,
        "shown": [bulk.named(row) for row in rows[:SHOWN]],
        "others": max(len(rows) - SHOWN, 0),
        "lines": lines,
        "form": form,
        "media": page.media + form.media,
        "chosen_name": helpers.ACTION_CHECKBOX_NAME,
        "ids": [quote(row.pk) for row in rows],
        "back": request.get_full_path(),
    }
    return cast(HttpResponse, page.framed(request, "admin/bulk.html", context))


Act = Callable[[Any, HttpRequest, list[Any], dict[str, Any]], str]
"""A method of the admin that does it, with the request, the rows and the answers of the form."""


ListAction = Callable[..., HttpResponse | None]


def asked(
    title: str,
    *,
    permission: str,
    description: str = "",
    form: type[forms.Form] | Callable[[Any, HttpRequest], type[forms.Form]] = NoQuestions,
    **more: Any,
) -> Callable[[Act], ListAction]:
    """Makes the method an action of the list that asks first; the rest is as in Bulk. A form may depend on who asks."""

    def decorate(act: Act) -> ListAction:
        @wraps(act)
        def view(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
            question = Bulk(
                name=act.__name__,
                title=title,
                form=form if isinstance(form, type) else form(page, request),
                act=lambda rows, answers: act(page, request, rows, answers),
                **more,
            )
            return ask(page, request, chosen if question.cuts else chosen.order_by(), question)

        return cast(ListAction, action(view, description=description or title, permissions=[permission]))

    return decorate
