"""The pages of the API: its schema, and the documentation made from it."""

from __future__ import annotations

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

ALONE = 5 * 60  # seconds for which a process answers the schema from memory: making it takes a while


@method_decorator(cache_page(ALONE), name="dispatch")
class Schema(SpectacularAPIView):
    """Public: it describes the API and holds no data."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()


@method_decorator(csp_update({"style-src": [UNSAFE_INLINE]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The pages of the schema. Swagger UI styles its elements in place, which this page alone may do."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
