"""Who is calling and what they may do: API keys with their scopes, and staff in the browser."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from contactflow.core import origin
from contactflow.models import ApiKey, Scope

logger = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HOLDERS: dict[str, frozenset[str]] = {  # which keys open what asks for a scope
    Scope.INTAKE: frozenset({Scope.INTAKE, Scope.OPERATE, Scope.ADMIN}),
    Scope.READ: frozenset({Scope.READ, Scope.OPERATE, Scope.ADMIN}),
    Scope.OPERATE: frozenset({Scope.OPERATE, Scope.ADMIN}),
    Scope.ADMIN: frozenset({Scope.ADMIN}),
}
VERBS = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}
USE_IS_NOTED_EVERY = 60.0  # seconds

_noted: dict[uuid.UUID, float] = {}  # when this process last wrote a key's last_used_at


class KeyHolder(AnonymousUser):
    """Stands in for a user where a request carries an API key."""

    def __init__(self, key: ApiKey) -> None:
        self.key = key

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]  # AnonymousUser pins it to Literal[False]
        return True

    @property
    def is_anonymous(self) -> bool:  # type: ignore[override]  # likewise
        return False

    @property
    def is_public_form(self) -> bool:
        """A key that may stand in a web page, so that anybody may use it."""
        return self.key.has_scope(Scope.INTAKE) and not self.key.has_scope(Scope.OPERATE, Scope.ADMIN)

    def get_username(self) -> str:
        return f"API key {self.key.name}"

    def __str__(self) -> str:
        return self.get_username()


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`. Without the header the next authentication is asked."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, ApiKey] | None:
        plaintext = _bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if plaintext is None:
            return None
        key = match(plaintext)
        if key is None:
            logger.warning("API key refused, from %s", origin.of(request))
            raise AuthenticationFailed("The API key is unknown or was revoked.")
        _note_use(key)
        return KeyHolder(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="contactflow"'


class HasScope(BasePermission):
    """The scope a view asks of keys (`scopes`, by method) and the permissions it asks of staff (`permissions`)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        if method not in view.allowed_methods:
            return True  # nothing to protect: the view answers 405
        if isinstance(request.auth, ApiKey):
            _require_scope(request.auth, _scope_of(view, method))
            return True
        return bool(request.user.is_authenticated) and _staff_may(request, view, method)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package registers subclasses
    """How the schema describes the keys."""

    target_class = "contactflow.api.keys.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key made with `manage.py create_api_key`."}


def match(plaintext: str) -> ApiKey | None:
    """The live key with this plaintext, whatever a header can carry."""
    return ApiKey.objects.match(plaintext) if plaintext.isascii() else None


def caller_of(request: HttpRequest) -> str | None:
    """A stable name for whoever sends the request: `key:ID` or `user:ID`; None for nobody we know."""
    plaintext = _bearer(request.META.get("HTTP_AUTHORIZATION", ""))
    if plaintext is not None:
        key = match(plaintext)
        return f"key:{key.pk}" if key else None
    return f"user:{request.user.pk}" if request.user.is_authenticated else None


def _bearer(header: str) -> str | None:
    scheme, _, plaintext = header.strip().partition(" ")
    return plaintext.strip() if scheme.lower() == "bearer" else None


def _note_use(key: ApiKey) -> None:
    """At most one write a minute: a busy key must not become a hot row."""
    now = time.monotonic()
    if now - _noted.get(key.pk, -USE_IS_NOTED_EVERY) < USE_IS_NOTED_EVERY:
        return
    _noted[key.pk] = now
    long_ago = Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - timedelta(seconds=USE_IS_NOTED_EVERY))
    ApiKey.objects.filter(long_ago, pk=key.pk).update(last_used_at=Now())


def _scope_of(view: Any, method: str) -> str:
    declared: dict[str, str] = getattr(view, "scopes", {})
    return declared.get(method) or (Scope.READ if method in SAFE_METHODS else Scope.OPERATE)


def _require_scope(key: ApiKey, scope: str) -> None:
    if not key.has_scope(*HOLDERS[scope]):
        allowed = ", ".join(name for name in Scope.values if name in HOLDERS[scope])
        raise PermissionDenied(f"This needs a key of scope {allowed}; the key has scope {key.scope}.")


def _staff_may(request: Request, view: Any, method: str) -> bool:
    if not request.user.is_staff:
        raise PermissionDenied("This is for staff: ask for an API key or a staff account.")
    missing = [name for name in _permissions_of(view, method) if not request.user.has_perm(name)]
    if missing:
        raise PermissionDenied(f"Your account lacks the permission {', '.join(missing)}.")
    return True


def _permissions_of(view: Any, method: str) -> tuple[str, ...]:
    """What staff need: what the view names, else Django's own permission for its model."""
    declared: dict[str, tuple[str, ...]] = getattr(view, "permissions", {})
    if method in declared:
        return declared[method]
    model = view.queryset.model._meta
    verb = "view" if method in SAFE_METHODS else VERBS[method]
    if method == "POST" and getattr(view, "detail", False):
        verb = "change"  # a control on one row: pause, acknowledge, ...
    return (f"{model.app_label}.{verb}_{model.model_name}",)
