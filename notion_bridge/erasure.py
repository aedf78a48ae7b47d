"""What the bridge remembers of the pages of somebody who is deleted; the pages themselves go to Notion's trash."""

from __future__ import annotations

from django.db.models import Q

from contacts.deletion import Erased, as_text
from notion_bridge.models import PageLink, SyncConflict, SyncEntry, SyncProblem


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS."""
    of_them = Q(contact__in=erased.ids) | Q(task__contact__in=erased.ids) | Q(instance__contact__in=erased.ids)
    links = list(PageLink.objects.filter(of_them | Q(object_key__in=erased.ids)).values_list("pk", flat=True))
    SyncEntry.objects.filter(link__in=links).update(fields={})
    SyncConflict.objects.filter(link__in=links).delete()
    about = SyncProblem.objects.alias(text=as_text("details"))
    in_words = Q(subject__iregex=erased.pattern) | Q(message__iregex=erased.pattern) | Q(text__iregex=erased.pattern)
    about.filter(in_words | Q(link__in=links)).delete()
    PageLink.objects.filter(pk__in=links).update(local={}, remote={}, error="")
