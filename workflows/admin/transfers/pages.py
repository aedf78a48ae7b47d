"""What the pages of imports and exports have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import ReadOnlyAdmin, address_of, column, page
from workflows.models.transfers import NotPossible
from workflows.transfers import runs

COLOURS = {"Ready": "success", "Done": "success", "Failed": "danger", "Cancelled": "warning"}
Deed = Callable[[Any, HttpRequest, Any], HttpResponse | None]


def deed(act: Deed) -> Callable[..., HttpResponse]:
    """A page below a run, called like the method: it does it when it is posted, and leads back."""

    @page(f"<path:object_id>/{act.__name__}/", permission="", method="POST")
    @wraps(act)
    def view(self: TransferAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        run = confirmation.opened(self, request, object_id)
        if not self.may_change(request, run):
            raise PermissionDenied
        try:
            answer = act(self, request, run)
        except NotPossible as refusal:
            messages.error(request, str(refusal))
            answer = None
        return answer or HttpResponseRedirect(address_of(run))

    return view


class TransferAdmin(ReadOnlyAdmin):
    """Runs of one kind: each has pages of its own, and a bar while it is worked on."""

    list_filter: ClassVar = (("state", ChoicesDropdownFilter),)
    list_before_template = "admin/workflows/transfers/tabs.html"
    list_select_related = ("created_by",)
    ordering = ("-created_at", "-id")
    may_change: Callable[..., bool]  # with the request and the run
    show: Callable[..., HttpResponse]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = confirmation.opened(self, request, object_id)
        if request.method != "GET":
            raise PermissionDenied
        return self.show(request, run)

    @page("<path:object_id>/progress/", permission="")
    def progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The bar, asked for every second; once the work is done the page is loaded anew."""
        run = confirmation.opened(self, request, object_id)
        if not run.is_working:
            return HttpResponse(headers={"HX-Refresh": "true"})
        shown = {"run": run, "may_change": self.may_change(request, run)}
        return TemplateResponse(request, "admin/workflows/transfers/progress.html", shown)

    @deed
    def cancel(self, request: HttpRequest, run: Any) -> None:
        runs.cancel(run=run)

    def drawn(self, request: HttpRequest, name: str, run: Any = None, **context: Any) -> TemplateResponse:
        may_change = run is not None and self.may_change(request, run)
        whole = {"run": run, "may_change": may_change, **context}
        return self.framed(request, f"admin/workflows/transfers/{name}.html", whole)

    @column("State", ordering="state", label=COLOURS)
    def state_word(self, run: Any) -> str:
        return str(run.get_state_display())
