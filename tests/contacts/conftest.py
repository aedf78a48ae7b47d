from __future__ import annotations

import pytest


@pytest.fixture
def reference_rows(db: None) -> None:
    """The brands, types, sources, statuses and rules of a fresh deployment."""
    from contacts import defaults

    defaults.load()
