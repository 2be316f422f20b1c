"""Starts and stops a whole commons (or one service of it) for the black-box suites.

Nothing here knows the inside of the program: it is driven by its command line and by HTTP.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import typing
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT = 120
STOP_TIMEOUT = 60


def program() -> pathlib.Path:
    """The built program: $COMMONS, else the release build, else what `make test` has built, else the debug build."""
    if named := os.environ.get("COMMONS"):
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for profile in ("release", "tested", "debug"):
        if (path := target / profile / "commons").is_file():
            return path
    raise SystemExit("no commons program: build it with `cargo build --release -p commons`, or name it with COMMONS")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Commons:
    """A running `commons up`."""

    process: subprocess.Popen
    url: str
    state: pathlib.Path
    api_key_file: pathlib.Path
    services: dict[str, str]
    """Addresses of their own, with `--service-ports`."""
    ready_seconds: float
    announcement: dict
    program: pathlib.Path
    folder: tempfile.TemporaryDirectory | None = None
    database_url: str | None = None
    """Of a given server, for commands that need it."""
    states: typing.ClassVar[str | None] = None
    """The folder for the state of those that are not told theirs; without it the system's for temporary files."""

    @classmethod
    def up(cls, *options: str, state: pathlib.Path | None = None, env: dict | None = None,
           of: pathlib.Path | None = None, port: int = 0) -> "Commons":
        """Runs `commons up --json OPTIONS` on a free port, and returns once it says that it is ready; `of` another
        program."""
        of = of or program()
        folder = None
        if state is None:
            folder = tempfile.TemporaryDirectory(prefix="commons-suite-", dir=cls.states)
            state = pathlib.Path(folder.name) / "state"
        state.parent.mkdir(parents=True, exist_ok=True)
        log = open(state.parent / f"{state.name}.log", "ab")
        started = time.monotonic()
        process = subprocess.Popen(
            [str(of), "up", "--port", str(port), "--json", "--state", str(state), *options],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(env or {})})
        line = process.stdout.readline()
        if not line:
            process.wait(timeout=STOP_TIMEOUT)
            tail = pathlib.Path(log.name).read_text(errors="replace")[-4000:]
            raise RuntimeError(f"commons up ended with {process.returncode} before it was ready:\n{tail}")
        said = json.loads(line)
        return cls(process, said["url"], pathlib.Path(said["state"]), pathlib.Path(said["api_key_file"]),
                   said["services"], time.monotonic() - started, said, of, folder)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stops it and waits for its end; `signal.SIGKILL` is the crash."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=STOP_TIMEOUT)
        self.process.stdout.close()
        return code

    def cleanup(self) -> None:
        self.stop()
        if self.folder:
            self.folder.cleanup()

    def run(self, *arguments: str) -> str:
        """Runs another command of the program on this commons' state and returns what it prints."""
        done = subprocess.run([str(self.program), *arguments, "--state", str(self.state)],
                              capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"commons {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout

    @property
    def login_url(self) -> str:
        """The development login's page, with the code that lets its reader in."""
        return self.announcement["login_url"]

    def token(self, user: str, *options: str) -> str:
        return self.run("user", "token", user, "--create", *options).strip()

    def __enter__(self) -> "Commons":
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()


def wait_for(url: str, process: subprocess.Popen | None = None, seconds: float = 60) -> None:
    """Waits until `url` answers 200."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process and process.poll() is not None:
            raise RuntimeError(f"the process behind {url} ended with {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{url} did not answer within {seconds} s")
        time.sleep(0.05)


def wait_for_answer(port: int, process: subprocess.Popen, seconds: float = START_TIMEOUT) -> None:
    """Waits until somebody listens on `port` of this machine."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nobody listens on port {port}, and the process ended with {process.returncode}")
            time.sleep(0.05)
