"""Many requests at once, by the load generator wrk (https://github.com/wg/wrk; Debian's package `wrk`), whose own cost
is small enough for two cores to serve and to ask at the same time; and pgbench, openssl as floors of the same kind.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from .measure import Clock, Taken

CONNECTIONS = 8
THREADS = 2
SECONDS = 3
# A line is measured for this many requests; a run makes as many as it can, and is scaled to them.
REQUESTS = 1000

SCRIPT = """
local requests, next = {}, 0
local number = 0
function setup(thread) thread:set("number", number); number = number + 1 end
function init()
  local headers = {}
  for line in io.lines("%(folder)s/headers") do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  local bodies, tokens = io.open("%(folder)s/bodies"), io.open("%(folder)s/tokens")
  for path in io.lines("%(folder)s/paths") do
    if tokens then headers["Authorization"] = "bearer " .. tokens:read("*l") end
    requests[#requests + 1] = wrk.format("%(method)s", path, headers, bodies and bodies:read("*l"))
  end
  next = number * math.floor(#requests / %(threads)d)
end
function request()
  next = next %% #requests + 1
  return requests[next]
end
function done(summary, latency, all)
  local errors = summary.errors
  print("failed " .. errors.connect + errors.read + errors.write + errors.status + errors.timeout)
  print("requests " .. summary.requests)
  print("microseconds " .. summary.duration)
end
"""


def tool(name: str, package: str) -> str:
    if found := shutil.which(name):
        return found
    raise SystemExit(f"this line needs {name}: install Debian's package `{package}`")


class Load:
    """Requests that are sent over and over."""

    def __init__(self, url: str, method: str, paths: Sequence[str], headers: dict[str, str],
                 bodies: Sequence[str] = (), tokens: Sequence[str] = ()) -> None:
        """One request a path; `bodies` are as many, each on a line, and so are `tokens` of different users."""
        self.url, self.folder = url, tempfile.TemporaryDirectory(prefix="commons-load-")
        folder = pathlib.Path(self.folder.name)
        lines = lambda texts: "".join(f"{text}\n" for text in texts)  # noqa: E731
        (folder / "paths").write_text(lines(paths))
        (folder / "headers").write_text(lines(f"{name}: {value}" for name, value in headers.items()))
        if bodies:
            (folder / "bodies").write_text(lines(bodies))
        if tokens:
            (folder / "tokens").write_text(lines(tokens))
        self.script = folder / "requests.lua"
        self.script.write_text(SCRIPT % {"folder": folder, "method": method, "threads": THREADS})

    def run(self, seconds: int = SECONDS) -> tuple[int, float]:
        """The number of answers, all of them good, and the seconds that they took."""
        said = subprocess.run(
            [tool("wrk", "wrk"), "-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "20s",
             "-s", str(self.script), self.url], capture_output=True, text=True, check=True).stdout
        numbers = {name: int(number) for name, number in re.findall(r"^(failed|requests|microseconds) (\d+)", said, re.M)}
        if numbers["failed"]:
            raise RuntimeError(f"{numbers['failed']} of {numbers['requests']} requests failed:\n{said}")
        return numbers["requests"], numbers["microseconds"] / 1e6

    def taken(self, clock: Clock) -> Taken:
        """What [`REQUESTS`] of them take."""
        counted: list[tuple[int, float]] = []
        taken = clock.time(lambda: counted.append(self.run()), own=False)
        (count, seconds), = counted
        return Taken(seconds * REQUESTS / count, taken.cpu * REQUESTS / count)


def pgbench(url: str, script: str, clock: Clock, prepare: str = "") -> Taken:
    """What [`REQUESTS`] runs of a script take, prepared, by as many clients."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        said: list[str] = []
        taken = clock.time(lambda: said.append(subprocess.run(
            [tool("pgbench", "postgresql"), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", str(THREADS),
             "-T", str(SECONDS), "-f", file.name, url], capture_output=True, text=True, check=True,
            env={**os.environ, "PGOPTIONS": prepare}).stdout), own=False)
    rate = float(re.search(r"^tps = ([\d.]+)", said[0], re.M)[1])
    return Taken(REQUESTS / rate, taken.cpu / SECONDS * REQUESTS / rate)


def openssl(*arguments: str, pattern: str, operations: int = 1) -> Taken:
    """What [`REQUESTS`] times `operations` of `openssl speed` take on all cores."""
    cores = os.cpu_count() or 1
    said = subprocess.run([tool("openssl", "openssl"), "speed", "-multi", str(cores), "-seconds", "2", *arguments],
                          capture_output=True, text=True, check=True).stdout
    rate = float(re.search(pattern, said, re.M)[1]) / operations
    return Taken(REQUESTS / rate, REQUESTS * cores / rate)
