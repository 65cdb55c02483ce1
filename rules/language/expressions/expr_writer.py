"""Writes the source of one expression of the language: every node that is allowed, checked and typed; no other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate as glob_pattern
from functools import partial
from re import compile as regex

from rules.document.scalars import seconds
from rules.document.validation import nearest
from rules.kinds.fact_types import NUMBER, SINCE, SWITCH, TEXT, Reader
from rules.language.expressions import expr_readers
from rules.language.expressions.expr_readers import (
    ANY,
    FUNCTIONS,
    LIST,
    READS,
    ZONE_TESTS,
    earlier_fact,
    kind_of,
    lowered,
    plain,
    read_by,
)
from rules.language.expressions.remembered import BEFORE, OVER_TIME, Tallied
from rules.model import Event, Fact
from rules.register import Register

#: Reads a fact of an event by its name, as one kind of value.
Convert = Callable[[Event, str], Fact | None]
#: A step of a sequence, counted from 1, what is asked of it, and how that is read when the step is reached.
Link = tuple[int, str, Reader]

_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
}
_WORDS = {"true": True, "false": False}


class ExprError(Exception):
    """An expression is not one: `code` is its sentence, `values` name what is wrong and where it begins."""

    def __init__(self, code: str, at: int, suggestion: str = "", **values: Fact) -> None:
        super().__init__(code)
        self.code, self.suggestion = f"problem.{code}", suggestion
        self.values: Mapping[str, Fact] = {**values, "at": at}
        self._at = at

    def told_in(self, text: str) -> ExprError:
        """Return it with its place in characters of the text: Python's syntax tree counts bytes."""
        before = text.encode()[: self._at - 1].decode(errors="ignore")
        self.values = {**self.values, "at": len(before) + 1}
        return self


@dataclass(frozen=True, slots=True)
class EarlierStep:
    """What an earlier step of a sequence can be asked.

    Attributes:
        carried: Facts that its events carry.
        open: They carry others, of any name: those of devices, messages and people.
    """

    carried: frozenset[str] = frozenset()
    open: bool = False


@dataclass(frozen=True)
class Names:
    """What expressions may name.

    Attributes:
        facts: Type and reader of each fact.
        values: Named values (`vars`): text, numbers, switches.
        lists: Named lists; likewise `groups` of cameras.
        counters: Names of counters.
        registers: Those whose entries say more, with what is known of each.
        steps: Earlier steps of a sequence that may be asked, counted from 1; none outside a sequence.
    """

    facts: Mapping[str, tuple[str, Reader]]
    values: Mapping[str, Fact] = field(default_factory=dict)
    lists: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    steps: Mapping[int, EarlierStep] = field(default_factory=dict)
    registers: Mapping[str, Register] = field(default_factory=dict)
    counters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Code:
    """Source of a sub-expression: what must be known before it may be asked, and what it gives.

    `asked`: of kind `ANY`, a fact of an earlier step, to be written when its kind is known.
    """

    kind: str
    source: str
    needs: tuple[str, ...] = ()
    asked: tuple[ast.Call, int, str] | None = None

    def known(self, source: str) -> str:
        """Return `source` as false where something that it needs is not known."""
        return f"({' and '.join((*self.needs, source))})"


class Writer:
    """Writes the source of one expression."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.constants: dict[str, object] = {}
        self.read: dict[str, Reader] = {}
        self.linked: dict[Link, None] = {}
        self.sampled: dict[str, tuple[str, str, float, str]] = {}
        self.tallied: dict[Tallied, None] = {}
        self.listed: dict[str, str] = {}  #: lists that were asked -> source of what is known of the entry
        self._temporaries = 0

    def truth(self, node: ast.expr) -> str:
        """Return source that gives a bool."""
        made = self.write(node)
        made = self._as(made, SWITCH)
        if made.kind != SWITCH:
            raise ExprError("expr_truth", _at(node), part=_shown(node), found=f"kind.{made.kind}")
        return made.known(made.source) if made.needs else made.source

    def write(self, node: ast.expr) -> Code:
        """Return the source of any allowed node."""
        match node:
            case ast.BoolOp(op=op, values=values):
                joined = " and " if isinstance(op, ast.And) else " or "
                return Code(SWITCH, f"({joined.join(self.truth(each) for each in values)})")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Code(SWITCH, f"(not {self.truth(operand)})")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._typed(operand, NUMBER)
                return Code(NUMBER, f"(-{inner.source})", inner.needs)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._arithmetic(left, _ARITHMETIC[type(op)], right)
            case ast.Compare():
                return self._compare(node)
            case ast.Constant(value=value):
                return self._literal(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments)
        raise ExprError("expr_form", _at(node), part=_shown(node))

    def _arithmetic(self, left: ast.expr, sign: str, right: ast.expr) -> Code:
        first, second = self._typed(left, NUMBER), self._typed(right, NUMBER)
        needs = (*first.needs, *second.needs)
        if sign in "/%":
            needs += (f"{second.source} != 0",)
        # A float from the first operation on: numbers that grow become inf, where int raises or eats memory.
        return Code(NUMBER, f"(1.0 * {first.source} {sign} {second.source})", needs)

    def _typed(self, node: ast.expr, kind: str) -> Code:
        made = self._as(self.write(node), kind)
        if made.kind != kind:
            raise _mismatch(node, made.kind, kind)
        return made

    def _compare(self, node: ast.Compare) -> Code:
        tests, left = [], node.left
        for sign, right in zip(node.ops, node.comparators, strict=True):
            if type(sign) not in _COMPARE:
                raise ExprError("expr_form", _at(node), part=_shown(node))
            told = _COMPARE[type(sign)]
            tests.append(self._among(left, told, right) if "in" in told else self._pair(left, told, right))
            left = right
        return Code(SWITCH, tests[0] if len(tests) == 1 else f"({' and '.join(tests)})")

    def _pair(self, left: ast.expr, sign: str, right: ast.expr) -> str:
        first, second = self.write(left), self.write(right)
        first, second = self._as(first, second.kind), self._as(second, first.kind)
        first, second = self._as(first, TEXT), self._as(second, TEXT)  # both of any kind: as texts
        ordered = sign not in ("==", "!=")
        if first.kind != second.kind or first.kind == LIST or (ordered and first.kind == SWITCH):
            wanted = NUMBER if ordered and first.kind == SWITCH else first.kind
            raise _mismatch(right, second.kind, wanted)
        both = Code(SWITCH, "", (*first.needs, *second.needs))
        return both.known(f"{first.source} {sign} {second.source}")

    def _among(self, left: ast.expr, sign: str, right: ast.expr) -> str:
        first, values = self.write(left), self.members(right)
        if values is None:
            raise ExprError("expr_list", _at(right), part=_shown(right))
        kinds = {kind_of(value) for value in values}
        first = self._as(first, min(kinds, default=TEXT))
        for other in sorted(kinds - {first.kind}):
            raise _mismatch(right, other, first.kind)
        if (register := self._register(right)) is not None:
            return self._listed(first, sign, right, register)
        return first.known(f"{first.source} {sign} {self._keep(frozenset(values))}")

    def _register(self, node: ast.expr) -> Register | None:
        """Return the list that a node names, where more is known of its entries than their values."""
        match node:
            case ast.Call(func=ast.Name(id="list"), args=[ast.Constant(value=str(name))]):
                return self.names.registers.get(name)
        return None

    def _listed(self, first: Code, sign: str, node: ast.expr, register: Register) -> str:
        """Ask a list that changes with time; what is known of the entry that was found goes with the values."""
        self.listed[_shown(node)] = first.known(f"{self._keep(register.told)}({first.source}, e)")
        asked = f"{self._keep(register.holds)}({first.source}, e)"
        return first.known(asked if sign == "in" else f"not {asked}")

    def members(self, node: ast.expr) -> Sequence[Fact] | None:
        """Return the values of a list: written out, ``group('x')`` or ``list('x')``."""
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            found = [self.constant(each) for each in node.elts]
            return None if None in found else [value for value in found if value is not None]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("group", "list")
        ):
            known: Mapping[str, Sequence[Fact]] = (
                self.names.groups if node.func.id == "group" else self.names.lists
            )
            name = self._word(node, node.args)
            if name not in known:
                guess = nearest(name, known)
                raise ExprError(f"unknown_{node.func.id}", _at(node), guess, name=name)
            return known[name]
        return None

    def constant(self, node: ast.expr) -> Fact | None:
        """Return what a node always is: a literal or a named value; None for anything else."""
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.constant(node.operand)
            return -inner if isinstance(inner, (int, float)) else None
        if isinstance(node, ast.Name) and node.id not in self.names.facts:
            return self.names.values.get(node.id)
        return None

    def _literal(self, node: ast.expr, value: object) -> Code:
        if isinstance(value, bool):
            return Code(SWITCH, repr(value))
        if isinstance(value, (int, float)) and abs(value) < 1e15:
            return Code(NUMBER, repr(float(value)))  # whole numbers would grow without end
        if isinstance(value, str):
            return Code(TEXT, self._keep(value))
        raise ExprError("expr_form", _at(node), part=_shown(node))

    def _name(self, node: ast.expr, name: str) -> Code:
        if name in self.names.facts:
            kind, reader = self.names.facts[name]
            self.read[name] = reader
            return self._unsure(kind, f"{self._keep(reader)}(e)")
        if name in self.names.values or name in _WORDS:
            value = self.names.values.get(name, _WORDS.get(name, False))
            return self._literal(node, value)
        guess = nearest(name, [*self.names.facts, *self.names.values, *_WORDS])
        raise ExprError("expr_name", _at(node), guess, name=name)

    def _unsure(self, kind: str, source: str) -> Code:
        """Return a value that may not be known: read once, kept under a name, asked for None."""
        self._temporaries += 1
        name = f"t{self._temporaries}"
        if kind == SWITCH:  # a switch that is not known is off
            return Code(SWITCH, f"({source} is True)")
        return Code(kind, name, (f"({name}:={source}) is not None",))

    def _keep(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    # -- calls -------------------------------------------------------------------------------

    def _call(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Code:
        if name in ZONE_TESTS or name in READS:
            return self._reading(node, name, self._word(node, arguments))
        if name in ("abs", "min", "max"):
            return self._numbers(node, name, arguments)
        if name in OVER_TIME or (name == "earlier" and len(arguments) == 1):
            return self._over_time(node, name, arguments)
        if name in ("lower", "like", "known", "seconds", "earlier", "since", "counted"):
            return getattr(self, f"_{name}")(node, arguments)  # type: ignore[no-any-return]  # one of those below
        guess = nearest(name, FUNCTIONS)
        raise ExprError("expr_call", _at(node), guess, name=name)

    def _reading(self, node: ast.Call, name: str, word: str) -> Code:
        """Return what a function reads of the event by a word: it is a fact like those with a name of their own."""
        kind, read = READS.get(name) or (SWITCH, ZONE_TESTS[name])
        reader = self.read[_shown(node)] = partial(read_by, read, word)
        return self._unsure(kind, f"{self._keep(reader)}(e)")

    def _numbers(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Code:
        wanted = (1, 1) if name == "abs" else (2, 5)
        if not wanted[0] <= len(arguments) <= wanted[1]:
            raise ExprError("expr_arguments", _at(node), name=name)
        made = [self._typed(each, NUMBER) for each in arguments]
        function = self._keep({"abs": abs, "min": min, "max": max}[name])
        needs = tuple(need for each in made for need in each.needs)
        return Code(NUMBER, f"{function}({', '.join(each.source for each in made)})", needs)

    def _over_time(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Code:
        """Ask for a number over a time (`earlier`: for the one before), which memory lays beside the event's facts."""
        inner, *length = self._exactly(node, arguments, 1 if name == "earlier" else 2)
        seconds_ = self._length(length[0]) if length else BEFORE
        inside = {
            each.func.id
            for each in ast.walk(inner)
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        if inside & {*OVER_TIME, "earlier", "since", "counted"}:
            raise ExprError("expr_form", _at(inner), part=_shown(inner))
        if not inside and not isinstance(inner, ast.Name):  # a constant was never another one
            raise ExprError("expr_arguments", _at(node), name=_shown(node.func))
        made, text = self._typed(inner, NUMBER), ast.unparse(inner)
        fact = f"{name}({text}, {seconds_:g})"
        self.sampled[fact] = name, f"{text}/{seconds_:g}", seconds_, made.known(made.source)
        return self._recalled(node, fact)

    def _counted(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        if len(arguments) not in (1, 2):
            raise ExprError("expr_arguments", _at(node), name=_shown(node.func))
        name = self._word(node, arguments[:1])
        if name not in self.names.counters:
            guess = nearest(name, self.names.counters)
            raise ExprError("unknown_counter", _at(arguments[0]), guess, name=name)
        seconds_ = self._length(arguments[1]) if len(arguments) == 2 else 0.0
        fact = f"counted({name}, {seconds_:g})"
        self.tallied[Tallied(fact, name, seconds_)] = None
        return self._recalled(node, fact)

    def _recalled(self, node: ast.Call, fact: str) -> Code:
        """Read what memory lays beside the facts of an event."""
        reader = self.read[_shown(node)] = partial(read_by, expr_readers.number, fact)
        return self._unsure(NUMBER, f"{self._keep(reader)}(e)")

    def _length(self, node: ast.expr) -> float:
        """Return the seconds of a length of time that is written as a text."""
        try:
            return seconds(self.constant(node))
        except ValueError:  # pydantic's custom error is one
            raise ExprError("duration", _at(node)) from None

    def _lower(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        (inner,) = self._exactly(node, arguments, 1)
        made = self._typed(inner, TEXT)
        return Code(TEXT, f"{self._keep(lowered)}({made.source})", made.needs)

    def _like(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        inner, pattern = self._exactly(node, arguments, 2)
        made, wanted = self._typed(inner, TEXT), self.constant(pattern)
        if not isinstance(wanted, str) or wanted.count("*") > 3:
            raise ExprError("expr_pattern", _at(pattern), part=_shown(pattern))
        matches = regex(glob_pattern(wanted)).match
        return Code(SWITCH, made.known(f"{self._keep(matches)}({made.source}) is not None"))

    def _known(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        (inner,) = self._exactly(node, arguments, 1)
        if not isinstance(inner, ast.Name) or inner.id not in self.names.facts:
            raise ExprError("expr_known", _at(inner), part=_shown(inner))
        read = self.read[inner.id] = self.names.facts[inner.id][1]
        return Code(SWITCH, f"({self._keep(read)}(e) is not None)")

    def _earlier(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        which, what = self._exactly(node, arguments, 2)
        step, name = self._step(which), self._word(node, [what])
        known = self.names.steps[step]
        if name in self.names.facts and (name in known.carried or not known.open):
            kind, reader = self.names.facts[name]
            return self._of_step(node, step, kind, name, reader)
        if known.open or name in known.carried:
            return Code(ANY, "", asked=(node, step, name))
        guess = nearest(name, [*self.names.facts, *sorted(known.carried)])
        raise ExprError("expr_name", _at(what), guess, name=name)

    def _as(self, made: Code, kind: str) -> Code:
        """Return what may be of any kind as what it is compared with; anything else as it is."""
        if made.asked is None or kind not in (NUMBER, TEXT, SWITCH):
            return made
        node, step, name = made.asked
        convert = {NUMBER: expr_readers.number, TEXT: expr_readers.text, SWITCH: expr_readers.switch}[kind]
        return self._of_step(node, step, kind, name, partial(read_by, expr_readers.fact, name), convert)

    def _since(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        (which,) = self._exactly(node, arguments, 1)
        return self._of_step(
            node, self._step(which), NUMBER, SINCE, lambda _: None
        )  # when it was is kept anyway

    def _step(self, node: ast.expr) -> int:
        step = self.constant(node)
        if step is None or isinstance(step, (bool, str)) or step not in self.names.steps:
            known = ", ".join(map(str, sorted(self.names.steps))) or "–"
            raise ExprError("expr_step", _at(node), part=_shown(node), known=known)
        return int(step)

    def _of_step(
        self, node: ast.Call, step: int, kind: str, name: str, reader: Reader, convert: Convert | None = None
    ) -> Code:
        """Return what an event carries of an earlier step (see `rules.evaluator.sequence`).

        `reader` reads it when that step is reached; `convert` makes of it then what it is compared with.
        """
        fact = earlier_fact(step, name)

        def read(event: Event) -> Fact | None:
            value = event.facts.get(fact) if convert is None else convert(event, fact)
            return value if plain(value, kind) else None

        self.linked[step, name, reader] = None
        self.read[_shown(node)] = read
        return self._unsure(kind, f"{self._keep(read)}(e)")

    def _seconds(self, node: ast.Call, arguments: list[ast.expr]) -> Code:
        word = self._word(node, arguments)
        try:
            return Code(NUMBER, repr(seconds(word)))
        except ValueError:  # pydantic's custom error is one
            raise ExprError("duration", _at(node)) from None

    def _word(self, node: ast.Call, arguments: list[ast.expr]) -> str:
        (inner,) = self._exactly(node, arguments, 1)
        word = self.constant(inner)
        if not isinstance(word, str):
            raise ExprError("expr_word", _at(inner), part=_shown(inner))
        return word

    @staticmethod
    def _exactly(node: ast.Call, arguments: list[ast.expr], count: int) -> list[ast.expr]:
        if len(arguments) != count:
            raise ExprError("expr_arguments", _at(node), name=_shown(node.func))
        return arguments


def _mismatch(node: ast.AST, found: str, wanted: str) -> ExprError:
    values = {"part": _shown(node), "found": f"kind.{found}", "wanted": f"kind.{wanted}"}
    return ExprError("expr_type", _at(node), "", **values)


def _at(node: ast.AST) -> int:
    return int(getattr(node, "col_offset", 0)) + 1


def _shown(node: ast.AST) -> str:
    try:
        told = ast.unparse(node)
    except (RecursionError, ValueError):
        return "?"
    return told if len(told) <= 40 else f"{told[:39]}…"
