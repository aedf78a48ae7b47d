"""What came back stands on the person's timeline."""

from __future__ import annotations

import pytest

from engagement import timeline
from tests.engagement.test_message_consequences import FULL, HARD, Type, fact, learn, mail

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("detail", "tone"), [(HARD, timeline.BAD), (FULL, timeline.WARN)])
def test_an_email_that_came_back_is_told_with_what_the_server_said(detail, tone):
    message = mail()
    learn(fact(message, Type.BOUNCED, detail))
    source = next(one for one in timeline.SOURCES if one.name == "engagement.came_back")

    (entry,) = source.older(contact=message.contact, kinds=[timeline.MAIL], before=None, limit=5)

    assert (entry.tone, entry.row) == (tone, message)
    assert detail["said"] in entry.lines
