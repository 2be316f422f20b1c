"""Small requests to the other services, eight connections at once, beside what they cannot do without: a read of the
database by hand, a signature, a request that does nothing.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import time
import urllib.request
import uuid
import weakref
from collections.abc import Callable, Iterator

import psycopg

from harness.commons import free_port, program, wait_for_answer

from .load import REQUESTS, Load, openssl, pgbench
from .measure import Clock, Taken, Work
from .stand import PROGRAM, PROJECT, SAMPLES_A_SUBJECT, SUBJECTS, SUBMISSION, Stand

RECORDS = 2000
# More than a run makes: who makes a record of a location asks about all others that name it.
NEW_RECORDS = 30_000
FILES = 10
PROJECTS, USERS = 1000, 50
SAMPLES = SUBJECTS * SAMPLES_A_SUBJECT
RESOURCE = f"/programs/{PROGRAM}/projects/{PROJECT}"

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

# One statement that does all that a new record needs.
NEW_RECORD = """
with id as materialized (select gen_random_uuid()::text as did, gen_random_uuid()::text as base),
b as (insert into base_version select base from id),
r as (insert into index_record (did, baseid, rev, form, size, file_name, created_date, updated_date)
      select did, base, 'abcd1234', 'object', 5, 'a.bin', now(), now() from id),
u as (insert into index_record_url (did, url) select did, 's3://elsewhere/floor/' || did from id),
z as (insert into index_record_authz (did, resource) select did, '%s' from id)
insert into index_record_hash (did, hash_type, hash_value) select did, 'md5', md5(did) from id;
"""


class Records:
    """Records of the index, made through its API."""

    def __init__(self, stand: Stand) -> None:
        self.stand, self.clock = stand, Clock(stand.commons.process.pid)
        self.url = stand.commons.run("database", "url", "indexd").strip()
        prefix = f"{uuid.uuid4()}"[:-12]
        self.ids = [f"{prefix}{number:012}" for number in range(RECORDS)]
        for did in self.ids:
            stand.client.ask("POST", "/index/index", json.dumps(record(did)).encode())
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("vacuum analyze")
        self.read_by_hand = WHOLE_RECORD % (RECORDS - 1, prefix)

    def load(self, method: str, paths: list[str], bodies: list[str] | None = None) -> Load:
        return load(self.stand, method, paths, bodies)


def load(stand: Stand, method: str, paths: list[str], bodies: list[str] | None = None) -> Load:
    headers = {**stand.client.headers, "Content-Type": "application/json"}
    return Load(stand.commons.url, method, paths, headers, bodies or ())


def record(did: str | None) -> dict:
    name = did or str(uuid.uuid4())
    return {**({"did": did} if did else {}), "form": "object", "size": 5, "file_name": "a.bin",
            "hashes": {"md5": uuid.uuid5(uuid.NAMESPACE_OID, name).hex}, "urls": [f"s3://elsewhere/bench/{name}"],
            "authz": [RESOURCE], "acl": []}


@functools.cache
def records(stand: Stand) -> Records:
    return Records(stand)


def line(name: str, what: str, ours: Callable[[], Taken], floor: Callable[[], Taken], goal: str = "–",
         holds: Callable[[float, float], bool] = lambda ours, ratio: True) -> Work:
    return Work(name, what, "requests/s", REQUESTS, lambda _: ours(), lambda _: floor(), goal, holds)


def empty(stand: Stand) -> Load:
    """A request of the gateway that does nothing."""
    return load(stand, "GET", ["/_status"])


def nothing(stand: Stand) -> Work:
    """What the gateway, its server and the network take in any case; there is nothing below it."""
    clock, ours = Clock(stand.commons.process.pid), empty(stand)
    return line("empty", "a request that does nothing", lambda: ours.taken(clock), lambda: ours.taken(clock))


def index_read(stand: Stand) -> Work:
    made = records(stand)
    ours = made.load("GET", [f"/index/index/{did}" for did in made.ids])
    return line("index-read", "a record of the index", lambda: ours.taken(made.clock),
                lambda: pgbench(made.url, made.read_by_hand, made.clock))


def drs_read(stand: Stand) -> Work:
    made = records(stand)
    ours = made.load("GET", [f"/ga4gh/drs/v1/objects/{did}" for did in made.ids])
    return line("drs-read", "a DRS object", lambda: ours.taken(made.clock),
                lambda: pgbench(made.url, made.read_by_hand, made.clock))


def index_create(stand: Stand) -> Work:
    made = records(stand)
    bodies = [json.dumps(record(None)) for _ in range(NEW_RECORDS)]
    ours = made.load("POST", ["/index/index"] * len(bodies), bodies)
    return line("index-create", "a new record of the index", lambda: ours.taken(made.clock),
                lambda: pgbench(made.url, NEW_RECORD % RESOURCE, made.clock))


def decision(stand: Stand) -> Work:
    """arborist is asked as a reverse proxy asks it, with a token that it verifies."""
    clock, floor = Clock(stand.commons.process.pid), empty(stand)
    ours = load(stand, "GET", [f"/authz?resource={RESOURCE}&service=sheepdog&method=read"])
    return line("decision", "a decision of arborist, with a token", lambda: ours.taken(clock),
                lambda: floor.taken(clock), "≥ 0.80", lambda _, ratio: ratio >= 0.8)


@contextlib.contextmanager
def arborist(stand: Stand) -> Iterator[tuple[str, Clock]]:
    """arborist in a process of its own on the same database, as services ask it without a gateway between."""
    port = free_port()
    process = subprocess.Popen(
        [str(stand.program or program()), "serve", "arborist", "--host", "127.0.0.1", "--port", str(port),
         "--database-url", stand.commons.run("database", "url", "arborist").strip(),
         "--jwks-url", f"{stand.commons.url}/user/.well-known/jwks"],
        env={**os.environ, "RUST_LOG": "warn"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for_answer(port, process)
        yield f"http://127.0.0.1:{port}", Clock(process.pid)
    finally:
        process.terminate()
        process.wait()


def decision_itself(stand: Stand) -> Work:
    """The same decision, asked as a service asks it."""
    context = arborist(stand)
    url, clock = context.__enter__()
    weakref.finalize(stand, context.__exit__, None, None, None)
    token = stand.client.headers["Authorization"].split(" ", 1)[1]
    asked = {"user": {"token": token}, "request": {"resource": RESOURCE, "action": {"service": "sheepdog", "method": "read"}}}
    kind = {"Content-Type": "application/json"}
    ours, floor, of_floor = Load(url, "POST", ["/auth/request"], kind, [json.dumps(asked)]), empty(stand), Clock(stand.commons.process.pid)
    return line("decision-itself", "the same, of arborist without the gateway", lambda: ours.taken(clock),
                lambda: floor.taken(of_floor), "≥ 0.80", lambda _, ratio: ratio >= 0.8)


# Users with a policy of their own on projects of their own, beside the one that everybody shares.
READERS = f"""
insert into resource (name, path) select 'bench', 'bench' on conflict do nothing;
insert into resource (name, path) select 'p' || n, ('bench.p' || n)::ltree from generate_series(0, %d) n;
insert into role (name) values ('bench-reader');
insert into permission (role_id, name, service, method)
    select id, method, '*', method from role, unnest(array['read', 'read-storage']) method where name = 'bench-reader';
insert into policy (name) select 'bench-' || n from generate_series(0, %d) n;
insert into policy_role select p.id, r.id from policy p, role r where p.name like 'bench-%%' and r.name = 'bench-reader';
insert into policy_resource select p.id, r.id from generate_series(0, %d) n
    join policy p on p.name = 'bench-' || n join resource r on r.path = ('bench.p' || n)::ltree;
insert into usr (name) select 'reader-' || n from generate_series(0, {USERS - 1}) n;
insert into usr_policy (usr_id, policy_id) select u.id, p.id from generate_series(0, {USERS - 1}) n
    cross join generate_series(0, 4) k join policy p on p.name = 'bench-' || ((n * 5 + k) %% %d) join usr u on u.name = 'reader-' || n;
""" % (PROJECTS - 1, PROJECTS - 1, PROJECTS - 1, PROJECTS)


def mapping(stand: Stand) -> Work:
    """What users with five projects of a thousand may do, asked by each of them in turn."""
    clock, floor = Clock(stand.commons.process.pid), empty(stand)
    with psycopg.connect(stand.commons.run("database", "url", "arborist").strip(), autocommit=True) as database:
        database.execute(READERS)
    tokens = [stand.commons.run("user", "token", f"reader-{number}", "--create").strip() for number in range(USERS)]
    ours = Load(stand.commons.url, "GET", ["/authz/mapping"] * USERS, {}, tokens=tokens)
    return line("mapping", "what an ordinary user may do", lambda: ours.taken(clock), lambda: floor.taken(clock),
                "≥ 5,000/s", lambda ours, _: ours >= 5000)


def token(stand: Stand) -> Work:
    clock = Clock(stand.commons.process.pid)
    key = stand.commons.api_key_file.read_text()
    body = json.dumps(json.loads(key))
    ours = load(stand, "POST", ["/user/credentials/api/access_token"], [body])
    return line("token", "an access token from an API key", lambda: ours.taken(clock),
                lambda: openssl("rsa2048", pattern=r"^rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)"), "≥ 0.70",
                lambda _, ratio: ratio >= 0.7)


# What the query below needs, in one statement whose plan is kept.
SAMPLE_BY_HAND = r"""
\set n random(0, %d)
select json_build_object('data', json_build_object('sample', json_agg(json_build_object('id', n.node_id,
    'sample_type', n._props -> 'sample_type', 'subjects', (
        select json_agg(json_build_object('submitter_id', d._props -> 'submitter_id'))
        from edge_samplederivedfromsubject e join node_subject d on d.node_id = e.dst_id where e.src_id = n.node_id)))))
from node_sample n where n._props ->> 'submitter_id' = 'sample-' || :n and n._props ->> 'project_id' = '%s';
"""


def query(stand: Stand) -> Work:
    """A record by its name, with one that it is linked to."""
    clock, url = Clock(stand.commons.process.pid), stand.commons.run("database", "url", "sheepdog").strip()
    texts = ['{ sample(submitter_id: "sample-%d") { id sample_type subjects { submitter_id } } }' % number
             for number in range(0, SAMPLES, SAMPLES // REQUESTS)]
    bodies = [json.dumps({"query": text}) for text in texts]
    ours = load(stand, "POST", [f"{SUBMISSION}/graphql"] * len(bodies), bodies)
    by_hand = SAMPLE_BY_HAND % (SAMPLES - 1, f"{PROGRAM}-{PROJECT}")
    return line("query", "a small GraphQL query", lambda: ours.taken(clock), lambda: pgbench(url, by_hand, clock))


def signed_url(stand: Stand) -> Work:
    clock, floor = Clock(stand.commons.process.pid), empty(stand)
    ours = load(stand, "GET", [f"/user/data/download/{guid}" for guid in files(stand)])
    return line("signed-url", "a signed URL for a download", lambda: ours.taken(clock), lambda: floor.taken(clock),
                "≥ 5,000/s", lambda ours, _: ours >= 5000)


def files(stand: Stand) -> list[str]:
    """Files that were uploaded and indexed."""
    guids = []
    for number in range(FILES):
        begun = json.loads(stand.client.ask("POST", "/user/data/upload",
                                            json.dumps({"file_name": f"{number}.txt"}).encode()))
        put = urllib.request.Request(begun["url"], data=b"bytes", method="PUT")
        with urllib.request.urlopen(put, timeout=30):
            guids.append(begun["guid"])
    end = time.monotonic() + 60
    for guid in guids:
        while not json.loads(stand.client.ask("GET", f"/index/index/{guid}"))["urls"]:
            if time.monotonic() > end:
                raise RuntimeError("uploads are not indexed")
            time.sleep(0.2)
    return guids


LINES: dict[str, Callable[[Stand], Work]] = {
    "empty": nothing,
    "index-read": index_read,
    "drs-read": drs_read,
    "index-create": index_create,
    "query": query,
    "decision": decision,
    "decision-itself": decision_itself,
    "mapping": mapping,
    "token": token,
    "signed-url": signed_url,
}
