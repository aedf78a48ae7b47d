"""A text put together once, with what is filled in for each person: plain variables by themselves, the rest by Liquid.

Where something is filled in stands a slot: a character of Unicode's private area that says in which form, the number of
its token, and an end. Links and pictures whose address is not fixed stand between signs of their own.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TextIO, cast
from urllib.parse import quote

from liquid import Mode, RenderContext, Tag, TokenStream
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.output import LimitedStringIO
from liquid.parser import get_parser
from liquid.token import TOKEN_TAG, Token

from engagement import highlight
from engagement.liquid import environment, filters, source
from engagement.liquid.environment import Context, Output, StaffEnvironment, Template
from engagement.liquid.missing import Values
from engagement.liquid.source import TemplateSyntaxError
from engagement.plain_text import GAP

TEXT_SLOT, ATTRIBUTE_SLOT, SLOT_END = "\ue010", "\ue011", "\ue012"
LINK, IMAGE, ADDRESS_END = "\ue018", "\ue019", "\ue01a"
VALUE = "\ue01b"  # before each value within an address, and behind the brand's, until it is known where its host ends
_SIGNS = re.compile("[\ue010-\ue01f]")
_ENCODED_SIGNS = re.compile("%+(?=EE%80%9[0-9A-F])", re.IGNORECASE)
_IN_ADDRESS, _WEB = quote(TEXT_SLOT), quote(ATTRIBUTE_SLOT)  # within an address they are percent-encoded
_SLOT = re.compile(
    f"({TEXT_SLOT}|{ATTRIBUTE_SLOT}|{_IN_ADDRESS}|{_WEB})([0-9]{{1,6}})(?:{SLOT_END}|{quote(SLOT_END)})"
    f"|([{LINK}{IMAGE}{ADDRESS_END}])"
)
WEB = ("https://", "http://")
SCHEMES = (*WEB, "mailto:", "tel:", "#")
_IN_HOST = re.compile(f"(https?://[^/?#\\s]*){VALUE}(?=[^/?#\\s\\w]*\\w)", re.IGNORECASE)
_BEHIND_HOST = re.compile(r"https?://[^/?#\s]+[/?#]|mailto:[^?\s]+\?|tel:|#", re.IGNORECASE)
_SEEN = 2_400  # characters of a value, at most, that are looked at
Form = Callable[[str], str]
logger = logging.getLogger(__name__)


def unsigned(text: str) -> str:
    """What staff wrote, without the signs of slots and addresses."""
    return _ENCODED_SIGNS.sub("", _SIGNS.sub("", text))


def slot(number: int, kind: str = TEXT_SLOT) -> str:
    return f"{kind}{number}{SLOT_END}"


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


def is_allowed(address: str, kind: str) -> bool:
    """Whether it has a scheme that a link or picture may have."""
    return address.lower().startswith(SCHEMES if kind == LINK else WEB)


def apart(text: str) -> str:
    """Without the signs of values; what would extend the host of an address that is read stands apart from it."""
    return _IN_HOST.sub(r"\1 ", text).replace(VALUE, "") if VALUE in text else text


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


def line_form(value: str) -> str:
    """In plain text."""
    return value or GAP


def text_form(value: str) -> str:
    """In HTML."""
    return html.escape(value, quote=False) if value else GAP


def attribute_form(value: str) -> str:
    return html.escape(stripped_form(value))


def stripped_form(value: str) -> str:
    """In plain text, where no mark may stand."""
    return value if value.isascii() else highlight.strip(value)


def address_form(value: str) -> str:
    return VALUE + quote(stripped_form(value), safe="")


def web_form(value: str) -> str:
    """A whole web address at the beginning of one, in plain text; what is none, as a part of one."""
    address = highlight.strip(value)
    return quote(address, safe=":/?#[]@!$&'()*+,;=%~") + VALUE if address.startswith(WEB) else address_form(value)


def web_attribute_form(value: str) -> str:
    return html.escape(web_form(value))


HTML: Mapping[str, Form] = {
    TEXT_SLOT: text_form, ATTRIBUTE_SLOT: attribute_form, _IN_ADDRESS: address_form, _WEB: web_attribute_form,
}  # fmt: skip
PLAIN: Mapping[str, Form] = {
    TEXT_SLOT: line_form, ATTRIBUTE_SLOT: stripped_form, _IN_ADDRESS: address_form, _WEB: web_form,
}  # fmt: skip


_FORMS = {f"cf_{form.__name__}": form for form in (*HTML.values(), *PLAIN.values())}


def _never(value: object) -> object:
    """Stands for a form while python-liquid reads; SaidNode says it."""
    return value


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


class LinkTag(Tag):
    name = "cf_link"
    kind = LINK

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        block = get_parser(self.env).parse_block(stream, frozenset({f"end{self.name}"}))
        stream.expect(TOKEN_TAG, value=f"end{self.name}")
        return AddressNode(token, block, self.kind)


class ImageTag(LinkTag):
    name = "cf_image"
    kind = IMAGE


class _PageEnvironment(StaffEnvironment):
    """What staff may write, and what we put around it; nothing reaches it that `source.read` did not take."""

    own_filters: ClassVar[dict[str, Callable[..., Any]]] = dict.fromkeys(_FORMS, _never)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(LinkTag)
        self.add_tag(ImageTag)


_PAGE = _PageEnvironment(tolerance=Mode.STRICT)


def build(
    text: str, tokens: Sequence[Filled], forms: Mapping[str, Form], named: Callable[[Sequence[object]], Any]
) -> Program:
    """The text with its slots, filled by these tokens. `named` knows which paths are variables. Raises
    TemplateSyntaxError where a branch does not end in the place where it begins."""
    return _Building(tokens, forms, named).build(text)


class _Building:
    def __init__(
        self, tokens: Sequence[Filled], forms: Mapping[str, Form], named: Callable[[Sequence[object]], Any]
    ) -> None:
        self._tokens, self._forms, self._named = tokens, forms, named
        self._levels: list[tuple[str, list[Part]]] = [("", [])]  # open addresses, outermost first
        self._chunk: list[str] = []  # Liquid within a branch
        self._open: list[str] = []  # what is open in it
        self._size = 0

    def build(self, text: str) -> Program:
        end = 0
        for found in _SLOT.finditer(text):
            self._literal(text[end : found.start()])
            if found.group(3):
                self._address(found.group(3))
            elif int(found.group(2)) < len(self._tokens):
                self._token(self._tokens[int(found.group(2))], self._forms[found.group(1)])
            end = found.end()
        self._literal(text[end:])
        template = None
        if self._size:
            template = Template(_PAGE, [])
            template.parts = self._size
        return Program(tuple(self._levels[0][1]), template)

    def _literal(self, text: str) -> None:
        if not text:
            return
        if self._open:
            self._chunk.append(text)
        else:
            self._parts().append(text)

    def _parts(self) -> list[Part]:
        return self._levels[-1][1]

    def _token(self, token: Filled, form: Form) -> None:
        if isinstance(token, Given):
            self._parts().append(GivenSlot(token.place, form))
        elif isinstance(token, source.Output):
            written = f"{{{{ {token.expression} | cf_{form.__name__} }}}}"
            if self._open:
                self._chunk.append(written)
            else:
                self._parts().append(self._output(written))
        else:
            self._tag(token)

    def _output(self, written: str) -> Part:
        (node,) = self._nodes(written)
        return node.slot if isinstance(node, SaidNode) and node.slot else node

    def _said(self, node: OutputNode) -> SaidNode:
        """An output of ours: its last filter says the form."""
        said = node.expression
        if not isinstance(said, FilteredExpression) or not said.filters:
            raise TemplateSyntaxError("It cannot be read.")
        form = _FORMS[said.filters.pop().name]
        path = said.left.path if isinstance(said.left, Path) else []
        found = self._named(path) if path else None
        default = said.filters[0].args[0].value if said.filters and said.filters[0].args else None
        words = default.value if isinstance(default, StringLiteral) and said.filters[0].name == "default" else None
        is_plain = not said.filters or (len(said.filters) == 1 and words is not None)
        is_whole = found is not None and found[1] == len(path)
        return SaidNode(
            node.token, said, form, Slot(found[0], words, form) if found and is_whole and is_plain else None
        )

    def _with_forms(self, nodes: list[Node]) -> list[Node]:
        for node in nodes:
            self._replace(node)
        return [self._said(node) if isinstance(node, OutputNode) else node for node in nodes]

    def _replace(self, node: Node) -> None:
        for child in node.children(None, include_partials=False):  # type: ignore[arg-type]  # no partials
            self._replace(child)
        if isinstance(node, BlockNode):
            node.nodes = [self._said(one) if isinstance(one, OutputNode) else one for one in node.nodes]

    def _tag(self, tag: source.Tag) -> None:
        if tag.opens:
            self._open.append(tag.name)
        self._chunk.append(tag.source)
        if tag.closes and (not self._open or self._open.pop() in (LINK, IMAGE)):
            raise TemplateSyntaxError(_across(tag))
        if not self._open:
            self._parts().extend(self._nodes("".join(self._chunk)))
            self._chunk.clear()

    def _address(self, sign: str) -> None:
        names = {LINK: "cf_link", IMAGE: "cf_image"}
        if self._open:
            if sign != ADDRESS_END:
                self._open.append(sign)
                self._chunk.append(f"{{% {names[sign]} %}}")
                return
            opened = self._open.pop()
            if opened not in names:
                raise TemplateSyntaxError(
                    "A link begins before a {% tag %} and ends within it. Write the whole link in it."
                )
            self._chunk.append(f"{{% end{names[opened]} %}}")
        elif sign == ADDRESS_END:
            kind, parts = self._levels.pop()
            fixed = "".join(parts) if all(isinstance(part, str) for part in parts) else ""
            leads_to = html.unescape(fixed)
            self._parts().append(Address(kind, Program(parts, None), fixed * is_allowed(leads_to, kind), leads_to))
        else:
            self._levels.append((sign, []))

    def _nodes(self, text: str) -> list[Node]:
        try:
            nodes = _PAGE.from_string(text).nodes
        except LiquidError as error:
            raise TemplateSyntaxError(f"It cannot be read: {error.message}.") from error
        self._size += source.bound(nodes)
        return self._with_forms(nodes)


def _across(tag: source.Tag) -> str:
    return f"Line {tag.line}: {{% {tag.name} %}} stands in a link, and what it closes does not. Write both in it."
