"""What is new in a reply; and that nobody can hold a worker up with one."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engagement.inbound import quoting

QUOTED = "> Hello Ada,\n> we would like to see your portfolio.\n>\n> The 7 Space"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 30 Nov 2026 at 10:00, The 7 Space <hello@the7space.example> wrote:",
        "On Mon, 30 Nov 2026 at 10:00, The 7 Space\n<hello@the7space.example> wrote:",
        "Am 30.11.2026 um 10:00 schrieb The 7 Space <hello@the7space.example>:",
        "Le lun. 30 nov. 2026 à 10:00, The 7 Space <hello@the7space.example> a écrit :",
        "El lun, 30 nov 2026 a las 10:00, The 7 Space (<hello@the7space.example>) escribió:",
        "Em seg., 30 de nov. de 2026 às 10:00, The 7 Space <hello@the7space.example> escreveu:",
        "Il giorno lun 30 nov 2026 alle ore 10:00 The 7 Space <hello@the7space.example> ha scritto:",
        "Op ma 30 nov. 2026 om 10:00 schreef The 7 Space <hello@the7space.example>:",
        "пн, 30 нояб. 2026 в 10:00, The 7 Space <hello@the7space.example> пишет:",
        '26.06.2014, 14:41, "The 7 Space" <hello@the7space.example>:',
        "ons 26 juni 2014 kl 14:41 skrev The 7 Space\n<hello@the7space.example>:",
        "-------- Message d'origine --------\nDe : The 7 Space",
        "-----Original Message-----\nFrom: The 7 Space\nSent: Monday\nTo: Ada\nSubject: Hello\n",
    ],
)
def test_what_is_quoted_is_cut(attribution):
    assert quoting.cut(f"Yes, on Friday.\n\n{attribution}\n\n{QUOTED}").text == "Yes, on Friday."


def test_answers_between_quoted_lines_are_kept_whole():
    """freescout#349."""
    body = "> Do you have time on Friday?\n\nYes.\n\n> And a portfolio?\n\nAttached."

    assert quoting.cut(body).text == body


def test_an_answer_below_the_quoted_part_is_kept_whole():
    body = f"On Mon, 30 Nov 2026, The 7 Space <h@x.example> wrote:\n{QUOTED}\n\nYes, on Friday."

    assert quoting.cut(body).text == body


def test_words_that_only_look_like_an_attribution_stay():
    body = "As you wrote:\nI need more time. Somebody wrote:\nhello"

    assert quoting.cut(body).text == body


@pytest.mark.parametrize(
    "words",
    ["stop", "STOP.", "Stop!\n", "Unsubscribe", "please unsubscribe me.", "Abmelden", "Bitte abmelden!",
     "désinscription", "Baja", "Stop\n\nSent from my iPhone", "stop\n-- \nAda Lovelace\nCountess"],
)  # fmt: skip
def test_a_wish_to_stop_alone_is_heard(words):
    assert quoting.cut(words).wants_out
    assert quoting.cut(f"{words}\n\nOn Mon, 30 Nov 2026, The 7 Space <h@x.example> wrote:\n{QUOTED}").wants_out


def test_an_empty_mail_may_say_it_in_its_subject():
    assert quoting.cut("", subject="unsubscribe").wants_out


@pytest.mark.parametrize(
    "words", ["Don't stop", "Please stop by on Friday", "How do I unsubscribe?", "", f"Thanks!\n\n{QUOTED}\n> stop"]
)
def test_other_words_are_no_wish_to_stop(words):
    assert not quoting.cut(words).wants_out


LABORIOUS = ["\n" * 20_000, "x\n" * 10_000, "\n x" * 10_000, ">" * 20_000, "> \n" * 9_000, "On " * 7_000, "_" * 20_000,
     "From: a\n" * 3_000, "-" * 20_000, " \t" * 10_000, "Am 1 schrieb " * 2_000, "wrote: " * 4_000, "a@b " * 5_000,
     "1:11 " * 4_000, "1:11\n" * 4_000, "1:11 a@b:\n" * 2_000,
     f"{' ' * 100}{'1h11' * 20}\n{'a' * 60}@{'b' * 15_000}", f"x\n{(('-' * 12) + chr(10)) * 30}x",
     f"{'1h11' * 40}\n{'a@' * 100}\n" * 50]  # fmt: skip


@pytest.mark.parametrize("body", LABORIOUS)
def test_no_body_holds_a_worker_up(body):
    begun = time.monotonic()

    quoting.cut(body * 10)

    assert time.monotonic() - begun < 3 * quoting.SECONDS


@pytest.mark.parametrize("body", [*LABORIOUS, "On wrote:Am ", "Op  ", "On <"])
def test_no_body_holds_a_thread_up_where_nothing_interrupts(body):
    bodies = [body * 10, (body * quoting.SHORT)[: quoting.SHORT]]

    with ThreadPoolExecutor(1) as thread:
        seconds = thread.submit(lambda: [quoting.cut(one) for one in bodies] and time.thread_time()).result()

    assert seconds < quoting.SECONDS


def test_a_short_answer_is_cut_in_any_thread():
    body = f"Yes.\n\nOn Mon, 30 Nov 2026 at 10:00, The 7 Space <hello@the7space.example> wrote:\n{QUOTED}"

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(quoting.cut, body).result().text == "Yes."


def test_rules_below_an_answer_are_cut_off():
    assert quoting.cut("Yes, please.\n\n------------\n==========\n\n").text == "Yes, please."
