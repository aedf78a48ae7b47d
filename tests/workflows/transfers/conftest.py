"""Files as people upload them, and runs made of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from workflows.models import ImportRun

SAMPLE = Path(__file__).parents[2] / "contacts" / "data" / "contacts.csv"


@pytest.fixture
def upload(reference_rows: None) -> Callable[..., ImportRun]:
    """A run whose columns are to be chosen."""
    from tests.factories import NOW
    from workflows.transfers import runs

    def make(content: str | bytes, **options: Any) -> ImportRun:
        data = content.encode() if isinstance(content, str) else content
        given = {"file_name": "list.csv", "source": "Newsletter", "business_entity": None, "now": NOW}
        return runs.receive(file=io.BytesIO(data), **{**given, **options})

    return make


@pytest.fixture
def preview(upload: Callable[..., ImportRun]) -> Callable[..., ImportRun]:
    """A run that was checked and waits to be applied."""
    from workflows.transfers import runs

    def make(content: str | bytes, **options: Any) -> ImportRun:
        run = upload(content, **options)
        if run.state == "columns":  # else they are those of the last time
            runs.check(run=run, fields=run.fields)
        run.refresh_from_db()
        return run

    return make
