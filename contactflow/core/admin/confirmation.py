"""A button asks before it acts: one small page that says what will happen, and why somebody wanted it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminTextareaWidget

from contactflow.core.admin.model_admin import BaseAdmin, address_of, button


class NoQuestions(forms.Form):
    """Nothing to fill in: the page only asks whether to go on."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with your name, so that colleagues can read later why.",
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the page says, and what happens when the answer is yes."""

    title: str
    explanation: str
    submit: str
    act: Callable[[Any, dict[str, Any]], str]
    """Does it, with the row and the answers of the form; what it returns is told to the person."""
    form: type[forms.Form] = NoQuestions
    initial: Callable[[Any], dict[str, Any]] | None = None  # what the form holds at first, of the row
    refusals: tuple[type[Exception], ...] = ()  # the errors that mean "not possible": their words are shown
    warning: Callable[[Any], str] | None = None
    """What to look at again before saying yes; an empty sentence for nothing."""


Act = Callable[[Any, HttpRequest, Any, dict[str, Any]], str]
"""A method of the admin that does it, with the request, the row and the answers of the form."""


def confirmed(  # noqa: PLR0913 - what stands on a button and on its page
    name: str,
    *,
    permission: str,
    explanation: str | Callable[[Any, HttpRequest, Any], str],
    icon: str | None = None,
    danger: bool = False,
    title: str = "",
    submit: str = "",
    form: type[forms.Form] | None = None,
    choose_form: Callable[[Any, HttpRequest, Any], type[forms.Form]] | None = None,
    **more: Any,
) -> Callable[[Act], Callable[..., HttpResponse]]:
    """Makes the method a button above a row's page that asks first. The rest is as in Question.

    An explanation may depend on the row, and so may the form: both are asked with the admin, the request and the row.
    """

    def decorate(act: Act) -> Callable[..., HttpResponse]:
        @button(name, permission=permission, icon=icon, danger=danger)
        @wraps(act)
        def view(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            row = opened(page, request, object_id)
            question = Question(
                title=title or name,
                explanation=explanation if isinstance(explanation, str) else explanation(page, request, row),
                submit=submit or name,
                act=lambda row, answers: act(page, request, row, answers),
                form=choose_form(page, request, row) if choose_form else form or NoQuestions,
                **more,
            )
            return _asked(page, request, row, question)

        return view

    return decorate


def opened(page: BaseAdmin, request: HttpRequest, object_id: str) -> Any:
    """The row, for whoever may see it."""
    row = page.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    if not page.has_view_permission(request, row):
        raise PermissionDenied
    return row


def ask(page: BaseAdmin, request: HttpRequest, object_id: str, question: Question) -> HttpResponse:
    """Show the question; act once it is answered, then go back to the row's page."""
    return _asked(page, request, opened(page, request, object_id), question)


def _asked(page: BaseAdmin, request: HttpRequest, row: Any, question: Question) -> HttpResponse:
    form = question.form(
        request.POST if request.method == "POST" else None, initial=question.initial(row) if question.initial else None
    )
    if request.method == "POST" and form.is_valid():
        _act(request, row, form.cleaned_data, question)
        return HttpResponseRedirect(address_of(row))
    context = {
        "original": row,
        "title": question.title,
        "question": question,
        "warning": question.warning(row) if question.warning else "",
        "form": form,
        "back": address_of(row),
    }
    return page.framed(request, "admin/confirmation.html", context)


def _act(request: HttpRequest, row: Any, answers: dict[str, Any], question: Question) -> None:
    try:
        said = question.act(row, answers)
    except question.refusals as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
