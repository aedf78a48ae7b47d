"""python-liquid with what staff may use, and with limits on time, loops, memory and output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any, ClassVar

from liquid import BoundTemplate, Environment, Mode, RenderContext
from liquid.exceptions import (
    FilterArgumentError,
    LiquidError,
    LiquidTypeError,
    LoopIterationLimitError,
    ResourceLimitError,
)

from engagement.liquid import filters
from engagement.liquid.missing import Missing, Values

TAGS = ("if", "unless", "case", "for", "break", "continue", "assign", "comment", "#")
PARTS = ("elsif", "else", "when", "endif", "endunless", "endcase", "endfor", "endcomment")  # of these
_OF_THE_PARSER = ("content", "output", "illegal")
OPENING = ("if", "unless", "case", "for")
LONGEST = 200_000  # bytes of a source
OUTPUT = 400_000  # bytes that come out
PASSES = 1_000  # of all loops together
WORK = 60_000  # for all texts of an email: what is looked up, written, filtered; about a tenth of a second


class Context(RenderContext):
    """Looks variables up in what one person's values say, and counts what it costs."""

    __slots__ = ("_meter", "_passes", "asked", "values")

    def __init__(self, template: BoundTemplate, *, values: Values, **options: Any) -> None:
        super().__init__(template, **options)
        self.values = values
        self._meter = values.meter
        self._passes = 0
        self.asked: Sequence[object] = ()  # the last path

    def get(self, path: list[object], *, token: Any, default: object = None) -> object:
        self._meter.spent += 1
        if self._meter.spent > WORK:
            self.spend()
        self.asked = path
        if path[0] in self.values.roots:
            return self.values.value(path)
        found = super().get(path, token=token, default=None)
        if isinstance(found, str | list):
            self.spend(len(found) // 200)  # it may be searched
        if found is None or found == "" or (isinstance(found, str) and not found.strip()):
            return Missing(".".join(map(str, path)), self.values)
        return found

    def spend(self, work: int = 1) -> None:
        """Raises when it was too much."""
        self._meter.spent += work
        if self._meter.spent > WORK:
            raise ResourceLimitError("it takes too long", token=None)

    def said(self, error: LiquidError) -> str:
        """What went wrong, with the variable in which it did."""
        if isinstance(error, LiquidTypeError | FilterArgumentError) and self.asked:
            return f"{'.'.join(map(str, self.asked))}: {error.message}"
        return str(error.message)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Asked at the beginning of each loop: all of them together have a limit, one within another or not."""
        self._passes += length
        parts = getattr(self.template, "parts", 1)
        if self._passes > PASSES or self._passes * parts > WORK:
            raise LoopIterationLimitError("its loops go round too often", token=None)


def size(text: str) -> int:
    """In bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


class Output(StringIO):
    """Counts what is written."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._meter = context.values.meter
        self._size = 0

    def write(self, text: str, /) -> int:
        written = size(text)
        self._size += written
        self._meter.spent += 1 + written // 500
        if self._size > OUTPUT or self._meter.spent > WORK:
            raise ResourceLimitError("it grows too long, or takes too long", token=None)
        return super().write(text)


class Template(BoundTemplate):
    context_class = Context
    parts = 1


class StaffEnvironment(Environment):
    """What staff may write. It stays strict, for the lax mode drops what it does not know."""

    template_class = Template
    local_namespace_limit = 200_000
    output_stream_limit = OUTPUT
    loop_iteration_limit = PASSES
    block_nesting_limit = 20
    context_depth_limit = 20
    own_filters: ClassVar[dict[str, Callable[..., Any]]] = {}

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in (*TAGS, *_OF_THE_PARSER)}
        self.filters = {**filters.allowed(self.filters), **self.own_filters}


STAFF = StaffEnvironment(tolerance=Mode.STRICT)
