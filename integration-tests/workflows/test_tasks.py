"""Tasks by the standard of GA4GH (TES 1.1), through the gateway of a whole commons, by py-tes and by plain HTTP."""

import hashlib
import json
import os
import pathlib
import signal
import time

import pytest
import requests
import tes

from harness.client import administrator
from harness.commons import Commons

USERS = """
authz:
  resources:
    - {name: services, subresources: [{name: workflow, subresources: [
        {name: gen3-workflow, subresources: [{name: tasks}]}]}]}
    - {name: data_file}
  roles:
    - {id: creator, permissions: [{id: create, action: {service: gen3-workflow, method: create}}]}
    - {id: reader, permissions: [{id: read, action: {service: gen3-workflow, method: read}}]}
  policies:
    - {id: tasks, role_ids: [creator], resource_paths: [/services/workflow/gen3-workflow/tasks]}
    - {id: all-tasks, role_ids: [reader], resource_paths: [/services/workflow/gen3-workflow/tasks]}
users:
  ada: {policies: [tasks]}
  eve: {policies: [tasks]}
  root: {policies: [all-tasks]}
  bob: {}
"""
OVER = {"COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED"}


class User:
    """A user of tasks."""

    def __init__(self, commons: Commons, name: str):
        self.url = f"{commons.url}/ga4gh/tes/v1"
        self.token = commons.token(name)
        self.client = tes.HTTPClient(commons.url, timeout=30, token=self.token)

    def ask(self, method: str, path: str, **options) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=60, **options)

    def make(self, script: str = "true", **more) -> str:
        task = {"executors": [{"image": "ubuntu:22.04", "command": ["sh", "-c", script]}], **more}
        answer = self.ask("POST", "/tasks", json=task)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def show(self, task: str) -> dict:
        return self.ask("GET", f"/tasks/{task}?view=FULL").json()

    def until(self, task: str, *states: str, seconds: float = 60) -> dict:
        end = time.monotonic() + seconds
        while (shown := self.show(task))["state"] not in (states or OVER):
            assert time.monotonic() < end and (states == () or shown["state"] not in OVER), shown
            time.sleep(0.1)
        return shown

    def folder(self) -> str:
        (folder,) = self.ask("GET", "/service-info").json()["storage"]
        return folder

    def kept(self, task: str, number: int) -> bytes:
        url = self.ask("GET", f"/tasks/{task}/outputs/{number}").json()["url"]
        answer = requests.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.content


def up(state: pathlib.Path, *more: str) -> Commons:
    users = state.parent / "user.yaml"
    users.write_text(USERS)
    return Commons.up("--workflows", "local", "--workflow-image", "ubuntu:*", "--workflow-image", "own/{username}",
                      "--user-yaml", str(users), *more, state=state)


@pytest.fixture(scope="module")
def commons(tmp_path_factory):
    with up(tmp_path_factory.mktemp("tasks") / "state") as commons:
        yield commons


@pytest.fixture(scope="module")
def ada(commons):
    user = User(commons, "ada")
    shown = user.until(user.make())
    if "there are no walls" in json.dumps(shown):
        pytest.skip("this machine gives no namespaces")
    return user


def processes(word: str) -> list[int]:
    """Processes with this word among their arguments."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            running = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            continue
        if running and word.encode() in words:
            found.append(int(folder.name))
    return found


def until_gone(word: str) -> None:
    end = time.monotonic() + 20
    while left := processes(word):
        assert time.monotonic() < end, f"{left} still run"
        time.sleep(0.1)


def test_py_tes_runs_a_task_and_its_outputs_are_inputs_of_the_next(commons, ada):
    info = ada.client.get_service_info()
    assert (info.type["artifact"], info.type["version"]) == ("tes", "1.1.0")
    folder = ada.folder()
    task = tes.Task(
        name="count", tags={"WORKFLOW": "w1"},
        inputs=[tes.Input(path="/data/words", content="one two three")],
        outputs=[tes.Output(path="/out/count", url=f"{folder}a/count"),
                 tes.Output(path="/out/all", url=f"{folder}a/all", type="DIRECTORY")],
        volumes=["/vol"], resources=tes.Resources(cpu_cores=1, ram_gb=1),
        executors=[
            tes.Executor(image="ubuntu:22.04", command=["sh", "-c", "wc -w >/vol/n"], stdin="/data/words"),
            tes.Executor(image="ubuntu", command=["sh", "-c", "cat n; mkdir -p /out/all/b; echo $X >/out/all/b/c"],
                         workdir="/vol", stdout="/out/count", env={"X": "y"})])
    name = ada.client.create_task(task)
    done = ada.client.wait(name, timeout=60)
    full = ada.client.get_task(name, view="FULL")
    assert done.state == "COMPLETE" and [log.exit_code for log in full.logs[0].logs] == [0, 0], full
    assert full.logs[0].logs[1].stdout.strip() == "3" and full.tags == {"WORKFLOW": "w1"}
    kept = [(log.path, log.url, int(log.size_bytes)) for log in full.logs[0].outputs]
    assert kept == [("/out/count", f"{folder}a/count", 2), ("/out/all/b/c", f"{folder}a/all/b/c", 2)]
    assert (ada.kept(name, 0), ada.kept(name, 1)) == (b"3\n", b"y\n")
    assert name in [task.id for task in ada.client.list_tasks(view="MINIMAL").tasks]
    assert "one two three" not in ada.ask("GET", f"/tasks/{name}?view=BASIC").text

    read = ada.make("cat /in/count /in/all/b/c", inputs=[
        {"path": "/in/count", "url": f"{folder}a/count"},
        {"path": "/in/all", "url": f"{folder}a/all", "type": "DIRECTORY"}])
    assert ada.until(read)["logs"][0]["logs"][0]["stdout"] == "3\ny\n"


def test_a_file_of_the_commons_is_read_by_who_may(commons, ada, tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(3 << 20))
    admin = administrator(commons)
    record = admin.post("/user/data/upload", json={"file_name": "file"})
    assert record.status_code == 201, record.text
    guid = record.json()["guid"]
    assert requests.put(record.json()["url"], data=(tmp_path / "file").read_bytes(), timeout=60).status_code == 200
    owner = User(commons, "admin")
    end = time.monotonic() + 30
    task = {"executors": [{"image": "ubuntu", "command": ["md5sum", "/in/file"]}],
            "inputs": [{"path": "/in/file", "url": f"drs://{guid}"}]}
    while (made := owner.ask("POST", "/tasks", json=task)).status_code != 200:
        assert time.monotonic() < end, made.text
        time.sleep(0.2)
    said = owner.until(made.json()["id"])
    digest = hashlib.md5((tmp_path / "file").read_bytes()).hexdigest()
    assert said["state"] == "COMPLETE" and said["logs"][0]["logs"][0]["stdout"].startswith(digest), said
    refused = ada.ask("POST", "/tasks", json=task)
    assert refused.status_code == 400 and "may not read it" in refused.text


def test_users_do_not_see_each_others_tasks(commons, ada):
    eve, bob, root = User(commons, "eve"), User(commons, "bob"), User(commons, "root")
    mine = ada.make(name="mine")
    for other in (eve, bob):
        assert mine not in other.ask("GET", "/tasks?page_size=2000").text
        assert other.ask("GET", f"/tasks/{mine}").status_code == 404
        assert other.ask("POST", f"/tasks/{mine}:cancel").status_code == 404
        assert other.ask("GET", f"/tasks/{mine}/outputs/0").status_code == 404
    assert root.ask("GET", f"/tasks/{mine}").json()["name"] == "mine"
    assert root.ask("POST", f"/tasks/{mine}:cancel").status_code == 404
    assert bob.ask("POST", "/tasks", json={"executors": []}).status_code == 403
    assert requests.get(f"{commons.url}/ga4gh/tes/v1/tasks", timeout=30).status_code == 401
    stolen = {"executors": [{"image": "ubuntu", "command": ["true"]}],
              "inputs": [{"path": "/in/a", "url": f"{ada.folder()}a/count"}]}
    assert eve.ask("POST", "/tasks", json=stolen).status_code == 400


@pytest.mark.parametrize("more, status", [
    ({"executors": [{"image": "alpine", "command": ["true"]}]}, 403),
    ({"executors": [{"image": "own/eve", "command": ["true"]}]}, 403),
    ({"inputs": [{"path": f"/in/{n}", "content": "x"} for n in range(10_000)]}, 400),
    ({"inputs": [{"path": "/in/a", "url": "http://169.254.169.254/latest"}]}, 400),
    ({"inputs": [{"path": "/in/a", "url": "file:///etc/passwd"}]}, 400),
    ({"inputs": [{"path": "/in/../etc/passwd", "content": "x"}]}, 400),
    ({"inputs": [{"path": "/in/a", "content": "x"}], "volumes": ["/in/a/b"]}, 400),
    ({"volumes": ["/usr/lib"]}, 400),
    ({"volumes": ["/a/../.."]}, 400),
    ({"outputs": [{"path": "/out/a", "url": "s3://commons-data/x"}]}, 400),
    ({"tags": ["a"]}, 400),
    ({"tags": {"_worker_sa": "a"}}, 400),
])
def test_what_may_not_be_is_refused(ada, more, status):
    task = {"executors": [{"image": "ubuntu", "command": ["true"]}], **more}
    answer = ada.ask("POST", "/tasks", json=task)
    assert answer.status_code == status and answer.json()["detail"], answer.text


def test_a_task_gets_nothing_of_the_machine(commons, ada):
    for script in [f"cat {commons.state}/secrets.json", "cat /etc/shadow", "ls /home/*", "kill -9 -1 && ls /proc/2",
                   f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{commons.url.rsplit(':', 1)[1]}'"]:
        assert ada.until(ada.make(script))["state"] == "EXECUTOR_ERROR", script
    sly = ada.make(f"mkdir -p /out; ln -s {commons.state}/secrets.json /out/a; ln -s ../../../../secrets.json /out/b",
                   outputs=[{"path": "/out/a", "url": f"{ada.folder()}sly"}])
    assert ada.until(sly)["state"] == "SYSTEM_ERROR"


def test_a_canceled_task_is_gone(ada):
    task = ada.make("(setsid sleep 7771 &) ; sleep 7771")
    ada.until(task, "RUNNING")
    end = time.monotonic() + 20
    while len(processes("7771")) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    ada.client.cancel_task(task)
    assert ada.until(task)["state"] == "CANCELED"
    until_gone("7771")


def test_a_killed_commons_leaves_no_process_and_every_task_ends(tmp_path):
    state = tmp_path / "state"
    commons = up(state, "--workflow-most", "2")
    ada = User(commons, "ada")
    first = ada.until(ada.make())
    if "there are no walls" in json.dumps(first):
        commons.cleanup()
        pytest.skip("this machine gives no namespaces")
    running = ada.make("sleep 7772.5 & [ -e /vol/x ] || sleep 4", volumes=["/vol"])
    canceled = ada.make("sleep 7772.5")
    waiting = ada.make("echo done")
    ada.until(running, "RUNNING")
    ada.until(canceled, "RUNNING")
    assert ada.show(waiting)["state"] == "QUEUED"
    ada.ask("POST", f"/tasks/{canceled}:cancel")
    commons.stop(signal.SIGKILL)
    until_gone("7772.5")
    with up(state, "--workflow-most", "2") as commons:
        ada = User(commons, "ada")
        again = ada.until(running)
        assert again["state"] == "COMPLETE" and len(again["logs"]) == 2, again
        assert ada.until(canceled)["state"] == "CANCELED"
        assert ada.until(waiting)["state"] == "COMPLETE"
        assert list((state / "workflows").glob("*")) == []
