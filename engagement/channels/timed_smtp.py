"""An SMTP connection whose parts end in time, however many addresses a host has and however slowly it speaks.

Python's own allows its time-out anew for each address and for each piece that is read.
"""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from typing import Any


class TimedSMTP(smtplib.SMTP):
    """Whatever is said between two calls of allow() takes `seconds` together, or ends in an OSError."""

    def __init__(self, host: str, port: int, *, name: str, seconds: float, tls: ssl.SSLContext | None = None) -> None:
        """Connects and reads the greeting; with `tls` the connection is encrypted from its first byte."""
        self._tls = tls
        self._until = time.monotonic() + seconds
        super().__init__(host, port, local_hostname=name, timeout=seconds)

    def allow(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:  # at first, and again once STARTTLS replaced the socket
            self.file = io.BufferedReader(_TimedReader(self))
        return super().getreply()

    def send(self, s: Any) -> None:
        self.hurry()
        super().send(s)

    def hurry(self) -> None:
        """Before each wait: let the socket wait for no longer than what is left."""
        if self.sock is not None:
            self.sock.settimeout(self._left())

    def starttls(self, *arguments: Any, **options: Any) -> tuple[int, bytes]:
        self.hurry()
        return super().starttls(*arguments, **options)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = self._connected(host, port)
        plain.settimeout(self._left())
        return self._tls.wrap_socket(plain, server_hostname=host) if self._tls else plain

    def _connected(self, host: str, port: int) -> socket.socket:
        """The first address that answers. Each has its share of the time: a dead one does not use up all of it."""
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        trouble: OSError = OSError("the host has no address")
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            share = self._left() / (len(addresses) - number)
            attempt = socket.socket(family, kind, protocol)
            try:
                attempt.settimeout(share)
                attempt.connect(address)
            except OSError as error:
                attempt.close()
                trouble = error
            else:
                return attempt
        raise trouble


class _TimedReader(io.RawIOBase):
    def __init__(self, smtp: TimedSMTP) -> None:
        self._smtp = smtp

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sock = self._smtp.sock
        if sock is None:
            return 0
        self._smtp.hurry()
        return sock.recv_into(buffer)
