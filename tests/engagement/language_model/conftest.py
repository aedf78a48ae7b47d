from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engagement.language_model.server import Model


@pytest.fixture
def model(settings) -> Iterator[Model]:
    with Model() as running:
        settings.AI_BASE_URL, settings.AI_MODEL, settings.AI_API_KEY = running.url, "tiny", "not-a-real-key"
        yield running
