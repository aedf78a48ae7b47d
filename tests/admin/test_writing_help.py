"""Buttons that ask a language model: there with one, absent without. What they answer changes nothing."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from contacts.models import EntityMembership
from engagement.models import EngagementTemplate
from tests import factories as f
from tests.engagement.language_model.server import REPLIES, completion, sends

pytestmark = pytest.mark.django_db
HELP = "data-writing-help"


def gives(**parts):
    return sends(completion(json.dumps(parts)))


def test_without_a_model_there_are_no_buttons(desk, address):
    person, email = f.ContactFactory(), f.EngagementTemplateFactory()
    reply = f.ReplyFactory(contact=person)

    assert not any(HELP in desk.get(address.change(row)).content.decode() for row in (person, email, reply))


def test_the_editor_is_given_subjects_that_it_may_take_over(desk, address, model):
    email = f.EngagementTemplateFactory()
    before = list(EngagementTemplate.objects.values())
    model.reply = gives(subjects=["Your work", "A visit in May"])

    page = desk.get(address.change(email)).content.decode()
    where = reverse("admin:engagement_engagementtemplate_writing_help")
    answer = desk.post(where, {"kind": "subjects", "body": "Hello, come and see us."}).json()
    empty = desk.post(where, {"kind": "draft"}).json()

    assert where in page
    assert [(one["field"], one["text"]) for one in answer["options"]] == [
        ("subject", "Your work"), ("subject", "A visit in May"),
    ]  # fmt: skip
    assert (len(answer["doubts"]), bool(empty["said"]), len(model.requests)) == (1, True, 1)
    assert list(EngagementTemplate.objects.values()) == before


def test_trouble_is_said_where_the_proposal_would_stand(desk, model):
    model.reply = REPLIES["HTML"]

    where = reverse("admin:engagement_engagementtemplate_writing_help")
    answer = desk.post(where, {"kind": "shorter", "body": "Hello."}).json()

    assert (answer["options"], "something else than an answer" in answer["said"]) == ([], True)


def test_a_person_is_summed_up_and_placed_where_no_rule_did(desk, address, model):
    person, brand, kind = f.ContactFactory(), f.BusinessEntityFactory(), f.ContactTypeFactory()
    EntityMembership.objects.create(contact=person, business_entity=brand, because={"code": "takes_the_rest"})
    page = desk.get(address.change(person)).content.decode()
    where = reverse("admin:contacts_contact_help", args=[person.pk])

    model.reply = gives(summary="Somebody who wrote once.")
    summed = desk.post(where, {"kind": "summary"}).json()
    model.reply = gives(contact_type=kind.name, brand=brand.name, reason="It fits.")
    placed = desk.post(where, {"kind": "suggestion"}).json()

    assert "Suggest type and brand" in page
    assert summed["options"][0]["text"] == "Somebody who wrote once."
    assert [one["text"] for one in placed["options"]] == [kind.name, brand.name, "It fits."]


def test_an_answer_is_proposed_for_their_own_mail_alone(desk, address, model):
    reply, other = f.ReplyFactory(contact=f.ContactFactory()), f.ReplyFactory(contact=f.ContactFactory())
    model.reply = gives(body="Thank you, we will call.")
    where = reverse("admin:contacts_contact_help", args=[reply.contact.pk])

    page = desk.get(address.change(reply)).content.decode()
    answers = [desk.post(where, {"kind": "answer", "reply": str(one.pk)}).json() for one in (reply, other)]

    assert "Propose an answer" in page
    assert [len(one["options"]) for one in answers] == [1, 0]
