"""Puts a text together once: slots become parts of a program, python-liquid reads what stands within branches."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from liquid import Mode, Tag, TokenStream
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError
from liquid.parser import get_parser
from liquid.token import TOKEN_TAG

from engagement.liquid import source
from engagement.liquid.environment import StaffEnvironment, Template
from engagement.liquid.program import Address, AddressNode, Filled, Given, GivenSlot, Part, Program, SaidNode, Slot
from engagement.liquid.slots import ADDRESS_END, FORMS, IMAGE, LINK, SLOT, Form, is_allowed
from engagement.liquid.source import TemplateSyntaxError


def _never(value: object) -> object:
    """Stands for a form while python-liquid reads; SaidNode says it."""
    return value


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

    own_filters: ClassVar[dict[str, Callable[..., Any]]] = dict.fromkeys(FORMS, _never)

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
        for found in SLOT.finditer(text):
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
        form = FORMS[said.filters.pop().name]
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
