"""A button asks before it acts: one small page that says what will happen, and why somebody wanted it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


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
    refusals: tuple[type[Exception], ...] = ()
    """The errors that mean "not possible": their words are shown."""
    warning: Callable[[Any], str] | None = None
    """What to look at again before saying yes; an empty sentence for nothing."""


def ask(page: ModelAdmin[Any], request: HttpRequest, object_id: str, question: Question) -> HttpResponse:
    """Show the question; act once it is answered, then go back to the row's page."""
    row = page.get_object(request, unquote(object_id))
    if row is None:
        raise Http404
    form = question.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        _act(request, row, form.cleaned_data, question)
        return HttpResponseRedirect(_address(page, row))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": row,
        "title": question.title,
        "question": question,
        "warning": question.warning(row) if question.warning else "",
        "form": form,
        "back": _address(page, row),
    }
    return TemplateResponse(request, "admin/confirmation.html", context)


def _act(request: HttpRequest, row: Any, answers: dict[str, Any], question: Question) -> None:
    try:
        said = question.act(row, answers)
    except question.refusals as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)


def _address(page: ModelAdmin[Any], row: Any) -> str:
    meta = page.opts
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(row.pk)])
