"""A text worked out once when it is saved, so that no mistake waits for the first recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from liquid.exceptions import LiquidError, LiquidTypeError

from engagement.liquid import source
from engagement.liquid.environment import Context, Output, Template
from engagement.liquid.missing import Values


def faults(
    text: str, people: Sequence[Values], *, is_typed: Callable[[Sequence[object]], bool]
) -> Iterator[str | None]:
    """What would hold an email with each of these values, with its line; missing values do not count, nor comparisons
    of what may hold a text for one person and a number for another. The text is one that `source.read` takes."""
    template = source.parsed(text)
    for values in people:
        yield _fault(template, text, Context(template, values=values), is_typed)


def _fault(template: Template, text: str, context: Context, is_typed: Callable[[Sequence[object]], bool]) -> str | None:
    output = Output(context)
    for node in template.nodes:
        try:
            node.render(context, output)
        except LiquidError as error:
            is_comparison = isinstance(error, LiquidTypeError) and error.__cause__ is None
            if not is_comparison or is_typed(context.asked):
                line = source.line_of(text, error.token.start_index if error.token else 0)
                return f"Line {line}: {context.said(error)}."
    return None
