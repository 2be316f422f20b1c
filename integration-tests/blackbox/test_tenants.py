"""`commons up --tenants`: two commons in one process, told apart by the host. Nothing of one opens anything of the other."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
import requests

from harness.commons import ROOT, free_port, program

TABLE = ROOT / "services/commons/tests/it/callers/table.txt"
NAMES = ("heart", "lung")
# What a path has in place of a name, such as {id:.+}.
PLACE = re.compile(r"\{[^}]*\}")


class Tenant:
    """One of the two, reached at the common port by its host."""

    def __init__(self, name: str, port: int, said: dict) -> None:
        self.name, self.host = name, f"{name}.localhost:{port}"
        self.base = f"http://127.0.0.1:{port}"
        self.state = pathlib.Path(said["state"])
        self.key = json.loads(pathlib.Path(said["api_key_file"]).read_text())

    def ask(self, method: str, path: str, token: str | None = None, **more) -> requests.Response:
        headers = {"Host": self.host, **more.pop("headers", {})}
        if token:
            headers["Authorization"] = f"bearer {token}"
        return requests.request(method, self.base + path, headers=headers, timeout=60, allow_redirects=False, **more)

    def run(self, *arguments: str) -> str:
        done = subprocess.run([str(program()), *arguments, "--state", str(self.state)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("town"), free_port()
    sections = [f'[tenant.{name}]\npublic-url = "http://{name}.localhost:{port}"\n' for name in NAMES]
    (folder / "tenants.toml").write_text("\n".join(sections) + "demo = true\n")
    command = [str(program()), "up", "--tenants", str(folder / "tenants.toml"), "--port", str(port), "--json",
               "--state", str(folder / "states")]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    assert line, (folder / "log").read_text()
    said = json.loads(line)["tenants"]
    yield {name: Tenant(name, port, said[name]) for name in NAMES}
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, (folder / "log").read_text()


def test_each_host_has_its_own_commons_and_others_have_none(town):
    heart, lung = (town[name] for name in NAMES)
    assert heart.state.name == "heart" and heart.state != lung.state
    counts = {}
    for tenant in town.values():
        token = tenant.run("user", "token", "admin")
        query = {"query": '{ _subject_count(project_id: "demo-airways") }'}
        answer = tenant.ask("POST", "/api/v0/submission/graphql", token, json=query)
        counts[tenant.name] = answer.json()["data"]["_subject_count"]
        assert tenant.ask("GET", "/user/.well-known/openid-configuration").json()["issuer"] == \
            f"http://{tenant.host}/user"
        assert json.loads(tenant.run("status", "--json"))["ready"] is True
    assert counts["heart"] == 0 < counts["lung"]
    for host in ("example.org", "127.0.0.1", "heart.localhost.example.org", "", "xheart.localhost"):
        answer = heart.ask("GET", "/user/user", headers={"Host": host, "X-Forwarded-Host": heart.host})
        assert answer.status_code == 421 and "heart" not in answer.text, host
    assert requests.get(f"{heart.base}/_ready", timeout=60).json() == {"ready": True}
    assert heart.ask("GET", "/_status", headers={"Host": "HEART.localhost."}).status_code == 200


def routes() -> list[tuple[str, str]]:
    """Every route that is reached from outside."""
    found, outside = [], False
    for line in TABLE.read_text().splitlines():
        if line.startswith(("  ", "-")) or not line:
            continue
        route = re.match(r"([A-Z]+) (/\S*)\s", line)
        if route is None:
            outside = ", from outside" in line
        elif outside:
            found.append((route[1], PLACE.sub("x", route[2])))
    return found


def test_a_token_of_one_is_as_good_as_a_forged_one_at_every_route_of_the_other(town):
    heart, lung = (town[name] for name in NAMES)
    token = heart.run("user", "token", "admin")
    head, body, signature = token.split(".")
    forged = ".".join((head, body, signature[:-8] + ("AAAAAAAA" if signature[-8:] != "AAAAAAAA" else "BBBBBBBB")))
    tried = routes()
    assert len(tried) > 300
    different = []
    for method, path in tried:
        answers = [lung.ask(method, path, given).status_code for given in (token, forged)]
        if answers[0] != answers[1]:
            different.append((method, path, answers))
    assert different == []
    own = lung.run("user", "token", "admin")
    assert lung.ask("GET", "/user/user", own).status_code == 200
    assert lung.ask("GET", "/user/user", token).status_code == 401


def test_neither_keys_nor_cookies_nor_ids_nor_signed_urls_cross(town):
    heart, lung = (town[name] for name in NAMES)
    for tenant, other in ((heart, lung), (lung, heart)):
        assert tenant.ask("POST", "/user/credentials/api/access_token", json=tenant.key).status_code == 200
        assert tenant.ask("POST", "/user/credentials/api/access_token", json=other.key).status_code == 401
    token = lung.run("user", "token", "admin")
    record = lung.ask("GET", "/index/index?limit=1").json()["records"][0]["did"]
    assert heart.ask("GET", f"/index/index/{record}").status_code == 404
    signed = lung.ask("GET", f"/user/data/download/{record}", token).json()["url"]
    assert signed.startswith(f"http://{lung.host}/")
    path = signed.removeprefix(f"http://{lung.host}")
    assert lung.ask("GET", path).status_code == 200
    assert heart.ask("GET", path).status_code in (403, 404)
    cookie = {"access_token": token}
    assert lung.ask("GET", "/user/user", cookies=cookie).status_code == 200
    assert heart.ask("GET", "/user/user", cookies=cookie).status_code == 401


def test_what_two_would_share_is_refused_before_anything_starts(tmp_path):
    file = tmp_path / "tenants.toml"
    file.write_text('[tenant.a]\npublic-url = "https://a.org"\n[tenant.b]\npublic-url = "https://A.org:8443"\n')
    for options, part in (([], "the same host"), (["--demo"], "--demo is about one commons")):
        command = [str(program()), "up", "--tenants", str(file), "--state", str(tmp_path / "s"), *options]
        failed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert failed.returncode == 3 and part in failed.stderr, failed.stderr
    assert not (tmp_path / "s" / "a").exists()


def test_in_the_background_they_start_stop_and_start_again(tmp_path):
    port = free_port()
    file = tmp_path / "tenants.toml"
    file.write_text(f'[tenant.one]\npublic-url = "http://one.localhost:{port}"\n')
    command = [str(program()), "up", "--tenants", str(file), "--port", str(port), "--state", str(tmp_path / "s"), "--detach"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
        assert done.returncode == 0 and f"http://one.localhost:{port}" in done.stderr + done.stdout, done.stderr
        headers = {"Host": f"one.localhost:{port}"}
        assert requests.get(f"http://127.0.0.1:{port}/_status", headers=headers, timeout=60).status_code == 200
        stop = [str(program()), "stop", "--state", str(tmp_path / "s" / "one")]
        assert subprocess.run(stop, timeout=90).returncode == 0
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            requests.get(f"http://127.0.0.1:{port}/_status", timeout=5)
        except requests.ConnectionError:
            return
        time.sleep(0.1)
    pytest.fail("it still answers")
