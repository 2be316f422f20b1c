"""How much memory a large answer takes."""

from __future__ import annotations

import json
import pathlib
import threading
import time

from .measure import Line
from .reads import everything_query
from .stand import PROGRAM, PROJECT, SUBMISSION, Client, Stand

SAMPLED_EVERY = 0.02
PIECE = 64 << 10
MEGABYTE = 1 << 20
MOST_GROWTH = 64


class Watch:
    """The largest resident memory of a process while a block runs, above what it had before."""

    def __init__(self, process: int) -> None:
        self.rollup = pathlib.Path(f"/proc/{process}/smaps_rollup")
        self.ended = threading.Event()
        self.before = self.peak = self.resident()

    def resident(self) -> int:
        line = next(line for line in self.rollup.read_text().splitlines() if line.startswith("Rss:"))
        return int(line.split()[1]) << 10

    def run(self) -> None:
        while not self.ended.wait(SAMPLED_EVERY):
            self.peak = max(self.peak, self.resident())

    def __enter__(self) -> "Watch":
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    @property
    def growth(self) -> float:
        return (self.peak - self.before) / MEGABYTE


def read(client: Client, query: str, pause: float) -> tuple[int, float]:
    """Reads an answer piece by piece with a pause after each; its bytes, and the seconds to its first."""
    started = time.perf_counter()
    body = json.dumps({"query": query}).encode()
    client.connection.request("POST", f"{SUBMISSION}/graphql", body,
                              {"Content-Type": "application/json", **client.headers})
    answer = client.connection.getresponse()
    total, first = 0, 0.0
    while piece := answer.read1(PIECE):
        first = first or time.perf_counter() - started
        total += len(piece)
        time.sleep(pause)
    assert answer.status == 200
    return total, first


def memory(stand: Stand, pause: float) -> Line:
    """Growth of a process that has served nothing of the kind before, so that nothing freed is at hand."""
    stand.restart()
    stand.client.query(f'{{ project(project_id: "{PROGRAM}-{PROJECT}") {{ code }} aliquot {{ id }} }}')
    with Watch(stand.commons.process.pid) as watch:
        size, first = read(stand.client, everything_query(), pause)
    name = "slowly" if pause else "quickly"
    note = f"answer {size / MEGABYTE:.1f} MB, first byte after {first * 1000:.0f} ms"
    return Line(f"memory-{name}", f"growth during first: 0 over 40,000 nodes, read {name}", "MB", [watch.growth], [],
                f"< {MOST_GROWTH} MB", watch.growth < MOST_GROWTH, note=note)
