"""`commons index load` and `export`: manifests into a running commons and out of it, from outside."""

from __future__ import annotations

import csv
import hashlib
import http.server
import json
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from harness.commons import Commons, program

ROWS = 2500


@pytest.fixture(scope="module")
def commons():
    with Commons.up() as running:
        yield running


def index(commons: Commons, *arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(program()), "index", *arguments, "--state", str(commons.state)],
                          capture_output=True, text=True, timeout=300, **more)


def manifest(path: pathlib.Path, rows: list[dict]) -> pathlib.Path:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(number: int, kind: str, **more: str) -> dict:
    guid = f"{hashlib.md5(kind.encode()).hexdigest()[:8]}-0000-4000-8000-{number:012}"
    return {"guid": guid, "md5": hashlib.md5(f"{kind}{number}".encode()).hexdigest(), "size": number,
            "urls": f"s3://{kind}/a{number} gs://{kind}/{number}", "authz": "/programs", "acl": "[a, b]",
            "file_name": f"{number}.bam", **more}


def record(commons: Commons, guid: str) -> dict | None:
    try:
        with urllib.request.urlopen(f"{commons.url}/index/index/{guid}", timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return None


def test_a_manifest_is_loaded_loaded_again_without_a_change_and_exported(commons, tmp_path):
    rows = [row(number, "whole") for number in range(ROWS)]
    file = manifest(tmp_path / "m.tsv", rows)
    dry = index(commons, "load", str(file), "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout)["created"] == ROWS and record(commons, rows[0]["guid"]) is None
    loaded = index(commons, "load", str(file), "--json")
    assert loaded.returncode == 0, loaded.stderr
    said = json.loads(loaded.stdout)
    assert (said["created"], said["failed"], said["dry_run"]) == (ROWS, 0, False)
    assert not (tmp_path / "m.tsv.loaded").exists()
    stored = record(commons, rows[7]["guid"])
    assert stored["urls"] == ["gs://whole/7", "s3://whole/a7"] and stored["acl"] == ["a", "b"]
    assert (stored["size"], stored["hashes"]["md5"], stored["file_name"]) == (7, rows[7]["md5"], "7.bam")

    rows[7]["file_name"], rows[8]["size"] = "new.bam", 99
    again = index(commons, "load", str(manifest(tmp_path / "m.tsv", rows)), "--json")
    said = json.loads(again.stdout)
    assert (said["updated"], said["unchanged"], said["failed"]) == (1, ROWS - 2, 1), again.stderr
    assert again.returncode == 4 and said["errors"][0]["row"] == 9 and "another size" in said["errors"][0]["error"]
    assert record(commons, rows[7]["guid"])["file_name"] == "new.bam"

    exported = index(commons, "export", str(tmp_path / "out.tsv"), "--authz", "/programs", "--json")
    assert exported.returncode == 0 and json.loads(exported.stdout)["records"] >= ROWS, exported.stderr
    with (tmp_path / "out.tsv").open(newline="") as out:
        read = {one["guid"]: one for one in csv.DictReader(out, delimiter="\t")}
    assert read[rows[7]["guid"]]["file_name"] == "new.bam" and read[rows[3]["guid"]]["md5"] == rows[3]["md5"]
    reloaded = json.loads(index(commons, "load", str(tmp_path / "out.tsv"), "--json").stdout)
    assert reloaded["unchanged"] == len(read) and reloaded["failed"] == 0
    piped = index(commons, "export", "--acl", "a")
    assert piped.stdout.startswith("guid\tmd5\tsize") and piped.stdout.count("\n") >= ROWS


def test_rows_without_a_guid_get_one_that_a_second_load_finds(commons, tmp_path):
    rows = [{"md5": hashlib.md5(str(n).encode()).hexdigest(), "file_size": n, "url": ""} for n in range(30)]
    file = manifest(tmp_path / "m.tsv", rows)
    first = index(commons, "load", str(file), "--authz", "/programs", "--json", "--output", str(tmp_path / "named.csv"))
    assert json.loads(first.stdout)["created"] == 30, first.stderr
    second = index(commons, "load", str(file), "--authz", "/programs", "--json")
    assert json.loads(second.stdout)["unchanged"] == 30, second.stderr
    with (tmp_path / "named.csv").open(newline="") as named:
        guids = [one["guid"] for one in csv.DictReader(named)]
    assert len(set(guids)) == 30 and record(commons, guids[4])["authz"] == ["/programs"]


def test_nothing_is_loaded_when_a_row_is_wrong(commons, tmp_path):
    rows = [row(1, "wrong"), row(2, "wrong", size="big"), row(3, "wrong", md5="xyz"), row(1, "wrong"),
            row(5, "wrong", size=str(2**63)), row(6, "wrong", urls="s3://b/\x07")]
    refused = index(commons, "load", str(manifest(tmp_path / "m.tsv", rows)))
    assert refused.returncode == 4
    for part in ("row 2, column size: 'big' is no size", "row 3, column md5", "row 4, column guid", "row 5, column size",
                 "row 6, column urls", "5 of 6 rows are wrong; nothing was loaded"):
        assert part in refused.stderr, refused.stderr
    assert record(commons, rows[0]["guid"]) is None
    for arguments, part in (([str(tmp_path / "none.tsv")], "none.tsv"), ([__file__], "--format"),
                            ([str(tmp_path / "m.tsv"), "--authz", "x"], "begins with a slash")):
        failed = index(commons, "load", *arguments)
        assert failed.returncode in (1, 3) and part in failed.stderr, failed.stderr


def test_a_load_that_is_killed_goes_on_and_is_complete(commons, tmp_path):
    count = 12_000
    file = manifest(tmp_path / "m.tsv", [row(number, "killed") for number in range(count)])
    command = [str(program()), "index", "load", str(file), "--parallel", "1", "--json", "--state", str(commons.state)]
    loading = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal, end = tmp_path / "m.tsv.loaded", time.monotonic() + 120
    while time.monotonic() < end and not (journal.exists() and journal.read_text().count("\n") >= 3):
        assert loading.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    loading.send_signal(signal.SIGKILL)
    loading.wait()
    # The commons may still be writing what was sent last.
    said = json.loads(index(commons, "load", str(file), "--json").stdout)
    assert said["failed"] == 0 and said["before"] >= 2000, said
    assert said["before"] + said["created"] + said["unchanged"] == count
    assert record(commons, row(count - 1, "killed")["guid"])["size"] == count - 1


class Original(http.server.BaseHTTPRequestHandler):
    """Passes the routes of the original index on to a commons, and knows no other."""

    upstream = ""

    def answer(self) -> None:
        if self.path.startswith("/index/bulk/records"):
            return self.send(405, b"<!doctype html>")
        body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
        headers = {name: value for name in ("authorization", "content-type") if (value := self.headers.get(name))}
        request = urllib.request.Request(self.upstream + self.path, body, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answered:
                self.send(answered.status, answered.read())
        except urllib.error.HTTPError as error:
            self.send(error.code, error.read())

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


def test_an_index_without_the_bulk_route_gets_single_requests(commons, tmp_path):
    Original.upstream = commons.url
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Original) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        rows = [row(number, "single") for number in range(50)]
        file = manifest(tmp_path / "m.tsv", rows)
        options = ["--endpoint", f"http://127.0.0.1:{server.server_port}", "--credentials", str(commons.api_key_file)]
        said = [json.loads(index(commons, "load", str(file), "--json", *options, *more).stdout)
                for more in (["--dry-run"], [], ["--from-start"])]
        assert [one["created"] for one in said] == [50, 50, 0] and said[2]["unchanged"] == 50, said
        rows[3]["acl"] = "c"
        changed = json.loads(index(commons, "load", str(manifest(file, rows)), "--json", *options).stdout)
        assert (changed["updated"], changed["unchanged"]) == (1, 49)
        assert record(commons, rows[3]["guid"])["acl"] == ["c"]
        server.shutdown()


def test_who_may_not_write_is_told_what_to_do(commons, tmp_path):
    file = manifest(tmp_path / "m.tsv", [row(1, "refused")])
    stranger = tmp_path / "token"
    stranger.write_text(commons.token("stranger"))
    nobody = index(commons, "load", str(file), "--endpoint", commons.url)
    assert nobody.returncode in (1, 3) and "--credentials" in nobody.stderr, nobody.stderr
    refused = index(commons, "load", str(file), "--endpoint", commons.url, "--credentials", str(stranger), "--json")
    said = json.loads(refused.stdout)
    assert refused.returncode == 4 and said["errors"][0]["status"] == 401, refused.stderr
    assert (tmp_path / "m.tsv.loaded").exists(), "it can be loaded again"
