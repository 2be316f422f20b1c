"""Whose pages people see: `--portal embedded|none|URL` of `commons up` and of the gateway alone, `commons serve portal`;
and a commons without explorer."""

import contextlib
import http.server
import json
import subprocess
import threading
import time

import pytest
import requests

from harness.client import administrator
from harness.commons import Commons, free_port, program

HTML = {"Accept": "text/html,*/*;q=0.8"}


class Theirs(http.server.BaseHTTPRequestHandler):
    """Another portal: says which path it was asked for."""

    def do_GET(self) -> None:
        body = f"theirs {self.path}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def theirs():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Theirs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def serving(service: str, *options: str):
    """`commons serve SERVICE` on a free port, once it has started."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [str(program()), "serve", service, "--host", "127.0.0.1", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not has_started(url):
            assert process.poll() is None and time.monotonic() < end, "it does not start"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def has_started(url: str) -> bool:
    try:
        return requests.get(f"{url}/startupz", timeout=5).ok
    except requests.ConnectionError:
        return False


def of_theirs(url: str) -> None:
    for path in ("/", "/login", "/bundle.js", "/discovery/x?y=1", "/src/img/logo.png"):
        answer = requests.get(url + path, headers=HTML if path == "/login" else {})
        assert (answer.status_code, answer.text) == (200, f"theirs {path}")
    assert requests.get(f"{url}/_status").json()["message"] == "Feelin good!"


def test_another_portal_gets_what_no_service_answers(theirs):
    with Commons.up("--portal", theirs) as commons:
        of_theirs(commons.url)
        assert commons.announcement["portal"] == f"{theirs}/"
        assert "theirs" not in requests.get(f"{commons.url}/user/user").text
        assert requests.get(f"{commons.url}/user/metrics").status_code in (403, 404), "what is denied stays so"
        assert administrator(commons).get("/api/v0/submission/").status_code == 200


def test_a_commons_without_pages_and_without_explorer():
    with Commons.up("--portal", "none", "--no-explorer", "--service-ports") as commons:
        first = requests.get(commons.url)
        assert first.status_code == 200 and "services" in first.json()
        assert requests.get(f"{commons.url}/query", headers=HTML).status_code == 404
        assert "portal" not in commons.services
        assert json.loads(commons.run("status", "--json"))["explorer"]["indices"] == []
        assert "_aggregation" not in administrator(commons).post(
            "/guppy/graphql", json={"query": "{ __schema { queryType { fields { name } } } }"}).text


def test_status_tells_what_the_explorer_has():
    with Commons.up("--demo") as commons:
        indices = json.loads(commons.run("status", "--json"))["explorer"]["indices"]
        assert indices and all(index["documents"] > 0 and index["as_of"] for index in indices)
        told = commons.run("status")
        assert all(f"{index['name']}: {index['documents']} documents" in told for index in indices)


def test_the_gateway_alone_leads_to_the_pages_of_the_portal_alone(theirs, tmp_path):
    (tmp_path / "gitops.json").write_text(json.dumps({"components": {"appName": "Alone"}}))
    gateway = ["--public-url", "http://127.0.0.1:1", "--arborist-url", "http://127.0.0.1:1"]
    with serving("portal", "--portal-config", str(tmp_path)) as portal:
        with serving("gateway", *gateway, "--portal", "embedded", "--upstream", f"portal={portal}") as url:
            page = requests.get(f"{url}/dd", headers=HTML)
            assert (page.status_code, "Alone" in page.text) == (200, True), page.text
            assert requests.get(f"{url}/nowhere", headers=HTML).status_code == 404
            assert requests.get(f"{url}/nowhere").json()["message"] == "nothing is served at this path"
    with serving("gateway", *gateway, "--portal", theirs) as url:
        of_theirs(url)
    for wrong in ("yes", "ftp://x"):
        failed = subprocess.run([str(program()), "up", "--portal", wrong], capture_output=True, text=True)
        assert failed.returncode == 2 and "embedded" in failed.stderr
