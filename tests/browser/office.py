"""An office on a Monday morning: colleagues with roles, people in the middle of workflows, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction

from contactflow import roles
from contacts.models import Contact
from engagement.channels import registry
from engagement.models import Target
from tests import snapshot
from tests.admin import rows
from tests.smtp import Sink
from tests.workflows import world

T = TypeVar("T")

PEOPLE = (
    ("Ada", "Lovelace", "ada@engines.example", "Analytical Engines", ("Artist",), "Website"),
    ("Grace", "Hopper", "grace@navy.example", "Navy Yard", ("Business Contact",), "Referral"),
    ("Hilma", "af Klint", "hilma@abstract.example", "", ("Gallery Contact",), "Event"),
    ("Alan", "Turing", "alan@bletchley.example", "Bletchley", ("Academic Contact",), "Website"),
    ("Mary", "Seacole", "mary@hotel.example", "British Hotel", ("General Contact",), "Event"),
)


@dataclass
class Office:
    """What the tests of a file look at. `url` is where its admin is served."""

    url: str
    mail: Sink
    sessions: dict[str, str]
    """Colleague -> the key of a session they are signed in with."""

    def colleague(self, name: str) -> User:
        return User.objects.get(username=name)

    def contact(self, first_name: str) -> Contact:
        return Contact.objects.get(first_name=first_name)


def beside(deed: Callable[[], T]) -> T:
    """Do it next to the test, whose own rows nobody else sees: these are there for the server."""
    with ThreadPoolExecutor(max_workers=1) as other:
        return other.submit(_connected, deed).result()


def _connected(deed: Callable[[], T]) -> T:
    try:
        return deed()
    finally:
        connection.close()


def work_off() -> None:
    """Whatever is due is done, as by the workers."""
    beside(_work_round)


def _work_round() -> None:
    world.run_due()
    registry.release_all()


_opened: dict[bool, snapshot.Rows] = {}


def enter(mail: Sink, *, with_everything: bool = True) -> dict[str, str]:
    """An office in an empty database, opened once a process and copied from then on.

    `with_everything`: what its days did not bring is made. Returns a session for every colleague.
    """
    settings.EMAIL_URL = mail.url
    settings.DEFAULT_FROM_EMAIL = "Contactflow <crm@brand.example>"
    if with_everything in _opened:
        with transaction.atomic():
            snapshot.restore(_opened[with_everything])
    else:
        _opened[with_everything] = snapshot.made_by(lambda: open_office(mail, with_everything=with_everything))
    return {colleague.username: _session_of(colleague) for colleague in User.objects.filter(is_staff=True)}


def open_office(mail: Sink, *, with_everything: bool) -> None:
    """Four days of work, in part gone wrong: the mail server refused the sender for a while, then did not answer."""
    world.deploy()
    roles.load()
    _hire()
    for first, last, email, company, types, source in PEOPLE:
        world.arrive(
            first_name=first, last_name=last, email=email, company=company, contact_types=types, lead_source=source
        )
    world.run_due()
    mail.refuse_mail = "553 5.7.1 Sender address rejected: not owned by user"
    world.let_pass(hours=7)
    world.run_due()
    mail.refuse_mail, mail.cut_after_body = "", True
    world.let_pass(hours=20)
    world.run_due()
    mail.cut_after_body = False
    world.let_pass(days=2)
    world.run_due()
    registry.release_all()
    if with_everything:
        _complete()


def _hire() -> None:
    """A colleague for every role, and two people behind every target."""
    User.objects.create_superuser("boss", "boss@staff.example", "secret")
    for role in ("Owner", "Editor", "Operator", "Reader"):
        colleague = User.objects.create_user(role.lower(), f"{role.lower()}@staff.example", "secret", is_staff=True)
        colleague.groups.add(Group.objects.get(name=role))
    operator = User.objects.get(username="operator")
    for target in Target.objects.all():
        target.people.add(operator)


def _complete() -> None:
    """At least one row of everything that has a page."""
    for label, make in rows.MAKERS.items():
        if not apps.get_model(label)._default_manager.exists():
            make()


def _session_of(colleague: User) -> str:
    """As if they had typed their password."""
    session = SessionStore()
    session[SESSION_KEY] = str(colleague.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = colleague.get_session_auth_hash()
    session.create()
    return str(session.session_key)
