"""Real notebooks on this machine: launched, used through the gateway, ended, and cleared away after a crash.

Needs JupyterLab and the gen3 SDK in a Python environment that COMMONS_NOTEBOOK_ENVIRONMENT names:
`python3 -m venv DIR && DIR/bin/pip install jupyterlab gen3`. It is not among what `make test` installs, since it takes a
minute and 430 MB.
"""

import os
import pathlib
import signal
import subprocess
import time

import pytest
import requests

from harness.commons import Commons

ENVIRONMENT = os.environ.get("COMMONS_NOTEBOOK_ENVIRONMENT")
pytestmark = pytest.mark.skipif(not ENVIRONMENT, reason="COMMONS_NOTEBOOK_ENVIRONMENT names no environment")

CELL = pathlib.Path(__file__).with_name("cell.py")
ASKS_THE_COMMONS = """
from gen3.auth import Gen3Auth
from gen3.submission import Gen3Submission
auth = Gen3Auth()
print(auth.curl("/user/user").json()["username"], Gen3Submission(auth).query("{ __typename }")["data"])
"""

WELCOME = """
import json
for cell in json.load(open("welcome.ipynb"))["cells"]:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]))
print(auth.curl("/user/user").json()["username"], figures)
"""


class Space:
    """The workspace of a user."""

    def __init__(self, commons: Commons, user: str = "admin"):
        self.commons, self.url = commons, commons.url
        self.token = commons.token(user)

    def ask(self, method: str, path: str, **options) -> requests.Response:
        headers = {"Authorization": f"bearer {self.token}", **options.pop("headers", {})}
        return requests.request(method, f"{self.url}/lw-workspace/{path}", headers=headers, timeout=120,
                                allow_redirects=False, **options)

    def status(self) -> str:
        return self.ask("GET", "status").json()["status"]

    def until(self, wanted: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while (status := self.status()) != wanted:
            assert time.monotonic() < end, f"{status}, and not {wanted}"
            time.sleep(0.1)

    def launch(self) -> None:
        (option,) = self.ask("GET", "options").json()
        answer = self.ask("POST", f"launch?id={option['id']}")
        assert (answer.status_code, answer.text) == (200, "Success"), answer.text
        self.until("Running")

    def run(self, code: str) -> str:
        done = subprocess.run([f"{ENVIRONMENT}/bin/python", str(CELL), self.url, self.token, code],
                              capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
        return done.stdout


def up(state: pathlib.Path, *more: str) -> Commons:
    return Commons.up("--workspaces", "local", "--notebook-environment", ENVIRONMENT, *more, state=state)


def notebooks(state: pathlib.Path) -> list[int]:
    """Processes of notebook servers and kernels of this commons."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            running = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            continue
        if running and f"{state}/workspaces/homes".encode() in words:
            found.append(int(folder.name))
    return found


def until_gone(state: pathlib.Path) -> None:
    end = time.monotonic() + 20
    while left := notebooks(state):
        assert time.monotonic() < end, f"{left} still run"
        time.sleep(0.1)


def test_a_notebook_reads_the_commons_and_keeps_its_files(tmp_path):
    with up(tmp_path / "state") as commons:
        space = Space(commons)
        assert space.status() == "Not Found"
        space.launch()
        page = space.ask("GET", "proxy/lab")
        assert page.status_code == 200 and "JupyterLab" in page.text
        assert space.run(ASKS_THE_COMMONS).strip() == "admin {'__typename': 'Root'}"
        assert "admin" in space.run(WELCOME)
        space.run("open('kept.txt', 'w').write('kept')")
        key = space.run("import os; print(os.environ['API_KEY'])").strip()
        exchange = f"{commons.url}/user/credentials/api/access_token"
        assert requests.post(exchange, json={"api_key": key}, timeout=30).status_code == 200
        # What belongs to the commons is out of its sight, where the kernel allows that.
        secrets = space.run(f"import os; print(os.path.exists('{commons.state}/secrets.json'))").strip()
        walls = subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0
        assert secrets == ("False" if walls else "True")

        assert space.ask("POST", "terminate").text == "Terminated workspace"
        space.until("Not Found")
        assert requests.post(exchange, json={"api_key": key}, timeout=30).status_code == 401
        assert space.ask("GET", "proxy/lab").status_code == 404
        until_gone(commons.state)
        space.launch()
        assert space.run("print(open('kept.txt').read())").strip() == "kept"
    until_gone(tmp_path / "state")


def test_nobody_reaches_the_notebook_of_another(tmp_path):
    users = tmp_path / "user.yaml"
    users.write_text("""
authz:
  resources: [{name: workspace}]
  roles: [{id: spaces, permissions: [{id: spaces, action: {service: jupyterhub, method: access}}]}]
  policies: [{id: spaces, role_ids: [spaces], resource_paths: [/workspace]}]
users: {eve: {policies: [spaces]}, bob: {}}
""")
    with up(tmp_path / "state", "--user-yaml", str(users)) as commons:
        admin, eve, bob = Space(commons), Space(commons, "eve"), Space(commons, "bob")
        admin.launch()
        cookie = admin.ask("GET", "proxy/lab").headers.get("set-cookie", "")
        for name, value in [("REMOTE_USER", "admin"), ("Remote-User", "admin"), ("X-Gen3-User-Id", "admin"),
                            ("Cookie", f"access_token={admin.token}"), ("Cookie", cookie.split(";")[0] or "a=b")]:
            assert eve.ask("GET", "proxy/lab", headers={name: value}).status_code == 404, name
        away = bob.ask("GET", "proxy/lab")
        assert (away.status_code, away.headers["location"]) == (302, f"{commons.url}/no-workspace-access")
        nobody = requests.get(f"{commons.url}/lw-workspace/proxy/lab", timeout=30, allow_redirects=False)
        assert nobody.status_code == 302
        forged = admin.ask("POST", "proxy/api/kernels", headers={"Origin": "https://evil.example"}, json={})
        assert forged.status_code == 403


@pytest.mark.parametrize("moment", ["running", "launching", "terminating"])
def test_a_killed_commons_leaves_neither_a_notebook_nor_a_key(tmp_path, moment):
    state = tmp_path / "state"
    commons = up(state)
    space = Space(commons)
    if moment == "launching":
        (option,) = space.ask("GET", "options").json()
        assert space.ask("POST", f"launch?id={option['id']}").status_code == 200
    else:
        space.launch()
    if moment == "terminating":
        space.ask("POST", "terminate")
    commons.stop(signal.SIGKILL)
    until_gone(state)
    with up(state) as commons:
        space = Space(commons)
        space.until("Not Found")
        # Keys of workspaces are listed as all keys of their user are.
        listed = requests.get(f"{commons.url}/user/credentials/api", timeout=30,
                              headers={"Authorization": f"bearer {space.token}"})
        end = time.monotonic() + 20
        while any(key["jti"].startswith("ws-") for key in listed.json()["jtis"]):
            assert time.monotonic() < end, listed.text
            time.sleep(0.2)
            listed = requests.get(f"{commons.url}/user/credentials/api", timeout=30,
                                  headers={"Authorization": f"bearer {space.token}"})
        space.launch()
        assert space.run("print(6 * 7)").strip() == "42"
