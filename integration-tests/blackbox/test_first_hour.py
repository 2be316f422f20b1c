"""What somebody does in the first hour, with the program's own commands and public tools."""

import json
import pathlib
import subprocess
import sys

import pytest

from harness.commons import Commons, program


def run(*arguments, **options):
    """Runs the program; its exit status and all that it said."""
    done = subprocess.run([str(program()), *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    return done.returncode, done.stdout + done.stderr


def test_public_tools_read_our_dictionary(tmp_path):
    merged, pfb = tmp_path / "dictionary.json", tmp_path / "schema.avro"
    assert run("dictionary", "dump", "--out", merged)[0] == 0
    tool = pathlib.Path(sys.executable).with_name("pfb")
    made = subprocess.run([tool, "from", "-o", pfb, "dict", merged], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    shown = subprocess.run([tool, "show", "-i", pfb, "nodes"], capture_output=True, text=True, timeout=120)
    assert {"subject", "imaging_study"} <= set(shown.stdout.split()), shown.stderr


def test_the_demonstration_loads_although_nobody_here_reaches_the_public_url():
    options = ("--demo", "--public-url", "https://commons.invalid", "--no-development-login")
    with Commons.up(*options) as commons:
        log = (commons.state.parent / f"{commons.state.name}.log").read_text()
        assert "could not be loaded" not in log
        local = json.loads((commons.state / "run.json").read_text())["local_url"]
        query = '{ _subject_count(project_id: "demo-airways") }'
        answer = subprocess.run(
            ["curl", "-sS", f"{local}/api/v0/submission/graphql", "-H", "Content-Type: application/json",
             "-H", f"Authorization: bearer {commons.token('admin')}", "-d", json.dumps({"query": query})],
            capture_output=True, text=True, timeout=60)
        assert json.loads(answer.stdout)["data"]["_subject_count"] > 0


def test_the_folder_remembers_dictionary_and_other_options(tmp_path):
    state = tmp_path / "state"
    merged = tmp_path / "dictionary.json"
    assert run("dictionary", "dump", "--out", merged)[0] == 0
    with Commons.up("--dictionary", str(merged), "--no-development-login", state=state):
        pass
    code, said = run("config", "--state", state, "--json", cwd=tmp_path)
    assert code == 0, said
    options = json.loads(said)["options"]
    assert options["dictionary"]["value"] == str(merged) and options["dictionary"]["from"] == "remembered"
    with Commons.up(state=state) as commons:
        assert json.loads((commons.state / "run.json").read_text())["dictionary"] == str(merged)
    with Commons.up("--dictionary", "built-in", state=state):
        log = (tmp_path / "state.log").read_text()
        assert f"commons up --dictionary {merged}" in log


@pytest.mark.parametrize("text", ["", "users: {}\n"])
def test_a_user_yaml_that_takes_everything_away_is_not_loaded_by_accident(tmp_path, text):
    rights = """
authz:
  resources: [{name: programs, subresources: [{name: P}]}]
  roles: [{id: reader, permissions: [{id: reader, action: {service: '*', method: read}}]}]
  policies: [{id: read, role_ids: [reader], resource_paths: [/programs/P]}]
users:
  ada: {policies: [read]}
  bob: {policies: [read]}
"""
    good, short = tmp_path / "user.yaml", tmp_path / "short.yaml"
    good.write_text(rights)
    short.write_text(text)
    with Commons.up("--user-yaml", str(good)) as commons:
        code, said = run("user", "sync", short, "--state", commons.state)
        assert code == 4, said
        assert "nothing to change" in commons.run("user", "sync", str(good))
        if text:
            code, said = run("user", "sync", short, "--dry-run", "--state", commons.state)
            assert code == 0 and "needs --yes" in said, said
            assert "nothing to change" in commons.run("user", "sync", str(good))
            assert "revoked from user ada: read" in commons.run("user", "sync", str(short), "--yes")
