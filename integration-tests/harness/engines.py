"""Real search servers for tests: one node each, in a folder of its own, stopped when the session ends.

`start("opensearch2")` gives its URL; asked again it is the same server. Without Java or Maven the test is skipped and says so;
with `CI_REQUIRE_ENGINES=1` it fails instead.
"""

from __future__ import annotations

import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import pytest

HERE = pathlib.Path(__file__).parent.parent / "engines"
KINDS = ("elasticsearch7", "opensearch1", "opensearch2", "opensearch3")
PATIENCE = 300
"""Seconds for a first start, which downloads."""

_running: dict[str, "Server"] = {}


class Server:
    """One node on a free port of 127.0.0.1."""

    def __init__(self, kind: str):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind}-"))
        self.log = self.folder / "log"
        with self.log.open("w") as log:
            # It stops by itself when we are gone, however we go.
            self.process = subprocess.Popen(
                [str(HERE / "start.sh"), kind, "0", str(self.folder / "node")], stdin=subprocess.PIPE, stdout=log,
                stderr=log, env={**os.environ, "EXIT_ON_STDIN_EOF": "1"})
        self.url = f"http://127.0.0.1:{self._port()}"

    def _port(self) -> int:
        port = self.folder / "node" / "http.port"
        for _ in range(PATIENCE * 10):
            if port.exists():
                return int(port.read_text())
            if self.process.poll() is not None:
                break
            threading.Event().wait(0.1)
        said = self.log.read_text()[-2000:]
        self.stop()
        raise RuntimeError(f"the search server does not start: {said}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(kind: str) -> str:
    """The URL of a server of this kind, which is the same for the whole session."""
    assert kind in KINDS, f"{kind} is none of {KINDS}"
    missing = [program for program in ("java", "javac", "mvn") if not shutil.which(program)]
    if missing:
        reason = f"skipped: a search server needs {' and '.join(missing)} (apt-get install openjdk-17-jdk-headless maven)"
        if os.environ.get("CI_REQUIRE_ENGINES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    if kind not in _running:
        _running[kind] = Server(kind)
    return _running[kind].url


@atexit.register
def _stop() -> None:
    while _running:
        _running.popitem()[1].stop()
