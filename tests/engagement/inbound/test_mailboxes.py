"""A mailbox is read from where it stopped, whoever reads it beside us and whatever happens to the server."""

from __future__ import annotations

import itertools
import socket
import time

import pytest
from django.core.management import CommandError, call_command

from contactflow import deployment
from contactflow.core.clock import database_now
from contactflow.today import attention
from engagement.inbound import inboxes, mailboxes, parsing
from engagement.models import Alert, Mailbox, Reply
from tests import factories as f
from tests.engagement.inbound.letters import mail
from workflows import analytics

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
users = itertools.count(1)


@pytest.fixture
def user(imap_server, settings):
    """Of a mailbox that is not connected yet."""
    name = f"hello{next(users)}@brand.example"
    settings.INBOX_URLS = {"": imap_server.url(name)}
    return name


@pytest.fixture
def connected(user):
    read()
    return user


def read() -> int:
    (found,) = mailboxes.read_all()
    assert found.reason is None
    return found.read


def subjects() -> list[str]:
    return sorted(Reply.objects.values_list("subject", flat=True))


def letter(subject: str, **about: str) -> bytes:
    return mail(f"About {subject}", subject=subject, sender="ada@example.org", **about)


def test_what_is_there_is_read_once(imap_server, connected):
    imap_server.deliver(connected, letter("one"), letter("two"))

    assert (read(), read(), subjects()) == (2, 0, ["one", "two"])


def test_nothing_is_marked_as_read(imap_server, user):
    imap_server.deliver(user, letter("one"))

    read()

    with imap_server.client(user) as client:
        assert client.search(None, "UNSEEN")[1] == [b"1"]


def test_what_a_colleague_read_first_is_taken_in(imap_server, connected):
    """freescout#1611, #3406: only unread mail was fetched."""
    imap_server.deliver(connected, letter("read elsewhere"), flags="(\\Seen)")

    assert (read(), subjects()) == (1, ["read elsewhere"])


def test_an_outage_loses_nothing(imap_server, connected):
    """chatwoot#10429, #6574: a date was the cursor."""
    read()
    long_ago = time.time() - 40 * 24 * 3600
    imap_server.deliver(connected, letter("moved here"), at=long_ago)
    imap_server.deliver(connected, *(letter(f"number {number}") for number in range(5)))

    assert read() == 6


def test_mail_of_the_last_thirty_days_is_history_at_first(imap_server, user):
    person = f.ContactFactory(email="ada@example.org")
    f.TargetFactory()
    imap_server.deliver(user, letter("old"), at=time.time() - 40 * 24 * 3600)
    imap_server.deliver(user, letter("young"), mail(sender="stranger@example.org"), at=time.time() - 20 * 24 * 3600)

    (found,) = mailboxes.read_all()
    imap_server.deliver(user, letter("new"))
    mailboxes.read_all()

    assert found.outcomes == {"stored": 1, "passed": 1}
    assert dict(Reply.objects.filter(contact=person).values_list("subject", "state")) == {"young": "done", "new": "new"}
    assert [alert.title for alert in Alert.objects.all()] == [f"{person} wrote, it seems: new"]


def test_the_server_that_refuses_one_message_gives_out_the_others(imap_server, connected):
    imap_server.deliver(connected, *(letter(subject) for subject in ("one", "torn", "three")))
    imap_server.spoil(connected, "torn")

    (found,) = mailboxes.read_all()

    assert (found.reason, found.outcomes) == (None, {"stored": 2, "refused": 1})
    noted = Reply.objects.get(state="quarantined", kind="unreadable")
    assert subjects() == sorted(["one", "three", noted.subject])
    assert read() == 0


def test_a_server_that_refuses_all_is_in_trouble_and_nothing_is_passed_over(imap_server, connected):
    imap_server.deliver(connected, letter("one"), letter("two"))
    imap_server.spoil(connected, "one")
    imap_server.spoil(connected, "two")

    (found,) = mailboxes.read_all()

    assert (found.reason.code, found.read, Reply.objects.count()) == ("inbox_unreachable", 0, 0)


def test_a_server_that_numbers_anew_is_looked_through_again(imap_server, connected):
    """paperless-ngx#8944."""
    imap_server.deliver(connected, letter("one"), letter("two"))
    read()
    imap_server.renumber(connected)
    imap_server.deliver(connected, letter("three"))

    (found,) = mailboxes.read_all()

    assert (found.outcomes["known"], found.outcomes["stored"]) == (2, 1)
    assert subjects() == ["one", "three", "two"]


def test_one_that_was_deleted_meanwhile_holds_nothing_up(imap_server, connected):
    imap_server.deliver(connected, letter("one"))
    read()
    imap_server.deliver(connected, letter("gone"), letter("two"))
    with imap_server.client(connected) as client:
        client.store("2", "+FLAGS", "\\Deleted")
        client.expunge()

    assert (read(), subjects()) == (1, ["one", "two"])


def test_it_came_when_the_server_got_it(imap_server, connected):
    at = int(time.time()) - 3600
    imap_server.deliver(connected, letter("one", Date="Thu, 1 Jan 1970 00:00:00 +0000"), at=at)

    read()

    assert Reply.objects.get().received_at.timestamp() == at


def test_a_turn_that_is_over_goes_on_where_it_stopped(imap_server, user):
    imap_server.deliver(user, letter("one"), letter("two"))
    (inbox,) = inboxes.configured()

    mailboxes.read(inbox, deadline=time.monotonic())

    assert Reply.objects.count() == 0
    assert Mailbox.objects.get().next_attempt_at <= database_now()
    assert read() == 2


def test_the_pump_reads_what_is_due_and_nothing_twice(imap_server, user):
    imap_server.deliver(user, letter("one"))

    assert mailboxes.run_pump_step(time.monotonic() + 5) == 1
    imap_server.deliver(user, letter("two"))
    assert mailboxes.run_pump_step(time.monotonic() + 5) == 0  # not due yet


def test_a_wrong_password_is_said_without_it_and_tried_again_later(imap_server, user, settings):
    settings.INBOX_URLS = {"": imap_server.url(user, password="wr0ng/one")}

    (found,) = mailboxes.read_all()

    mailbox = Mailbox.objects.get()
    assert found.reason.code == mailbox.reason["code"] == "inbox_login_refused"
    assert "wr0ng" not in str(mailbox.reason)
    assert [one.code for one in mailboxes.problems()] == ["inbox_login_refused"]
    assert mailbox.next_attempt_at > database_now()


def test_a_mailbox_that_recovers_is_no_problem_any_more(imap_server, user, settings):
    url = settings.INBOX_URLS[""]
    settings.INBOX_URLS = {"": url.replace("s3cret", "wrong")}
    mailboxes.read_all()
    settings.INBOX_URLS = {"": url}

    read()

    assert mailboxes.problems() == []


def test_a_folder_that_does_not_exist_is_a_reason(imap_server, user, settings):
    settings.INBOX_URLS = {"": imap_server.url(user, folder="Nowhere")}

    (found,) = mailboxes.read_all()

    assert found.reason.code == "inbox_unreachable"


def test_each_brand_may_have_its_own(imap_server, user, settings):
    other = f"sales{next(users)}@brand.example"
    settings.INBOX_URLS = {"": imap_server.url(user), "am_consulting": imap_server.url(other)}
    mailboxes.read_all()
    imap_server.deliver(user, letter("for all"))
    imap_server.deliver(other, letter("for one"))

    mailboxes.read_all()

    assert subjects() == ["for all", "for one"]


def test_the_command_reads_and_says_what_was_there(imap_server, connected, capsys):
    imap_server.deliver(connected, letter("one"))

    call_command("fetch_mail")

    assert "1 new" in capsys.readouterr().out


def test_the_command_fails_with_a_reason_where_a_mailbox_does(imap_server, user, settings):
    settings.INBOX_URLS = {"": imap_server.url(user).replace("s3cret", "wrong")}

    with pytest.raises(CommandError) as failure:
        call_command("fetch_mail")

    assert "INBOX_URL" in str(failure.value)
    assert "wrong" not in str(failure.value)


def test_a_mailbox_that_cannot_be_read_stands_in_the_status_and_on_the_start_page(imap_server, user, settings):
    settings.INBOX_URLS = {"": imap_server.url(user).replace("s3cret", "wrong")}
    mailboxes.read_all()

    status = analytics.problems_of(now=database_now())
    notices = [notice.sentence for notice in attention.gather(now=database_now()).notices]

    assert any(user in sentence for sentence in status)
    assert any(user in sentence for sentence in notices)


def test_a_deployment_looks_whether_one_gets_in(imap_server, user, settings):
    imap_server.deliver(user, letter("one"))
    assert [line.level for line in deployment._answers()] == ["ok"]
    assert not Reply.objects.exists()

    settings.INBOX_URLS = {"": imap_server.url(user).replace("s3cret", "wrong")}
    assert [line.level for line in deployment._answers()] == ["FAIL"]


def test_a_mailbox_of_no_brand_is_said_at_a_deployment(imap_server, user, settings):
    settings.INBOX_URLS = {"nowhere": imap_server.url(user)}

    assert [line.level for line in deployment._answers()] == ["ok", "warning"]


def test_a_server_that_hangs_costs_a_bounded_time(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.INBOX_URLS = {"": f"imap://a%40b.example:secret@127.0.0.1:{silent.getsockname()[1]}/INBOX"}
        begun = time.monotonic()

        (found,) = mailboxes.read_all()

    assert found.reason.code == "inbox_unreachable"
    assert time.monotonic() - begun < mailboxes.CONNECT_SECONDS + 5


def test_a_server_that_goes_away_in_between_is_gone_on_with(imap_server, user):
    imap_server.deliver(user, *(letter(f"number {number}") for number in range(3)))
    (inbox,) = inboxes.configured()

    with mailboxes._session(inbox) as session:
        session.client.shutdown()
        with pytest.raises(mailboxes.Refused):
            mailboxes._fetch(session, 1)
    assert read() == 3


def test_a_message_that_ends_its_readers_is_kept_unread_and_holds_nothing_up(imap_server, connected, monkeypatch):
    """What ends a process passes every `except`."""

    def end(raw: bytes, **about: object) -> None:
        raise SystemExit

    imap_server.deliver(connected, letter("poison"), letter("good"))
    with monkeypatch.context() as patched:
        patched.setattr(parsing, "parse", end)
        for _ in range(mailboxes.READS):
            with pytest.raises(SystemExit):
                mailboxes.read_all()

    assert read() == 2
    assert [one.kind for one in Reply.objects.order_by("key")] == ["unreadable", "human"]
    assert Reply.objects.get(kind="unreadable").sender == "ada@example.org"
