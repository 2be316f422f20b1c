"""Whether the memory of a commons ends: what is resident after each of many equal passes over the same records.

    python -m bench.passes [--passes N] [--check]

A pass sends 20,000 stored samples again as TSV, in two requests, and exports them as TSV and as JSON. What is resident
is read when the commons has rested for a moment; the pages of the program's file, which the system may take back, are
not counted. It goes up and down; it grows when each of the last third of the passes leaves more than any of the third
before.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
import time

from harness.commons import program

from .exports import path
from .stand import ROWS_AT_ONCE, SAMPLES_A_SUBJECT, SUBJECTS, Stand, sample, table

RESTED_SECONDS = 3


def resident(process: int) -> float:
    """MiB of a process's own."""
    lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) / 1024


def again(stand: Stand) -> None:
    """One pass."""
    for first in range(0, SUBJECTS * SAMPLES_A_SUBJECT, ROWS_AT_ONCE):
        body = table([sample(number) for number in range(first, first + ROWS_AT_ONCE)])
        said = stand.client.submit("PUT", body, "text/tab-separated-values")
        assert b'"success":true' in said, said[:1000]
    for kind in ("tsv", "json"):
        stand.client.ask("GET", path(kind))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.passes", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=12)
    parser.add_argument("--check", action="store_true", help="exit with 1 when memory does not end")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as folder:
        stand = Stand(pathlib.Path(folder))
        try:
            process = stand.commons.process.pid
            print(f"{program()}, loaded: {resident(process):.0f} MiB", file=sys.stderr)
            sizes = []
            for _ in range(asked.passes):
                again(stand)
                time.sleep(RESTED_SECONDS)
                sizes.append(resident(process))
                print(f"{sizes[-1]:.0f}", end=" ", flush=True)
        finally:
            stand.stop()
    third = max(len(sizes) // 3, 1)
    holds = min(sizes[-third:]) <= max(sizes[-2 * third:-third] or sizes)
    print(f"MiB: it {'ends' if holds else 'GROWS'}")
    return 1 if asked.check and not holds else 0


if __name__ == "__main__":
    sys.exit(main())
