"""What the pages of imports and exports have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from contactflow.core.admin import confirmation
from contactflow.core.admin.model_admin import ReadOnlyAdmin, column
from contactflow.core.datetimes import moment

COLOURS = {"Ready": "success", "Done": "success", "Failed": "danger", "Cancelled": "warning"}


class TransferAdmin(ReadOnlyAdmin):
    """Runs of one kind: each has pages of its own, and a bar while it is worked on."""

    list_filter: ClassVar = (("state", ChoicesDropdownFilter),)
    list_before_template = "admin/workflows/transfers/tabs.html"
    list_select_related = ("created_by",)
    ordering = ("-created_at", "-id")

    def pages(self) -> dict[str, Callable[..., Any]]:
        """Views below the address of a run, besides the bar's."""
        raise NotImplementedError

    def show(self, request: HttpRequest, run: Any) -> HttpResponse:
        raise NotImplementedError

    def progress_of(self, request: HttpRequest, run: Any) -> dict[str, Any]:
        """What the bar says."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        views = {**self.pages(), "progress": self.progress_view}
        ours = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=self._named(name))
            for name, view in views.items()
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.run(request, object_id)
        if request.method != "GET":
            raise PermissionDenied
        return self.show(request, run)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The bar, asked for every second; once the work is done the page is loaded anew."""
        run = self.run(request, object_id)
        if not run.is_working:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return TemplateResponse(request, "admin/workflows/transfers/progress.html", self.progress_of(request, run))

    def run(self, request: HttpRequest, object_id: str) -> Any:
        """The run, for whoever may see it."""
        return confirmation.opened(self, request, object_id)

    def bar(self, run: Any, doing: str, done: int, *, may_change: bool) -> dict[str, Any]:
        total = max(run.total, done, 1)
        addresses = {f"{page}_address": self.address(run, page) for page in (*self.pages(), "progress")}
        share = {"done": done, "total": total, "percent": int(100 * done / total)}
        return {"run": run, "doing": doing, "may_change": may_change, **share, **addresses}

    def page(self, request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/workflows/transfers/{name}.html", whole)

    def to(self, run: Any) -> HttpResponse:
        return HttpResponseRedirect(self.address(run, "change"))

    def address(self, run: Any, page: str) -> str:
        return reverse(f"admin:{self._named(page)}", args=[quote(run.pk)])

    def _named(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    @column("State", ordering="state", label=COLOURS)
    def state_word(self, run: Any) -> str:
        return str(run.get_state_display())

    @column("Asked for", ordering="created_at")
    def when(self, run: Any) -> str:
        return moment(run.created_at)

    @column("By")
    def who(self, run: Any) -> str:
        return run.created_by.get_username() if run.created_by else "-"
