"""Whatever arrives is taken apart; nothing that a stranger writes into a header keeps a mail out."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.inbound import html_text, parsing
from tests.engagement.inbound.letters import mail


@pytest.mark.parametrize("value", ["<>", "<[broken]@>", "", "   ", "nonsense", "<a b@c>", "<a@b", "\x00"])
def test_message_ids_that_are_none_name_nothing(value):
    found = parsing.parse(mail(Message_ID=value)).message_id

    assert found in ("", "<[broken]@>")


def test_several_ids_in_their_order():
    found = parsing.parse(mail(References="<a@x>\r\n\t<b@x> <a@x><c@x>"))

    assert found.references == ["<a@x>", "<b@x>", "<c@x>"]


@pytest.mark.parametrize(
    ("charset", "content", "expected"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("x-unknown-charset", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("utf-8", "Grüße".encode("cp1252"), "Grüße"),
        ("utf-8", b"a\x00b", "ab"),
        ("\x00\xff", b"plain", "plain"),
    ],
)
def test_charsets_that_are_wrong(charset, content, expected):
    raw = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode() + content

    assert parsing.parse(raw).text == expected


def test_names_and_subjects_in_encoded_words():
    found = parsing.parse(
        mail(sender="=?utf-8?q?Ada_L=C3=B6velace?= <ADA@Example.ORG>", subject="=?utf-8?b?R3LDvMOfZQ==?= =?x?y?z?=")
    )

    assert (found.sender, found.sender_name) == ("ada@example.org", "Ada Lövelace")
    assert found.subject.startswith("Grüße")


def test_html_alone_is_read_as_text():
    html = "<style>p{}</style><p>Yes, on&nbsp;Friday.</p><blockquote>Hello<br>Ada</blockquote>"

    found = parsing.parse(mail(html, Content_Type="text/html; charset=utf-8"))

    assert found.text == "Yes, on Friday.\n\n> Hello\n> Ada"


def test_files_are_named_and_their_content_is_no_text():
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n"
        '--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="cv.txt"\r\n\r\nCV\r\n'
        "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner\r\n--x--\r\n"
    )

    found = parsing.parse(mail(body, Content_Type="multipart/mixed; boundary=x"))

    assert found.text == "See attached."
    assert [(one["name"], one["type"]) for one in found.attachments] == [
        ("cv.txt", "text/plain"), ("", "message/rfc822"),
    ]  # fmt: skip


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message(raw):
    found = parsing.parse(raw)

    assert "\x00" not in found.text + found.subject


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=60))
def test_any_headers_are_readable(value, name, subject):
    raw = f"From: {value}\r\nSubject: {subject}\r\nMessage-ID: {name}\r\nContent-Type: {value}\r\n\r\n{value}"

    found = parsing.parse(raw.encode("utf-8", "surrogatepass"))

    (found.text + found.subject + found.message_id + found.sender_name + found.sender).encode()


def nested(depth: int, lines: int) -> bytes:
    heads = (f'Content-Type: multipart/mixed; boundary="b{one}"\r\n\r\n--b{one}\r\n' for one in range(depth))
    return ("".join(heads) + "\r\n" * lines).encode()


@pytest.mark.parametrize(
    "raw",
    [
        f"Subject: {'=?a?q?x' * 14_000}\r\n\r\nx".encode(),
        "".join(f"X-{one}: {'=?a?q?x' * 1_400}\r\n" for one in range(200)).encode(),
        f"To: {'<a@b.c>(' * 100_000}\r\n\r\nx".encode(),
        nested(200, 60_000),
        f"Content-Type: multipart/mixed; {(';' + chr(34)) * 400_000}\r\n\r\nx".encode(),
        *(f"Content-Type: text/html\r\n\r\n{one * (500_000 // len(one))}".encode()
          for one in ("<!--", "<a ", '<a x="', "<?", "</", "<a/", "<b>x", "<style>", "&#1")),
    ],
    ids=range(14),
)  # fmt: skip
def test_no_message_holds_a_worker_up(raw):
    begun = time.monotonic()

    with contextlib.suppress(parsing.Laborious, RecursionError):
        parsing.parse(raw)

    assert time.monotonic() - begun < 3


def test_a_large_attachment_is_no_labour():
    line = "QUJD" * 19
    body = f"--x\r\n\r\nSee below.\r\n--x\r\nContent-Type: image/png\r\n\r\n{(line + chr(10)) * 120_000}--x--"

    assert parsing.parse(mail(body, Content_Type="multipart/mixed; boundary=x")).text == "See below."


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a &lt; b<br>c</p>", "a < b\nc"),
        ("1 < 2 <!-- not > this -->and 3", "1 < 2 and 3"),
        ("<style>p > a { color: red }</style><script>if (a<b) {}</script>Hello", "Hello"),
        ("<p>Yes.</p><blockquote>Do you <b>come</b>?</blockquote>", "Yes.\n\n> Do you come?"),
    ],
)
def test_html_is_read_as_it_is_shown(html, text):
    assert html_text.to_text(html) == text


@pytest.mark.parametrize("raw", [b"", b"From:", b"\xff\x00@\x00: @", b"From: \x00a@b\n To: x"])
def test_addresses_are_looked_for_in_anything(raw):
    parsing.addresses_in(raw)


def test_the_addresses_of_what_cannot_be_read():
    raw = b'From: "x@y.example" <Ada@Example.org>\r\nTo: a@b.example,\r\n c@d.example\r\n\r\nTo: no@body.example'

    assert parsing.addresses_in(raw) == ("ada@example.org", ["a@b.example", "c@d.example"])
