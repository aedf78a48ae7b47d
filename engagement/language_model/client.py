"""One question to a server that speaks the OpenAI protocol, and an answer of the shape that was asked for, or NoAnswer.

The client's own defaults wait for ten minutes, try three times and follow a redirect with key and words. Here one limit
holds for the whole answer however slowly it drips in, nothing is tried again, no redirect, proxy or variable of
the environment is followed, and an answer has an end. Servers differ in what they make of a schema: what comes is read
and judged here, always.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    import httpx2
    import openai

SECONDS = 8.0  # for a whole answer that an email waits for
LARGEST_ANSWER = 65_536  # bytes
_FENCE = re.compile(r"\A```(?:json)?\s*(\{.*\})\s*```\Z", re.S)
Message = Mapping[str, str]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """`shape` names the texts of the answer with the most characters of each; a number of texts where it is a pair."""

    messages: Sequence[Message]
    shape: Mapping[str, int | tuple[int, int]]
    longest: int = 400
    """Tokens of the answer."""

    @property
    def estimate(self) -> int:
        """Tokens that it costs at most, roughly: three characters are one."""
        return sum(len(message["content"]) for message in self.messages) // 3 + self.longest


@dataclass(frozen=True)
class Answer:
    parts: Mapping[str, Any]
    raw: str
    tokens: int | None
    """As the server counts; None where it does not say."""
    seconds: float


@dataclass
class NoAnswer(Exception):
    """Why there is none: a code of engagement.describe. `is_trouble` blames the server, not the words."""

    code: str
    is_trouble: bool = False
    raw: str = ""
    tokens: int | None = None
    seconds: float = field(default=0.0)

    def __str__(self) -> str:
        return self.code


def ask(question: Question, *, seconds: float = SECONDS) -> Answer:
    """For callers who wait. Raises NoAnswer."""

    async def once() -> Answer:
        async with connect() as server:
            return await answer(server, question, seconds=seconds)

    with boundary(), loop() as begin:
        found: Answer = begin(once()).result()
        return found


@contextmanager
def loop() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Future[Any]]]:
    """A loop in a thread of its own, and what begins something on it: whoever asks may be within a loop already."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever, name="language-model", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, running)
    finally:
        running.call_soon_threadsafe(running.stop)
        thread.join()
        running.close()


@contextmanager
def boundary() -> Iterator[None]:
    """Around a question, so that NoAnswer alone comes out of it: whatever nobody foresaw is logged, and a trouble that
    ends no lane, answers no colleague with an error and keeps no tokens reserved."""
    try:
        yield
    except NoAnswer:
        raise
    except Exception as error:
        logger.exception("a language model could not be asked")
        raise NoAnswer("unreachable", is_trouble=True) from error


async def answer(server: openai.AsyncOpenAI, question: Question, *, seconds: float = SECONDS) -> Answer:
    """Raises NoAnswer, within the time whatever the server does."""
    began = time.monotonic()
    try:
        return _read(await _asked(server, question, seconds), question, time.monotonic() - began)
    except NoAnswer as failure:
        failure.seconds = time.monotonic() - began
        raise


async def _asked(server: openai.AsyncOpenAI, question: Question, seconds: float) -> str:
    import httpx2  # noqa: PLC0415  it and openai are a second and 45 MB that only those who ask pay for
    import openai  # noqa: PLC0415  # heavy

    try:
        async with asyncio.timeout(seconds):
            response = await server.chat.completions.with_raw_response.create(**_request(question))
            return _storable(response.http_response.content.decode("utf-8", "replace"))
    except (TimeoutError, openai.APITimeoutError) as error:
        raise NoAnswer("too_slow", is_trouble=True) from error
    except openai.APIStatusError as error:
        raise NoAnswer("refused_by_server", is_trouble=True, raw=f"HTTP {error.status_code}") from error
    except _TooLarge as error:
        raise NoAnswer("too_large", is_trouble=True) from error
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise NoAnswer("unreachable", is_trouble=True) from error


def _storable(text: str) -> str:
    """What a database takes: no null and no half of a sign."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def _request(question: Question) -> dict[str, Any]:
    import openai  # noqa: PLC0415  as above

    shape = {"name": "answer", "strict": True, "schema": _schema(question.shape)}
    return {
        "model": settings.AI_MODEL,
        "messages": list(question.messages),
        "max_tokens": question.longest,
        "response_format": {"type": "json_schema", "json_schema": shape},
        "extra_headers": {} if settings.AI_API_KEY else {"Authorization": openai.Omit()},
    }


def connect() -> openai.AsyncOpenAI:
    """A connection for one event loop, to be used in `async with`; making one costs a tenth of a second.

    Raises NoAnswer for an address that is none.
    """
    import httpx2  # noqa: PLC0415  as above
    import openai  # noqa: PLC0415  # heavy

    try:
        address = httpx2.URL(settings.AI_BASE_URL)
    except (httpx2.InvalidURL, ValueError) as error:
        raise NoAnswer("unreachable", is_trouble=True) from error
    return openai.AsyncOpenAI(
        base_url=address,
        api_key=settings.AI_API_KEY or "none",
        default_headers={"Accept-Encoding": "identity"},
        organization="",
        project="",
        max_retries=0,
        timeout=SECONDS * 4,  # the caller's own limit is shorter
        http_client=httpx2.AsyncClient(
            transport=_bounded(httpx2.AsyncHTTPTransport(trust_env=False)), follow_redirects=False, trust_env=False
        ),
    )


class _TooLarge(Exception):
    """The answer does not end where it should."""


def _bounded(transport: httpx2.AsyncHTTPTransport) -> httpx2.AsyncBaseTransport:
    """What comes through is LARGEST_ANSWER bytes at most, and never unpacked."""
    import httpx2  # noqa: PLC0415  as above

    class Stream(httpx2.AsyncByteStream):
        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in self._stream:
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    raise _TooLarge
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Bounded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await transport.handle_async_request(request)
            for name in ("Content-Encoding", "Content-Type"):  # nor read as the server names it: zlib is a charset
                response.headers.pop(name, None)
            assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101  of an asynchronous transport
            response.stream = Stream(response.stream)
            return response

        async def aclose(self) -> None:
            await transport.aclose()

    return Bounded()


def _schema(shape: Mapping[str, int | tuple[int, int]]) -> dict[str, Any]:
    """As JSON Schema, for servers that heed one. Lengths are judged here: not all of them know those words."""
    text = {"type": "string"}
    parts = {name: text if isinstance(size, int) else {"type": "array", "items": text} for name, size in shape.items()}
    return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}


def _read(body: str, question: Question, seconds: float) -> Answer:
    """The answer within a completion, whatever was sent in its place."""
    try:
        completion = json.loads(body)
        choice = completion["choices"][0]
        content, finished = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise NoAnswer("no_completion", is_trouble=True, raw=body[:2000]) from error
    tokens = _tokens(completion)
    content = _storable(content) if isinstance(content, str) else ""
    if not content.strip():
        raise NoAnswer("says_nothing", raw=body[:2000], tokens=tokens)
    if finished in ("length", "content_filter"):
        raise NoAnswer("cut_off", raw=content, tokens=tokens)
    parts = _parts(content, question.shape)
    if parts is None:
        raise NoAnswer("other_shape", raw=content, tokens=tokens)
    return Answer(parts, content, tokens, seconds)


def _tokens(completion: Mapping[str, Any]) -> int | None:
    usage = completion.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10_000_000 else None


def _parts(content: str, shape: Mapping[str, int | tuple[int, int]]) -> dict[str, Any] | None:
    """The texts that were asked for and nothing else; None for any other shape."""
    fenced = _FENCE.match(content.strip())
    try:
        found = json.loads(fenced.group(1) if fenced else content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != set(shape):
        return None
    if not all(_fits(found[name], size) for name, size in shape.items()):
        return None
    return {name: _storable(one) if isinstance(one, str) else list(map(_storable, one)) for name, one in found.items()}


def _fits(value: Any, size: int | tuple[int, int]) -> bool:
    if isinstance(size, int):
        return isinstance(value, str) and len(value) <= size
    number, longest = size
    return isinstance(value, list) and 0 < len(value) <= number and all(_fits(one, longest) for one in value)
