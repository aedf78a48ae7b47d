"""A text put together once, and filled in for each person: plain variables by themselves, the rest by Liquid."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TextIO, cast

from liquid import RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import FilteredExpression
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.output import LimitedStringIO
from liquid.token import Token

from engagement.liquid import environment, filters, source
from engagement.liquid.environment import Context, Output, Template
from engagement.liquid.missing import Values
from engagement.liquid.slots import LINK, VALUE, Form, is_allowed

_BEHIND_HOST = re.compile(r"https?://[^/?#\s]+[/?#]|mailto:[^?\s]+\?|tel:|#", re.IGNORECASE)
_SEEN = 2_400  # characters of a value, at most, that are looked at
logger = logging.getLogger(__name__)


class Given(NamedTuple):
    """What the sender knows, by its number among `given`: no variable of staff's."""

    place: int


Filled = source.Output | source.Tag | Given


class Slot(NamedTuple):
    name: str
    default: str | None
    form: Form


class GivenSlot(NamedTuple):
    place: int
    form: Form


class Address(NamedTuple):
    """Of a link or picture outside of all branches."""

    kind: str
    program: Program
    fixed: str
    """As it stands in the page, where it is the same for everybody and of a scheme that may stand there."""
    leads_to: str
    """The same without entities."""


Part = Any
"""A text, Slot, GivenSlot, Address or Node of python-liquid; told apart by class, as this is done for every mail."""


class Unrenderable(Exception):
    """The text costs too much, or cannot be worked out with these values; str() says why."""


@dataclass
class Run:
    """One rendering for one person."""

    values: Any
    """OfContact of engagement.values."""
    given: Sequence[str] = ()
    follow: Callable[[str], str | None] | None = None
    """Address of a link -> what stands there instead; None where it stays."""

    def address(self, escaped: str, kind: str) -> str:
        """What may stand in the page as the address of a link or picture, escaped."""
        literal, value, rest = escaped.partition(VALUE)
        escaped = (literal + rest).replace(VALUE, "")
        address = html.unescape(escaped)
        is_host_whole = not value or rest[:1] in "/?#" or _BEHIND_HOST.match(html.unescape(literal))
        if not is_allowed(address, kind) or not is_host_whole:
            return "#" if kind == LINK else ""
        followed = self.follow(address) if self.follow and kind == LINK else None
        return escaped if followed is None else html.escape(followed)

    def fixed(self, address: Address) -> str:
        """The same for one that may stand there."""
        if self.follow is None or address.kind != LINK:
            return address.fixed
        followed = self.follow(address.leads_to)
        return address.fixed if followed is None else html.escape(followed)


class Program:
    """A compiled text; immutable and shared."""

    def __init__(self, parts: Sequence[Part], template: Template | None) -> None:
        self._template = template
        self._texts = [part if isinstance(part, str) else "" for part in parts]
        self._filled = [(place, part) for place, part in enumerate(parts) if not isinstance(part, str)]

    def render(self, run: Run) -> str:
        """Raises Unrenderable."""
        if not self._filled:
            return "".join(self._texts)
        liquid = _Liquid(self._template, run) if self._template else None
        try:
            return self._said(run, liquid)
        except LiquidError as error:
            raise Unrenderable(liquid.context.said(error) if liquid else str(error.message)) from error
        except Exception as error:  # a value that python-liquid does not expect; the mail is held, not lost
            logger.exception("unforeseen while rendering")
            raise Unrenderable(type(error).__name__) from error

    def _said(self, run: Run, liquid: _Liquid | None) -> str:
        texts, printed, size = self._texts.copy(), run.values.printed, 0
        for place, part in self._filled:
            kind = type(part)
            if kind is Slot:
                texts[place] = part.form(printed(part.name, part.default))
            elif kind is GivenSlot:
                texts[place] = part.form(run.given[part.place])
            elif kind is Address:
                texts[place] = (part.fixed and run.fixed(part)) or run.address(
                    part.program._said(run, liquid), part.kind
                )
            elif liquid is not None:
                texts[place] = liquid.render(part)
            size += environment.size(texts[place])
            if size > environment.OUTPUT:
                raise ResourceLimitError("it grows too long", token=None)
        return "".join(texts)


class _Liquid:
    """What python-liquid renders of one text: its parts share what is assigned, and the limits."""

    def __init__(self, template: Template, run: Run) -> None:
        self.context = PageContext(template, values=run.values, run=run)
        self._output = Output(self.context)

    def render(self, node: Node) -> str:
        node.render(self.context, self._output)
        text = self._output.getvalue()
        self._output.seek(0)
        self._output.truncate()
        return text


class PageContext(Context):
    __slots__ = ("run",)

    def __init__(self, template: Template, *, values: Values, run: Run) -> None:
        super().__init__(template, values=values)
        self.run = run


class SaidNode(Node):
    """`{{ expression }}`, in the form of the place where it stands."""

    __slots__ = ("expression", "form", "slot")

    def __init__(self, token: Token, expression: FilteredExpression, form: Form, slot: Slot | None) -> None:
        super().__init__(token)
        self.expression, self.form, self.slot, self.blank = expression, form, slot, False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        limited = cast(Context, context)
        values = limited.values
        if self.slot is not None:
            return buffer.write(self.form(values.printed(self.slot.name, self.slot.default)))
        found = self.expression.evaluate(context)
        limited.spend(filters.weight(found) + _effort(found))
        return buffer.write(self.form(values.say(found)))

    render = render_to_output  # no tag is switched off

    def expressions(self) -> list[Any]:
        return [self.expression]


def _effort(value: object) -> int:
    """Beyond ASCII each character is looked at, as many as there may be of a value."""
    return min(len(value), _SEEN) // 10 if isinstance(value, str) and not value.isascii() else 0


class AddressNode(Node):
    """The address of a link or picture within a branch or loop."""

    __slots__ = ("block", "kind")

    def __init__(self, token: Token, block: BlockNode, kind: str) -> None:
        super().__init__(token)
        self.block, self.kind, self.blank = block, kind, False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        inner = LimitedStringIO(environment.OUTPUT)
        self.block.render(context, inner)
        return buffer.write(cast(PageContext, context).run.address(inner.getvalue(), self.kind))

    def children(self, *_: Any, **__: Any) -> list[Node]:
        return [self.block]
