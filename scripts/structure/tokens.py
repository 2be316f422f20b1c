"""Reads Rust as tokens: enough to tell code from comments and strings, and to leave out what is for tests only."""

import bisect
import re
from typing import NamedTuple

_RAW = re.compile(r'[bc]?r(#*)"')
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*)
  | (?P<block>/\*)
  | (?P<raw>[bc]?r\#*")
  | (?P<text>[bc]?"(?:\\.|[^"\\])*")
  | (?P<char>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])')
  | (?P<lifetime>'\w+)
  | (?P<name>(?:r\#)?[^\W\d]\w*)
  | (?P<number>\d\w*(?:\.\d\w*)?)
  | (?P<sign>::|->|=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_ITEMS = {"mod", "fn", "struct", "enum", "union", "trait", "type", "const", "static", "impl", "use", "macro_rules", "async",
          "unsafe", "extern", "pub"}


class Token(NamedTuple):
    """`kind` is `name`, `text`, `sign` or `other`."""

    kind: str
    value: str
    line: int


def read(source: str) -> list[Token]:
    """The tokens of a file, without comments."""
    starts = [0] + [found.end() for found in re.finditer("\n", source)]
    tokens, at = [], 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        kind, end = found.lastgroup, found.end()
        if kind == "block":
            end = _end_of_block_comment(source, end)
        elif kind == "raw":
            hashes = _RAW.match(source, at).group(1)
            end = source.index('"' + hashes, end) + 1 + len(hashes)
            kind = "text"
        if kind not in ("space", "comment", "block"):
            value = source[at:end].removeprefix("r#") if kind == "name" else source[at:end]
            kind = kind if kind in ("name", "text", "sign") else "other"
            tokens.append(Token(kind, value, bisect.bisect_right(starts, at)))
        at = end
    return tokens


def _end_of_block_comment(source: str, at: int) -> int:
    depth = 1
    while depth:
        found = re.compile(r"/\*|\*/").search(source, at)
        if not found:
            return len(source)
        depth += 1 if found.group() == "/*" else -1
        at = found.end()
    return at


def closing(tokens: list[Token], at: int) -> int:
    """The index of the bracket that closes the one at `at`."""
    opened, closed = tokens[at].value, _OPENING[tokens[at].value]
    depth = 0
    for index in range(at, len(tokens)):
        if tokens[index].kind == "sign":
            depth += (tokens[index].value == opened) - (tokens[index].value == closed)
            if depth == 0:
                return index
    return len(tokens) - 1


def without_tests(tokens: list[Token]) -> list[Token]:
    """The tokens without items that are compiled for tests only."""
    kept, at = [], 0
    while at < len(tokens):
        if _is_test_attribute(tokens, at):
            at = _after_item(tokens, at)
        else:
            kept.append(tokens[at])
            at += 1
    return kept


def _is_test_attribute(tokens: list[Token], at: int) -> bool:
    values = [token.value for token in tokens[at : at + 7]]
    return values[:6] == ["#", "[", "cfg", "(", "test", ")"] or values == ["#", "[", "cfg", "(", "all", "(", "test"]


def _after_item(tokens: list[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].value == "#":
        at = closing(tokens, at + 1) + 1
    is_item = at < len(tokens) and tokens[at].value in _ITEMS
    while at < len(tokens):
        value = tokens[at].value if tokens[at].kind == "sign" else ""
        if value == "}":
            return at
        if value in _OPENING:
            at = closing(tokens, at)
            if value == "{" and is_item:
                return at + 1
        elif value == ";" or (value == "," and not is_item):
            return at + 1
        at += 1
    return at
