"""Every key that a configuration or an action takes is read by some code: one that nobody reads promises in vain.

Found in the sources, by a light inference of which names hold which section: annotations say where it begins,
assignments, loops and calls hand it on. An attribute of that name on something else (`Path.home`) is no reading.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from engine.config import action_params, settings

ROOT = Path(__file__).parents[3]
#: Settings are the engine's: no other package may import them.
PACKAGES = ("engine",)
HOMES = (settings, action_params)
#: Keys that nobody reads, each with the reason why it may stay.
UNREAD: dict[tuple[str, str], str] = {}

Models = Mapping[str, type[BaseModel]]


def models() -> dict[str, type[BaseModel]]:
    """Every section, and the parameters of every action."""
    return {
        name: each
        for home in HOMES
        for name, each in vars(home).items()
        if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == home.__name__
    }


class Readings:
    """Which keys of which models some sources read."""

    def __init__(self, known: Models) -> None:
        self.known = known
        self.fields = {name: self._fields(each) for name, each in known.items()}
        self.read: set[tuple[str, str]] = set()
        self.attributes: defaultdict[str, set[str]] = defaultdict(set)  # of objects, whosoever
        self.names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # of variables, by module
        self.module = ""

    def _fields(self, model: type[BaseModel]) -> dict[str, set[str]]:
        """Return which models each field may hold."""
        words = {
            name: set(re.findall(r"\w+", str(field.annotation))) for name, field in model.model_fields.items()
        }
        return {name: found & self.known.keys() for name, found in words.items()}

    def go(self, sources: Mapping[str, str]) -> set[tuple[str, str]]:
        """Read sources until nothing new is learned; return (model, key) of every reading."""
        nodes = {name: tuple(_telling(ast.parse(source))) for name, source in sources.items()}
        while True:
            before = self._size()
            for self.module, told in nodes.items():
                for node in told:
                    self._learn(node)
            if self._size() == before:
                return self.read

    def _size(self) -> int:
        return len(self.read) + sum(map(len, (*self.attributes.values(), *self.names.values())))

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.ClassDef(body=body):  # a dataclass
                for each in body:
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                        self.attributes[each.target.id] |= self._annotated(each.annotation)
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                self.names[self.module, name] |= self._annotated(annotation)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                self._hand(target, self._annotated(annotation) | (self._of(value) if value else set()))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value)
            case ast.NamedExpr(target=target, value=value):
                self._assign(target, value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._hand(target, self._of(value))
            case ast.FunctionDef(name=name, returns=ast.expr() as annotation):
                self.attributes[name] |= self._annotated(annotation)  # a property
                self.names[self.module, name] |= self._annotated(annotation)
            case ast.Attribute():
                self._of(node)

    def _annotated(self, annotation: ast.expr) -> set[str]:
        words = {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}
        words |= {each.attr for each in ast.walk(annotation) if isinstance(each, ast.Attribute)}
        return words & self.known.keys()

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for each, its in zip(target.elts, value.elts, strict=False):
                self._assign(each, its)
        else:
            self._hand(target, self._of(value))

    def _hand(self, target: ast.expr, held: set[str]) -> None:
        match target:
            case ast.Name(id=name):
                self.names[self.module, name] |= held
            case ast.Attribute(attr=name):
                self.attributes[name] |= held
            case ast.Tuple(elts=parts):
                for part in parts:
                    self._hand(part, held)

    def _of(self, value: ast.expr) -> set[str]:
        """Return the models that an expression may hold; notes what it reads on the way."""
        match value:
            case ast.Name(id=name):
                return self.names[self.module, name] | ({name} & self.known.keys())
            case ast.Attribute(value=owner, attr=name):
                return self._read(self._of(owner), name)
            case ast.Subscript(value=owner) | ast.Await(value=owner) | ast.Starred(value=owner):
                return self._of(owner)
            case ast.Call(func=function, args=arguments):
                return set().union(self._of(function), *map(self._of, arguments))
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                return set().union(*map(self._of, parts))
            case ast.IfExp(body=first, orelse=other):
                return self._of(first) | self._of(other)
            case ast.DictComp(value=each) | ast.ListComp(elt=each) | ast.GeneratorExp(elt=each):
                return self._of(each)
            case ast.NamedExpr(value=each):
                return self._of(each)
        return set()

    def _read(self, owners: set[str], name: str) -> set[str]:
        having = {owner for owner in owners if name in self.fields[owner]}
        self.read |= {(owner, name) for owner in having}
        if having:
            return set().union(*(self.fields[owner][name] for owner in having))
        return self.attributes[name] if not owners else owners if name in PASSING else set()


#: Where something is to be learned.
TELLING = (
    ast.ClassDef, ast.arg, ast.AnnAssign, ast.Assign, ast.NamedExpr, ast.For, ast.comprehension, ast.FunctionDef,
    ast.Attribute,
)  # fmt: skip


def _telling(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that tell something; of a chain of attributes the last, which has the others in it."""
    inner = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    for each in ast.walk(tree):
        if isinstance(each, TELLING) and not (isinstance(each, ast.Attribute) and id(each) in inner):
            yield each


#: Methods that hand on what their object holds.
PASSING = {"items", "values", "get", "model_copy"}


def sources() -> dict[str, str]:
    left_out = {Path(str(home.__file__)) for home in HOMES}
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in found if path not in left_out}


def keys(known: Models) -> Iterator[tuple[str, str]]:
    for name, model in known.items():
        yield from ((name, field) for field in model.model_fields)


def missing(known: Models, texts: Mapping[str, str]) -> set[tuple[str, str]]:
    read = Readings(known).go(texts)
    return {each for each in set(keys(known)) - read if not same(known, *each) & read}


def same(known: Models, name: str, key: str) -> set[tuple[str, str]]:
    """Return the same key of the sections that a section is made of, and of those that are made of it."""
    model = known[name]
    kin = {other for other, each in known.items() if issubclass(model, each) or issubclass(each, model)}
    return {(other, key) for other in kin}


def test_every_key_is_read() -> None:
    assert missing(models(), sources()) == UNREAD.keys()


# -- the test is tried itself ---------------------------------------------------------------------


class Inner(BaseModel):
    home: str = ""
    never: str = ""


class Outer(BaseModel):
    inner: Inner = Inner()
    many: dict[str, Inner] = {}


TOY: Models = {"Inner": Inner, "Outer": Outer}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("def f(x: Outer): return x.inner.home", {("Outer", "inner"), ("Inner", "home")}),
        ("def f(x: Outer):\n for _, y in x.many.items(): y.never", {("Outer", "many"), ("Inner", "never")}),
        ("class A:\n def __init__(self, x: Inner): self._x = x\n def g(s): return s._x.home", {("Inner", "home")}),
        ("class A:\n x: Inner\ndef f(a: A): return a.x.home", {("Inner", "home")}),
        ("def f(x: 'Path'): return x.home", set()),
        ("from pathlib import Path\ndef f(x: Outer): return Path.home()", set()),
        ("def f(x: Inner): x.home_after", set()),
        ("y = checked(Inner, job)\nprint(y.never)", {("Inner", "never")}),
    ],
)  # fmt: skip
def test_what_counts_as_reading(source: str, read: set[tuple[str, str]]) -> None:
    assert Readings(TOY).go({"a.py": source}) == read


def test_a_key_whose_only_reader_goes_is_missed() -> None:
    """The mutant of what happened: the key stays in the schema, and the code that read it is gone."""
    without = {
        name: text
        for name, text in sources().items()
        if not name.endswith(("ptz/home.py", "fleet/camera.py"))
    }
    assert missing(models(), without) >= {("PtzSettings", "home"), ("PtzSettings", "home_after")}
