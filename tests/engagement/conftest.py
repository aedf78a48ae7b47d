from __future__ import annotations

import pytest

from engagement.channels import registry


@pytest.fixture
def sink(smtp_sink, settings):
    """The mail server that EMAIL_URL points at; no connection outlives the test."""
    settings.EMAIL_URL = smtp_sink.url
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"
    yield smtp_sink
    registry.release_all()
