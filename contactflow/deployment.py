"""Is this installation fit to serve? A line per check: ok, warning or FAIL, and what to do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Exists, OuterRef, Q
from django.urls import Resolver404, resolve

from contactflow import roles
from contactflow.core import mail_addresses
from contactflow.core.clock import database_now
from contactflow.models import ApiKey
from contacts import consent
from contacts import defaults as contact_defaults
from contacts.models import BusinessEntity, Consent, Contact, ContactStatus
from engagement import defaults as engagement_defaults
from engagement import describe, tasking
from engagement.channels import registry
from engagement.inbound import inboxes, mailboxes
from engagement.models import EngagementTemplate, Target
from engagement.providers import catalogue
from engagement.tracking import networks
from notion_bridge import connection_check
from workflows import analytics, drafts, publishing, simulation
from workflows import defaults as workflow_defaults
from workflows.models import WorkflowTemplate

Level = Literal["ok", "warning", "FAIL"]
WEB_TIMEOUT = 3  # seconds


@dataclass(frozen=True)
class Line:
    level: Level
    subject: str
    text: str


def deploy(*, check_only: bool) -> Iterator[Line]:
    """Load or complete the default content, then examine everything. `check_only` changes no content; what Notion
    says of itself is remembered either way.

    A failed look-up of the database ends the examination, since nothing after it could be true.
    """
    yield from _environment()
    database = list(_database())
    yield from database
    if any(line.level == "FAIL" for line in database):
        return
    yield from _content(check_only=check_only)
    content = (_emails, _workflows, _sender, _brands, _permission, _targets)
    ways = (_mail, _networks, _answers, _notion, _language_model)
    for examine in (*content, *ways, _workers, _api):
        yield from _guarded(examine)


def _guarded(examine: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """A check that breaks is a failed check, not a broken deployment."""
    try:
        yield from examine()
    except Exception as error:  # noqa: BLE001 - whatever breaks is shown to who deploys
        subject = examine.__name__.strip("_").replace("_", " ")
        yield Line("FAIL", subject, f"The check itself broke: {type(error).__name__}: {error}")


def _line(subject: str, is_fine: bool, words: str, remedy: str) -> Line:
    return Line("ok", subject, words) if is_fine else Line("warning", subject, remedy)


def _environment() -> Iterator[Line]:
    messages = [message for message in checks.run_checks() if not message.is_silenced()]
    for message in messages:
        level: Level = "FAIL" if message.level >= checks.ERROR else "warning"
        yield Line(level, "environment", f"{message.msg} {message.hint or ''} ({message.id})".strip())
    if not messages:
        yield Line("ok", "environment", "All settings fit together.")


def _database() -> Iterator[Line]:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        yield Line("FAIL", "database", f"It does not answer ({error}). Check DATABASE_URL.")
        return
    if plan:
        yield Line("FAIL", "database", f"{len(plan)} migrations are missing. Run: manage.py migrate")
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        yield Line("ok", "database", f"PostgreSQL {cursor.fetchone()[0]}, all migrations applied.")


def _content(*, check_only: bool) -> Iterator[Line]:
    verb = "would be loaded" if check_only else "loaded"
    now = database_now()
    if not check_only and (moved := tasking.keep_days()):
        yield Line("ok", "content", f"{moved} tasks for a whole day are due at its end in {settings.TIME_ZONE} now.")
    with transaction.atomic():
        lines = [
            *contact_defaults.load(check_only=check_only),
            *engagement_defaults.load(check_only=check_only),
            *workflow_defaults.load(now=now, check_only=check_only),
            *roles.load(check_only=check_only),
        ]
    for line in lines:
        kept = " left as " in line or " not added" in line
        yield Line("warning", "content", line) if kept else Line("ok", "content", f"{verb}: {line}")
    if not lines:
        yield Line("ok", "content", "The default content is there; what staff changed stays as it is.")


def _emails() -> Iterator[Line]:
    empty = [
        template.slug
        for template in EngagementTemplate.objects.filter(active=True)
        if template.current_version_id is None
    ]
    for slug in empty:
        yield Line("FAIL", "emails", f"{slug} is not published. Publish its words in the admin under Emails.")
    if not empty:
        yield Line("ok", "emails", f"{EngagementTemplate.objects.filter(active=True).count()} have their words.")


def _workflows() -> Iterator[Line]:
    """Every active workflow once as a dry run, for an example person who is forgotten afterwards."""
    with transaction.atomic():
        person = _example_person()
        templates = WorkflowTemplate.objects.filter(active=True).select_related("current_version", "business_entity")
        found = {template.slug: _problems_of(template, person) for template in templates}
        transaction.set_rollback(True)
    for slug, problems in found.items():
        if problems:
            yield Line("FAIL", "workflows", f"{slug}: {' '.join(problems)} Mend it in the admin and publish it.")
        else:
            yield Line("ok", "workflows", f"{slug}: dry run fine.")


def _problems_of(template: WorkflowTemplate, person: Contact) -> list[str]:
    if template.current_version is None:
        return ["It was never published."]
    problems = publishing.problems_of(template.current_version)
    if problems:
        return problems
    plan = drafts.plan_of(template.current_version, template)
    someone = simulation.real(contact=person, plan=plan)
    foreseen = simulation.simulate_plan(plan=plan, someone=someone, start=database_now())
    return [f"The email {one.what} lacks {', '.join(one.missing)}." for one in foreseen if one.missing]


def _example_person() -> Contact:
    status = ContactStatus.objects.get(is_default=True)
    person = Contact.objects.create(email=f"example-{uuid4().hex}@example.org", first_name="Robin", status=status)
    person.business_entities.set(BusinessEntity.objects.filter(is_fallback=True))
    return person


def _sender() -> Iterator[Line]:
    has_sender = settings.DEFAULT_FROM_EMAIL_IS_SET or not BusinessEntity.objects.filter(sender_email="").exists()
    remedy = "Mail goes out from a local address. Set DEFAULT_FROM_EMAIL or each brand's sender."
    yield _line("sender", has_sender, "Every brand has a sender.", remedy)
    for brand in BusinessEntity.objects.all():
        for address in filter(None, (brand.sender_email, brand.reply_to)):
            try:
                mail_addresses.on_the_wire(address)
            except ValueError:
                remedy = f"No mail server takes {address!r} of {brand}. Correct it under Settings, Brands."
                yield Line("FAIL", "sender", remedy)


def _brands() -> Iterator[Line]:
    without = ", ".join(BusinessEntity.objects.filter(postal_address="").values_list("name", flat=True))
    remedy = f"No postal address: {without}. Add it in the admin under Settings, Brands."
    yield _line("brands", not without, "Every brand has a postal address.", remedy)


def _permission() -> Iterator[Line]:
    """Brands that need a yes nobody gave, and erased addresses that nobody would know again."""
    yes = Consent.objects.filter(state=Consent.State.GRANTED)
    of_brand = Q(business_entity=OuterRef("pk")) | Q(business_entity=None)
    without = BusinessEntity.objects.filter(~Exists(yes.filter(of_brand)), requires_consent=True)
    unheard = ", ".join(without.values_list("name", flat=True))
    remedy = f"Nobody gets marketing of {unheard}, which needs recorded consent: record it, or untick it under Brands."
    yield _line("permission", not unheard, "Every brand may write to somebody.", remedy)
    if lost := consent.unreadable_hashes():
        remedy = "Put the SECRET_KEY of that time into SECRET_KEY_FALLBACKS, or they may be written to again."
        yield Line("warning", "permission", f"{lost} erased addresses are hashed with a key that is gone. {remedy}")


def _targets() -> Iterator[Line]:
    without = ", ".join(Target.objects.filter(people=None, extra_emails=[]).values_list("slug", flat=True))
    remedy = f"Nobody stands behind {without}. Add them in the admin under Alerts, Teams."
    yield _line("targets", not without, "People stand behind every target.", remedy)


def _mail() -> Iterator[Line]:
    remedy = "Neither EMAIL_URL nor EMAIL_PROVIDER is set: mail stays in the local outbox, to be read in the admin."
    provider = settings.EMAIL_PROVIDER
    through = provider or f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    yield _line("mail", registry.is_mail_connected(), f"Mail goes out through {through}.", remedy)
    for kind in catalogue.KINDS.get(provider, ()):
        yield Line("ok", "mail", f"{provider} sends {kind} to {catalogue.address(provider, kind)}")


def _networks() -> Iterator[Line]:
    yield Line(
        "ok", "networks", f"Machines are told by a list of {networks.date_of_list()}; refresh_networks renews it."
    )


def _answers() -> Iterator[Line]:
    found = inboxes.configured()
    for inbox in found:
        reason = mailboxes.why_unreadable(inbox)
        told = describe.why(reason) if reason else f"{inbox.name} can be read."
        yield Line("FAIL" if reason else "ok", "answers", told)
        if inbox.brand and not BusinessEntity.objects.filter(slug=inbox.brand).exists():
            told = f"{inbox.variable} is of no brand: it ends in the slug of one, in capitals."
            yield Line("warning", "answers", told)
    if not found:
        yield Line("ok", "answers", "INBOX_URL is not set: answers go to each brand's reply-to address alone.")


def _notion() -> Iterator[Line]:
    for line in connection_check.ask(now=database_now()):
        yield Line(line.level, "Notion", line.text)


def _language_model() -> Iterator[Line]:
    absent = "Not configured: premium emails use their approved texts."
    present = f"{settings.AI_MODEL} writes the passages of premium emails."
    yield Line("ok", "language model", present if settings.AI_BASE_URL else absent)


def _workers() -> Iterator[Line]:
    remedy = "None is running. Start one with: manage.py worker"
    yield _line("workers", analytics.worker_is_alive(), "They give signs of life.", remedy)


def _api() -> Iterator[Line]:
    try:
        resolve("/contact-workflows/new-contact")
    except Resolver404:
        yield Line("FAIL", "API", "The address /contact-workflows/new-contact is not served.")
        return
    keys = ApiKey.objects.filter(revoked_at=None).count()
    remedy = "Valid keys: 0. Make one with: manage.py create_api_key NAME --scope operate"
    yield _line("API", keys > 0, f"Valid keys: {keys}.", remedy)
    yield _web_server()


def _web_server() -> Line:
    address = f"{settings.PUBLIC_URL}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=WEB_TIMEOUT) as answer:  # noqa: S310  # our own, checked above
            is_ours = json.load(answer) == {"status": "alive"}
        if is_ours:
            return Line("ok", "web server", f"{settings.PUBLIC_URL} answers.")
        hint = "Another program answers there: say with PUBLIC_URL or PORT where Contactflow runs."
        return Line("warning", "web server", f"{settings.PUBLIC_URL} is not Contactflow. {hint}")
    except (urllib.error.URLError, OSError, ValueError):
        hint = "Start it with: make run. If it runs elsewhere, say where with PUBLIC_URL."
        return Line("warning", "web server", f"{settings.PUBLIC_URL} does not answer from here. {hint}")
