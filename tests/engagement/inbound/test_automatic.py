"""What machines send is told from what people write, by headers first and words last."""

from __future__ import annotations

import datetime as dt

import pytest

from engagement.inbound import automatic, parsing
from tests.engagement.inbound.letters import mail

TODAY = dt.date(2026, 11, 30)


def kind(raw: bytes) -> str:
    return str(automatic.kind_of(parsing.parse(raw))[0])


@pytest.mark.parametrize(
    ("kind_of_report", "expected"),
    [("delivery-status", "bounce"), ("disposition-notification", "receipt"), ("feedback-report", "complaint")],
)
def test_reports_are_told_by_their_type(kind_of_report, expected):
    assert kind(mail(Content_Type=f'multipart/report; report-type="{kind_of_report}"; boundary=x')) == expected


@pytest.mark.parametrize("value", ["no", "No", "NO (a person)", "no; by=hand", ""])
def test_auto_submitted_no_is_a_person(value):
    """FreeScout counted it as automatic."""
    assert kind(mail(Auto_Submitted=value)) == "human"


@pytest.mark.parametrize("value", ["auto-replied", "Auto-Generated", "auto-notified; owner-email=a@b", "yes"])
def test_any_other_auto_submitted_is_a_machine(value):
    assert kind(mail(Auto_Submitted=value)) == "automatic"


@pytest.mark.parametrize("value", ["bulk", "Bulk", "BULK", "auto_reply", "List", "junk"])
def test_precedence_counts_in_any_case(value):
    """FreeScout missed "Bulk"."""
    assert kind(mail(Precedence=value)) == "automatic"


@pytest.mark.parametrize(
    "headers",
    [
        {"List_Id": "News <news.shop.example>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "true"},
        {"X_FC_MachineGenerated": "true"},
    ],
)
def test_headers_of_machines(headers):
    assert kind(mail(**headers)) == "automatic"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your portfolio", "Out of Office Re: Hello", "AutoReply: hello", "Abwesenheitsnotiz: Hallo",
        "Automatische Antwort: Hallo", "AW: Automatische Antwort: Hallo", "Réponse automatique : Bonjour",
        "Respuesta automática: Hola", "Fuera de la oficina", "Risposta automatica: Ciao", "Automatisch antwoord: Hoi",
        "Autosvar: Hej", "Automatiskt svar: Hej", "Odpowiedź automatyczna: Cześć", "Resposta automática: Olá",
        "Автоматический ответ: Привет", "自動返信 こんにちは", "Otomatik yan\u0131t: Merhaba",
    ],
)  # fmt: skip
def test_subjects_in_many_languages(subject):
    assert kind(mail(subject=subject)) in ("automatic", "out_of_office")


@pytest.mark.parametrize(
    "subject", ["Re: Your portfolio", "Automatic doors for the gallery", "The office is nice", "Auto: a new car", ""]
)
def test_subjects_of_people(subject):
    assert kind(mail(subject=subject)) == "human"


def test_a_holiday_in_a_newsletter_is_no_absence():
    assert kind(mail("Great vacation offers: out of office!", Precedence="bulk")) == "automatic"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("I am away until 11 December 2026.", dt.date(2026, 12, 11)),
        ("I'll be back on December 11th.", dt.date(2026, 12, 11)),
        ("back in the office on 2027-01-04", dt.date(2027, 1, 4)),
        ("Ich bin bis zum 11.12.2026 nicht im Büro.", dt.date(2026, 12, 11)),
        ("Ich bin vom 1.12. bis 11.12. im Urlaub", dt.date(2026, 12, 11)),
        ("Ab dem 4. Januar bin ich wieder da", dt.date(2027, 1, 4)),
        ("Je suis absent jusqu'au 11 décembre 2026", dt.date(2026, 12, 11)),
        ("Estaré fuera hasta el 11 de diciembre de 2026", dt.date(2026, 12, 11)),
        ("Sono in ferie fino al 11 dicembre", dt.date(2026, 12, 11)),
        ("Ik ben afwezig tot 11 december", dt.date(2026, 12, 11)),
        ("until 11/12/26", dt.date(2026, 12, 11)),
        ("I am away. Call 555 0123 or see 11.12.2026", None),
        ("I was away until 1 March 2020", None),
        ("away until 45.13.2026", None),
        ("soon", None),
    ],
)
def test_the_day_somebody_is_back(words, expected):
    assert automatic.returns_on(words, today=TODAY) == expected
