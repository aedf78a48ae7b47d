"""How the connection to Notion looks over HTTP."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Monitoring(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    monitoring = serializers.BooleanField()
    message = serializers.CharField()


class Received(serializers.Serializer[Any]):
    success = serializers.BooleanField()
