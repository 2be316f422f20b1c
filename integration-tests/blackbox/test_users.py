"""Users and their rights by the program's commands: where a user.yaml may be, databases by URL, why and who."""

import contextlib
import functools
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from harness.commons import Commons, program

RIGHTS = """
authz:
  resources: [{name: programs, subresources: [{name: P}, {name: Q}]}]
  roles: [{id: reader, permissions: [{id: reader, action: {service: fence, method: read-storage}}]}]
  policies:
    - {id: read-P, role_ids: [reader], resource_paths: [/programs/P]}
    - {id: read-Q, role_ids: [reader], resource_paths: [/programs/Q]}
  groups: [{name: team, policies: [read-Q], users: [bob]}]
users:
  ada: {policies: [read-P], email: ada@example.org}
  bob: {policies: [read-P]}
  eve: {policies: [read-P]}
"""


def run(*arguments, env=None):
    """Runs the program; its exit status and what it said."""
    done = subprocess.run([str(program()), *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def commons():
    with Commons.up("--service-ports") as running:
        yield running


@pytest.fixture
def users(commons, tmp_path):
    """The file, loaded."""
    file = tmp_path / "user.yaml"
    file.write_text(RIGHTS)
    commons.run("user", "sync", str(file), "--yes")
    return file


def by_url(commons):
    return {"FENCE_DATABASE_URL": commons.run("database", "url", "fence").strip(),
            "ARBORIST_DATABASE_URL": commons.run("database", "url", "arborist").strip()}


@contextlib.contextmanager
def served(folder):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_user_yaml_may_be_a_folder_an_address_or_in_a_git_repository(commons, users):
    folder = users.parent
    with served(folder) as address:
        sources = [users, folder, f"{address}/user.yaml"]
        git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
        for step in (["init", "-q", "-b", "main"], ["add", "user.yaml"], ["commit", "-q", "-m", "users"]):
            subprocess.run([*git, *step], check=True)
        sources += [f"git+file://{folder}", f"git+file://{folder}#main:user.yaml"]
        for source in sources:
            assert "nothing to change" in commons.run("user", "sync", str(source)), source
        code, said = run("user", "sync", f"{address}/nope.yaml", "--state", commons.state)
        assert code == 1 and "404" in said
        code, said = run("user", "sync", f"git+file://{folder}#other", "--state", commons.state)
        assert code == 1 and "git says" in said


def test_the_first_hundred_problems_are_told_with_their_lines(tmp_path):
    bad = tmp_path / "user.yaml"
    bad.write_text("users:\n" + "".join(f"  u{number}: {{policies: [nope]}}\n" for number in range(10_000)))
    code, said = run("user", "validate", bad)
    assert code == 4 and "line 101, column" in said and "line 102, column" not in said and "9900 more" in said
    code, said = run("user", "validate", bad, "--json")
    answer = json.loads(said.splitlines()[0])
    assert (code, answer["valid"], answer["errors"], len(answer["problems"])) == (4, False, 10_000, 100)
    assert answer["problems"][0]["line"] == 2


def test_databases_by_url_are_synced_and_a_preview_changes_nothing(commons, users):
    more = users.with_name("more.yaml")
    more.write_text(RIGHTS.replace("  eve: {policies: [read-P]}", "  eve: {policies: [read-P, read-Q]}\n  fay: {}"))
    env = by_url(commons)
    code, said = run("user", "sync", more, "--dry-run", "--json", env=env)
    planned = json.loads(said)
    assert code == 0 and planned["dry_run"]
    assert {"what": "account created", "name": "fay"} in planned["accounts"]
    assert {"what": "granted to user", "name": "eve: read-Q"} in planned["changes"]
    assert "fay" not in commons.run("user", "list")
    code, said = run("user", "sync", more, "--yes", env=env)
    assert code == 0 and "account created fay" in said and "granted to user eve: read-Q" in said, said
    assert "fay" in run("user", "list", env=env)[1]
    code, said = run("user", "sync", more, env={"FENCE_DATABASE_URL": env["FENCE_DATABASE_URL"]})
    assert code == 3 and "--arborist-database" in said


def test_more_losers_than_allowed_stop_the_run(commons, users):
    less = users.with_name("less.yaml")
    less.write_text(RIGHTS.replace("  eve: {policies: [read-P]}\n", ""))
    code, said = run("user", "sync", less, "--max-removals", "0", "--state", commons.state)
    assert code == 4 and "1 users would lose all of their rights" in said and "eve" in said
    assert "read-P" in commons.run("user", "show", "eve")
    assert "revoked from user eve" in commons.run("user", "sync", str(less), "--max-removals", "1")


def test_a_disabled_user_has_nothing_any_more(commons, users):
    shown = json.loads(commons.run("user", "show", "bob", "--json"))
    assert [group["name"] for group in shown["groups"]] == ["team"] and shown["active"]
    token = commons.token("bob")
    assert "disabled" in commons.run("user", "disable", "bob")
    shown = json.loads(commons.run("user", "show", "bob", "--json"))
    assert (shown["groups"], shown["policies"], shown["active"]) == ([], [], False)
    mapping = urllib.request.Request(f"{commons.url}/authz/mapping", headers={"Authorization": f"bearer {token}"})
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(mapping, timeout=30) as answer:
        assert json.load(answer) == {}
    commons.run("user", "enable", "bob")
    assert "team" not in commons.run("user", "show", "bob")
    commons.run("user", "sync", str(users))
    assert "team" in commons.run("user", "show", "bob")
    assert run("user", "show", "nobody", "--state", commons.state)[0] == 3


def status(commons, path, token, body=None):
    headers = {"Authorization": f"bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{commons.url}{path}", data=body and json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_no_service_takes_the_token_of_somebody_who_was_shut_out(commons, users):
    graph = ("/api/v0/submission/graphql", {"query": "{project {project_id}}"})
    calls = [("/user/user", None), ("/authz/resources", None), ("/authz/v1/explain?resource=/programs/P", None),
             ("/authz?resource=/programs/P&method=read-storage&service=fence", None), graph,
             ("/api/v0/submission/", {"type": "program", "name": "N", "dbgap_accession_number": "N"}),
             ("/user/data/upload", {"file_name": "a.txt"})]

    def told(token):
        return [status(commons, path, token, body) for path, body in calls]

    by_command, by_request, other = (commons.token(name) for name in ("ada", "eve", "bob"))
    before = told(other)
    assert before == [200] * 5 + [403] * 2
    commons.run("user", "disable", "ada")
    admin = commons.token("admin")
    soft = urllib.request.Request(f"{commons.url}/user/admin/user/eve/soft", method="DELETE",
                                  headers={"Authorization": f"bearer {admin}"})
    with urllib.request.urlopen(soft, timeout=30) as answer:
        assert json.load(answer)["active"] is False
    for token in (by_command, by_request):
        assert told(token) == [401] * len(calls)
        assert status(commons, "/authz/mapping", token) == 400
    assert told(other) == before
    commons.run("user", "sync", str(users), "--yes")
    assert told(by_command) == [401] * len(calls), "a sync lets nobody in"
    told_why = commons.run("authz", "explain", "ada", "/programs/P", "fence", "read-storage")
    assert "ada may not" in told_why and "ada is deactivated" in told_why
    time.sleep(1.1)  # Times in tokens are whole seconds.
    commons.run("user", "enable", "ada")
    assert told(by_command) == [401] * len(calls), "what ended stays ended"
    assert told(commons.token("ada")) == before


def ask(commons, path, user=None):
    headers = {"Authorization": f"bearer {commons.token(user)}"} if user else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{commons.url}{path}", headers=headers)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_why_who_and_what_changed(commons, users):
    told = commons.run("authz", "explain", "bob", "/programs/Q", "fence", "read-storage")
    assert "bob may do fence read-storage on /programs/Q" in told and "by the group team" in told
    told = commons.run("authz", "explain", "ada", "/programs/Q/x", "fence", "read-storage")
    assert "ada may not" in told and "the policy read-Q on /programs/Q, which the groups team have" in told
    assert "whoever maintains the user.yaml" in told
    found = json.loads(commons.run("authz", "who", "/programs/Q", "fence", "read-storage", "--json"))
    assert [one["who"] for one in found["users"]] == ["admin", "bob"]

    path = "/authz/v1/explain?resource=/programs/Q&service=fence&method=read-storage"
    status, answer = ask(commons, path, "bob")
    assert (status, answer["allowed"], answer["because"][0]["via"]) == (200, True, {"group": "team"})
    assert ask(commons, f"{path}&user=bob", "ada")[0] == 403
    status, answer = ask(commons, f"{path}&user=ada", "admin")
    assert (status, answer["allowed"], answer["remedies"][0]["policy"]) == (200, False, "read-Q")
    assert ask(commons, path)[0] == 401

    commons.run("user", "sync", str(users))
    less = users.with_name("fewer.yaml")
    less.write_text(RIGHTS.replace("users: [bob]", "users: []"))
    commons.run("user", "sync", str(less))
    told = commons.run("authz", "changes", "bob", "--since", "2020-01-01")
    assert "bob left the group team" in told.splitlines()[0] and "(by user-sync)" in told
    status, answer = ask(commons, "/authz/v1/changes?since=2020-01-01T00:00:00Z", "bob")
    assert status == 200 and answer["events"][0]["text"] == "bob left the group team"


def test_the_job_of_old_run_books_and_access_files_of_dbgap(commons, users):
    folder = users.parent / "dbgap"
    folder.mkdir()
    row = '"Doe, F",fay@nih,eRA,PI,fay@x.org,1,active,phs000178.v1.p1.c1,set,2017,2017,2018\n'
    head = "user name, login, authority, role, email, phone, status, phsid, permission set, created, updated, expires\n"
    (folder / "authentication_file_phs000178.csv").write_text(head + row)
    code, said = run("fence-create", "sync", "--arborist", "http://arborist-service", "--yaml", users,
                     "--csv_dir", folder, "--state", commons.state)
    assert code == 0 and "account created fay@nih" in said, said
    told = commons.run("authz", "explain", "fay@nih", "/programs/phs000178.c1", "guppy", "read")
    assert "fay@nih may do guppy read" in told
    (folder / "authentication_file_phs000178.csv").write_text("<html>502</html>")
    code, said = run("user", "sync", users, "--dbgap", folder, "--state", commons.state)
    assert code == 1 and "has no column `login`" in said
    assert "may do" in commons.run("authz", "explain", "fay@nih", "/programs/phs000178.c1", "guppy", "read")
