"""Crashes at random moments of mixed work: the program, its database, connections, the disk.

CRASHES says how many of each kind (2; the full proof is 30).
"""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from crash.work import Work, holds, prepare, ready_again
from harness.client import administrator
from harness.commons import Commons
from harness.postgres import Postgres, Proxy

CRASHES = int(os.environ.get("CRASHES", "2"))


def a_moment() -> None:
    time.sleep(random.uniform(0.3, 3))


def postmaster(commons: Commons) -> int:
    return int((commons.state / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def commons(tmp_path):
    commons = Commons.up(state=tmp_path / "state")
    prepare(commons)
    yield commons
    commons.cleanup()


def test_the_program_is_killed(tmp_path):
    commons = Commons.up(state=tmp_path / "state")
    try:
        prepare(commons)
        with Work(commons) as work:
            for _ in range(CRASHES):
                a_moment()
                commons.stop(signal.SIGKILL)
                commons = Commons.up(state=tmp_path / "state")
                work.commons = commons
            a_moment()
        holds(work)
    finally:
        commons.cleanup()


def test_the_database_is_killed(commons):
    with Work(commons) as work:
        for _ in range(CRASHES):
            a_moment()
            kill(postmaster(commons))
            time.sleep(0.5)
            ready_again(commons)
        a_moment()
    holds(work)


def test_a_process_of_the_database_is_killed(commons):
    with Work(commons) as work:
        for _ in range(CRASHES):
            a_moment()
            listed = subprocess.run(["pgrep", "-P", str(postmaster(commons)), "-f", "postgres: "],
                                    capture_output=True, text=True, check=True)
            kill(int(random.choice(listed.stdout.split())))
            time.sleep(0.5)
            ready_again(commons)
        a_moment()
    holds(work)


@pytest.fixture
def behind_a_proxy(tmp_path):
    """A commons on a given server, and the proxy between them."""
    with contextlib.ExitStack() as end:
        server = Postgres()
        end.callback(server.stop)
        proxy = Proxy(server.port)
        end.callback(proxy.close)
        commons = Commons.up("--database-url", server.url(proxy.port), state=tmp_path / "state")
        end.callback(commons.cleanup)
        commons.database_url = server.url()
        prepare(commons)
        yield commons, proxy


def test_connections_are_cut(behind_a_proxy):
    commons, proxy = behind_a_proxy
    with Work(commons) as work:
        for _ in range(CRASHES):
            a_moment()
            proxy.cut()
            ready_again(commons)
        a_moment()
    holds(work)


def test_connections_freeze(behind_a_proxy):
    commons, proxy = behind_a_proxy
    with Work(commons) as work:
        for _ in range(CRASHES):
            a_moment()
            proxy.frozen.set()
            time.sleep(random.uniform(1, 8))
            if random.random() < 0.5:
                proxy.cut()
            proxy.frozen.clear()
            ready_again(commons)
        a_moment()
    holds(work)


# Ten seconds without a word, the look before them, a try to connect; twice as much on a busy machine.
NOTICED = 34


def test_the_database_vanishes_without_a_word(behind_a_proxy):
    """The network takes what is sent and gives nothing back, for longer than anybody waits."""
    commons, proxy = behind_a_proxy
    admin = administrator(commons)
    # A connection that has rested may be ended by the gateway just when it is used again.
    admin.session.headers["Connection"] = "close"
    query = {"query": "{ _subject_count }"}
    with Work(commons) as work:
        for _ in range(max(1, CRASHES // 10)):
            a_moment()
            proxy.frozen.set()
            for patience in (NOTICED, 5, 5):
                begun = time.monotonic()
                answer = admin.session.post(f"{commons.url}/api/v0/submission/graphql", json=query, timeout=60)
                seconds = time.monotonic() - begun
                assert answer.status_code == 503 and answer.headers["Retry-After"], (answer.status_code, answer.text)
                assert seconds < patience, f"answered after {seconds:.1f} s"
            # Those that were there have been ended on our side; the others end with the proxy.
            proxy.cut()
            proxy.frozen.clear()
            ready_again(commons)
        a_moment()
    holds(work)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "tmpfs", str(folder)],
                             capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system needs the right to mount one: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """A file that takes all the room that is left."""
    path = folder / "full"
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
    return path


def test_the_disk_is_full(small_disk):
    commons = Commons.up(state=small_disk / "state")
    try:
        prepare(commons)
        with Work(commons) as work:
            for _ in range(CRASHES):
                a_moment()
                full = fill(small_disk)
                time.sleep(random.uniform(0.5, 3))
                full.unlink()
                if commons.process.poll() is not None:
                    commons = Commons.up(state=small_disk / "state")
                    work.commons = commons
                ready_again(commons)
            a_moment()
        holds(work)
    finally:
        commons.cleanup()
