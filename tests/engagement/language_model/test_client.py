from __future__ import annotations

import time

import pytest

from engagement.language_model import client
from engagement.language_model.client import NoAnswer, Question
from tests.engagement.language_model.server import GOOD, REPLIES

QUESTION = Question([{"role": "user", "content": "Write."}], {"text": 6000})
OF_SHAPE = {
    "well", "too long", "obscene", "off topic", "promises a price", "another language", "a link", "half a sign",
    "packed by its charset", "turned by its charset",
}  # fmt: skip
CODES = {
    "slow": "too_slow", "silent": "too_slow", "dripping": "too_slow", "endless": "too_large",
    "broken JSON": "no_completion", "HTML": "no_completion", "no choices": "no_completion",
    "deeply nested": "no_completion", "words without a shape": "other_shape", "another shape": "other_shape",
    "no words": "says_nothing", "cut off": "cut_off", "redirect": "refused_by_server", "refusal": "refused_by_server",
    "refusal in hex": "refused_by_server", "hangs up": "unreachable",
}  # fmt: skip


def ask(seconds: float = 1.0) -> str:
    try:
        client.ask(QUESTION, seconds=seconds)
    except NoAnswer as failure:
        return failure.code
    return "answered"


def test_whatever_a_server_sends_is_an_answer_or_a_reason_in_time(model):
    ask()  # reads the client's code, which takes its time
    found, longest = {}, 0.0
    for name in set(REPLIES) - {"obedient"}:
        model.reply, began = REPLIES[name], time.monotonic()
        found[name] = ask(seconds=0.7)
        longest = max(longest, time.monotonic() - began)

    assert found == CODES | dict.fromkeys(OF_SHAPE, "answered")
    assert longest < 5
    assert not any("elsewhere" in path for path in model.paths)


def test_the_key_is_sent_where_there_is_one_and_the_environment_is_not_followed(model, settings, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_API_KEY", "of somebody else")
    answer = client.ask(QUESTION)
    settings.AI_API_KEY = ""
    client.ask(QUESTION)

    assert (answer.parts["text"], answer.tokens, model.paths[0]) == (GOOD, 321, "/v1/chat/completions")
    assert model.authorizations == ["Bearer not-a-real-key", None]


def test_the_question_names_the_model_and_the_shape(model):
    client.ask(Question([{"role": "user", "content": "Five."}], {"text": 6000}, longest=77))

    (request,) = model.requests
    schema = request["response_format"]["json_schema"]["schema"]
    assert (request["model"], request["max_tokens"]) == ("tiny", 77)
    assert (schema["required"], schema["additionalProperties"]) == (["text"], False)


def test_what_nobody_foresaw_is_a_reason(model, monkeypatch):
    monkeypatch.setattr(client, "_read", lambda *answer: {}["unforeseen"])

    assert ask() == "unreachable"


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "http://[::1"])
def test_a_server_that_is_not_there_is_a_reason(settings, address):
    settings.AI_BASE_URL, settings.AI_MODEL = address, "tiny"

    assert ask() == "unreachable"
