"""Consents and suppressed addresses over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contactflow import timeline
from contacts import consent
from contacts.models import Consent, ContactEvent, Suppression
from engagement.models import Message
from tests.factories import NOW, BusinessEntityFactory, ContactFactory

pytestmark = pytest.mark.django_db
CONSENTS, SUPPRESSIONS = "/api/v1/consents/", "/api/v1/suppressions/"


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.org")


def test_consent_is_recorded_with_its_words_and_by_whom(operator, ada) -> None:
    BusinessEntityFactory(name="The 7 Space")

    answer = operator.post(
        CONSENTS,
        {
            "contact_email": "Ada@example.org", "business_entity": "The 7 Space", "state": "granted",
            "basis": "consent", "source": "sign-up form", "wording": "Yes, write to me.", "wording_version": "2",
        },
    )  # fmt: skip

    said = answer.json()
    assert answer.status_code == 201
    assert (said["state"], said["business_entity"], said["wording_version"]) == ("granted", "The 7 Space", "2")
    assert said["actor"] == "API key the operate key"
    assert operator.get(f"{CONSENTS}{said['id']}/").json() == said


def test_a_withdrawal_holds_at_once(operator, ada) -> None:
    operator.post(CONSENTS, {"contact_email": ada.email, "state": "withdrawn", "source": "by phone"})

    assert not consent.may_contact(contact=ada).allowed
    found = operator.get(f"{CONSENTS}?contact_email=ada@example.org&state=withdrawn").json()["results"]
    assert [one["source"] for one in found] == ["by phone"]


@pytest.mark.parametrize(("is_required", "mails"), [(True, 1), (False, 0)])
def test_pending_is_confirmed_by_mail_where_the_brand_requires_a_yes(operator, ada, is_required, mails) -> None:
    brand = BusinessEntityFactory(requires_consent=is_required)
    told = {"contact_email": ada.email, "business_entity": brand.name, "state": "pending", "source": "form"}

    assert operator.post(CONSENTS, told).status_code == 201

    assert Message.objects.filter(contact=ada, text__contains="/p/confirm/").count() == mails


def test_pending_changes_no_word(operator, ada) -> None:
    consent.withdraw(contact=ada, source="link", now=NOW)

    answer = operator.post(CONSENTS, {"contact_email": ada.email, "state": "pending", "source": "form"})

    assert (answer.status_code, Consent.objects.count()) == (400, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contact_email", "nobody@example.org"), ("contact_email", "x"), ("business_entity", "Nobody's"),
        ("state", "maybe"), ("basis", "because"), ("source", ""), ("unknown", 1), ("wording", "x" * 5001),
    ],
)  # fmt: skip
def test_a_wrong_consent_is_refused_by_its_field(operator, ada, field, value) -> None:
    body = {"contact_email": ada.email, "state": "granted", "source": "form", field: value}

    answer = operator.post(CONSENTS, body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_consents_are_never_changed(operator, ada) -> None:
    record = consent.grant(contact=ada, source="form", now=NOW)

    assert operator.delete(f"{CONSENTS}{record.key}/").status_code == 405
    assert operator.patch(f"{CONSENTS}{record.key}/", {"state": "withdrawn"}).status_code == 405


def test_an_address_is_blocked_and_released(operator, ada) -> None:
    until = "2030-01-01T00:00:00Z"
    made = operator.post(SUPPRESSIONS, {"email": "Ada@example.org", "detail": "asked", "until": until}).json()

    row = Suppression.objects.get()
    assert (row.email, row.reason, row.scope, row.actor) == (
        "ada@example.org", "manual", "everything", "API key the operate key",
    )  # fmt: skip
    assert row.until == datetime(2030, 1, 1, tzinfo=UTC)
    assert operator.delete(f"{SUPPRESSIONS}{made['id']}/?reason=Mistake").status_code == 204
    assert ContactEvent.objects.get(contact=ada).payload["how"] == "Mistake"
    assert consent.may_contact(contact=ada).allowed


def test_an_erased_address_is_found_by_the_whole_of_it_alone(operator) -> None:
    consent.suppress(email="ada@example.org", reason="erased")
    consent.hash_suppressions(emails=["ada@example.org"])

    (found,) = operator.get(f"{SUPPRESSIONS}?email=Ada@example.org").json()["results"]

    assert "ada" not in found["email"]
    assert operator.get(f"{SUPPRESSIONS}?email=ad@example.org").json()["results"] == []


@pytest.mark.parametrize("body", [{"email": "x"}, {"email": "a@example.org", "reason": "erased"}, {}])
def test_a_wrong_suppression_is_refused(operator, body) -> None:
    assert operator.post(SUPPRESSIONS, body).status_code == 400


def test_who_only_reads_changes_nothing(reader, form, ada) -> None:
    blocked = consent.suppress(email=ada.email, reason="bounced")

    assert reader.post(CONSENTS, {}).status_code == form.post(SUPPRESSIONS, {}).status_code == 403
    assert reader.delete(f"{SUPPRESSIONS}{blocked.key}/").status_code == 403
    assert reader.get(SUPPRESSIONS).status_code == reader.get(CONSENTS).status_code == 200
    assert form.get(CONSENTS).status_code == 403


def test_what_a_person_chose_is_read_and_changed_by_whom(operator, ada) -> None:
    place, until = f"/api/v1/contacts/{ada.pk}/preferences/", "2090-01-01T00:00:00Z"
    BusinessEntityFactory(name="The 7 Space")
    assert operator.get(place).json() == []

    operator.patch(place, {"source": "by phone", "frequency": "weekly", "refused_kinds": ["welcome"]})
    operator.patch(place, {"source": "by phone", "business_entity": "The 7 Space", "paused_until": until})
    for _ in range(2):
        answer = operator.patch(place, {"source": "by mail", "refused_kinds": []})

    said = answer.json()
    names = ("business_entity", "frequency", "paused_until", "refused_kinds", "source", "actor")
    assert [tuple(one[name] for name in names) for one in said] == [
        (None, "weekly", None, [], "by mail", "API key the operate key"),
        ("The 7 Space", "all", until, [], "by phone", "API key the operate key"),
    ]
    assert said == operator.get(place).json()
    assert ada.preferences.count() == 3  # the same again is no choice
    assert "By: API key the operate key" in timeline.read(contact=ada).entries[0].lines


def test_a_choice_nobody_can_make_is_refused_with_its_field(operator, ada) -> None:
    place = f"/api/v1/contacts/{ada.pk}/preferences/"
    wrong = (
        {"frequency": "daily"},
        {"refused_kinds": ["spam"]},
        {"paused_until": "soon"},
        {"business_entity": "No"},
        {},
    )

    answers = [operator.patch(place, {**({"source": "by phone"} if one else {}), **one}) for one in wrong]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert [list(answer.json()["errors"]) for answer in answers] == [[*one] or ["source"] for one in wrong]
    assert not ada.preferences.exists()
