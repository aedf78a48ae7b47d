"""What a change may start: whoever applies it says so, and its event keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contacts.models import ContactEvent

Mode = ContactEvent.Mode


@dataclass(frozen=True, kw_only=True)
class EnrolmentPolicy:
    """By default everything that matches starts."""

    mode: str = Mode.ARRIVAL
    workflows: tuple[str, ...] = ()
    """Slugs: of the modes that mean certain workflows."""
    is_forced: bool = False
    """Passes over re-entry."""

    @classmethod
    def named(cls, workflows: Iterable[str], *, is_forced: bool = False) -> EnrolmentPolicy:
        """Just these, whatever they ask of a contact but for the brand. None named: everything that matches."""
        slugs = tuple(workflows)
        return cls(mode=Mode.NAMED if slugs else Mode.ARRIVAL, workflows=slugs, is_forced=is_forced)

    @classmethod
    def only(cls, workflows: Iterable[str]) -> EnrolmentPolicy:
        """Just these, where what they ask of a contact holds, whatever the event."""
        return cls(mode=Mode.ONLY, workflows=tuple(workflows))

    @classmethod
    def of(cls, event: ContactEvent) -> EnrolmentPolicy:
        """What an event keeps."""
        return cls(mode=event.mode, workflows=tuple(event.workflows), is_forced=event.is_forced)

    @property
    def is_baseline(self) -> bool:
        return self.mode == Mode.BASELINE


ARRIVAL = EnrolmentPolicy()
BASELINE = EnrolmentPolicy(mode=Mode.BASELINE)
EDIT = EnrolmentPolicy(mode=Mode.EDIT)
