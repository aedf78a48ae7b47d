"""Messages, tasks and alerts over HTTP, and the live stream of alerts."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.mixins import CreateModelMixin
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from contactflow.core.clock import database_now
from contacts import addresses, cleaning
from contacts.filters import AddressFilter, ChoiceFilter, SlugFilter
from contacts.models import BusinessEntity, Contact
from engagement import alerts, goals, inbox, serializers, stream, tasking
from engagement.models import Alert, Conversion, Goal, Message, Reply, Target, Task

NEWEST_FIRST = ("-created_at", "-id")


class MessageFilters(django_filters.FilterSet):  # type: ignore[misc]  # the package is untyped
    contact_email = AddressFilter(field_name="contact__email")
    status = ChoiceFilter(Message.Status)


class TaskFilters(MessageFilters):
    status = ChoiceFilter(Task.Status)


class AlertFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    target = SlugFilter(Target)
    contact_email = AddressFilter(field_name="contact__email")


class Messages(ReadOnlyModelViewSet[Message]):
    """Emails as they were sent, and what became of them."""

    queryset = Message.objects.select_related("contact", "business_entity", "version__template").prefetch_related(
        "events"
    )
    serializer_class = serializers.MessageOutput
    filterset_class = MessageFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = NEWEST_FIRST


class Tasks(CreateModelMixin, ReadOnlyModelViewSet[Task]):
    """Work for people."""

    queryset = Task.objects.select_related("target", "contact", "business_entity")
    serializer_class = serializers.TaskOutput
    filterset_class = TaskFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = NEWEST_FIRST

    @extend_schema(request=serializers.NewTask, responses={201: serializers.TaskOutput})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a task by hand."""
        told = serializers.NewTask.validated(request.data)
        told = {name: value for name, value in told.items() if value is not None}
        contact, target = _contact(told.pop("contact_email", "")), told.pop("target", None)
        task = tasking.create_task(action_id=None, contact=contact, target=target, now=database_now(), **told)
        return Response(self._shown(task), status=201)

    @extend_schema(request=serializers.TaskStatus, responses=serializers.TaskOutput)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Move the task."""
        task = self.get_object()
        told = serializers.TaskStatus.validated(request.data)
        tasking.set_status(task=task, status=told["status"], now=database_now(), by=request.user.get_username())
        return Response(self._shown(task))

    def _shown(self, task: Task) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=task.pk)).data


class Alerts(ReadOnlyModelViewSet[Alert]):
    """Calls for a colleague's attention."""

    queryset: QuerySet[Alert] = Alert.objects.select_related("target", "contact", "business_entity").prefetch_related(
        "deliveries"
    )
    serializer_class = serializers.AlertOutput
    filterset_class = AlertFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = NEWEST_FIRST

    @extend_schema(request=None, responses=serializers.AlertOutput)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, **where: Any) -> Response:
        """Say that somebody looks after it. The first one counts."""
        alert = self.get_object()
        alerts.acknowledge(alert=alert, by=request.user.get_username(), now=database_now())
        return Response(self.get_serializer(self.get_object()).data)


class GoalFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    business_entity = SlugFilter(BusinessEntity)


class Goals(ReadOnlyModelViewSet[Goal]):
    """Named outcomes of the brands."""

    queryset = Goal.objects.select_related("business_entity", "status")
    serializer_class = serializers.GoalOutput
    filterset_class = GoalFilters
    lookup_field = "slug"
    lookup_value_converter = "str"
    page_by: ClassVar[tuple[str, ...]] = ("-created_at", "-id")


class ConversionFilters(django_filters.FilterSet):  # type: ignore[misc]  # likewise
    contact_email = AddressFilter(field_name="contact__email")
    goal = SlugFilter(Goal)


class Conversions(CreateModelMixin, ReadOnlyModelViewSet[Conversion]):
    """When people reached goals."""

    queryset = Conversion.objects.select_related("contact", "goal", "business_entity")
    serializer_class = serializers.ConversionOutput
    filterset_class = ConversionFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-at", "-id")

    @extend_schema(
        request=serializers.NewConversion,
        responses={201: serializers.ConversionOutput, 200: serializers.ConversionOutput},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record that somebody reached a goal. 200 with the one that is there where the key is known, or where the goal
        does not count it again."""
        told = serializers.NewConversion.validated(request.data)
        contact, goal, now = _contact(told["contact_email"]), told["goal"], database_now()
        if contact is None:
            raise ValidationError({"contact_email": ["Say who reached it."]})
        reached = goals.Reached(
            goal=goal,
            contact=contact.pk,
            at=told.get("at") or now,
            source=Conversion.Source.API,
            key=f"api:{goal.slug}:{told.get('key') or uuid.uuid4()}",
            value=told.get("value"),
            currency=told.get("currency") or "",
            actor=request.user.get_username(),
            note=told.get("note") or "",
        )
        try:
            recorded = goals.record([reached], now=now)
        except goals.NotYet as error:
            raise ValidationError({"at": [str(error)]}) from None
        rows = self.get_queryset()
        known = rows.filter(key=reached.key).first() or rows.filter(contact=contact, goal=goal).first()
        if known is None:
            raise NotFound
        return Response(self.get_serializer(known).data, status=201 if recorded else 200)


class ReplyFilters(AlertFilters):
    state = ChoiceFilter(Reply.State)
    kind = ChoiceFilter(Reply.Kind)
    business_entity = SlugFilter(BusinessEntity, help_text="Slug of a brand.")


class Replies(ReadOnlyModelViewSet[Reply]):
    """What people wrote back, and what machines answered for them."""

    queryset = Reply.objects.select_related("contact", "business_entity", "assignee", "target").defer("raw")
    serializer_class = serializers.ReplyOutput
    filterset_class = ReplyFilters
    lookup_value_converter = "uuid"
    page_by: ClassVar[tuple[str, ...]] = ("-received_at", "-id")

    @extend_schema(request=serializers.ReplyChange, responses=serializers.ReplyOutput)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say whose it is, who looks after it, or that it is done."""
        reply = self.get_object()
        told = serializers.ReplyChange.validated(request.data)
        contact = _contact(told.get("contact_email", ""))
        by, now = request.user.get_username(), database_now()
        try:
            with transaction.atomic():
                inbox.change(reply=reply, contact=contact, told=told, by=by, now=now)
        except inbox.NotPossible as refusal:
            raise ValidationError({"state": [str(refusal)]}) from None
        return Response(self.get_serializer(self.get_queryset().get(pk=reply.pk)).data)


class EventStream(JSONRenderer):
    """Lets a browser's EventSource ask for its own media type; problems are JSON all the same."""

    media_type = "text/event-stream"
    format = "events"


class AlertStream(APIView):
    """Alerts as server-sent events: the open ones, then each as it is raised."""

    http_method_names = ["get"]
    renderer_classes = (JSONRenderer, EventStream)
    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"GET": ("engagement.view_alert",)}

    @extend_schema(
        operation_id="alerts_stream",
        parameters=[
            OpenApiParameter("target", str, description="Slug of a role: its alerts only."),
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="Go on behind this alert."),
        ],
        responses={(200, "text/event-stream"): str},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        target = request.query_params.get("target") or None
        if target is not None and not (target.isprintable() and Target.objects.filter(slug=target).exists()):
            raise ValidationError({"target": ["There is no target with this slug."]})
        try:
            chunks = stream.open_stream(
                target=target,
                last_event_id=request.headers.get("Last-Event-ID"),
                caller=str(request.auth.pk if request.auth is not None else request.user.pk),
                is_gone=request.META.get("waitress.client_disconnected"),
            )
        except stream.StreamsExhausted as error:
            raise Busy(str(error)) from None
        response = StreamingHttpResponse(chunks, content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"  # a proxy that collects a page first would show nothing
        return response


class Busy(APIException):
    status_code = 503
    wait = 30


def _contact(typed: str) -> Contact | None:
    if not typed:
        return None
    try:
        contact = addresses.find(email=cleaning.email(typed))
    except cleaning.Unacceptable as error:
        raise ValidationError({"contact_email": [str(error)]}) from None
    if contact is None:
        raise ValidationError({"contact_email": ["There is no contact with this address: create it first."]})
    return contact
