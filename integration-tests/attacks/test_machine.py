"""What another account of the same machine can do: reach loopback, read files that are not private, watch a start.

As root the attempts are made by the account `nobody`; otherwise by that of the tests, without what it could read.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading

import pytest
import requests

from attacks.town import USERS
from harness.commons import Commons, program

ROOT = os.geteuid() == 0
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if ROOT else []
LISTENS = "0A"
# Requests that give or show rights, of every service's own routes.
POWERS = [
    ("GET", "/user", None), ("GET", "/policy", None), ("GET", "/resource", None),
    ("POST", "/user/attacker/policy", {"policy": "commons_administrator"}),
    ("POST", "/auth/mapping", {"username": "admin"}),
    ("POST", "/auth/request", {"user": {"token": "x"}, "request": {
        "resource": "/", "action": {"service": "*", "method": "*"}}}),
    ("GET", "/v0/submission/", None), ("POST", "/graphql", {"query": "{ project { code } }"}),
    ("GET", "/index/", None), ("GET", "/jwt/keys", None),
    ("GET", "/v1/runs", None), ("POST", "/v1/runs", {"kind": "etl"}), ("POST", "/dispatch", {"action": "export"}),
    ("POST", "/v1/sets", {"name": "x", "members": ["x"]}),
]


def ports(process: int) -> set[int]:
    """The ports on which a process listens."""
    sockets = set()
    for entry in pathlib.Path(f"/proc/{process}/fd").iterdir():
        try:
            sockets.add(os.readlink(entry))
        except OSError:
            continue
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and f"socket:[{fields[9]}]" in sockets:
                found.add(int(fields[1].split(":")[1], 16))
    return found


def as_another(code: str, *arguments: str) -> str:
    """What a Python program prints that another account runs."""
    done = subprocess.run([*AS_NOBODY, sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd="/",
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


ASK = """
import json, sys, urllib.error, urllib.request
port, powers = sys.argv[1], json.loads(sys.argv[2])
for method, path, body in powers:
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    try:
        status = urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        status = error.code
    print(json.dumps([method, path, status]))
"""


@pytest.mark.parametrize("mode", [(), ("--remote-calls",)], ids=["direct", "remote-calls"])
def test_no_port_of_a_commons_gives_rights_to_who_only_reaches_it(mode):
    with Commons.up("--user-yaml", str(USERS), *mode) as commons:
        listening = ports(commons.process.pid)
        assert len(listening) == (17 if mode else 2), listening
        for port in listening:
            for line in as_another(ASK, str(port), json.dumps(POWERS)).splitlines():
                method, path, status = json.loads(line)
                # What may be seen through the gateway is for everybody, and other suites' matter.
                public = method == "GET" and commons.url.endswith(f":{port}")
                assert public or status >= 400, f"{method} {path} on port {port}: {status}"
        token = {"Authorization": f"bearer {commons.token('attacker')}"}
        rights = requests.get(f"{commons.url}/authz/mapping", headers=token, timeout=30)
        assert "/services/sheepdog/submission/program" not in rights.text, "the attacker is no administrator"


def test_the_development_login_wants_the_code_of_the_state_folder():
    with Commons.up() as commons:
        code = re.search(r"code=([^&]+)", commons.login_url).group(1)
        page = f"{commons.url}/user/login/dev"
        for wrong in (None, "", code[:-1], code.upper(), f"{code}x"):
            given = {"code": wrong} if wrong is not None else {}
            asked = requests.get(page, {"redirect": commons.url, **given}, timeout=30)
            assert asked.status_code == 401 and 'name="username"' not in asked.text, wrong
        session = requests.Session()
        assert session.get(page, params={"redirect": commons.url, "code": code}, timeout=30).status_code == 200
        for name, value in (("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("Via", "1.1 proxy")):
            passed_on = requests.get(page, {"redirect": commons.url, "code": code}, headers={name: value}, timeout=30)
            assert passed_on.status_code == 403, name
        assert code in (commons.state / "secrets.json").read_text()


def readable(folder: pathlib.Path) -> list[str]:
    """What in a folder others can read or enter; not what is below a folder that they cannot enter."""
    open_to_others = []
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077:
            open_to_others.append(str(path.relative_to(folder)))
    return open_to_others


def test_a_state_folder_that_others_could_read_is_private_from_the_start(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    for name in ("postgres.log", "commons.log"):
        (state / name).touch()
        (state / name).chmod(0o644)
    state.chmod(0o755)
    mask = os.umask(0o022)
    try:
        with Commons.up(state=state) as commons:
            made = requests.post(f"{commons.url}/user/data/upload", json={"file_name": "a"}, timeout=30,
                                 headers={"Authorization": f"bearer {commons.token('admin')}"})
            assert requests.put(made.json()["url"], data=b"bytes", timeout=30).status_code == 200
            assert readable(state) == []
    finally:
        os.umask(mask)


class Watcher(threading.Thread):
    """Looks all the time at what there is in a folder, and which arguments processes have."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.seen, self.done = folder, set(), threading.Event()
        self.arguments = set()

    def run(self):
        while not self.done.is_set():
            self.seen.update(os.listdir(self.folder))
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    try:
                        self.arguments.add(pathlib.Path(f"/proc/{entry}/cmdline").read_bytes())
                    except OSError:
                        continue


def test_a_first_start_shows_no_password_and_leaves_nothing_in_the_folder_for_temporary_files(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o777)
    temporary.chmod(0o1777)
    watcher = Watcher(temporary)
    watcher.start()
    with Commons.up(state=tmp_path / "state", env={"TMPDIR": str(temporary)}) as commons:
        watcher.done.set()
        watcher.join()
        secrets = json.loads((commons.state / "secrets.json").read_text())
        assert watcher.seen == set(), "a cluster is made in the state folder"
        told = b"\n".join(watcher.arguments)
        for name, value in secrets.items():
            assert name == "indexd_user" or value.encode() not in told, f"{name} is among the arguments of a process"


def test_starts_that_are_killed_leave_no_password_behind(tmp_path):
    temporary, state = tmp_path / "temporary", tmp_path / "state"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    for seconds in (0.1, 0.2, 0.4, 0.8):
        process = subprocess.Popen([str(program()), "up", "--port", "0", "--state", str(state)], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
    with Commons.up(state=state, env={"TMPDIR": str(temporary)}) as commons:
        assert os.listdir(temporary) == []
        assert [path.name for path in state.iterdir() if path.name.startswith("postgres.new")] == []
        assert commons.run("user", "list")


@pytest.mark.skipif(not ROOT or not shutil.which("setpriv"), reason="only root can act as another account")
def test_another_account_reads_nothing_of_a_state_folder():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Commons.up(state=pathlib.Path(folder) / "state") as commons:
            code = "import os, sys\ntry: print(os.listdir(sys.argv[1]))\nexcept PermissionError: print('refused')"
            assert as_another(code, str(commons.state)).strip() == "refused"


@pytest.mark.skipif(not ROOT or not shutil.which("setpriv"), reason="only root can act as another account")
def test_nobody_can_stand_in_for_the_database_while_it_is_away_or_reach_it():
    """A port would be anybody's between two runs of the server."""
    code = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected")
except PermissionError:
    print("refused")
"""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Commons.up(state=pathlib.Path(folder) / "state") as commons:
            data = commons.state / "postgres"
            server = int((data / "postmaster.pid").read_text().splitlines()[0])
            assert ports(server) == set()
            [place] = [path for path in data.glob(".s.PGSQL.*") if path.suffix != ".lock"]
            assert as_another(code, str(place)).strip() == "refused"
            # Also where the state folder itself were open.
            assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0
