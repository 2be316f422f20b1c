"""The client suite of versitygw against the embedded object store, case by case.

`python -m s3.versitygw CASE...` (in `integration-tests`, with the environment of `run`) prints what each says;
`docs/decisions/embedded-object-store.md` says which are not wanted, and why.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from harness.commons import free_port

from .conftest import KEY, SECRET, Endpoint

WANTED = pathlib.Path(__file__).with_name("versitygw-cases.txt")
LONGEST_CASE = 120
AT_ONCE = 3
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def suite() -> str | None:
    """The program, where the Rust tests install it if nothing else names it."""
    here = pathlib.Path(__file__).resolve().parents[2]
    kept = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", here / "target")) / "tmp/stores/bin/versitygw"
    return os.environ.get("VERSITYGW") or shutil.which("versitygw") or (str(kept) if kept.exists() else None)


def verdict(case: str) -> str | None:
    """What is wrong in a case; `None` if it passes. Each has a store of its own: what fails leaves buckets behind."""
    with tempfile.TemporaryDirectory(prefix="commons-versitygw-") as folder:
        endpoint = Endpoint(pathlib.Path(folder) / "objects", free_port())
        endpoint.start()
        try:
            # With the option a case deletes the versions that it leaves behind, too.
            command = [suite(), "test", "-a", KEY, "-s", SECRET, "-e", endpoint.url, case, "--versioning-enabled"]
            environment = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST_CASE)
        finally:
            endpoint.stop()
    lines = COLOUR.sub("", done.stdout + done.stderr).splitlines()
    if any(line.startswith("PASS") for line in lines):
        return None
    return next((line for line in lines if line.startswith(("FAIL", "panic"))), "it says nothing")


def verdicts(cases: list[str]) -> Iterator[tuple[str, str | None]]:
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield from zip(cases, pool.map(verdict, cases))


if __name__ == "__main__":
    for name, wrong in verdicts(sys.argv[1:] or WANTED.read_text().split()):
        print(f"{name}\t{wrong or 'passes'}", flush=True)
