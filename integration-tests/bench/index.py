"""The file index with 1,000,000 records: reads, pages, filters, single and bulk writes, beside the database alone.

    python -m bench.index [--records N] [--repeat N] [--only NAME] [--check] [--json FILE]

The records are written by SQL into the tables of a fresh `commons up`. Each has a location, a hash, a resource path;
every second one has metadata. One half is guarded by the same resource, a tenth by another, and the rest by 20,000.

Reads and single writes are made by eight connections, beside `pgbench` with one prepared statement for the same.
A page or a filtered list is one request after another, beside nothing: its goal is a time. A bulk write is beside the
same rows by `insert ... select from unnest(...)`, a thousand records a transaction, over as many connections.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable

import psycopg

from harness.commons import Commons

from .__main__ import machine, row, table
from .floor import Prepared, many
from .load import Load, pgbench
from .measure import Clock, Line, Taken, measure
from .services import NEW_RECORD, NEW_RECORDS, line
from .stand import Client

RESOURCE = "/programs/BENCH/projects/b"
PREFIX = "00000000-0000-4000-8000-"
ASKED = 2000
WRITERS = 4
LINES_A_REQUEST = 1000
REQUESTS_A_ROUND = 20

FILL = """
set session_replication_role = replica;
create temporary table n as select n, '%(prefix)s' || lpad(n::text, 12, '0') as did from generate_series(0, %(last)d) n;
insert into base_version select md5('b' || n) from n;
insert into index_record (did, baseid, rev, form, size, created_date, updated_date, file_name)
    select did, md5('b' || n), 'abcd1234', 'object', n, now(), timestamp '2024-01-01' + n * interval '1 second',
        n || '.bam' from n;
insert into index_record_url select did, 's3://elsewhere-' || n %% 50 || '/study-' || n %% 1000 || '/' || n || '.bam' from n;
insert into index_record_hash select did, 'md5', md5('h' || n) from n;
insert into index_record_authz select did, case when n %% 2 = 0 then '%(resource)s' when n %% 10 = 1 then '/programs/t'
    else '/programs/p' || n %% 20000 end from n;
insert into index_record_metadata select 'color', did, 'c' || n %% 7 from n where n %% 2 = 0;
insert into index_record_metadata select 'case', did, 'case-' || n %% 5000 from n where n %% 2 = 0;
delete from commons_index_stats_delta;
insert into commons_index_stats_delta select extract(month from now()), extract(year from now()), count(*), sum(n) from n;
"""

# A record with everything that belongs to it, in one statement whose plan is kept.
WHOLE_RECORD = r"""
\set n random(0, %d)
select r.did, r.baseid, r.rev, r.form, r.size, r.created_date, r.updated_date, r.file_name, r.version, r.uploader,
    r.description, r.content_created_date, r.content_updated_date,
    array(select url from index_record_url c where c.did = r.did order by url),
    array(select ace from index_record_ace c where c.did = r.did order by ace),
    array(select resource from index_record_authz c where c.did = r.did order by resource),
    (select json_object_agg(hash_type, hash_value) from index_record_hash c where c.did = r.did),
    (select json_object_agg(key, value) from index_record_metadata c where c.did = r.did),
    (select json_agg(json_build_array(url, key, value)) from index_record_url_metadata c where c.did = r.did)
from index_record r where r.did = '%s' || lpad(:n::text, 12, '0');
"""

ROWS = [
    "insert into base_version select unnest($1::text[])",
    "insert into index_record (did, baseid, rev, form, size, file_name, created_date, updated_date) "
    "select d, b, 'abcd1234', 'object', 5, 'a.bin', now(), now() from unnest($1::text[], $2::text[]) as r (d, b)",
    "insert into index_record_url (did, url) select * from unnest($1::text[], $2::text[])",
    f"insert into index_record_authz (did, resource) select unnest($1::text[]), '{RESOURCE}'",
    "insert into index_record_hash (did, hash_type, hash_value) select d, 'md5', md5(d) from unnest($1::text[]) d",
]


class Index:
    """A commons whose index has many records."""

    def __init__(self, folder: pathlib.Path, records: int) -> None:
        self.records = records
        self.commons = Commons.up(state=folder / "state", env={"RUST_LOG": os.environ.get("RUST_LOG", "warn")})
        self.client, self.clock = Client(self.commons), Clock(self.commons.process.pid)
        self.url = self.commons.run("database", "url", "indexd").strip()
        begun = time.monotonic()
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute(FILL % {"prefix": PREFIX, "last": records - 1, "resource": RESOURCE})
            database.execute("vacuum analyze")
        print(f"{records:,} records in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        self.ids = [self.did(number) for number in range(0, records, max(1, records // ASKED))]

    @staticmethod
    def did(number: int) -> str:
        return f"{PREFIX}{number:012}"

    def load(self, method: str, paths: list[str], bodies: list[str] | None = None) -> Load:
        headers = {**self.client.headers, "Content-Type": "application/json"}
        return Load(self.commons.url, method, paths, headers, bodies or ())

    def ask(self, path: str) -> dict:
        return json.loads(self.client.ask("GET", path))


def read(index: Index):
    ours = index.load("GET", [f"/index/index/{did}" for did in index.ids])
    by_hand = WHOLE_RECORD % (index.records - 1, PREFIX)
    return line("index-get", "a record by its GUID", lambda: ours.taken(index.clock),
                lambda: pgbench(index.url, by_hand, index.clock), "≥ 0.70", lambda _, ratio: ratio >= 0.7)


def drs(index: Index):
    ours = index.load("GET", [f"/ga4gh/drs/v1/objects/{did}" for did in index.ids])
    by_hand = WHOLE_RECORD % (index.records - 1, PREFIX)
    return line("index-drs", "a DRS object", lambda: ours.taken(index.clock),
                lambda: pgbench(index.url, by_hand, index.clock), "≥ 0.60", lambda _, ratio: ratio >= 0.6)


def new_record(name: str) -> dict:
    return {"form": "object", "size": 5, "file_name": "a.bin", "urls": [f"s3://elsewhere/new/{name}"],
            "hashes": {"md5": uuid.uuid5(uuid.NAMESPACE_OID, name).hex}, "authz": [RESOURCE]}


def create(index: Index):
    bodies = [json.dumps(new_record(str(uuid.uuid4()))) for _ in range(NEW_RECORDS)]
    ours = index.load("POST", ["/index/index"] * len(bodies), bodies)
    return line("index-create", "a new record, with fsync", lambda: ours.taken(index.clock),
                lambda: pgbench(index.url, NEW_RECORD % RESOURCE, index.clock), "≥ 0.70", lambda _, ratio: ratio >= 0.7)


def bulk(index: Index):
    """As many connections write as many requests on both sides."""
    address = urllib.parse.urlsplit(index.commons.url)

    def ours(_: int) -> Taken:
        bodies = ["".join(json.dumps({"op": "create", "record": new_record(str(uuid.uuid4()))}) + "\n"
                          for _ in range(LINES_A_REQUEST)).encode() for _ in range(REQUESTS_A_ROUND)]
        here = threading.local()

        def send(body: bytes) -> None:
            if not hasattr(here, "connection"):
                here.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=600)
            here.connection.request("POST", "/index/bulk/records?mode=each", body, index.client.headers)
            answer = here.connection.getresponse()
            said = answer.read()
            summary = json.loads(said.splitlines()[-1])["summary"]
            assert (answer.status, summary["created"]) == (200, LINES_A_REQUEST), summary

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            return index.clock.time(lambda: list(pool.map(send, bodies)), own=False)

    def floor(_: int) -> Taken:
        batches = []
        for _ in range(REQUESTS_A_ROUND):
            names = [str(uuid.uuid4()) for _ in range(LINES_A_REQUEST)]
            batches.append((many(names), many([str(uuid.uuid4()) for _ in names]),
                            many([f"s3://elsewhere/floor/{name}" for name in names])))
        connections = [psycopg.connect(index.url, autocommit=True) for _ in range(WRITERS)]
        free = list(map(Prepared, connections))

        def send(batch: tuple) -> None:
            dids, bases, urls = batch
            by_hand = free.pop()
            with by_hand.transaction():
                for sql, arguments in zip(ROWS, [(bases,), (dids, bases), (dids, urls), (dids,), (dids,)]):
                    by_hand.run(sql, *arguments)
            free.append(by_hand)

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            taken = index.clock.time(lambda: list(pool.map(send, batches)), own=False)
        for connection in connections:
            connection.close()
        return taken

    work = line("index-bulk", "1,000 new records a request, four at once", lambda: ours(0), lambda: floor(0),
                "≥ 20,000/s", lambda ours, _: ours >= 20_000)
    work.unit, work.amount = "records/s", REQUESTS_A_ROUND * LINES_A_REQUEST
    return work


def timed(index: Index, name: str, what: str, paths: list[str], goal: str, holds: Callable[[float], bool],
          repeat: int) -> Line:
    """Milliseconds of a request, one after another; the first of each counts too, for nobody asks twice."""
    figures = []
    for _ in range(repeat):
        for path in paths:
            begun = time.perf_counter()
            index.client.ask("GET", path)
            figures.append(1000 * (time.perf_counter() - begun))
    return Line(name, what, "ms", figures, [], goal, holds(statistics.median(figures)))


def pages(index: Index, repeat: int) -> list[Line]:
    """A page of a hundred behind a GUID, and by its number, at the beginning, in the middle and far behind."""
    last = max(1, index.records // 100 - 2)
    lines, first = [], {}
    for number in (1, min(500, last), min(5000, last)):
        for form, path in (("start", f"start={index.did(number * 100)}"), ("page", f"page={number}")):
            def holds(ms: float, form: str = form) -> bool:
                return ms <= 1.2 * first.setdefault(form, ms) + 0.5
            lines.append(timed(index, f"{form}-{number}", f"page {number} of the list, by {form}",
                               [f"/index/index?limit=100&{path}"] * 5, "≤ 1.2 × page 1", holds, repeat))
    return lines


def filters(index: Index, repeat: int) -> list[Line]:
    """Lists of a hundred by one condition, frequent and rare."""
    number = index.records // 3
    hashed = f"hash=md5:{index_hash(number)}"
    queries = {
        "hash": hashed, "hash-none": "hash=md5:" + "0" * 32,
        "url": f"url=s3://elsewhere-{number % 50}/study-{number % 1000}/{number}.bam",
        "url-prefix": "url_prefix=s3://elsewhere-7/study-7/", "url-prefix-none": "url_prefix=s3://nowhere/",
        "authz-half": f"authz={RESOURCE}", "authz-tenth": "authz=/programs/t", "authz-rare": "authz=/programs/p3",
        "metadata": "metadata=color:c3", "metadata-rare": "metadata=case:case-12",
        "metadata-two": "metadata=color:c3&metadata=case:case-12", "size": f"size={number}",
        "name": f"file_name={number}.bam",
    }
    behind = f"&start={index.did(index.records // 2)}"
    return [timed(index, f"by-{name}{more and '-behind'}", f"a list by {query[:40]}{more and ', from the middle on'}",
                  [f"/index/index?limit=100&{query}{more}"], "≤ 50 ms", lambda ms: ms <= 50, repeat)
            for name, query in queries.items() for more in ("", behind)]


def index_hash(number: int) -> str:
    return hashlib.md5(f"h{number}".encode()).hexdigest()


WORKS = {"index-get": read, "index-drs": drs, "index-create": create, "index-bulk": bulk}
LISTS = {"pages": pages, "filters": filters}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.index", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", action="append", choices=[*LISTS, *WORKS], default=[])
    parser.add_argument("--check", action="store_true", help="exit status 1 when a goal is missed")
    parser.add_argument("--json", type=pathlib.Path)
    asked = parser.parse_args()
    print(machine(), file=sys.stderr)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="commons-bench-") as folder:
        index = Index(pathlib.Path(folder), asked.records)
        try:
            for name, make in {**LISTS, **WORKS}.items():
                if asked.only and name not in asked.only:
                    continue
                made = make(index, asked.repeat) if name in LISTS else [measure(make(index), asked.repeat)]
                for one in made:
                    print(" ".join(row(one)), file=sys.stderr)
                lines.extend(made)
        finally:
            index.commons.stop()
    print(table(lines, "floor"))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine(), "lines": [one.json() for one in lines]}, indent=1))
    return 1 if asked.check and not all(one.holds for one in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
