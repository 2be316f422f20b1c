"""`commons download` beside the barest reader of the same URLs.

    python -m bench.transfer [--files N] [--bytes N] [--repeat N] [--parallel N] [--json FILE]

1 GiB in 1,000 files goes into a fresh commons by `commons upload`. Then the files are downloaded by `commons download`
with all that it does (records, signed URLs, checksums, names), and by plain readers that have the signed URLs already
and write what comes; both in turn, with as many connections. The goal is 90 % of the reader's rate. `--files 1000
--bytes 10485760` is the full measure of 10 GiB, for which 25 GB of disk are needed. The most memory that the download
has had is told too: it does not depend on the number of bytes.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness.client import administrator
from harness.commons import Commons, program

GOAL = 0.9
PIECE = 1024 * 1024


def run(commons: Commons, folder: pathlib.Path, *arguments: str) -> tuple[float, int]:
    """Seconds, and the most memory of the process in bytes."""
    command = [str(program()), *arguments, "--credentials", str(commons.api_key_file)]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return seconds, usage.ru_maxrss * 1024


def bare(urls: list[str], folder: pathlib.Path, parallel: int) -> float:
    """Reads the URLs and writes what comes, with one connection a thread."""
    local = threading.local()

    def one(numbered: tuple[int, str]) -> None:
        number, url = numbered
        address = urllib.parse.urlsplit(url)
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        connection.request("GET", f"{address.path}?{address.query}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the store answers {answer.status}")
        with open(folder / str(number), "wb", buffering=0) as file:
            while piece := answer.read(PIECE):
                file.write(piece)

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        list(pool.map(one, enumerate(urls)))
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.transfer", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=1024 * 1024, help="of each file")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write all numbers there")
    parser.add_argument("--check", action="store_true", help="exit with 1 when the goal is missed")
    asked = parser.parse_args()
    total = asked.files * asked.bytes
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as name, Commons.up() as commons:
        folder = pathlib.Path(name)
        source = folder / "source"
        source.mkdir()
        for number in range(asked.files):
            (source / f"{number}.bin").write_bytes(os.urandom(asked.bytes))
        upload, _ = run(commons, folder, "upload", "source", "--authz", "/programs", "--wait=600", "--parallel",
                        str(asked.parallel))
        shutil.rmtree(source)
        rows = (folder / "commons-upload.tsv").read_text().splitlines()[1:]
        guids = [row.split("\t")[0] for row in rows]
        client = administrator(commons)
        ours, reader, memory = [], [], 0
        for number in range(asked.repeat + 1):
            sides = ["ours", "reader"] if number % 2 else ["reader", "ours"]
            for side in sides:
                out = folder / side
                out.mkdir()
                if side == "ours":
                    seconds, most = run(commons, folder, "download", "commons-upload.tsv", "-o", side, "--parallel",
                                        str(asked.parallel))
                    memory = max(memory, most)
                else:
                    urls = [client.get(f"/user/data/download/{guid}").json()["url"] for guid in guids]
                    seconds = bare(urls, out, asked.parallel)
                shutil.rmtree(out)
                if number:
                    (ours if side == "ours" else reader).append(total / seconds / 1e6)
    ratios = [one / other for one, other in zip(ours, reader)]
    said = {
        "files": asked.files, "bytes": total, "parallel": asked.parallel, "upload_mb_per_second": total / upload / 1e6,
        "download_mb_per_second": ours, "reader_mb_per_second": reader, "ratio": statistics.median(ratios),
        "goal": GOAL, "most_memory_mb": memory / 1e6,
    }
    print(f"{asked.files} files, {total / 2**30:.2f} GiB, {asked.parallel} connections: upload "
          f"{said['upload_mb_per_second']:.0f} MB/s; download {statistics.median(ours):.0f} MB/s, bare reader "
          f"{statistics.median(reader):.0f} MB/s, ratio {said['ratio']:.2f} (goal {GOAL}); most memory "
          f"{said['most_memory_mb']:.0f} MB")
    if asked.json:
        asked.json.write_text(json.dumps(said, indent=1))
    return 1 if asked.check and said["ratio"] < GOAL else 0


if __name__ == "__main__":
    raise SystemExit(main())
