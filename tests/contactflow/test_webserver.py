from __future__ import annotations

import socket

import pytest

from contactflow import webserver


def test_port_is_claimed_for_one_before_anybody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(webserver, "PORT", port)

    with socket.socket(fileno=webserver.claim_port()):
        with pytest.raises(SystemExit, match=f"PORT={port + 1} make run"):
            webserver.claim_port()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
