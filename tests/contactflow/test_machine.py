from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contactflow import machine


def test_secret_is_made_once_and_only_ours_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "VAR_DIR", tmp_path / "var")

    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: machine.secret("token", 32), range(8)))

    (secret,) = secrets
    assert len(secret) == 32
    assert (tmp_path / "var/secrets/token").stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "var/secrets").iterdir()) == [tmp_path / "var/secrets/token"]
