"""Workflows over HTTP: the doors contacts and events come through, and what runs."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from contactflow.core.clock import database_now
from contacts import addresses, describe, new_recipients, reference_data
from contacts.intake import Arrival, Change, EnrolmentPolicy, IntakeError, Receipt, happened
from contacts.models import ContactEvent
from contacts.serializers import Reason, Strict
from workflows import analytics, controls, drafts, entrypoints, filters, serializers, simulation
from workflows.actions.base import Someone
from workflows.models import ScheduledAction, Step, WorkflowInstance, WorkflowTemplate

ACTIONS = ScheduledAction.objects.select_related("target", "template").order_by("due_at", "position", "occurrence")
STEPS = Step.objects.select_related("target", "template").prefetch_related("touches__template")
TEMPLATES = (
    WorkflowTemplate.objects.select_related("business_entity", "current_version")
    .prefetch_related(
        "current_version__contact_types",
        "current_version__lead_sources",
        Prefetch("current_version__steps", queryset=STEPS),
    )
    .order_by("slug")
)


class NewContact(APIView):
    """A contact arrives: it is created or updated, and the matching workflows start."""

    scopes: ClassVar[dict[str, str]] = {"POST": "intake"}
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"POST": ("contacts.add_contact", "contacts.change_contact")}

    @extend_schema(
        operation_id="new_contact",
        request=serializers.NewContact,
        responses={201: serializers.Answer, 200: serializers.Answer, 202: serializers.Accepted},
    )
    def post(self, request: Request) -> Response:
        told = _known(serializers.NewContact.validated(request.data))
        arrival = Arrival(**told, payload=cast(dict[str, Any], request.data))
        now, reference = reference_data.at_this_moment()
        public_key = request.auth.pk if getattr(request.user, "is_public_form", False) else None
        change = Change(arrival=arrival, source=ContactEvent.Source.API, only_fills=public_key is not None)
        with transaction.atomic() if public_key else contextlib.nullcontext():
            answer = entrypoints.apply(change=change, now=now, reference=reference)
            _count(public_key, answer.receipt, now)
        if public_key:  # nobody learns by it who is known, or how many are new
            warned = {"warnings": answer.receipt.event.warnings} if answer.receipt.event.warnings else {}
            return Response({"success": True, "event_id": answer.receipt.event.pk, **warned}, status=202)
        return Response(_body(answer), status=201 if answer.receipt.created else 200)


class Trigger(APIView):
    """An event happens to a contact: the matching workflows start."""

    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"POST": ("contacts.add_contact", "contacts.change_contact")}

    @extend_schema(operation_id="trigger", request=serializers.Trigger, responses={202: serializers.Answer})
    def post(self, request: Request) -> Response:
        told = _known(serializers.Trigger.validated(request.data))
        told["email"], told["kind"] = told.pop("contact_email"), told.pop("trigger_event")
        policy = EnrolmentPolicy.named(told.pop("workflows", ()), is_forced=told.pop("force", False))
        now, reference = reference_data.at_this_moment()
        try:
            change = happened(source=ContactEvent.Source.API, **told)
            answer = entrypoints.apply(change=change, policy=policy, now=now, reference=reference)
        except IntakeError as error:
            raise IntakeError({_TRIGGER_NAMES.get(name, name): text for name, text in error.errors.items()}) from None
        return Response(_body(answer), status=202)


class Status(APIView):
    """How many workflows are active, what ran last, and whether all is well."""

    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"GET": ("workflows.view_workflowinstance",)}

    @extend_schema(operation_id="status", responses={200: serializers.Status, 503: serializers.Status})
    def get(self, request: Request) -> Response:
        return Response(serializers.Status(analytics.status(now=database_now())).data)

    def handle_exception(self, exc: Exception) -> Response:
        if not isinstance(exc, OperationalError | InterfaceError):
            return super().handle_exception(exc)
        down = {
            "active_workflows": None,
            "total_contacts_processed": None,
            "recent_executions": [],
            "system_status": "down",
            "problems": ["The database does not answer."],
        }
        return Response(down, status=503, headers={"Retry-After": "5"})


class AllTemplates(APIView):
    """Every workflow with its steps, on one page."""

    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"GET": ("workflows.view_workflowtemplate",)}

    @extend_schema(operation_id="templates", responses={200: serializers.Templates})
    def get(self, request: Request) -> Response:
        return Response({"templates": serializers.TemplateOutput(TEMPLATES.all(), many=True).data})


class Templates(ReadOnlyModelViewSet[WorkflowTemplate]):
    """Workflows with the triggers and steps of the version that runs."""

    queryset = TEMPLATES
    serializer_class = serializers.TemplateOutput
    filterset_class = filters.TemplateFilters
    lookup_field = "slug"
    lookup_value_converter = "slug"
    page_by: ClassVar[tuple[str, ...]] = ("slug",)
    scopes: ClassVar[dict[str, str]] = {"POST": "read"}
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {
        "POST": ("workflows.view_workflowtemplate", "contacts.view_contact"),
    }

    @extend_schema(request=serializers.Simulation, responses=serializers.Simulated)
    @action(detail=True, methods=["post"])
    def simulate(self, request: Request, **where: Any) -> Response:
        """A dry run: what would happen when and how it would read. Nothing is written or sent."""
        # Without the steps that answers about workflows are made of: those of another version may be asked for.
        found = WorkflowTemplate.objects.select_related("business_entity", "current_version")
        template = get_object_or_404(found, slug=where["slug"])
        told = _known(serializers.Simulation.validated(request.data))
        version = template.versions.filter(published_at=None).first() if told.get("draft") else template.current_version
        if version is None:
            raise ValidationError({"draft": ["This workflow has no such version: " + _WHICH[bool(told.get("draft"))]]})
        plan = drafts.plan_of(version, template)
        someone = _someone(told, plan)
        foreseen = simulation.simulate_plan(plan=plan, someone=someone, start=told.get("start") or database_now())
        shape = {
            "workflow": template.slug,
            "version": version.number,
            "contact_timezone": someone.zone,
            "team_timezone": someone.team_zone,
            "actions": foreseen,
        }
        return Response(serializers.Simulated(shape).data)


def _control(
    do: Callable[..., None], says: str, what: str, output: type[BaseSerializer[Any]], body: type[Strict] = Reason
) -> Any:
    """What a person does to one row, answered with how it is then. `what` is the name by which it takes the row."""

    def view(page: Any, request: Request, **where: Any) -> Response:
        row, told = page.get_object(), dict(body.validated(request.data))
        if "outcome" in told:
            told["sent"] = told.pop("outcome") == "sent"
        do(**{what: row}, **told, actor=str(request.user.get_username()), now=database_now())
        return Response(page.get_serializer(page.get_object()).data)

    view.__name__, view.__doc__ = do.__name__, says
    return extend_schema(request=body, responses=output)(action(detail=True, methods=["post"])(view))


class Instances(ReadOnlyModelViewSet[WorkflowInstance]):
    """What runs, or ran, for whom."""

    queryset = WorkflowInstance.objects.select_related(
        "contact", "template", "version", "business_entity"
    ).prefetch_related(Prefetch("actions", queryset=ACTIONS))
    serializer_class = serializers.InstanceOutput
    filterset_class = filters.InstanceFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-started_at", "-id")

    pause = _control(controls.pause, "Stop the clock.", "instance", serializers.InstanceOutput)
    resume = _control(
        controls.resume,
        "Go on; what waits is shifted by the length of the pause.",
        "instance",
        serializers.InstanceOutput,
    )
    cancel = _control(controls.cancel, "End it; what waits is cancelled.", "instance", serializers.InstanceOutput)


class Actions(ReadOnlyModelViewSet[ScheduledAction]):
    """Steps of instances with their due time, state and attempts."""

    queryset: QuerySet[ScheduledAction] = ACTIONS
    serializer_class = serializers.ActionOutput
    filterset_class = filters.ActionFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("due_at", "id")

    retry = _control(controls.retry, "Try again now.", "action", serializers.ActionOutput)
    skip = _control(controls.skip, "Leave it out.", "action", serializers.ActionOutput)
    resolve = _control(
        controls.resolve, "Say how an unclear action ended.", "action", serializers.ActionOutput, serializers.Resolution
    )


def _count(public_key: UUID | None, receipt: Receipt, now: dt.datetime) -> None:
    """Counts whom a key brings that anybody may use."""
    if public_key is not None and receipt.created:
        new_recipients.admit(key=public_key, contact=receipt.contact, now=now)


_TRIGGER_NAMES = {"email": "contact_email", "kind": "trigger_event"}  # what intake calls them -> what the caller does


_WHICH = {True: "there is no draft.", False: "nothing is published."}


def _someone(told: dict[str, Any], plan: drafts.Plan) -> Someone:
    address = told.get("contact_email", "").strip()
    if not address:
        return simulation.example_named(plan=plan, **_known(told.get("example") or {}))
    contact = addresses.find(email=address)
    if contact is None:
        raise ValidationError({"contact_email": ["No contact has this address."]})
    return simulation.real(contact=contact, plan=plan)


def _known(told: dict[str, Any]) -> dict[str, Any]:
    """Without what the caller left open: null, "" and empty lists say nothing."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def _body(answer: entrypoints.Answer) -> dict[str, Any]:
    receipt, instances = answer.receipt, answer.enrolment.instances
    facts = receipt.event.facts
    return {
        "success": True,
        "contact_id": receipt.contact.pk,
        "contact_email": receipt.contact.email,
        "created": receipt.created,
        "event_id": receipt.event.pk,
        "contact_types": facts.get("contact_types", []),
        "lead_source": facts.get("lead_source") or None,
        "business_entities": facts.get("business_entities", []),
        "workflows_triggered": [instance.template.slug for instance in instances],
        "instances": [{"id": one.pk, "workflow": one.template.slug, "status": one.status} for one in instances],
        "reasons": describe.answers(answer.enrolment.outcome),
        "warnings": list(receipt.event.warnings),
    }
