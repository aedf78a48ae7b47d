"""Pages that stay true without reloading: they ask again every few seconds, and are sent only what has changed.

A page says in `X-Live-Version` what it shows. As long as that is still so, the answer is an empty 204, after one query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

from contactflow.core.admin.model_admin import BaseAdmin, column
from engagement import worklist
from engagement.models import Priority

WHOSE = "whose"
PRIORITY_COLOURS = {"Urgent": "danger", "High": "warning", "Medium": "info"}
# By the alphabet, "high" would stand before "low", and "urgent" after both.
RANK = Case(
    *(When(priority=priority, then=Value(place)) for place, priority in enumerate(Priority.values)),
    output_field=IntegerField(),
)
HEADER = "X-Live-Version"
EVERY_SECONDS = 10


def is_unchanged(request: HttpRequest, version: str) -> bool:
    return request.headers.get(HEADER) == version


def unchanged() -> HttpResponse:
    return HttpResponse(status=204)


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """To the page the button stood on."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(wanted if is_ours else fallback)


def tabs(
    request: HttpRequest, *, parameter: str, choices: Sequence[tuple[str, str]], current: str
) -> list[dict[str, Any]]:
    """Links to the same list, narrowed otherwise; the page number starts anew."""
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in (parameter, "p")]
    return [
        {"label": label, "address": f"?{urlencode([*kept, (parameter, value)])}", "is_current": value == current}
        for value, label in choices
    ]


def _remembered(request: HttpRequest, key: str, choices: list[str]) -> str:
    """Whose rows: chosen in the address; on a bare address those chosen last. Written into `request.GET`."""
    chosen = request.GET.get(WHOSE)
    if chosen in choices:
        if request.session.get(key) != chosen:
            request.session[key] = chosen
        return str(chosen)
    if chosen is not None or any(request.GET.values()):
        return worklist.Scope.ALL
    current = str(request.session.get(key, worklist.Scope.ALL))
    if current != worklist.Scope.ALL:
        query: Any = QueryDict(request.GET.urlencode(), mutable=True)
        query[WHOSE] = current
        request.GET = query
    return current


class LiveList(BaseAdmin):
    """Before the admin of what lies before people: its list keeps up to date, and remembers whose rows one looks at."""

    whose: ClassVar[Sequence[tuple[str, str]]] = worklist.Scope.choices
    list_display_links = None  # the first column has links of its own
    list_filter_sheet = True
    search_fields = ("title", "contact__email")
    search_help_text = "Title, or the contact's name, address, company or telephone number"

    def version(self) -> str:
        """Changes when the list does."""
        raise NotImplementedError

    def has_deed_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm(f"engagement.change_{self.opts.model_name}")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return worklist.matching(queryset, text=search_term), False

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if self.has_deed_permission(request) else [name for name in shown if name != "deed"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        version = self.version()
        if is_unchanged(request, version) and self.has_view_permission(request):
            return unchanged()
        return super().changelist_view(request, {**self.live(request, version), **(extra_context or {})})

    def live(self, request: HttpRequest, version: str) -> dict[str, Any]:
        """What the page needs to ask again. It asks for what it shows now, whatever another tab remembers since."""
        key = f"{self.opts.model_name}s_{WHOSE}"
        scope = _remembered(request, key, [value for value, _ in self.whose])
        address = f"{request.path}?{request.GET.urlencode()}"
        return {
            "tabs": tabs(request, parameter=WHOSE, choices=self.whose, current=scope),
            "scope": scope,
            "live": {"version": version, "address": address, "every": EVERY_SECONDS},
        }

    @column("Priority", ordering=RANK, label=PRIORITY_COLOURS)
    def urgency(self, row: Any) -> str:
        return str(row.get_priority_display())
