"""The same message delivered twice at once is one, and so is what follows from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from contacts.models import ContactEvent
from engagement.inbound import Outcome
from engagement.models import MessageEvent, Reply
from tests import factories as f
from tests.engagement.inbound.letters import OURS, mail, sent, take


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_one_message():
    ada = f.ContactFactory(email="ada@example.org")
    for number in range(5):
        identity = OURS.replace("0b5e", f"{number:04}")
        sent(ada, message_id=identity)
        raw = mail(f"answer {number}", In_Reply_To=identity)

        def deliver(worker: str, raw: bytes = raw, number: int = number) -> Outcome:
            try:
                return take(raw, key=f"{number}{worker}").outcome
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as workers:
            outcomes = list(workers.map(deliver, ["a", "b", "c", "d"]))

        assert sorted(outcomes) == [Outcome.KNOWN] * 3 + [Outcome.STORED]
    events = ContactEvent.objects.filter(kind="replied")
    assert (Reply.objects.count(), MessageEvent.objects.count(), events.count()) == (5, 5, 5)
