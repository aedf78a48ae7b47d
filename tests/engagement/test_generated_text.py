from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from engagement import delivery, generated_text
from engagement.models import EngagementTemplate, PassageBudget
from tests.factories import NOW, BusinessEntityFactory, ContactFactory, TemplateVersionFactory

pytestmark = pytest.mark.django_db
GOOD = "Your work with light would feel at home in our rooms."


class Model:
    """A small server that speaks the OpenAI protocol."""

    def __init__(self) -> None:
        self.requests = []
        self.authorizations = []
        self.answer = GOOD
        self.status = 200
        self.raw = None
        self.silent = threading.Event()
        self.is_silent = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *failure):
        self.silent.set()
        self._server.shutdown()
        self._server.server_close()

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return json.dumps({"choices": [{"message": {"role": "assistant", "content": self.answer}}]}).encode()

    def _handler(model):  # noqa: N805  the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                model.requests.append((self.path, json.loads(self.rfile.read(length))))
                model.authorizations.append(self.headers.get("Authorization"))
                if model.is_silent:
                    model.silent.wait(10)
                    return
                self.send_response(model.status)
                self.end_headers()
                self.wfile.write(model.body())

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def model(settings):
    generated_text._Patience.quiet_until = 0.0
    with Model() as running:
        settings.AI_BASE_URL, settings.AI_MODEL, settings.AI_API_KEY = running.url, "tiny", "not-a-real-key"
        yield running
    generated_text._Patience.quiet_until = 0.0


def version(*, level="premium", body="{{ passage.opening }}"):
    template = EngagementTemplate.objects.create(slug="premium", name="Premium", level=level)
    return TemplateVersionFactory(
        template=template,
        body=body,
        passages={
            "opening": {"instruction": "Write an opening.", "fallback": "Good to meet you."},
            "closing": {"instruction": "Write a closing.", "fallback": "See you."},
        },
    )


def write(words=None, contact=None):
    return generated_text.write(
        version=words or version(),
        contact=contact or ContactFactory(first_name="Ada"),
        business_entity=BusinessEntityFactory(name="The 7 Space"),
        now=NOW,
    )


def test_a_good_passage_is_used(model):
    assert write() == {"opening": GOOD}


def test_the_model_is_told_the_instruction_and_the_facts_and_no_address(model):
    contact = ContactFactory(
        first_name="Ada", company="Engines", phone="+4912", email="ada@example.org", notes="secret"
    )

    write(contact=contact)

    ((path, request),) = model.requests
    told = json.dumps(request)
    assert path == "/v1/chat/completions"
    assert request["model"] == "tiny"
    for words in ("Write an opening.", "Ada", "Engines", "The 7 Space"):
        assert words in told
    for secret in ("ada@example.org", "+4912", "secret"):
        assert secret not in told


def test_the_key_is_sent_where_there_is_one(model, settings):
    write()
    settings.AI_API_KEY = ""
    write(EngagementTemplate.objects.get().versions.get())

    assert model.authorizations == ["Bearer not-a-real-key", None]


def test_only_passages_in_the_words_are_asked_for(model):
    write(version(body="{{ passage.closing }}"))

    assert len(model.requests) == 1
    assert "Write a closing." in json.dumps(model.requests)


@pytest.mark.parametrize("level", ["basic", "standard", "advanced"])
def test_below_premium_nobody_is_asked(model, level):
    assert write(version(level=level)) == {}
    assert model.requests == []


def test_without_a_model_nothing_is_written(settings):
    settings.AI_BASE_URL = ""

    assert write() == {}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   ",
        "x" * 601,
        "Visit https://evil.example now.",
        "Visit www.evil.example now.",
        "Visit evil.com now.",
        "Write to a@b.example.",
        "**Bold** words",
        "# Title",
        "Hello {{ first_name }}",
        "<b>Bold</b>",
        "[x](y)",
        "One paragraph.\n\nAnother.",
        None,
        3,
        ["x"],
    ],
)
def test_a_passage_that_breaks_the_rules_is_not_used(model, answer):
    model.answer = answer

    assert write() == {}


def test_quotation_marks_around_the_passage_go(model):
    model.answer = f'  "{GOOD}"\n'

    assert write() == {"opening": GOOD}


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[]", b'{"choices": []}', b'{"error": "x"}', b"x" * 70_000])
def test_an_answer_that_is_no_completion_is_not_used(model, raw):
    model.raw = raw

    assert write() == {}


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_a_refusal_falls_back_and_is_not_repeated_at_once(model, status):
    model.status = status
    words = version()

    assert write(words) == {}
    assert write(words) == {}
    assert len(model.requests) == 1


def test_a_slow_model_is_not_waited_for(model, monkeypatch):
    monkeypatch.setattr(generated_text, "SECONDS", 0.1)
    model.is_silent = True

    assert write() == {}


def test_a_model_that_is_gone_falls_back(model, settings):
    settings.AI_BASE_URL = "http://127.0.0.1:1/v1"

    assert write() == {}


def test_past_the_daily_budget_nobody_is_asked(model, settings):
    settings.AI_DAILY_BUDGET = 1
    words = version()

    assert write(words) == {"opening": GOOD}
    assert write(words) == {}
    assert PassageBudget.objects.get(day=NOW.date()).calls == 1


def test_every_day_has_its_own_budget(model, settings):
    settings.AI_DAILY_BUDGET = 1
    PassageBudget.objects.create(day=NOW.replace(day=1).date(), calls=1)

    assert write() == {"opening": GOOD}


def test_neither_key_nor_words_are_logged(model, caplog):
    model.answer = "Visit evil.com, Ada."

    write()

    assert "not-a-real-key" not in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.parametrize(("answer", "said"), [(GOOD, GOOD), ("", "Good to meet you.")])
def test_the_email_says_the_passage_or_its_approved_fallback(model, settings, answer, said):
    settings.EMAIL_URL = ""
    model.answer = answer
    words = version()
    EngagementTemplate.objects.update(current_version=words)

    order = delivery.Order(uuid.uuid4(), EngagementTemplate.objects.get(), ContactFactory(), None)
    ((draft, _),) = delivery.prepare([order], now=NOW)

    assert draft.rendered.text.startswith(said)
