"""How gunicorn serves us: `gunicorn -c python:contactflow.webserver contactflow.wsgi`."""

from __future__ import annotations

import gc
import socket
from pathlib import Path
from typing import Any

from contactflow import environment, machine

machine.read_dotenv()
_env = environment.Environment()

HOST: str = _env.str("HOST", "127.0.0.1")
PORT: int = _env.at_least("PORT", 1, 8000)

bind = f"{HOST}:{PORT}"
worker_class = "gthread"
preload_app = True  # loaded once, shared by the workers
workers: int = _env.at_least("WEB_WORKERS", 1, 2)
threads: int = _env.at_least("WEB_THREADS", 1, 16)
timeout = 60  # seconds without a sign of life until a worker is replaced
graceful_timeout = 20  # seconds for requests under way when it stops; the supervisor waits a little longer
keepalive = 5
max_requests = 20_000  # then a worker is replaced, so that a slow leak never matters
max_requests_jitter = 2_000
accesslog = None
loglevel = "warning"
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108  # the heartbeat file must not wait for a disk


def claim_port() -> int:
    """A socket for gunicorn to inherit: no other program takes the port, and who calls while it restarts waits.

    Gunicorn is the first to listen, so nobody is kept waiting before there is anything to serve.
    """
    claimed = socket.socket(socket.AF_INET6 if ":" in HOST else socket.AF_INET)
    try:
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the run before may linger
        claimed.bind((HOST.strip("[]"), PORT))
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # or others could bind it, too, until we listen
    except OSError as error:
        raise SystemExit(
            f"Port {PORT} cannot be used ({error.strerror}): stop who uses it, perhaps another `make run`, or choose "
            f"another port: PORT={PORT + 1} make run"
        ) from None
    return claimed.detach()


def when_ready(server: Any) -> None:
    """Gunicorn's hook, called once the application is loaded and before it forks."""
    gc.freeze()  # what is loaded stays shared with the workers: no collection writes into it
    print(f"Serving on port {PORT}. Ctrl-C stops everything.", flush=True)  # noqa: T201 - for the terminal
