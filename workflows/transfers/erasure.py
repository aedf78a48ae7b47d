"""Lists of people, in and out, without somebody who is deleted."""

from __future__ import annotations

from django.db.models import Q

from contacts.deletion import Erased, as_text
from workflows.models import ExportRun, ImportChunk, ImportLine, ImportRun
from workflows.transfers import exporting


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS. Files that may hold them go as a whole: they are quickly made anew."""
    kept = ImportRun.objects.filter(is_cleared=False)
    lines = ImportLine.objects.filter(run__in=kept).alias(text=as_text("cells"))
    in_words = Q(foreseen="rejected") | Q(became="rejected") | Q(person="")
    lines.filter(Q(person__in=erased.emails) | (in_words & Q(text__iregex=erased.pattern))).delete()
    kept.alias(text=as_text("unknown")).filter(text__iregex=erased.pattern).update(unknown={})
    for run in kept.alias(text=as_text("samples")).filter(text__iregex=erased.pattern_with_names):
        ImportRun.objects.filter(pk=run.pk).update(samples=[[] for _ in run.header])
    # A file that is being read becomes lines in a moment; one that was given up is of no use to anybody.
    ImportChunk.objects.exclude(run__state=ImportRun.State.READING).delete()
    for export in ExportRun.objects.exclude(state__in=[ExportRun.State.EXPIRED, ExportRun.State.CANCELLED]):
        exporting.expire(run=export)
