"""The embedded object store beside the bare disk and beside versitygw, in one run.

    python -m bench.objects [--size MIB] [--objects N] [--rounds N] [--json FILE]

A large object goes up and down through signed URLs, and small ones go up from eight connections. The floor of an upload is
`cp` with `fsync`, that of a download is reading the file, that of a small object is a new file with `fsync` of it and of its
folder. The same client speaks to both stores; what it takes itself is in all of their figures.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator

import boto3
import botocore.config

from harness.commons import START_TIMEOUT, free_port, program, wait_for_answer

KEY, SECRET, BUCKET = "AKBENCH", "a-secret-of-the-bench", "bench"
MIB = 1024 * 1024
CONNECTIONS = 8


@dataclasses.dataclass
class Store:
    """A store with its own folder."""

    name: str
    url: str

    @property
    def client(self):
        config = botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4")
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", config=config,
                            aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    def sign(self, operation: str, keys: list[str]) -> list[str]:
        client = self.client
        return [client.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=3600) for key in keys]


@contextlib.contextmanager
def served(name: str, command: list[str], port: int, env: dict) -> Iterator[Store]:
    process = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_answer(port, process, START_TIMEOUT)
        store = Store(name, f"http://127.0.0.1:{port}")
        if name != "ours":
            store.client.create_bucket(Bucket=BUCKET)
        yield store
    finally:
        process.terminate()
        process.wait(timeout=60)


def stores(stack: contextlib.ExitStack, folder: pathlib.Path) -> list[Store]:
    port = free_port()
    ours = [str(program()), "objects", "serve", str(folder / "ours"), "--listen", f"127.0.0.1:{port}", "--bucket", BUCKET]
    keys = {"COMMONS_OBJECTS_ACCESS_KEY": KEY, "COMMONS_OBJECTS_SECRET_KEY": SECRET}
    all_stores = [stack.enter_context(served("ours", ours, port, keys))]
    if other := os.environ.get("VERSITYGW") or shutil.which("versitygw"):
        port = free_port()
        (folder / "versitygw").mkdir()
        command = [other, "--port", f"127.0.0.1:{port}", "posix", str(folder / "versitygw")]
        keys = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
        all_stores.append(stack.enter_context(served("versitygw", command, port, keys)))
    else:
        print("versitygw is not measured: it is not on the PATH (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
    return all_stores


def request(connection: http.client.HTTPConnection, method: str, url: str, body=None, length: int | None = None) -> int:
    """One request; returns how many bytes came."""
    parts = urllib.parse.urlsplit(url)
    headers = {} if length is None else {"Content-Length": str(length)}
    connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=headers)
    answer, size = connection.getresponse(), 0
    while piece := answer.read(MIB):
        size += len(piece)
    assert answer.status == 200, (answer.status, url)
    return size


def connect(store: Store) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urllib.parse.urlsplit(store.url).netloc, timeout=600, blocksize=MIB)


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def up(store: Store, source: pathlib.Path) -> float:
    [url] = store.sign("put_object", ["large"])
    with source.open("rb") as file:
        return timed(lambda: request(connect(store), "PUT", url, file, source.stat().st_size))


def down(store: Store, size: int) -> float:
    [url] = store.sign("get_object", ["large"])

    def get() -> None:
        assert request(connect(store), "GET", url) == size
    return timed(get)


def copy(source: pathlib.Path, target: pathlib.Path) -> float:
    def work() -> None:
        with source.open("rb") as read, target.open("wb") as write:
            shutil.copyfileobj(read, write, MIB)
            write.flush()
            os.fsync(write.fileno())
    return timed(work)


def read(source: pathlib.Path) -> float:
    def work() -> None:
        with source.open("rb") as file:
            while file.read(MIB):
                pass
    return timed(work)


def shared(count: int, work: Callable[[range], None]) -> float:
    """Does `work` on shares of `count` things at once."""
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        shares = [range(first, count, CONNECTIONS) for first in range(CONNECTIONS)]
        return timed(lambda: list(pool.map(work, shares)))


def small(store: Store, count: int) -> float:
    urls = store.sign("put_object", [f"small/{index:06}" for index in range(count)])

    def work(share: range) -> None:
        connection = connect(store)
        for index in share:
            request(connection, "PUT", urls[index], b"x" * 1024, 1024)
    return shared(count, work)


def small_files(folder: pathlib.Path, count: int) -> float:
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)

    def work(share: range) -> None:
        for index in share:
            with (folder / str(index)).open("wb") as file:
                file.write(b"x" * 1024)
                file.flush()
                os.fsync(file.fileno())
            os.fsync(handle)
    try:
        return shared(count, work)
    finally:
        os.close(handle)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.objects", description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, metavar="MIB")
    parser.add_argument("--objects", type=int, default=2000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    args = parser.parse_args()
    seconds: dict[tuple[str, str], list[float]] = {}

    def note(line: str, who: str, took: float) -> None:
        seconds.setdefault((line, who), []).append(took)

    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        source = folder / "source"
        with source.open("wb") as file:
            for _ in range(args.size):
                file.write(os.urandom(MIB))
        size = source.stat().st_size
        all_stores = stores(stack, folder)
        for _ in range(args.rounds):
            note("up", "floor", copy(source, folder / "copy"))
            for store in all_stores:
                note("up", store.name, up(store, source))
            note("down", "floor", read(folder / "copy"))
            for store in all_stores:
                note("down", store.name, down(store, size))
            note("small", "floor", small_files(folder / "files", args.objects))
            for store in all_stores:
                note("small", store.name, small(store, args.objects))
    report(args, {key: statistics.median(found) for key, found in seconds.items()})
    return 0


def report(args: argparse.Namespace, took: dict[tuple[str, str], float]) -> None:
    lines = []
    for line, amount, unit in (("up", args.size, "MiB/s"), ("down", args.size, "MiB/s"), ("small", args.objects, "objects/s")):
        floor = took[line, "floor"]
        for who in ("floor", "ours", "versitygw"):
            if (line, who) in took:
                pace, ratio = amount / took[line, who], floor / took[line, who]
                lines.append({"line": line, "who": who, "pace": round(pace, 1), "unit": unit, "of_floor": round(ratio, 2)})
                print(f"{line:6} {who:10} {pace:9.1f} {unit:10} {ratio:5.0%} of the floor")
    if args.json:
        args.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    sys.exit(main())
