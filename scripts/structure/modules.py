"""Draws which module file of a crate uses what of which other one.

An arrow leads from the file that names an item to the file that defines it, through any re-export on the way. `mod x;`
is not an arrow, and neither is a re-export whose name the file itself does not use.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import tokens as rust
from .tokens import Token

_DEFINING = {"struct", "enum", "union", "trait", "type", "const", "static", "fn"}
_PATH_IN_TEXT = re.compile(r'"([a-z_]+(?:::\w+)+)"')


@dataclass
class Import:
    path: list[str]
    line: int
    is_public: bool


@dataclass
class Module:
    file: Path
    parent: "Module | None"
    children: dict[str, "Module"] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    globs: list[Import] = field(default_factory=list)
    paths: list[tuple[list[str], int]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def root(self) -> "Module":
        return self.parent.root() if self.parent else self

    def all(self) -> list["Module"]:
        return [self] + [module for child in self.children.values() for module in child.all()]


@dataclass(frozen=True)
class Arrow:
    source: Path
    target: Path
    item: str
    line: int


def arrows(root: Path) -> list[Arrow]:
    """All arrows of the crate whose root file is `root`, one for each pair of files and item."""
    found = {}
    for module in load(root).all():
        for path, line in _uses(module):
            target = _resolve(module, path, set())
            if target and target is not module and target.file != module.file:
                arrow = Arrow(module.file, target.file, path[-1], line)
                found.setdefault((arrow.source, arrow.target, arrow.item), arrow)
    return list(found.values())


def _uses(module: Module):
    for name, imports in module.imports.items():
        for one in imports:
            if (not one.is_public or name in module.names) and not _is_module(module, one.path):
                yield one.path, one.line
    for one in module.globs:
        if not one.is_public:
            yield one.path, one.line
    yield from module.paths


# Reading


def load(root: Path) -> Module:
    """The tree of modules below the root file of a crate."""
    module = Module(root, None)
    _read_file(module, root.parent)
    return module


def _read_file(module: Module, folder: Path):
    """Reads the file of `module`; its children's files are in `folder`."""
    _Reader(module, rust.without_tests(rust.read(module.file.read_text()))).read(folder)


class _Reader:
    def __init__(self, module: Module, tokens: list[Token]):
        self.tokens, self.module = tokens, module
        # Inline modules that are open, with the depth of their braces and the folder of their children.
        self.open = []
        self.depth = 0

    def read(self, folder: Path):
        at = 0
        while at < len(self.tokens):
            at, folder = self.step(at, folder)

    def value(self, at: int) -> str:
        return self.tokens[at].value if 0 <= at < len(self.tokens) else ""

    def step(self, at: int, folder: Path) -> tuple[int, Path]:
        token = self.tokens[at]
        if token.kind == "text":
            if self.value(at - 1) == "=":
                self.paths_in_text(token)
        elif token.value in ("{", "(", "["):
            self.depth += 1
        elif token.value in ("}", ")", "]"):
            self.depth -= 1
            if self.open and self.depth == self.open[-1][0]:
                _, self.module, folder = self.open.pop()
        elif token.value == "mod" and self.tokens[at + 1].kind == "name" and self.value(at + 2) in (";", "{"):
            return self.read_module(at, folder)
        elif token.value == "use" and token.kind == "name" and self.value(at - 1) != "<":
            return self.read_use(at), folder
        elif token.kind == "name":
            return self.read_name(at), folder
        return at + 1, folder

    def read_module(self, at: int, folder: Path) -> tuple[int, Path]:
        name = self.value(at + 1)
        if self.value(at + 2) == "{":
            child = self.module.children[name] = Module(self.module.file, self.module)
            self.open.append((self.depth, self.module, folder))
            self.module, self.depth = child, self.depth + 1
            return at + 3, folder / name
        candidates = [folder / f"{name}.rs", folder / name / "mod.rs"]
        before = [token.value for token in self.tokens[max(0, at - 6) : at]]
        if "path" in before and "#" in before:
            candidates = [self.module.file.parent / before[before.index("path") + 2].strip('"')]
        file = next((file for file in candidates if file.is_file()), None)
        if file:
            child = self.module.children[name] = Module(file, self.module)
            _read_file(child, file.parent if file.name == "mod.rs" else file.parent / name)
        return at + 3, folder

    def read_use(self, at: int) -> int:
        is_public = self.value(at - 1) in ("pub", ")")
        end = next(index for index in range(at, len(self.tokens)) if self.tokens[index].value == ";")
        self.read_tree(at + 1, end, [], is_public)
        return end + 1

    def read_tree(self, at: int, end: int, prefix: list[str], is_public: bool) -> int:
        """One branch of a `use`; gives the index after it."""
        path, line = list(prefix), self.tokens[at].line
        while at < end:
            value = self.value(at)
            if value == "{":
                close = rust.closing(self.tokens, at)
                at += 1
                while at < close:
                    at = self.read_tree(at, close, path, is_public) + 1
                return close + 1
            if value == "*":
                self.module.globs.append(Import(path, line, is_public))
                return at + 1
            if value == ",":
                break
            if value == "as":
                self.bind(self.value(at + 1), path, line, is_public)
                return at + 2
            if value == "::" and not path:
                path = ["::"]
            elif value != "::" and not (value == "self" and path):
                path, line = [*path, value], self.tokens[at].line
            at += 1
        self.bind(path[-1], path, line, is_public)
        return at

    def bind(self, name: str, path: list[str], line: int, is_public: bool):
        if path[0] != "::":
            self.module.imports.setdefault(name, []).append(Import(path, line, is_public))

    def read_name(self, at: int) -> int:
        """A name, or a whole path; gives the index after it."""
        name, before = self.value(at), self.value(at - 1)
        if self.depth == (self.open[-1][0] + 1 if self.open else 0):
            if before in _DEFINING or (before == "!" and self.value(at - 2) == "macro_rules"):
                self.module.items.add(name)
        self.module.names.add(name)
        path, end = [name], at + 1
        while self.value(end) == "::" and end + 1 < len(self.tokens) and self.tokens[end + 1].kind == "name":
            path.append(self.value(end + 1))
            end += 2
        if before not in ("::", ".") and (len(path) > 1 or self.value(end) == "::"):
            self.module.paths.append((path, self.tokens[at].line))
        return end

    def paths_in_text(self, token: Token):
        """Attributes such as `#[serde(with = "module::name")]` hold paths as text."""
        found = _PATH_IN_TEXT.fullmatch(token.value)
        if found:
            self.module.paths.append((found.group(1).split("::"), token.line))


# Finding what a path means


def _resolve(module: Module, path: list[str], seen: set) -> Module | None:
    """The module that defines what `path`, written in `module`, means; None for what is not of this crate."""
    first, rest = path[0], path[1:]
    if first == "crate":
        return _descend(module.root(), rest, seen)
    if first == "self":
        return _descend(module, rest, seen)
    if first == "super":
        return _descend_from_parent(module, rest, seen)
    if first in module.children and rest:
        return _descend(module.children[first], rest, seen)
    if first in module.imports:
        return _by_import(module, path, seen)
    if first in module.children or first in module.items:
        return _descend(module, path, seen)
    return None


def _descend_from_parent(module: Module, rest: list[str], seen: set) -> Module | None:
    parent = module.parent
    if rest and rest[0] == "super":
        return _descend_from_parent(parent, rest[1:], seen)
    return _descend(parent, rest, seen)


def _descend(module: Module, path: list[str], seen: set) -> Module | None:
    if not path:
        return module
    name, rest = path[0], path[1:]
    if name in module.children and rest:
        return _descend(module.children[name], rest, seen)
    if name in module.items:
        return module
    if name in module.imports:
        return _by_import(module, path, seen)
    if name in module.children:
        return module.children[name]
    for glob in module.globs:
        if (id(module), "*", tuple(path)) in seen:
            continue
        target = _resolve(module, glob.path, seen | {(id(module), "*", tuple(path))})
        if target and target is not module and (name in target.items or name in target.imports or name in target.children):
            return _descend(target, path, seen)
    return module


def _by_import(module: Module, path: list[str], seen: set) -> Module | None:
    name, rest = path[0], path[1:]
    if (id(module), name) in seen:
        return None
    for one in module.imports[name]:
        if one.path != path or rest:
            target = _resolve(module, one.path + rest, seen | {(id(module), name)})
            if target:
                return target
    return None


def _is_module(module: Module, path: list[str]) -> bool:
    """Whether a path means a module itself: importing one binds a name, and its uses are the arrows."""
    target = _resolve(module, path, set())
    name = path[-1]
    if target is None or name in ("crate", "self", "super"):
        return target is not None
    parent = target.parent
    return parent is not None and parent.children.get(name) is target and name not in target.items
