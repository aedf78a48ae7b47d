"""The doors that concern Notion: the switch of its monitoring, and the door for what it sends."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, ParseError, PermissionDenied, UnsupportedMediaType
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contactflow.core.clock import database_now
from notion_bridge import monitoring, serializers, webhooks
from workflows import wake

TOKEN_LENGTH = 200
MAY_SWITCH = ("notion_bridge.change_notionconnection",)


class StartMonitoring(APIView):
    """Monitor Notion from now on, also after a restart."""

    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"POST": MAY_SWITCH}

    @extend_schema(operation_id="start_monitoring", request=None, responses=serializers.Monitoring)
    def post(self, request: Request) -> Response:
        return _switch(request, on=True)


class StopMonitoring(APIView):
    """Leave Notion alone from now on."""

    permissions: ClassVar[dict[str, tuple[str, ...]]] = {"POST": MAY_SWITCH}

    @extend_schema(operation_id="stop_monitoring", request=None, responses=serializers.Monitoring)
    def post(self, request: Request) -> Response:
        return _switch(request, on=False)


class Webhook(APIView):
    """Notion's own events. A handshake is taken in its window only, everything else by its signature only."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(operation_id="notion_webhook", auth=[], request=OpenApiTypes.OBJECT, responses=serializers.Received)
    def post(self, request: Request) -> Response:
        signature = request.headers.get("X-Notion-Signature", "")
        if signature and webhooks.is_genuine(body=request._request.body, signature=signature):
            return self._keep(request)
        token = _handshake_token(request)
        if token is None:
            raise AuthenticationFailed("The signature is missing or wrong.")
        if not webhooks.accept_handshake(token=token, now=database_now()):
            raise PermissionDenied("No handshake is expected. Open the window with: manage.py notion_webhook --open 15")
        return Response({"success": True})

    def _keep(self, request: Request) -> Response:
        body = request._request.body
        event = request.data
        if not isinstance(event, dict):
            raise ParseError("An event is a JSON object.")
        if webhooks.store(event=event, body=body):
            wake.on_commit()
        return Response({"success": True})

    def get_authenticate_header(self, request: Request) -> str:
        return 'HMAC realm="notion-webhook"'


def _switch(request: Request, *, on: bool) -> Response:
    message = monitoring.switch(on=on, actor=request.user.get_username(), now=database_now())
    return Response({"success": True, "monitoring": on, "message": message})


def _handshake_token(request: Request) -> str | None:
    try:
        body: Any = request.data
    except (ParseError, UnsupportedMediaType):
        return None
    token = body.get("verification_token") if isinstance(body, dict) else None
    return token if isinstance(token, str) and 0 < len(token) <= TOKEN_LENGTH else None
