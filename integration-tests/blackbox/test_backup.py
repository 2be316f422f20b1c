"""`commons backup` and `commons restore`: a whole commons with its demonstration study, backed up while it is written to,
destroyed and restored; killed backups and restores; damaged ones; a bucket in the place of a folder."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import boto3
import psycopg
import pyrage
import pytest
import requests

from harness.client import Client, administrator
from harness.commons import Commons, free_port, program, wait_for_answer

MIB = 1024 * 1024
PHRASE = "correct horse battery staple"
SUBMISSION = "/api/v0/submission"
QUERY = """{ subject(first: 100000, order_by_asc: "submitter_id") { id submitter_id _samples_count } _subject_count _sample_count }"""
KEY, SECRET, BUCKET = "AKBACKUP", "a-secret-of-the-tests", "backups"


def commons_program(*arguments: object, status: int = 0, **variables: str) -> subprocess.CompletedProcess:
    """Runs the program, with the passphrase unless `variables` say otherwise."""
    env = {**os.environ, "COMMONS_BACKUP_PASSPHRASE": PHRASE, **variables}
    env = {name: value for name, value in env.items() if value}
    done = subprocess.run([str(program()), *map(str, arguments)], capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done


def backup(commons_state: pathlib.Path, place: object, *options: object, **variables: str) -> dict:
    done = commons_program("backup", "run", place, "--state", commons_state, "--json", *options, **variables)
    return json.loads(done.stdout)


def restore(place: object, state: pathlib.Path, *options: object, **variables: str) -> dict:
    return json.loads(commons_program("restore", place, "--state", state, "--json", *options, **variables).stdout)


def rows(commons: Commons) -> dict[str, dict[str, int]]:
    """How many rows each table of each database has."""
    found = {}
    for name, url in json.loads((commons.state / "run.json").read_text())["databases"].items():
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')")
            found[name] = {
                f"{schema}.{table}": connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()[0]
                for schema, table in tables.fetchall()}
    return found


def without_sums(tables: dict[str, int]) -> dict[str, int]:
    """Without the sums of the file index, which its service adds up by itself."""
    return {name: count for name, count in tables.items() if name not in ("public.stats", "public.commons_index_stats_delta")}


def of_manifest(place: object, name: str, **variables: str) -> dict[str, dict[str, int]]:
    listed = json.loads(commons_program("backup", "list", place, "--json", **variables).stdout)["backups"]
    manifest, = (one for one in listed if one["name"] == name)
    return {database["name"]: database["rows"] for database in manifest["databases"]}


def checked(state: pathlib.Path) -> dict:
    """What does not agree in graph and file index."""
    done = subprocess.run([program(), "database", "check", "--state", state, "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 4), done.stderr
    return json.loads(done.stdout)


def objects(state: pathlib.Path, folder: pathlib.Path) -> dict[str, str]:
    """The digests of all objects, by their files in an export."""
    commons_program("objects", "export", folder, "--state", state, "--versions", "--quiet")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def upload(client: Client, name: str, content: bytes) -> str:
    """A file of the commons whose record is filled."""
    made = client.post("/user/data/upload", json={"file_name": name, "authz": ["/programs"]})
    assert made.status_code == 201, made.text
    guid = made.json()["guid"]
    assert requests.put(made.json()["url"], data=content, timeout=60).status_code == 200
    end = time.monotonic() + 60
    while not client.get(f"/index/index/{guid}").json().get("hashes"):
        assert time.monotonic() < end, "the record is not filled"
        time.sleep(0.05)
    return guid


def download(client: Client, guid: str) -> bytes:
    signed = client.get(f"/user/data/download/{guid}")
    assert signed.status_code == 200, signed.text
    return requests.get(signed.json()["url"], timeout=60).content


class Load:
    """Writes records and files until it is told to stop."""

    def __init__(self, commons: Commons) -> None:
        self.client, self.stop = administrator(commons), threading.Event()
        self.records, self.files, self.faults = 0, 0, []
        made = self.client.post(f"{SUBMISSION}/", json={"type": "program", "name": "LOAD", "dbgap_accession_number": "LOAD"})
        assert made.status_code == 200, made.text
        made = self.client.put(f"{SUBMISSION}/LOAD", json={
            "type": "project", "code": "p", "name": "P", "dbgap_accession_number": "p"})
        assert made.status_code == 200, made.text
        self.submit({"type": "study", "submitter_id": "st", "study_title": "S", "projects": {"code": "p"}})
        self.threads = [threading.Thread(target=self.run, args=[work]) for work in (self.record, self.file)]

    def submit(self, *records: dict) -> None:
        answer = self.client.put(f"{SUBMISSION}/LOAD/p", json=list(records))
        assert answer.status_code in (200, 201), answer.text

    def record(self) -> None:
        subject = f"load-{self.records:06}"
        samples = ({"type": "sample", "submitter_id": f"{subject}.{n}", "sample_type": "Blood",
                    "subjects": {"submitter_id": subject}} for n in range(3))
        self.submit({"type": "subject", "submitter_id": subject, "studies": {"submitter_id": "st"}}, *samples)
        self.records += 1

    def file(self) -> None:
        upload(self.client, f"load-{self.files}.bin", random.randbytes(64 * 1024))
        self.files += 1

    def run(self, work) -> None:
        try:
            while not self.stop.is_set():
                work()
        except Exception as fault:  # a thread's failure is told by the test
            self.faults.append(repr(fault))

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert not self.faults, self.faults


@pytest.fixture
def tmp_path():
    """A folder where states of a commons are as well: the databases of a restore are new, and many files to sync."""
    with tempfile.TemporaryDirectory(prefix="commons-backup-", dir=Commons.states) as folder:
        yield pathlib.Path(folder)


@pytest.fixture(scope="module")
def source():
    """A commons with its demonstration study and some files, which nobody destroys."""
    with Commons.up("--demo", port=free_port()) as commons:
        client = administrator(commons)
        for number in range(3):
            upload(client, f"file-{number}.bin", random.Random(number).randbytes(9 * MIB))
        yield commons


@pytest.fixture(scope="module")
def place(source):
    """A place with one backup of it."""
    with tempfile.TemporaryDirectory(prefix="commons-backup-", dir=Commons.states) as folder:
        place = pathlib.Path(folder) / "place"
        backup(source.state, place)
        yield place


def test_a_commons_that_was_destroyed_is_as_it_was(tmp_path):
    state, place, port = tmp_path / "commons" / "state", tmp_path / "place", free_port()
    with Commons.up("--demo", state=state, port=port) as commons:
        admin = administrator(commons)
        content = random.randbytes(9 * MIB)
        guid = upload(admin, "nine.bin", content)
        with Load(commons) as load:
            while not (load.records > 5 and load.files > 5):
                time.sleep(0.1)
            before = load.files
            first = backup(state, place)
        # Of what the first one brought nothing is read again.
        second = backup(state, place)
        assert second["objects"]["objects"] >= first["objects"]["objects"] > 20
        assert second["objects_read_bytes"] == second["objects"]["bytes"] - first["objects"]["bytes"]
        assert second["written"]["new_bytes"] < first["written"]["new_bytes"]
        token, key = admin.token, json.loads(commons.api_key_file.read_text())
        answer = admin.graphql(QUERY)
        assert answer["_subject_count"] > 1000
        counted = rows(commons)
        assert commons.stop() == 0
    exported = objects(state, tmp_path / "before")
    shutil.rmtree(state)

    told = restore(place, state)
    assert told["backup"] == second["name"] and told["secrets"] and told["objects"]["bytes"] == second["objects"]["bytes"]
    assert objects(state, tmp_path / "after") == exported
    with Commons.up(state=state, port=port) as commons:
        now = rows(commons)
        # What a start writes by itself is the only difference.
        for name in ("sheepdog", "indexd", "metadata", "library", "requestor", "arborist"):
            assert without_sums(now[name]) == without_sums(counted[name]), name
        assert of_manifest(place, second["name"])["sheepdog"] == counted["sheepdog"]
        old = Client(commons.url, token)
        assert old.graphql(QUERY) == answer, "a token from before"
        renewed = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
        assert renewed.status_code == 200, "an API key from before"
        assert download(Client(commons.url, renewed.json()["access_token"]), guid) == content
        upload(old, "new.bin", b"it goes on")
        assert commons.stop() == 0
    shutil.rmtree(state)

    # The one that was taken under load is a consistent one, too.
    assert restore(place, state, "--at", first["name"])["backup"] == first["name"]
    found = checked(state)
    assert not found["lost"], "every file of the graph has its record"
    with Commons.up(state=state, port=port) as commons:
        # What was under way is ended by the start.
        end = time.monotonic() + 60
        while checked(state)["pending"]:
            assert time.monotonic() < end
            time.sleep(1)
        counted = of_manifest(place, first["name"])
        assert rows(commons)["sheepdog"]["public.node_subject"] == counted["sheepdog"]["public.node_subject"]
        client, records = administrator(commons), []
        while page := client.get("/index/index", params={"limit": 1024, "start": records[-1]["did"] if records else None}).json()["records"]:
            records += page
        assert len(records) >= before > 0
        for record in records:
            if record["urls"] and record["size"]:
                found = client.get(f"/user/data/download/{record['did']}")
                size = requests.get(found.json()["url"], timeout=60, headers={"Range": "bytes=0-0"}).headers["Content-Range"]
                assert size.endswith(f"/{record['size']}"), record


def test_everything_but_databases_and_objects_is_sealed(source, place, tmp_path):
    secrets = json.loads((source.state / "secrets.json").read_text())
    keys = [path.read_bytes() for path in (source.state / "keys").rglob("*private_key.pem")]
    # Names are no secrets.
    wanted = [value.encode() for value in secrets.values() if len(value) > 15] + [key.splitlines()[1] for key in keys]
    for path in place.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0
            text = path.read_bytes()
            assert not any(secret in text for secret in wanted), path


def test_a_backup_for_a_public_key_is_opened_by_its_owner_and_by_the_programs_of_age(source, place, tmp_path):
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    mine, theirs, elsewhere = tmp_path / "mine.txt", tmp_path / "theirs.txt", tmp_path / "place"
    mine.write_text(f"# my key\n{identity}\n")
    theirs.write_text(f"{other}\n")
    made = backup(source.state, elsewhere, "--recipient", identity.to_public(), "--without-objects", COMMONS_BACKUP_PASSPHRASE="")
    manifest = json.loads((elsewhere / "backups" / f"{made['name']}.json").read_text())["backup"]
    piece, = manifest["secrets"]["file"]["pieces"]
    sealed = (elsewhere / "pieces" / piece["sha256"][:2] / piece["sha256"]).read_bytes()
    assert b"secrets.json" in pyrage.decrypt(sealed, [identity])
    state = tmp_path / "state"
    refused = commons_program("restore", elsewhere, "--state", state, "--identity", theirs, status=3)
    assert "not sealed for any of these identities" in refused.stderr
    assert "--identity" in commons_program("restore", elsewhere, "--state", state, status=3).stderr
    assert not state.exists()
    told = restore(elsewhere, state, "--identity", mine)
    assert told["secrets"] and told["objects"] is None
    assert (state / "secrets.json").read_text() == (source.state / "secrets.json").read_text()
    # And what `age` has sealed with a passphrase is read here, and the other way round.
    manifest = next((place / "backups").iterdir()).read_text()
    piece, = json.loads(manifest)["backup"]["secrets"]["file"]["pieces"]
    sealed = (place / "pieces" / piece["sha256"][:2] / piece["sha256"]).read_bytes()
    assert b"secrets.json" in pyrage.passphrase.decrypt(sealed, PHRASE)


def test_what_cannot_be_done_is_refused_before_anything_is_written(source, place, tmp_path):
    state = tmp_path / "state"
    for variables, told in [({"COMMONS_BACKUP_PASSPHRASE": "wrong"}, "not the passphrase"),
                            ({"COMMONS_BACKUP_PASSPHRASE": ""}, "--passphrase-file")]:
        assert told in commons_program("restore", place, "--state", state, status=3, **variables).stderr
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("do not touch")
    assert "is not empty" in commons_program("restore", place, "--state", full, status=3).stderr
    assert "is not empty" in commons_program("restore", place, "--state", source.state, status=3).stderr
    assert "there is no backup nothing" in commons_program("restore", place, "--at", "nothing", "--state", state, status=3).stderr
    assert "no place of backups" in commons_program("restore", full, "--state", state, status=3).stderr
    assert "has other things in it" in commons_program("backup", "run", full, "--state", source.state, status=3).stderr
    inside = source.state / "backups"
    assert "in the state folder" in commons_program("backup", "run", inside, "--state", source.state, status=3).stderr
    in_clear = commons_program("backup", "run", tmp_path / "new", "--state", source.state, status=3, COMMONS_BACKUP_PASSPHRASE="")
    assert "never written in clear" in in_clear.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"] and len(list(full.iterdir())) == 1


def test_a_damaged_backup_is_refused_with_what_is_wrong(source, place, tmp_path):
    copy, state = tmp_path / "copy", tmp_path / "state"
    shutil.copytree(place, copy)
    assert not json.loads(commons_program("backup", "verify", copy, "--all", "--json").stdout)["flaws"]
    manifest = json.loads(next((copy / "backups").iterdir()).read_text())["backup"]

    def path(piece: dict) -> pathlib.Path:
        return copy / "pieces" / piece["sha256"][:2] / piece["sha256"]

    dump = path(manifest["databases"][0]["dump"]["pieces"][0])
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "the database sheepdog" in commons_program("backup", "verify", copy, status=4).stderr
    assert "other bytes than it had" in commons_program("restore", copy, "--state", state, status=4).stderr
    dump.unlink()
    assert "is missing" in commons_program("restore", copy, "--state", state, status=4).stderr
    dump.write_bytes(whole)
    entry = json.loads(path(manifest["objects"]["list"]["pieces"][0]).read_text().splitlines()[0])
    path(entry["files"][0]["pieces"][0]).unlink()
    refused = commons_program("restore", copy, "--state", state, status=4).stderr
    assert f"the object {entry['files'][0]['path']}" in refused and "is missing" in refused
    name = copy / "backups" / f"{manifest['name']}.json"
    text = name.read_text()
    name.write_text(text[:-100])
    assert "it is cut off" in commons_program("restore", copy, "--state", state, status=4).stderr
    name.write_text(text.replace('"commons_backup":1', '"commons_backup":9'))
    assert "use the version of the program" in commons_program("restore", copy, "--state", state, status=3).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["copy"], "nothing is half restored"


def killed_at(arguments: list[object], seconds: float) -> bool:
    """Runs the program and kills it after so long; whether it was still at work."""
    env = {**os.environ, "COMMONS_BACKUP_PASSPHRASE": PHRASE}
    process = subprocess.Popen([str(program()), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        return True


def killed_with(place: pathlib.Path, pieces: int, arguments: list[object]) -> bool:
    """Runs the program and kills it when there are so many pieces; whether it was still at work."""
    env = {**os.environ, "COMMONS_BACKUP_PASSPHRASE": PHRASE}
    process = subprocess.Popen([str(program()), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    while process.poll() is None and len(list(place.glob("pieces/*/*"))) < pieces:
        time.sleep(0.01)
    was_at_work = process.poll() is None
    process.kill()
    process.wait(timeout=60)
    return was_at_work


def test_a_killed_backup_is_none_and_the_next_one_uses_what_it_brought(source, tmp_path):
    place = tmp_path / "place"
    killed = [killed_with(place, pieces, ["backup", "run", place, "--state", source.state, "--rate", 8]) for pieces in (1, 8, 25)]
    assert any(killed)
    assert not json.loads(commons_program("backup", "list", place, "--json").stdout)["backups"]
    made = backup(source.state, place, "--keep", 1)
    assert made["pruned"]["pieces"] > 0, "what is of no use is deleted, at once"
    assert not any((place / "drafts").iterdir()) and not any((place / "presence").iterdir())
    checked = json.loads(commons_program("backup", "verify", place, "--json").stdout)
    assert checked["backups"] == [made["name"]] and not checked["flaws"]
    again = backup(source.state, place, "--keep", 1)
    assert again["pruned"]["backups"] == [made["name"]] and again["objects_read_bytes"] == 0
    assert not json.loads(commons_program("backup", "verify", place, "--all", "--json").stdout)["flaws"]


def test_a_killed_restore_is_none_and_the_next_one_begins_anew(source, place, tmp_path):
    state = tmp_path / "state"
    killed = []
    for seconds in (0.5, 2, 3.5):
        killed.append(killed_at(["restore", place, "--state", state], seconds))
        if not killed[-1]:
            shutil.rmtree(state)
        assert not state.exists()
    assert any(killed)
    told = restore(place, state)
    assert [path.name for path in tmp_path.iterdir()] == ["state"] and told["objects"]["objects"] > 20
    assert objects(state, tmp_path / "restored") == objects(source.state, tmp_path / "source")


def test_a_stopped_commons_is_backed_up_and_one_without_secrets_gets_new_ones(tmp_path):
    state, place, other = tmp_path / "state", tmp_path / "place", tmp_path / "other"
    with Commons.up(state=state) as commons:
        token = administrator(commons).token
        assert commons.stop() == 0
    made = backup(state, place, "--without-secrets", COMMONS_BACKUP_PASSPHRASE="")
    assert made["secrets"] is None and len(made["databases"]) == 12
    assert not restore(place, other)["secrets"]
    assert not (other / "run.json").exists()
    with Commons.up(state=other) as commons:
        assert administrator(commons).get("/user/user").status_code == 200
        assert Client(commons.url, token).get("/user/user").status_code == 401


def test_another_dictionary_and_files_that_options_name_come_along(tmp_path):
    state, place, dictionary = tmp_path / "state", tmp_path / "place", tmp_path / "dictionary"
    shutil.copytree(pathlib.Path(__file__).parents[2] / "dictionary", dictionary)
    wts = tmp_path / "wts.yaml"
    wts.write_text("external_oidc: []\n")
    with Commons.up("--dictionary", str(dictionary), "--wts-config", str(wts), state=state) as commons:
        assert commons.stop() == 0
    backup(state, place)
    shutil.rmtree(state)
    shutil.rmtree(dictionary)
    wts.unlink()
    restore(place, state)
    options = json.loads((state / "options.json").read_text())
    assert options["dictionary"] == [str(state / "configuration/dictionary.json")]
    assert pathlib.Path(options["wts-config"][0]).read_text() == "external_oidc: []\n"
    with Commons.up(state=state) as commons:
        assert administrator(commons).get(f"{SUBMISSION}/_dictionary/_all").status_code == 200


@pytest.fixture
def bucket(tmp_path):
    """A bucket of another embedded store."""
    port = free_port()
    process = subprocess.Popen(
        [str(program()), "objects", "serve", str(tmp_path / "bucket"), "--listen", f"127.0.0.1:{port}", "--bucket", BUCKET],
        env={**os.environ, "COMMONS_OBJECTS_ACCESS_KEY": KEY, "COMMONS_OBJECTS_SECRET_KEY": SECRET}, stdout=subprocess.DEVNULL)
    wait_for_answer(port, process)
    yield {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
           "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    process.terminate()
    process.wait(timeout=60)


def test_a_bucket_is_a_place_as_a_folder_is(source, bucket, tmp_path):
    place, state = f"s3://{BUCKET}/of/this", tmp_path / "state"
    first = backup(source.state, place, **bucket)
    second = backup(source.state, place, "--keep", 1, **bucket)
    assert second["objects_read_bytes"] == 0 and second["pruned"]["backups"] == [first["name"]]
    assert not json.loads(commons_program("backup", "verify", place, "--json", **bucket).stdout)["flaws"]
    told = restore(place, state, **bucket)
    assert told["objects"]["bytes"] == second["objects"]["bytes"]
    assert objects(state, tmp_path / "restored") == objects(source.state, tmp_path / "source")
    store = boto3.client("s3", endpoint_url=bucket["AWS_ENDPOINT_URL"], region_name="us-east-1",
                         aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    keys = [one["Key"] for one in store.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert all(key.startswith("of/this/") for key in keys)
    piece = next(key for key in keys if "/pieces/" in key)
    store.delete_object(Bucket=BUCKET, Key=piece)
    other = tmp_path / "other"
    assert "is missing" in commons_program("restore", place, "--state", other, status=4, **bucket).stderr
    assert not other.exists()
