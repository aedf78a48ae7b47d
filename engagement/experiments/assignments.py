"""Gives people their variant, or holds them out, when an email of a running test is prepared for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Now

from engagement.experiments import allocation
from engagement.models import Assignment, Experiment, TemplateVersion, Variant


@dataclass(frozen=True)
class Wanted:
    """That an email is about to be written to somebody."""

    action: UUID
    template: int
    contact: UUID


def give(wanted: Iterable[Wanted]) -> dict[UUID, TemplateVersion | None]:
    """By action, the words that the person gets instead of the published ones; None: they are held out.

    What stands here stays, whatever becomes of the shares; of an email without a running test, and of whoever comes
    when all that were wanted take part, nothing stands here. One query for emails that are under no test.
    """
    by_template: dict[int, list[Wanted]] = defaultdict(list)
    for one in wanted:
        by_template[one.template].append(one)
    running = Experiment.objects.filter(template__in=by_template, status=Experiment.Status.RUNNING)
    given: dict[UUID, TemplateVersion | None] = {}
    for experiment in running.prefetch_related("variants__version") if by_template else ():
        given |= _give(experiment, by_template[experiment.template_id])
    return given


def _give(experiment: Experiment, wanted: list[Wanted]) -> dict[UUID, TemplateVersion | None]:
    variants = {variant.key: variant for variant in experiment.variants.all()}
    people = {one.contact for one in wanted}
    known = _known(experiment, people)
    is_open = experiment.filled_at is None and bool(people - set(known))
    free = _free(experiment) if is_open else 0
    new: dict[UUID, Assignment] = {}
    for one in wanted:
        if free > 0 and one.contact not in known and one.contact not in new:
            new[one.contact] = _assign(experiment, variants, one)
            free -= new[one.contact].variant is not None
    if new:  # who else prepares for them at the same time decides alike, or was first
        Assignment.objects.bulk_create(new.values(), ignore_conflicts=True)
        known |= _known(experiment, set(new))
    if is_open and free <= 0:
        Experiment.objects.filter(pk=experiment.pk, filled_at=None).update(filled_at=Now())
    versions = {variant.pk: variant.version for variant in variants.values()}
    return {
        one.action: versions[variant] if (variant := known[one.contact]) else None
        for one in wanted
        if one.contact in known
    }


def _free(experiment: Experiment) -> int:
    return int(experiment.people - experiment.assignments.filter(variant__isnull=False).count())


def _known(experiment: Experiment, people: set[UUID]) -> dict[UUID, int | None]:
    """Of whoever was two people, what the first of them got."""
    rows = experiment.assignments.filter(contact__in=people).order_by("-at", "-pk")
    return dict(rows.values_list("contact", "variant"))


def _assign(experiment: Experiment, variants: Mapping[str, Variant], one: Wanted) -> Assignment:
    def place(what: str) -> float:
        return allocation.position(salt=f"{experiment.salt}:{what}", contact=one.contact)

    assignment = Assignment(
        experiment=experiment,
        contact_id=one.contact,
        person=one.contact,
        is_even=True,
        share=experiment.hold_out / 100,
    )
    if place("hold-out") < experiment.hold_out / 100:
        return assignment
    shares = dict.fromkeys(variants, 1.0)
    if experiment.method == Experiment.Method.SHIFTING and experiment.shares:
        assignment.is_even = place("even") < allocation.EXPLORING
        if not assignment.is_even:
            shares = {key: float(experiment.shares[key]) for key in variants}
    key = allocation.choose(at=place("variant"), shares=shares)
    assignment.variant, assignment.share = variants[key], shares[key] / sum(shares.values())
    return assignment
