"""What the structure of the code must be like, and the report of it."""

import argparse
import re
from pathlib import Path

from . import tokens as rust
from .circles import circles
from .manifests import dependencies, members, workspace_dependencies
from .modules import arrows

WIDTH, LINES, LINES_HABIT, FUNCTION_HABIT = 110, 800, 400, 60


def main(workspace: Path, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks how the Rust code is laid out.")
    parser.add_argument("crate", nargs="*", help="names of crates; all of the workspace without")
    parser.add_argument("--arrows", action="store_true", help="print which file uses what of which other one")
    options = parser.parse_args(arguments)
    crates = members(workspace)
    unknown = set(options.crate) - set(crates)
    if unknown:
        parser.error(f"no such crate: {', '.join(sorted(unknown))}")
    wanted = {name: folder for name, folder in crates.items() if not options.crate or name in options.crate}
    if options.arrows:
        for folder in wanted.values():
            print("\n".join(drawn(folder)))
        return 0
    faults, remarks = [], []
    for folder in wanted.values():
        faults += [*circle_faults(folder), *size_faults(folder)]
        remarks += size_remarks(folder)
    if not options.crate:
        faults += unused_dependencies(workspace, crates)
    for line in [*(f"remark: {remark}" for remark in remarks), *faults]:
        print(line.replace(f"{workspace}/", ""))
    print(f"{len(faults)} faults, {len(remarks)} remarks" if faults else f"structure: good ({len(wanted)} crates)")
    return 1 if faults else 0


# Circles


def roots(folder: Path) -> list[Path]:
    found = [folder / "src/lib.rs", folder / "src/main.rs", *sorted(folder.glob("src/bin/*.rs"))]
    return [root for root in found if root.is_file()]


def circle_faults(folder: Path) -> list[str]:
    faults = []
    for root in roots(folder):
        for circle in circles(arrows(root)):
            steps = [f"\n    {a.source}:{a.line} uses {a.item} of {a.target.relative_to(folder)}" for a in circle]
            faults.append(f"circle of {len(circle)} files in {folder.name}:{''.join(steps)}")
    return faults


def drawn(folder: Path) -> list[str]:
    """The arrows of a crate, a line for each pair of files."""
    items = {}
    for root in roots(folder):
        for arrow in arrows(root):
            pair = (str(arrow.source.relative_to(folder)), str(arrow.target.relative_to(folder)))
            items.setdefault(pair, []).append(arrow.item)
    return [f"{source} -> {target}: {', '.join(sorted(names))}" for (source, target), names in sorted(items.items())]


# Sizes


def files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*.rs")) if "target" not in file.relative_to(folder).parts]


def size_faults(folder: Path) -> list[str]:
    faults = []
    for file in files(folder):
        source = file.read_text()
        lines = source.split("\n")
        if len(lines) > LINES + 1:
            faults.append(f"{file}: {len(lines) - 1} lines, more than {LINES}")
        for number in matches_on_booleans(source):
            faults.append(f"{file}:{number}: an arm of a match on a boolean; write if and else")
        for number in too_wide(source):
            faults.append(f"{file}:{number}: {len(lines[number - 1])} columns, more than {WIDTH}")
    return faults


def matches_on_booleans(source: str) -> list[int]:
    """Lines of `match` with the arms `true` and `false`, where `if` says the same."""
    tokens = rust.read(source)
    values = [token.value for token in tokens]
    ends = {"{", ",", "}"}
    return [
        tokens[at].line
        for at in range(1, len(values) - 1)
        if values[at] in ("true", "false") and values[at - 1] in ends and values[at + 1] == "=>"
    ]


def too_wide(source: str) -> list[int]:
    """The numbers of lines that are too wide. A line is excused if it is wide because of a string that cannot be broken:
    a raw string, whose line breaks would be part of it, or a single word such as an address."""
    lines = source.split("\n")
    wide = [number for number, line in enumerate(lines, 1) if len(line) > WIDTH]
    if not wide:
        return []
    excused = set()
    for token in rust.read(source):
        if token.kind == "text":
            is_raw = re.match(r"[bc]?r", token.value)
            for offset, line in enumerate(token.value.split("\n")):
                word = max(map(len, line.split()), default=0)
                if (is_raw and len(line) > WIDTH / 2) or word > WIDTH / 2:
                    excused.add(token.line + offset)
    return [number for number in wide if number not in excused]


def size_remarks(folder: Path) -> list[str]:
    remarks = []
    for file in files(folder / "src"):
        source = file.read_text()
        count = source.count("\n")
        if LINES_HABIT < count <= LINES:
            remarks.append(f"{file}: {count} lines, more than {LINES_HABIT}")
        for name, line, length in long_functions(source):
            remarks.append(f"{file}:{line}: fn {name} has {length} lines, more than {FUNCTION_HABIT}")
    return remarks


def long_functions(source: str) -> list[tuple[str, int, int]]:
    """Name, line and length of the functions that are longer than is our habit, those for tests left out."""
    tokens = rust.without_tests(rust.read(source))
    found = []
    for at, token in enumerate(tokens[:-1]):
        if token.value != "fn" or tokens[at + 1].kind != "name":
            continue
        start = at
        while start < len(tokens) and tokens[start].value not in ("{", ";"):
            start = rust.closing(tokens, start) + 1 if tokens[start].value in ("(", "[") else start + 1
        if start < len(tokens) and tokens[start].value == "{":
            length = tokens[rust.closing(tokens, start)].line - token.line + 1
            if length > FUNCTION_HABIT:
                found.append((tokens[at + 1].value, token.line, length))
    return found


# Dependencies


def unused_dependencies(workspace: Path, crates: dict[str, Path]) -> list[str]:
    used = {name for folder in crates.values() for name in dependencies(folder)}
    unused = [name for name in workspace_dependencies(workspace) if name not in used]
    return [f"Cargo.toml: no member uses the workspace dependency {name}" for name in unused]
