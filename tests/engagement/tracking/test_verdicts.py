"""Who made a hit, by rule: each test is one signal."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from engagement.tracking import agents, verdicts
from engagement.tracking.verdicts import Circumstances, Hit
from tests.factories import NOW

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SENT = Circumstances(accepted_at=[NOW], links=5)
HOUR = 3600


def click(seconds=HOUR, *, link="0", ip="198.51.100.7", agent=WINDOWS, key=0, **about):
    at = NOW + dt.timedelta(seconds=seconds)
    return Hit(key=key, is_click=True, at=at, link=link, ip=ip, agent=agent, **about)


def opened(seconds=HOUR, *, agent=WINDOWS, ip="198.51.100.7", **about):
    return Hit(key=0, is_click=False, at=NOW + dt.timedelta(seconds=seconds), ip=ip, agent=agent, **about)


def judged(*hits, about=SENT):
    return {key: (one.label, one.reasons) for key, one in verdicts.judge(hits, about).items()}


def label(hit, about=SENT):
    return judged(hit, about=about)[hit.key]


@pytest.mark.parametrize("hit", [click(), opened()])
def test_somebody_with_a_browser_an_hour_later_is_a_person(hit):
    assert label(hit) == ("human", ())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"is_head": True}, "head"),
        ({"is_prefetch": True}, "prefetch"),
        ({"agent": ""}, "no_agent"),
        ({"agent": "curl/8.5.0"}, "tool_agent"),
        ({"agent": "python-requests/2.32"}, "tool_agent"),
        ({"agent": WINDOWS.replace("Chrome", "HeadlessChrome")}, "tool_agent"),
        ({"is_bot": True}, "provider_says_machine"),
    ],
)
def test_machine_shows_itself(said, code):
    assert label(click(**said)) == label(opened(**said)) == ("machine", (code,))


def test_microsoft_follows_links_and_fetches_pictures_for_people():
    assert label(click(network="microsoft")) == ("machine", ("microsoft_network",))
    assert label(opened(network="microsoft")) == ("unknown", ("microsoft_network",))


@pytest.mark.parametrize("network", ["gateway", "hosting"])
def test_gateway_or_data_centre_is_suspect_and_with_a_second_sign_a_machine(network):
    assert label(click(network=network)) == ("unknown", (f"{network}_network",))
    assert label(click(60, network=network)) == ("machine", (f"{network}_network", "soon"))
    assert label(opened(network=network)) == ("unknown", (f"{network}_network",))


def test_what_staff_know_of_a_network_holds():
    assert label(click(network="people")) == ("human", ())


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        (-2, ("machine", ("at_once",))),
        (4, ("machine", ("at_once",))),
        (30, ("unknown", ("soon",))),
        (120, ("human", ())),
    ],
)
def test_click_soon_after_the_server_took_it(seconds, verdict):
    assert label(click(seconds)) == verdict


def test_open_at_once_is_suspect():
    assert label(opened(4)) == ("unknown", ("at_once",))
    assert label(opened(6)) == ("human", ())


def test_clock_starts_at_the_delivery_where_that_is_told():
    delivered = Circumstances(accepted_at=[NOW, NOW + dt.timedelta(hours=1)])

    assert label(click(HOUR + 3), delivered) == ("machine", ("at_once",))
    assert label(click(HOUR - 3), delivered) == ("human", ())


def test_without_a_time_of_acceptance_time_says_nothing():
    assert label(click(1), Circumstances()) == ("human", ())


@pytest.mark.parametrize(("agent", "code"), [(GMAIL, "proxied"), ("Mozilla/5.0", "privacy")])
def test_proxy_of_a_mail_service_says_nothing_of_a_person(agent, code):
    assert label(opened(agent=agent)) == ("unknown", (code,))


def test_proxy_within_ten_seconds_is_suspect_too():
    assert label(opened(9, agent=GMAIL)) == ("unknown", ("proxied", "at_once"))


def test_apple_says_nothing_against_a_click():
    assert label(opened(network="apple")) == ("unknown", ("privacy",))
    assert label(click(network="apple", agent=IPHONE)) == ("human", ())


def test_three_links_in_ten_seconds_are_a_machine():
    found = judged(*[click(HOUR + 4 * number, link=str(number), key=number) for number in range(3)])

    assert set(found.values()) == {("machine", ("many_links",))}


def test_three_clicks_on_one_link_are_none():
    found = judged(*[click(HOUR + 4 * number, key=number) for number in range(3)])

    assert set(found.values()) == {("human", ())}


def test_all_links_in_half_a_minute_are_a_machine():
    hits = [click(HOUR + 14 * number, link=str(number), key=number) for number in range(3)]

    assert set(judged(*hits, about=Circumstances(accepted_at=[NOW], links=3)).values()) == {("machine", ("all_links",))}
    assert set(judged(*hits).values()) == {("human", ())}


def test_two_links_at_once_from_one_source_are_suspect():
    found = judged(click(), click(HOUR + 1, link="1", ip="198.51.100.9", key=1))
    apart = judged(click(), click(HOUR + 1, link="1", ip="203.0.113.9", key=1))

    assert set(found.values()) == {("unknown", ("two_at_once",))}
    assert set(apart.values()) == {("human", ())}


def test_who_follows_a_click_from_elsewhere_is_suspect():
    found = judged(click(), click(HOUR + 8, ip="203.0.113.9", agent=IPHONE, key=1))

    assert found == {0: ("human", ()), 1: ("unknown", ("second_reader",))}


def test_person_whom_a_machine_preceded_is_no_second_reader():
    found = judged(click(network="microsoft"), click(HOUR + 3, ip="203.0.113.9", agent=IPHONE, key=1))

    assert found[1] == ("human", ())


def test_hidden_link_shows_what_came_with_it():
    found = judged(click(link=str(1 << 16)), click(HOUR + 20, link="1", key=1), click(HOUR + 40, link="2", key=2))

    assert [found[key][0] for key in (0, 1, 2)] == ["machine", "machine", "human"]


def test_proof_lifts_suspicion_of_clicks_before_it():
    proven = Circumstances(accepted_at=[NOW], proofs=[NOW + dt.timedelta(days=2)])

    assert label(click(30), proven) == ("human", ("proven", "soon"))
    assert label(click(3), proven)[0] == "machine"
    assert label(click(30), Circumstances(accepted_at=[NOW], proofs=[NOW]))[0] == "unknown"


@pytest.mark.parametrize(
    "agent",
    [
        WINDOWS, IPHONE,
        "Mozilla/4.0 (compatible; ms-office; MSOffice rmj)",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
    ],
)  # fmt: skip
def test_browsers_and_mail_programs_are_people(agent):
    assert agents.kind_of(agent) == agents.Kind.PERSON


def test_who_read_a_while_before_they_clicked_soon_is_a_person():
    read, clicked = replace(opened(20), key=7), click(40)
    others = {
        "machine_like": [replace(read, at=clicked.at - dt.timedelta(seconds=4)), clicked],  # opens and clicks at once
        "elsewhere": [replace(read, ip="203.0.113.9"), clicked],
        "another_system": [replace(read, agent=IPHONE), clicked],
        "at_once": [replace(read, at=NOW + dt.timedelta(seconds=3)), clicked],
        "of_a_data_centre": [read, replace(clicked, network="hosting")],
    }

    assert judged(read, clicked)[0] == ("human", ("read_first", "soon"))
    assert {name: judged(*hits)[0][0] for name, hits in others.items()} == {
        **dict.fromkeys(others, "unknown"),
        "of_a_data_centre": "machine",
    }


def test_a_device_and_line_that_were_theirs_lift_that_a_click_came_soon():
    theirs = replace(SENT, readers=[verdicts.source_of("198.51.100.200", WINDOWS)])

    assert label(click(40), theirs) == ("human", ("known_reader", "soon"))
    assert label(click(40, ip="203.0.113.9"), theirs)[0] == "unknown"
    assert label(click(4), theirs)[0] == label(click(40, network="gateway"), theirs)[0] == "machine"
    assert judged(click(40), click(HOUR, key=1))[0] == ("human", ("known_reader", "soon"))


def test_what_a_provider_tells_without_a_trace_is_nobodys():
    assert label(click(agent=None, ip="")) == label(opened(agent=None, ip="")) == ("unknown", ("untold",))


def test_thousands_of_hits_are_judged_quickly():
    hits = [click(HOUR + number / 100, link=str(number % 50), key=number) for number in range(1_000)]

    assert len(judged(*hits)) == 1_000
