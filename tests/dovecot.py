"""A real Dovecot on a free port, with one mailbox a user, under a temporary folder."""

from __future__ import annotations

import contextlib
import getpass
import grp
import imaplib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 0
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {internal_group}
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    """`deliver` puts a message into a mailbox as a mail server would."""

    home: Path
    port: int
    password: str = "s3cret/word"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.home.chmod(0o755)
        for folder in ("run", "state", "mail"):
            (self.home / folder).mkdir(exist_ok=True)
        config = self.home / "dovecot.conf"
        config.write_text(
            CONFIG.format(home=self.home, port=self.port, password=self.password, **_accounts(self.home / "mail"))
        )
        assert PROGRAM is not None
        self.process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError, imaplib.IMAP4.error), self.client("nobody@brand.example"):
                return
            time.sleep(0.1)
        log = self.home / "dovecot.log"
        raise RuntimeError(log.read_text() if log.exists() else "Dovecot did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process = None

    def url(self, user: str, *, password: str | None = None, folder: str = "INBOX") -> str:
        """For INBOX_URL."""
        quoted = (password or self.password).replace("/", "%2F")
        return f"imap://{user.replace('@', '%40')}:{quoted}@127.0.0.1:{self.port}/{folder}"

    @contextlib.contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Another reader of the same mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(user, self.password)
        client.select("INBOX")
        yield client
        client.logout()

    def deliver(self, user: str, *messages: bytes, flags: str = "", at: float | None = None) -> None:
        with self.client(user) as client:
            for message in messages:
                arrived = imaplib.Time2Internaldate(at or time.time())
                code, answer = client.append("INBOX", flags, arrived, message)
                assert code == "OK", answer

    def spoil(self, user: str, subject: str) -> None:
        """Let the message be one that the server cannot read: it hangs up on whoever asks for it."""
        (file,) = (one for one in (self.home / "mail" / user / "cur").iterdir() if subject in _head(one))
        file.chmod(0)

    def renumber(self, user: str) -> None:
        """What a server does that lost its index: new UIDs under a new UIDVALIDITY."""
        folder = self.home / "mail" / user
        uids = folder / "dovecot-uidlist"
        validity = int(re.search(r"V(\d+)", uids.read_text().split("\n")[0])[1])  # type: ignore[index]  # it has one
        for name in folder.glob("dovecot*"):
            name.unlink()
        uids.write_text(f"3 V{validity + 7} N100\n")
        shutil.copystat(folder, uids)
        uids.chmod(0o666)


def _head(file: Path) -> str:
    return file.read_bytes().partition(b"\r\n\r\n")[0].decode()


def _accounts(mail: Path) -> dict[str, str]:
    """Whom its processes run as: root may be none of them, and nobody else can become another."""
    own = grp.getgrgid(os.getgid()).gr_name
    if os.getuid():
        user = getpass.getuser()
        return {"user": user, "group": own, "login": user, "internal": user, "internal_group": own}
    shutil.chown(mail, "nobody")
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    return {
        "user": "nobody",
        "group": group,
        "login": "dovenull",
        "internal": "dovecot",
        "internal_group": "dovecot",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
