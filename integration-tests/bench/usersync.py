"""How long a user.yaml of 100,000 users takes: the first load, a run without a change, a run with some changes.

    python -m bench.usersync [--users N] [--check]

The file has 10,000 policies on 2,000 projects, 500 groups, and for each user an e-mail address, a label and three
policies; every tenth user has legacy access to a project as well. It is loaded into a running `commons up` by
`commons user sync`, against the databases' URLs as in a cluster. The memory is the most that the program itself held.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from harness.commons import Commons, program

FIRST, UNCHANGED = 60, 10


def write(path: pathlib.Path, users: int, projects: int = 2000, policies: int = 10_000, groups: int = 500,
          changed: int = 0) -> None:
    """A user.yaml; the first `changed` users hold another policy and another address than without."""
    of_project = policies // projects
    with path.open("w") as out:
        out.write("authz:\n  resources:\n    - name: programs\n      subresources:\n        - name: P\n"
                  "          subresources:\n            - name: projects\n              subresources:\n")
        for project in range(projects):
            out.write(f"                - {{name: x{project}}}\n")
        out.write("  roles:\n")
        for role in range(of_project):
            out.write(f"    - id: role{role}\n      permissions:\n"
                      f"        - {{id: p, action: {{service: fence, method: read-storage}}}}\n"
                      f"        - {{id: q{role}, action: {{service: 'service{role}', method: read}}}}\n")
        out.write("  policies:\n")
        for policy in range(policies):
            out.write(f"    - {{id: policy{policy}, role_ids: [role{policy % of_project}], "
                      f"resource_paths: [/programs/P/projects/x{policy // of_project}]}}\n")
        out.write("  groups:\n")
        for group in range(groups):
            members = ", ".join(f"user{user}@example.org" for user in range(group, users, groups * 5))
            out.write(f"    - {{name: group{group}, policies: [policy{group}], users: [{members}]}}\n")
        out.write("users:\n")
        for user in range(users):
            held = [(user * 7 + step * 331) % policies for step in range(3)]
            address = f"user{user}@example.org"
            if user < changed:
                held[0], address = (held[0] + 1) % policies, f"new{user}@example.org"
            out.write(f"  user{user}@example.org:\n    email: {address}\n    tags: {{site: s{user % 50}}}\n"
                      f"    policies: [{', '.join(f'policy{policy}' for policy in held)}]\n")
            if user % 10 == 0:
                out.write(f"    projects: [{{auth_id: x{user % projects}, privilege: [read, read-storage], "
                          f"resource: /programs/P/projects/x{user % projects}}}]\n")


def sync(commons: Commons, file: pathlib.Path) -> tuple[float, float, str]:
    """Seconds, MiB at most, and the last line that is told."""
    urls = {"FENCE_DATABASE_URL": commons.run("database", "url", "fence").strip(),
            "ARBORIST_DATABASE_URL": commons.run("database", "url", "arborist").strip()}
    started = time.perf_counter()
    process = subprocess.Popen([str(program()), "user", "sync", str(file), "--yes"], env={**os.environ, **urls},
                               stdout=subprocess.PIPE, text=True)
    told = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"commons user sync ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024, told.strip().splitlines()[-1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.usersync", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    asked = parser.parse_args()
    holds = True
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as folder, Commons.up() as commons:
        file, other = pathlib.Path(folder) / "user.yaml", pathlib.Path(folder) / "other.yaml"
        write(file, asked.users)
        write(other, asked.users, changed=asked.users // 100)
        print(f"{asked.users} users, {file.stat().st_size / 2**20:.1f} MiB, {program()}", file=sys.stderr)
        for what, which, goal in [("first load", file, FIRST), ("nothing changed", file, UNCHANGED),
                                  ("1 % of the users changed", other, None)]:
            seconds, memory, told = sync(commons, which)
            held = goal is None or seconds <= goal
            holds &= held
            said = "" if goal is None else f", goal ≤ {goal} s {'holds' if held else 'MISSED'}"
            print(f"{what}: {seconds:.1f} s, {memory:.0f} MiB{said}; {told}")
    return 1 if asked.check and not holds else 0


if __name__ == "__main__":
    sys.exit(main())
