"""`commons upload` and `commons download` against a whole commons: round trips, breaks, lies and names."""

import hashlib
import http.server
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness.client import administrator
from harness.commons import Commons, free_port, program

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def commons():
    with Commons.up() as commons:
        yield commons


@pytest.fixture(scope="module")
def admin(commons):
    return administrator(commons)


class Caller:
    """Runs the two commands in a folder of its own, as a user of another machine would."""

    def __init__(self, commons, folder: pathlib.Path) -> None:
        self.commons, self.folder = commons, folder

    def begin(self, *arguments: object, **options) -> subprocess.Popen:
        command = [str(program()), *map(str, arguments), "--credentials", str(self.commons.api_key_file), "--json"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GEN3_")}
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**clean, "HOME": str(self.folder)}, stdin=subprocess.PIPE, **options)

    def run(self, *arguments: object, status: int = 0, text: str = "") -> list[dict]:
        """The lines that it prints."""
        process = self.begin(*arguments)
        out, error = process.communicate(text, timeout=300)
        assert process.returncode == status, f"{process.returncode}: {out}\n{error}"
        assert "X-Amz-Signature" not in out + error and "eyJ" not in out + error, "a secret was told"
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def caller(commons, tmp_path):
    return Caller(commons, tmp_path)


def files_in(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def filled(folder: pathlib.Path, sizes: dict[str, int]) -> dict[str, bytes]:
    for name, size in sizes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    return files_in(folder)


def record(admin, guid):
    answer = admin.get(f"/index/index/{guid}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def table(path: pathlib.Path) -> list[dict]:
    header, *rows = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(header, row)) for row in rows]


def copy_with(admin, guid, **other) -> str:
    """A second record of the same bytes that says something else of them."""
    first = record(admin, guid)
    body = {"form": "object", "size": first["size"], "urls": first["urls"], "hashes": {"md5": first["hashes"]["md5"]},
            "authz": ["/programs"], "file_name": "copy", **other}
    made = admin.post("/index/index/", json=body)
    assert made.status_code == 200, made.text
    return made.json()["did"]


@pytest.fixture
def uploaded(caller):
    """One file of 8 MiB in the commons: its GUID and its bytes."""
    folder = caller.folder / "one"
    content = filled(folder, {"eight.bin": 8 * MIB})["eight.bin"]
    line, = caller.run("upload", folder, "--authz", "/programs", "--wait")
    return line["id"], content


def test_a_folder_comes_back_as_it_was_sent(caller, admin):
    sent = filled(caller.folder / "data", {
        "a.txt": 10, "empty": 0, "deep/er/b.bin": 3 * MIB, "c.bin": 23 * MIB + 5, "with space.txt": 7, "grün.txt": 9})
    lines = caller.run("upload", "data", "--authz", "/programs", "--include-subdirname", "--parts-above", "10M",
                       "--part-size", "5M", "--wait")
    assert {line["status"] for line in lines} == {"uploaded"}
    rows = table(caller.folder / "commons-upload.tsv")
    assert {row["file_name"]: row["md5"] for row in rows} == {
        name: hashlib.md5(content).hexdigest() for name, content in sent.items()}
    for row in rows:
        assert record(admin, row["guid"])["hashes"]["sha256"] == row["sha256"]
        assert record(admin, row["guid"])["authz"] == ["/programs"]

    lines = caller.run("download", "commons-upload.tsv", "-o", "back", "--part-size", "4M")
    assert {line["status"] for line in lines} == {"downloaded"}
    assert all(set(line["checksums"]) == {"sha512"} for line in lines), "the strongest of the record"
    assert files_in(caller.folder / "back") == sent
    again = caller.run("download", "commons-upload.tsv", "-o", "back")
    assert {line["status"] for line in again} == {"present"}
    assert {line["status"] for line in caller.run("upload", "data", "--authz", "/programs", "--include-subdirname")} \
        == {"present"}, "what was sent is not sent again"


def test_an_upload_that_is_killed_goes_on_with_the_parts_that_are_there(caller, admin):
    content = filled(caller.folder / "data", {"large.bin": 30 * MIB})["large.bin"]
    options = ("upload", "data", "--authz", "/programs", "--parts-above", "5M", "--part-size", "5M", "--parallel", "1")
    process = caller.begin(*options, "--rate", "10M")
    journal = caller.folder / "commons-upload.jsonl"
    wait_until(lambda: journal.is_file() and journal.read_text().count('"event":"part"') >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = journal.read_text().count('"event":"part"')
    line, = caller.run(*options, "--wait")
    assert line["status"] == "uploaded"
    assert journal.read_text().count('"event":"part"') == 6, "each part was sent once"
    assert before >= 2
    guids = {json.loads(entry)["guid"] for entry in journal.read_text().splitlines() if '"guid"' in entry}
    assert guids == {line["id"]}, "one record was made"
    assert record(admin, line["id"])["hashes"]["md5"] == hashlib.md5(content).hexdigest()


def test_a_download_that_is_killed_goes_on_where_it_was(caller, uploaded):
    guid, content = uploaded
    options = ("download", guid, "-o", "out", "--part-size", "2M", "--parallel", "2")
    process = caller.begin(*options, "--rate", "1M")
    notes = lambda: list((caller.folder / "out" / ".commons-unfinished").glob("*.json"))  # noqa: E731
    wait_until(lambda: notes())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = sum(json.loads(notes()[0].read_text())["done"])
    assert 0 < there < len(content)
    began = time.monotonic()
    line, = caller.run(*options, "--rate", "2M")
    assert line["status"] == "downloaded"
    assert files_in(caller.folder / "out") == {"eight.bin": content}
    assert time.monotonic() - began < 4 - there / (2 * MIB) + 2, "only the rest was read"


def wait_until(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_bytes_that_are_not_those_of_the_record_are_not_kept(caller, admin, uploaded):
    guid, content = uploaded
    wrong_hash = copy_with(admin, guid, hashes={"md5": "0" * 32})
    wrong_size = copy_with(admin, guid, size=len(content) - 1)
    line, = caller.run("download", wrong_hash, "-o", "hash", status=4)
    assert (line["status"], line["error"]["kind"]) == ("failed", "checksum")
    assert hashlib.md5(content).hexdigest() in line["error"]["message"]
    line, = caller.run("download", wrong_size, "-o", "size", status=4)
    assert line["error"]["kind"] == "size"
    assert not files_in(caller.folder / "hash") and not files_in(caller.folder / "size")
    line, = caller.run("download", wrong_hash, "-o", "unverified", "--verify", "size")
    assert line["status"] == "downloaded"


def test_names_of_records_cannot_leave_the_folder_or_replace_files(caller, admin, uploaded):
    guid, content = uploaded
    guids = [copy_with(admin, guid, file_name=name) for name in (
        "../../../escaped.txt", "/tmp/commons-escaped.txt", "same.txt", "same.txt", ".commons-unfinished/lock")]
    (caller.folder / "out").mkdir()
    (caller.folder / "out" / "same.txt").write_text("mine")
    lines = caller.run("download", *guids, "-o", "out", status=1)
    failed, = (line for line in lines if line["status"] == "failed")
    assert failed["error"]["kind"] == "occupied" and failed["id"] == guids[2]
    assert set(files_in(caller.folder / "out")) == {
        "escaped.txt", "tmp/commons-escaped.txt", "same.txt", f"same_{guids[3].replace('/', '_')}.txt",
        "_.commons-unfinished/lock"}
    assert (caller.folder / "out" / "same.txt").read_text() == "mine"
    assert not pathlib.Path("/tmp/commons-escaped.txt").exists()
    caller.run("download", guids[2], "-o", "out", "--overwrite")
    assert (caller.folder / "out" / "same.txt").read_bytes() == content


def test_lists_uris_and_formats_are_those_of_the_other_tools(caller, commons, uploaded):
    guid, content = uploaded
    flat = guid.replace("/", "_")
    host = urllib.parse.urlsplit(commons.url).netloc
    manifest = json.dumps([{"object_id": guid, "file_name": "mine.bin", "file_size": len(content)}])
    caller.run("download", "-", "-o", "stdin", text=manifest)
    caller.run("download", f"drs://{host}/{guid}", "-o", "drs", "--filename-format", "combined")
    caller.run("download", guid, "-o", "guid", "--filename-format", "guid")
    assert files_in(caller.folder / "stdin") == {"mine.bin": content}
    assert files_in(caller.folder / "drs") == {f"eight_{flat}.bin": content}
    assert files_in(caller.folder / "guid") == {flat: content}
    planned, = caller.run("download", guid, "-o", "nothing", "--dry-run")
    assert (planned["status"], planned["size"]) == ("planned", len(content))
    assert not (caller.folder / "nothing").exists()


def test_bytes_go_into_records_that_are_there(caller, admin):
    made = admin.post("/index/index/", json={
        "form": "object", "size": 5, "urls": [], "hashes": {"md5": hashlib.md5(b"hello").hexdigest()},
        "authz": ["/programs"], "file_name": "hello.txt"})
    guid = made.json()["did"]
    (caller.folder / "hello.txt").write_text("hello")
    line, = caller.run("upload", "hello.txt", "--guid", guid)
    assert (line["status"], line["id"]) == ("uploaded", guid)


def test_what_cannot_begin_says_what_to_do(caller, commons):
    def told(*arguments):
        done = subprocess.run([str(program()), *map(str, arguments)], cwd=caller.folder, capture_output=True, text=True,
                              env={"HOME": str(caller.folder), "PATH": os.environ["PATH"]}, timeout=60)
        return done.returncode, done.stderr

    (caller.folder / "key.json").write_text(json.dumps({"api_key": "e30.e30.bad", "key_id": "x"}))
    (caller.folder / "list.tsv").write_text("name\tsize\nx\t1\n")
    for arguments, words in (
        (("download", "dg.1/x"), "--credentials FILE"),
        (("download", "dg.1/x", "--credentials", "none.json"), "none.json"),
        (("download", "dg.1/x", "--credentials", "key.json", "--endpoint", commons.url), "make a new one"),
        (("download", "list.tsv", "--endpoint", commons.url), "guid or object_id"),
        (("download", "missing.json", "--endpoint", commons.url), "there is no file"),
        (("download", "drs://", "--endpoint", commons.url), "names no file"),
        (("download", "x", "--endpoint", f"http://127.0.0.1:{free_port()}", "--retries", "0", "--credentials",
          "key.json"), "logging in"),
        (("upload", "missing", "--endpoint", commons.url), "missing"),
        (("upload", "list.tsv"), "--credentials FILE"),
    ):
        code, error = told(*arguments)
        assert code == 3 and words in error, (arguments, code, error)
        assert "e30.e30" not in error
    assert told("download", "x", "--rate", "fast")[0] == 2
    code, error = told("download", "dg.1/unknown", "--endpoint", commons.url)
    assert code == 1 and "not found" in error, error


def test_others_are_refused_with_words(caller, commons, uploaded):
    guid, _ = uploaded
    process = subprocess.run([str(program()), "download", guid, "--anonymous", "--endpoint", commons.url, "--json"],
                             cwd=caller.folder, capture_output=True, text=True, timeout=60)
    line = json.loads(process.stdout)
    assert process.returncode == 1 and line["error"]["kind"] == "denied"
    assert "--credentials FILE" in line["error"]["message"]


class ShortLived(http.server.BaseHTTPRequestHandler):
    """A commons whose signed URLs live for a second: passes everything on, and asks for that."""

    commons: str
    asked = 0

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body):
        path = self.path
        if path.startswith("/user/data/download/"):
            type(self).asked += 1
            path += "?expires_in=1"
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() in ("authorization", "content-type")}
        request = urllib.request.Request(self.commons + path, body, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, said = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, said = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


def test_signed_urls_that_end_in_the_middle_are_renewed(caller, commons, uploaded):
    guid, content = uploaded
    handler = type("Handler", (ShortLived,), {"commons": commons.url})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line, = caller.run("download", guid, "-o", "out", "--endpoint", f"http://127.0.0.1:{server.server_port}",
                           "--part-size", "1M", "--parallel", "1", "--rate", "2M")
        server.shutdown()
    assert line["status"] == "downloaded"
    assert files_in(caller.folder / "out") == {"eight.bin": content}
    assert handler.asked >= 2, "one URL cannot have lasted for four seconds"
