"""Benchmarks: what ours takes, what the database alone takes for the same (the floor), and the ratio.

    python -m bench [--only NAME] [--repeat N] [--json FILE] [--check] [--against PROGRAM]

One fresh `commons up` with our own dictionary gets 10,000 subjects, 20,000 samples and 40,000 aliquots through its API;
then each line is measured on it, ours and floor in turn. docs/performance.md says what each floor is. The column
"original" has the published figures of the services that this project replaces; they were not measured in this run.

With `--against` another build of the program takes the floor's place, each on a commons of its own with the same graph,
in `--repeat` rounds: what a change has cost is the ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator

from harness.commons import program

from . import exports, memory, reads, services, start, writes
from .measure import Line, Taken, Work, beside, measure, spread
from .stand import Stand

ON_THE_GRAPH: dict[str, Callable[[Stand], Work]] = {
    "create-json": lambda stand: writes.create(stand, "json"),
    "create-tsv": lambda stand: writes.create(stand, "tsv"),
    "unchanged": writes.unchanged,
    "delete": writes.delete,
    "nested": lambda stand: reads.nested(stand, pages=True),
    "nested-all": lambda stand: reads.nested(stand, pages=False),
    "counts": reads.counts,
    "everything": reads.everything,
    "export-tsv": lambda stand: exports.whole(stand, "tsv"),
    "export-json": lambda stand: exports.whole(stand, "json"),
    "export-begins": exports.first,
    **services.LINES,
}
# What counts of each line in a round of `--against`.
A_ROUND = 3
# After the others, because each begins with a new process.
RESTARTED: dict[str, Callable[[Stand], Line]] = {
    "memory-quickly": lambda stand: memory.memory(stand, 0),
    "memory-slowly": lambda stand: memory.memory(stand, 0.02),
}
ALONE: dict[str, Callable[[int], Line]] = {"start": start.start}


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} CPUs ({model}), load {os.getloadavg()[0]:.1f}, {program()}"


def row(line: Line) -> list[str]:
    cpu = "–" if line.cpu is None else " / ".join(f"{1000 * seconds:,.0f}" for seconds in line.cpu)
    goal = line.goal if line.goal == "–" else f"{line.goal} {'holds' if line.holds else 'MISSED'}"
    return [line.name, line.what, line.unit, spread(line.ours), spread(line.floor), spread(line.ratios), goal, cpu,
            line.original]


def table(lines: list[Line], beside: str) -> str:
    """As Markdown; `beside` is what ours was measured against."""
    header = ["name", "what", "unit", "ours", beside, "ratio", "goal", f"CPU ms ours / {beside}", "original*"]
    rows = [header, ["---"] * len(header), *map(row, lines)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(header))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |" for cells in rows]
    notes = [f"{line.name}: {line.note}" for line in lines if line.note]
    return "\n".join([*text, "", *notes, "* published for the original services, not measured in this run"])


@contextlib.contextmanager
def stood(program: pathlib.Path | None = None) -> Iterator[Stand]:
    """A commons with the graph, of the built program or of another one."""
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as folder:
        stand = Stand(pathlib.Path(folder), program)
        try:
            yield stand
        finally:
            stand.stop()


def against(other: pathlib.Path, names: list[str], rounds: int) -> list[Line]:
    """Ours beside another build. One commons stands at a time, because of two the one that has waited is the slower
    one; they take turns at going first."""
    taken: dict[str, tuple[list[Taken], list[Taken]]] = {name: ([], []) for name in names}
    works: dict[str, Work] = {}
    for number in range(rounds):
        sides = [(0, None), (1, other)]
        for side, program_of_side in sides if number % 2 else reversed(sides):
            print(f"round {number + 1} of {rounds}: {program_of_side or 'ours'}", file=sys.stderr)
            with stood(program_of_side) as stand:
                for name in names:
                    works[name] = work = ON_THE_GRAPH[name](stand)
                    work.ours(0)
                    taken[name][side].extend(work.ours(repetition + 1) for repetition in range(A_ROUND))
    return [beside(works[name], *taken[name]) for name in names]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*ON_THE_GRAPH, *RESTARTED, *ALONE]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", default=[],
                        help=f"may be given several times: {', '.join(names)}")
    parser.add_argument("--repeat", type=int, default=5, help="pairs a line, or rounds of --against (default 5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write all numbers there")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--against", type=pathlib.Path, metavar="PROGRAM",
                        help="measure this build of commons in place of the floors")
    asked = parser.parse_args()
    # What was started is stopped then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = [name for name in names if name in asked.only or not asked.only]
    print(machine(), file=sys.stderr)
    lines: list[Line] = []

    def add(line: Line) -> None:
        print(" ".join(f"{cell}" for cell in row(line)), file=sys.stderr)
        lines.append(line)

    if asked.against:
        for line in against(asked.against, [name for name in wanted if name in ON_THE_GRAPH], asked.repeat):
            add(line)
        wanted = []
    if not set(wanted) <= set(ALONE):
        with stood() as stand:
            for name in wanted:
                if name in ON_THE_GRAPH:
                    add(measure(ON_THE_GRAPH[name](stand), asked.repeat))
                elif name in RESTARTED:
                    add(RESTARTED[name](stand))
    for name in wanted:
        if name in ALONE:
            add(ALONE[name](asked.repeat))
    print(table(lines, "other" if asked.against else "floor"))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine(), "lines": [line.json() for line in lines]}, indent=1))
    return 1 if asked.check and not all(line.holds for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
