"""Writes to the contact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import ClassVar

from engagement import personal_lines, rendering, unsubscribing
from engagement.delivery import Order
from engagement.models import EngagementTemplate
from workflows.actions.base import ActionType, Fault, Foreseen, Lane, Planned, Severity, Someone
from workflows.drafts import PlannedStep
from workflows.models import ScheduledAction, Step


class SendEmail(ActionType):
    """The step's email, as it reads when it goes out."""

    name = "send_email"
    label = "Send an email"
    noun = "Email"
    icon = "mail"
    lane = Lane.OUTSIDE
    fields: ClassVar[tuple[str, ...]] = ("template",)
    is_email = True
    pursues = True
    is_in_timeline = True

    def order(self, action: ScheduledAction) -> Order | None:
        if action.template is None:
            return None
        instance = action.instance
        return Order(
            action.pk,
            action.template,
            instance.contact,
            instance.business_entity,
            is_tracked=instance.template.is_tracked,
            facts=lambda: personal_lines.facts_of(instance.event) if instance.event else None,
        )

    def faults(self, step: PlannedStep) -> Iterator[Fault]:
        return faults_of(step.template)

    def foresee(self, planned: Planned, step: PlannedStep, *, name: str, someone: Someone, at: dt.datetime) -> Foreseen:
        email = planned.email
        if email is None or email.current_version is None:
            what = email.name if email else "An email that is still to be chosen"
            return Foreseen(at=at, action_type=self.name, what=what, missing=["words"])
        rendered = rendering.render(
            version=email.current_version,
            contact=someone.contact,
            business_entity=email.business_entity or someone.business_entity,
            now=at,
            facts=dict(someone.facts) if someone.facts else None,
            way_out=unsubscribing.example() if email.is_marketing else None,
        )
        return Foreseen(
            at=at,
            action_type=self.name,
            what=email.name,
            subject=rendered.subject,
            text=rendered.text,
            missing=list(rendered.missing),
            html=rendered.html,
            used_fallbacks=list(rendered.used_fallbacks),
            note="" if email.active else "Would be left out: this email is switched off.",
        )

    def sentence(self, step: PlannedStep | Step) -> str:
        return f"send “{step.template}”" if step.template else "send an email that is still to be chosen"

    def what(self, planned: Planned, step: PlannedStep) -> str:
        return planned.email.name if planned.email else "Not chosen yet"

    def whom(self, step: PlannedStep) -> str:
        return "the contact"

    def name_of(self, action: ScheduledAction) -> str:
        return f"Email “{action.template}”"


def faults_of(email: EngagementTemplate | None) -> Iterator[Fault]:
    """What keeps an email from being sent, at the field `template`."""
    if email is None:
        yield Fault(field="template", message="Choose the email to send.", severity=Severity.REFUSED)
    elif email.current_version_id is None:
        yield Fault(field="template", message="Choose an email that has words.")
    elif not email.active:
        message = "This email is switched off and would be left out. Switch it on, or choose another."
        yield Fault(field="template", message=message, severity=Severity.DOUBTFUL)
