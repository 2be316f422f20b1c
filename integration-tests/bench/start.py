"""How soon after its start a commons answers with the schema of a large dictionary."""

from __future__ import annotations

import pathlib
import tempfile
import time

from harness.commons import ROOT, Commons
from harness.paths import SHARED

from .measure import Line, median
from .stand import SUBMISSION, Client


def start(repeat: int) -> Line:
    """`commons up` on a state folder that exists, to the first answer of getschema."""
    real = SHARED / "data" / "dictionaries" / "ndh"
    dictionary = real if real.is_dir() else ROOT / "dictionary" / "gdcdictionary" / "schemas"
    said = "ndh" if real.is_dir() else "our own dictionary (there is no ndh here)"
    seconds: list[float] = []
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as folder:
        state = pathlib.Path(folder) / "state"
        for number in range(repeat + 1):
            started = time.perf_counter()
            commons = Commons.up("--dictionary", str(dictionary), state=state)
            ready = time.perf_counter()
            try:
                client = Client(commons)
                asked = time.perf_counter()
                client.ask("GET", f"{SUBMISSION}/getschema")
                # Without the log-in between.
                taken = ready - started + time.perf_counter() - asked
            finally:
                commons.stop()
            if number:
                seconds.append(taken)
            else:
                first = taken
    note = f"with PostgreSQL's start; the first start, which makes all tables: {first:.1f} s"
    return Line("start", f"schema ready after start, {said}", "s", seconds, [], "≤ 1 s", median(seconds) <= 1,
                original="196–377 s", note=note)
