"""Clocks, pairs and what is said about them.

Ours and the floor alternate within one run, first one first, then the other, so that whatever else the machine does
hits both alike. A ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import statistics
import time
from collections.abc import Callable

TICK = 1 / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """`root` and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, rest = [], [root]
    while rest:
        process = rest.pop()
        found.append(process)
        rest.extend(children.get(process, []))
    return found


def stat(process: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; `None` when the process has ended."""
    try:
        text = pathlib.Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def cpu(root: int) -> float:
    """CPU seconds of `root` and its descendants, those that have ended included."""
    fields = (stat(process) for process in tree(root))
    return TICK * sum(int(number) for found in fields if found for number in found[11:15])


@dataclasses.dataclass
class Taken:
    """What one piece of work took."""

    seconds: float
    cpu: float


class Clock:
    """Times work that commons (with its PostgreSQL) does, and the CPU time that it costs."""

    def __init__(self, commons: int) -> None:
        self.commons = commons

    def time(self, work: Callable[[], object], *, own: bool) -> Taken:
        """`own`: this process is part of what is measured (the floor's client), and not only the one who asks."""
        cpu_before, own_before = cpu(self.commons), time.process_time()
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started
        used = cpu(self.commons) - cpu_before
        return Taken(seconds, used + (time.process_time() - own_before if own else 0))


@dataclasses.dataclass
class Line:
    """One line of the table."""

    name: str
    what: str
    unit: str
    """A rate, `records/s` or `requests/s` (more is better), or `ms`, `s`, `MB` (less is)."""
    ours: list[float]
    floor: list[float]
    goal: str
    holds: bool
    ratios: list[float] = dataclasses.field(default_factory=list)
    """Ours to floor, a pair each."""
    cpu: tuple[float, float] | None = None
    """CPU seconds of a repetition, ours and floor."""
    original: str = "–"
    note: str = ""

    def json(self) -> dict:
        return dataclasses.asdict(self) | {
            "ours_median": median(self.ours), "floor_median": median(self.floor), "ratio_median": median(self.ratios)}


def median(numbers: list[float]) -> float | None:
    return statistics.median(numbers) if numbers else None


def spread(numbers: list[float]) -> str:
    """Median and range."""
    if not numbers:
        return "–"
    digits = 0 if median(numbers) >= 100 else 1 if median(numbers) >= 10 else 2
    show = lambda number: f"{number:,.{digits}f}"  # noqa: E731
    if len(numbers) == 1:
        return show(numbers[0])
    return f"{show(median(numbers))} ({show(min(numbers))}–{show(max(numbers))})"


@dataclasses.dataclass
class Work:
    """What is measured for one line: a repetition of ours and one of the floor, and what they are called."""

    name: str
    what: str
    unit: str
    """`records/s`, `requests/s` or `ms`."""
    amount: int
    """Records a repetition, for rates; otherwise how many times a repetition does the work."""
    ours: Callable[[int], Taken]
    floor: Callable[[int], Taken]
    goal: str = "–"
    holds: Callable[[float, float], bool] = lambda ours, ratio: True
    """Whether the goal holds, of the median of ours and of the ratios."""
    original: str = "–"

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    def figure(self, taken: Taken) -> float:
        return self.amount / taken.seconds if self.is_rate else 1000 * taken.seconds / self.amount

    def cpu(self, taken: list[Taken]) -> float:
        times = 1 if self.is_rate else self.amount
        return statistics.median(one.cpu for one in taken) / times


def measure(work: Work, repeat: int) -> Line:
    """Ours beside the floor."""
    ours, floor = pairs(repeat, work.ours, work.floor)
    line = beside(work, ours, floor)
    line.goal, line.original = work.goal, work.original
    line.holds = work.holds(median(line.ours), median(line.ratios))
    return line


def beside(work: Work, ours: list[Taken], other: list[Taken]) -> Line:
    """What was taken for the same work by ours and by something else, a pair each."""
    figures, other_figures = ([work.figure(taken) for taken in side] for side in (ours, other))
    ratios = [a / b for a, b in zip(figures, other_figures)]
    return Line(work.name, work.what, work.unit, figures, other_figures, "–", True, ratios,
                (work.cpu(ours), work.cpu(other)))


def pairs(repeat: int, ours: Callable[[int], Taken], other: Callable[[int], Taken]) -> tuple[list[Taken], list[Taken]]:
    """Both `repeat` times after one that does not count; the order changes with every repetition."""
    measured: tuple[list[Taken], list[Taken]] = ([], [])
    for number in range(repeat + 1):
        both = list(zip(measured, (ours, other)))
        for side, work in both if number % 2 else reversed(both):
            taken = work(number)
            if number:
                side.append(taken)
    return measured
