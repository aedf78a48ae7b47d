"""Reads what staff wrote: its pieces, what it asks of a person, and what is wrong with it, with line and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, LoopExpression, Path, PositionalArgument, StringLiteral
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.exceptions import LiquidError, LiquidSyntaxError
from liquid.expression import Expression
from liquid.token import Token

from engagement.liquid import environment, filters
from engagement.liquid.environment import LONGEST, OPENING, PARTS, STAFF, TAGS, Template
from engagement.liquid.missing import Missing

Where = str | int
_VERBATIM = re.compile(r"\{%-?\s*(raw|doc)\b")
_OPENING = re.compile(r"\{[{%]")
_COMMENT = re.compile(r"\{%-?\s*(?:comment\b|(#))")
_COMMENT_END = re.compile(r"\{%-?\s*endcomment\s*-?%\}")
_OLD = re.compile(r"\s*([a-z_.]+)\s*\|(.*)", re.DOTALL)


@dataclass(frozen=True)
class Output:
    """`{{ expression }}`."""

    expression: str
    line: int
    lines: int = 0
    """How many ends of lines stand within it."""


@dataclass(frozen=True)
class Tag:
    """`{% name expression %}`."""

    name: str
    expression: str
    line: int
    lines: int = 0

    @property
    def source(self) -> str:
        return f"{{% {self.name} {self.expression} %}}"

    @property
    def opens(self) -> bool:
        return self.name in OPENING

    @property
    def closes(self) -> bool:
        return self.name.startswith("end")

    @property
    def parts(self) -> bool:
        """Whether it stands between an opening and a closing one."""
        return self.name in PARTS and not self.closes


Piece = str | Output | Tag


@dataclass(frozen=True)
class Use:
    """A variable where it is used: printed, or only asked."""

    path: tuple[Where, ...]
    line: int
    is_printed: bool
    default: str | None = None
    """The words that its `default` says; "" where it says another value."""

    @property
    def name(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True)
class Source:
    pieces: tuple[Piece, ...]
    uses: tuple[Use, ...]
    assigned: tuple[tuple[str, int], ...] = ()
    """The names that staff give themselves, by assign and for, with their lines."""


class TemplateSyntaxError(Exception):
    """The words cannot be read; each of `faults` names the line and the remedy."""

    def __init__(self, *faults: str) -> None:
        super().__init__(faults[0])
        self.faults = faults


@lru_cache(maxsize=1024)
def read(text: str, roots: frozenset[str]) -> Source:
    """The pieces of a text and what it uses. `roots` are names that nobody may assign. Raises TemplateSyntaxError."""
    if "{" not in text and "}" not in text:
        return Source((text,) if text else (), ())
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise TemplateSyntaxError(f"It has more than {LONGEST} bytes. Shorten it.")
    pieces = tuple(_pieces(text))
    return _Reading(parsed(text), text, pieces, roots).source()


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, max(position, 0)) + 1


def _pieces(text: str) -> Iterator[Piece]:
    """Comments are left out. Raises at braces that are none of Liquid's, and at tags that are not allowed."""
    if found := _VERBATIM.search(text):
        raise TemplateSyntaxError(_not_allowed(found.group(1), line_of(text, found.start())))
    position = 0
    text_before = ""
    for start, end, is_comment in _tokens(text):
        literal = text_before + _literal(text[position:start], text, position)
        position = end
        token = text[start:end]
        lines, line = token.count("\n"), line_of(text, start)
        if token[2:3] == "-" or token.startswith("{%-"):
            literal = literal.rstrip()
        if literal:
            yield literal
        text_before = ""
        if is_comment:
            text_before = "\n" * lines
        elif token.startswith("{{"):
            yield Output(_expression(_inside(token), line), line, lines)
        else:
            yield _tag(_inside(token), line, lines)
        if token[-3:-2] == "-":
            rest = text[position:]
            position += len(rest) - len(rest.lstrip())
    literal = text_before + _literal(text[position:], text, position)
    if literal:
        yield literal


def _tokens(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where each token of Liquid begins and ends, and whether it is a comment; up to one that is never closed."""
    end, has_comment_end = 0, True
    while found := _OPENING.search(text, end):
        start = found.start()
        comment = _COMMENT.match(text, start)
        closed = None
        if comment and comment.group(1) is None and has_comment_end:
            closed = _COMMENT_END.search(text, comment.end())
            has_comment_end = closed is not None  # looked for once: it is in none of what follows either
        end = closed.end() if closed else text.find("}}" if found.group() == "{{" else "%}", start + 2) + 2
        if end < start + 2:
            return
        yield start, end, closed is not None or bool(comment and comment.group(1))


def _blanked(text: str) -> str:
    """With nothing but space where comments are: python-liquid looks for the end of each brace within them."""
    parts, position = [], 0
    for start, end, is_comment in _tokens(text):
        if is_comment:
            parts += [text[position:start], re.sub(r"\S", " ", text[start:end])]
            position = end
    return "".join([*parts, text[position:]])


def _inside(token: str) -> str:
    return token[2:-2].removeprefix("-").removesuffix("-")


def _expression(inside: str, line: int) -> str:
    if not inside.strip():
        raise TemplateSyntaxError(f'Line {line}: "{{{{}}}}" is empty. Write {{{{ first_name }}}}.')
    return " ".join(inside.split("\n")).strip()


def _tag(inside: str, line: int, lines: int) -> Tag:
    found = re.match(r"\s*(\w*)(.*)\Z", inside, re.DOTALL)
    name, rest = (found.group(1), found.group(2)) if found else ("", "")
    if name not in (*TAGS, *PARTS):
        raise TemplateSyntaxError(_not_allowed(name or inside.strip()[:20], line))
    return Tag(name, " ".join(rest.split("\n")).strip(), line, lines)


def _not_allowed(name: str, line: int) -> str:
    return f'Line {line}: "{{% {name} %}}" is not understood. There are: {", ".join(TAGS[:-1])}.'


def _literal(literal: str, text: str, start: int) -> str:
    found = re.search(r"[{}]", literal)
    if not found:
        return literal
    line = line_of(text, start + found.start())
    near = literal[found.start() : found.start() + 2]
    if near in ("{%", "{{"):
        end, example = ("%}", "{% if company %}") if near == "{%" else ("}}", "{{ first_name }}")
        raise TemplateSyntaxError(f'Line {line}: "{near}" without a closing "{end}". Write {example}.')
    if near == "{#":
        raise TemplateSyntaxError(f'Line {line}: "{{#" is not understood. A note to colleagues is {{% # note %}}.')
    raise TemplateSyntaxError(
        f'Line {line}: a brace "{near[0]}" stands alone. Write a round bracket, or a whole variable.'
    )


def parsed(text: str) -> Template:
    try:
        template = cast(Template, STAFF.from_string(_blanked(text)))
    except LiquidSyntaxError as error:
        raise TemplateSyntaxError(_syntax_fault(error, text)) from error
    except LiquidError as error:
        raise TemplateSyntaxError(f"It cannot be read: {error.message or 'it is nested too deeply'}.") from error
    template.parts = bound(template.nodes)
    return template


def _syntax_fault(error: LiquidSyntaxError, text: str) -> str:
    line = line_of(text, error.token.start_index) if error.token and error.token.start_index >= 0 else 1
    if error.token is not None:
        place = error.token.start_index
        token = next((text[start:end] for start, end, _ in _tokens(text) if end > place), "")
        if token.startswith("{{") and (old := _OLD.match(_inside(token))):
            name, words = old.group(1), old.group(2).strip().replace('"', "'")
            return (
                f'Line {line}: "{token[:60]}" cannot be read. What stands in for a missing value is written '
                f'{{{{ {name} | default: "{words[:40]}" }}}}.'
            )
        if token:
            return f'Line {line}: "{token[:80]}" cannot be read: {error.message}.'
    return f"Line {line}: it cannot be read: {error.message}."


class Nothing(Blank):
    """blank and empty, which python-liquid does not find equal to what has no value."""

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Missing) or other in ("", [], {}) or super().__eq__(other)

    def __hash__(self) -> int:
        return 0

    def evaluate(self, _: Any) -> Nothing:
        return self


@dataclass
class _Reading:
    """Walks the parsed text: what it uses, and what in it is refused."""

    template: Template
    text: str
    pieces: tuple[Piece, ...]
    roots: frozenset[str]
    faults: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    assigned: list[tuple[str, int]] = field(default_factory=list)
    _scope: list[str] = field(default_factory=list)
    """The names of staff's own that have a value where the walk is."""

    def source(self) -> Source:
        self._nodes(self.template.nodes, loops=0)
        if self.faults:
            raise TemplateSyntaxError(*dict.fromkeys(self.faults))
        return Source(self.pieces, tuple(self.uses), tuple(self.assigned))

    def _nodes(self, nodes: Iterable[Node], *, loops: int) -> None:
        for node in nodes:
            line = self._line(node.token)
            if isinstance(node, BreakNode | ContinueNode) and not loops:
                self.faults.append(f"Line {line}: {node} stands outside of a loop. Take it away.")
            for expression in node.expressions():
                self._top(expression, is_printed=isinstance(node, OutputNode | AssignNode))
            if isinstance(node, AssignNode):
                self._assign(str(node.name), line)
                self._scope.append(str(node.name))
            if isinstance(node, ForNode):
                self._loop(node, line, loops=loops + 1)
            else:
                self._nodes(node.children(None, include_partials=False), loops=loops)  # type: ignore[arg-type]  # no partials

    def _loop(self, node: ForNode, line: int, *, loops: int) -> None:
        self._assign(node.expression.identifier, line)
        names = ["forloop", node.expression.identifier]
        self._scope += names
        self._nodes([node.block], loops=loops)
        for name in names:
            self._scope.remove(name)
        self._nodes([node.default] if node.default else [], loops=loops)

    def _line(self, token: Token) -> int:
        return line_of(self.text, token.start_index)

    def _assign(self, name: str, line: int) -> None:
        if name in self.roots or name == "forloop":
            self.faults.append(f'Line {line}: "{name}" is a variable of ours. Call yours otherwise, such as my_{name}.')
        self.assigned.append((name, line))

    def _top(self, expression: Expression, *, is_printed: bool) -> None:
        if isinstance(expression, FilteredExpression):
            default = _default_of(expression)
            self._filters(expression)
            for child in expression.children():
                self._expression(child, is_printed=is_printed, default=default if child is expression.left else None)
        elif isinstance(expression, LoopExpression):
            for child in expression.children():
                if isinstance(child, RangeLiteral):
                    for end in child.children():
                        self._expression(end)
                else:
                    self._expression(child)
        else:
            self._expression(expression)

    def _filters(self, expression: FilteredExpression) -> None:
        for one in expression.filters or ():
            if one.name not in filters.ALLOWED:
                line = self._line(one.token)
                meant = (
                    ""
                    if one.args
                    else f' Words that stand in are written {{{{ {expression.left} | default: "{one.name}" }}}}.'
                )
                known = f"There are: {filters.names()}."
                self.faults.append(f'Line {line}: the filter "{one.name}" is unknown.{meant} {known}')
            elif one.name == "date" and one.args and isinstance(one.args[0], PositionalArgument):
                self._form(one.args[0].value, self._line(one.token))

    def _form(self, form: Expression, line: int) -> None:
        if isinstance(form, StringLiteral) and form.value not in filters.STYLES:
            try:
                filters._pattern(form.value)
            except LiquidError as error:
                self.faults.append(f"Line {line}: {error.message}.")

    def _expression(self, one: Expression, *, is_printed: bool = False, default: str | None = None) -> None:
        if isinstance(one, FilteredExpression):
            self._top(one, is_printed=is_printed)
            return
        if isinstance(one, RangeLiteral):
            self.faults.append(f"Line {self._line(one.token)}: {one} may stand only in {{% for number in {one} %}}.")
        if isinstance(one, Path):
            self._path(one, is_printed=is_printed, default=default)
            return
        for child in one.children():
            self._expression(child, is_printed=is_printed)

    def _path(self, path: Path, *, is_printed: bool, default: str | None) -> None:
        line = self._line(path.token)
        if any(isinstance(segment, Path) for segment in path.path):
            self.faults.append(f'Line {line}: "{path}" names its part by a variable. Write the name itself.')
        else:
            segments = tuple(segment for segment in path.path if not isinstance(segment, Path))
            if segments[0] not in self._scope:
                self.uses.append(Use(segments, line, is_printed, default))


def _default_of(expression: FilteredExpression) -> str | None:
    for one in expression.filters or ():
        if one.name == "default":
            words = one.args[0].value if one.args else None
            return words.value if isinstance(words, StringLiteral) else ""
    return None


def bound(nodes: Sequence[Node]) -> int:
    """How many parts there are, and what python-liquid takes for blank in them is so for us."""
    number = 0
    for node in nodes:
        number += 1
        for expression in node.expressions():
            _with_nothing(expression)
        number += bound(list(node.children(None, include_partials=False)))  # type: ignore[arg-type]  # no partials
    return number


def _with_nothing(one: Expression) -> None:
    if isinstance(one, EqExpression | NeExpression):
        for side in ("left", "right"):
            if isinstance(getattr(one, side), Blank | Empty):
                setattr(one, side, Nothing(one.token))
    for child in one.children():
        _with_nothing(child)


__all__ = ["Output", "Piece", "Source", "Tag", "TemplateSyntaxError", "Use", "bound", "environment", "read"]
