"""What the bridge remembers of the pages of somebody who is deleted; the pages themselves go to Notion's trash."""

from __future__ import annotations

from django.db.models import Q

from contacts.deletion import Erased, as_text
from notion_bridge.models import PageLink, SyncConflict, SyncEntry, SyncProblem


def forget(erased: Erased) -> None:
    """A step of settings.ERASURE_STEPS."""
    _let_second_pages_go(erased)
    of_them = Q(contact__in=erased.ids) | Q(task__contact__in=erased.ids) | Q(instance__contact__in=erased.ids)
    links = list(PageLink.objects.filter(of_them | Q(object_key__in=erased.ids)).values_list("pk", flat=True))
    SyncEntry.objects.filter(link__in=links).update(fields={})
    SyncConflict.objects.filter(link__in=links).delete()
    about = SyncProblem.objects.alias(text=as_text("details"))
    in_words = Q(subject__iregex=erased.pattern) | Q(message__iregex=erased.pattern) | Q(text__iregex=erased.pattern)
    about.filter(in_words | Q(link__in=links)).delete()
    PageLink.objects.filter(pk__in=links).update(local={}, remote={}, error="", url="")


def _let_second_pages_go(erased: Erased) -> None:
    """A second page about them, which was never taken over, goes to the trash like the first."""
    duplicate = SyncProblem.objects.filter(
        cause=SyncProblem.Cause.DUPLICATE_CONTACT, details__object__in=[*map(str, erased.ids)]
    )
    for page, person in list(duplicate.values_list("link", "details__object")):
        second = PageLink.objects.filter(pk=page, state=PageLink.State.DUPLICATE, object_key=None)
        second.update(state=PageLink.State.LINKED, object_key=person, wanted_at=None)
