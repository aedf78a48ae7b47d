"""/hooks/email/{provider}/{secret}: stores what a mail provider sends, and answers at once."""

from __future__ import annotations

import hashlib
import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from engagement.models import ProviderDelivery
from engagement.providers import catalogue, payloads

logger = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    """Kept before it is answered; read afterwards (engagement.providers.processing). The same again is kept once.

    A wrong secret is answered like an address that is not there; a wrong signature is refused, and nothing is kept.
    GET and HEAD are asked by providers that want to know whether somebody is here.
    """
    kind = catalogue.kind_of(provider, secret)
    if kind is None:
        raise Http404
    if request.method != "POST":
        return HttpResponse()
    body = request.read(payloads.LARGEST + 1)
    if len(body) > payloads.LARGEST:
        return _no(413, "Too large.")
    try:
        payloads.check(provider=provider, kind=kind, request=request, body=body)
    except payloads.Forged as error:
        said = str(error).replace(secret, "…")
        logger.warning("a delivery for %s was refused: %s", provider, said)
        return _no(403, "Refused.")
    except payloads.NotConfigured as error:
        logger.warning("a delivery of %s cannot be checked: %s", provider, error)
        return _no(503, "Not configured yet.")
    _store(provider, kind, request.headers.get("Content-Type", ""), body)
    return HttpResponse()


def _no(status: int, words: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain")


def _store(provider: str, kind: str, content_type: str, body: bytes) -> None:
    digest = hashlib.sha256(b"\0".join([provider.encode(), kind.encode(), body])).hexdigest()
    row = ProviderDelivery(provider=provider, kind=kind, digest=digest, content_type=content_type[:200], body=body)
    ProviderDelivery.objects.bulk_create([row], ignore_conflicts=True)
