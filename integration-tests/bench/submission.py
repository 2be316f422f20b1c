"""How fast records are submitted, beside the floor: the same rows written by hand with `unnest` into the same tables.

    python -m bench.submission [--records 10000] [--runs 3] [--json]

One request submits all records. The floor is what the database itself needs for them: node rows, edges, snapshots and the
three transaction rows, in one transaction, by hand-written `insert ... select from unnest(...)` of the very rows that the
commons wrote. Both run in one process on one machine; only the ratio means something.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid

import psycopg
import requests

from harness.commons import Commons

SUBMISSION = "/api/v0/submission"


def login(commons: Commons) -> requests.Session:
    session = requests.Session()
    key = json.loads(commons.api_key_file.read_text())
    answer = session.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    answer.raise_for_status()
    session.headers["Authorization"] = f"bearer {answer.json()['access_token']}"
    return session


def prepare(commons: Commons, session: requests.Session) -> str:
    base = commons.url + SUBMISSION
    for method, path, body in (
        ("POST", "/", {"type": "program", "name": "BENCH", "dbgap_accession_number": "BENCH"}),
        ("PUT", "/BENCH", {"type": "project", "code": "b", "name": "Bench", "dbgap_accession_number": "b"}),
        ("PUT", "/BENCH/b", {"type": "study", "submitter_id": "st", "projects": {"code": "b"}, "study_title": "Bench"}),
    ):
        session.request(method, base + path, json=body, timeout=60).raise_for_status()
    return f"{base}/BENCH/b"


def submit(session: requests.Session, url: str, records: int, run: int) -> tuple[float, int]:
    """Seconds that one request with `records` new subjects takes, and its transaction."""
    body = json.dumps([{"type": "subject", "submitter_id": f"r{run}-{n}", "studies": {"submitter_id": "st"},
                        "cohort": "A", "enrolment_year": 2020} for n in range(records)])
    started = time.perf_counter()
    answer = session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=600)
    seconds = time.perf_counter() - started
    said = answer.json()
    assert answer.status_code == 201 and said["created_entity_count"] == records, answer.text[:500]
    return seconds, said["transaction_id"]


def floor(connection: psycopg.Connection, transaction: int) -> float:
    """Seconds that the database needs to write the rows of `transaction` again, under new ids."""
    read = lambda sql, *args: connection.execute(sql, args).fetchall()  # noqa: E731
    snapshots = read("select entity_id, new_props::text from transaction_snapshots where transaction_id = %s", transaction)
    ids = {old: str(uuid.uuid4()) for old, _ in snapshots}
    nodes = read("select node_id, _props::text from node_subject where node_id = any(%s) "
                 "order by lower(_props ->> 'submitter_id')", list(ids))
    edge_table = read("select tablename from pg_tables where tablename like 'edge_subject%%study'")[0][0]
    edges = read(f"select src_id, dst_id from {edge_table} where src_id = any(%s)", list(ids))
    log = read("select canonical_json::text from transaction_logs where id = %s", transaction)[0][0]
    document = read("select doc, response_json::text from transaction_documents where transaction_id = %s", transaction)[0]
    node_ids = [ids[node] for node, _ in nodes]
    # Another submitter_id, or the unique index refuses the copy.
    properties = [props.replace('"submitter_id": "r', '"submitter_id": "f') for _, props in nodes]
    connection.commit()
    started = time.perf_counter()
    with connection.transaction():
        new = connection.execute(
            "insert into transaction_logs (submitter, role, program, project, is_dry_run, state, closed, canonical_json) "
            "values ('floor', 'create', 'BENCH', 'b', false, 'SUCCEEDED', false, %s::jsonb) returning id", [log]).fetchone()[0]
        connection.execute(
            "insert into node_subject (node_id, acl, _sysan, _props) select i, '{}', '{}', p::jsonb "
            "from unnest(%s::text[], %s::text[]) as r(i, p)", [node_ids, properties])
        connection.execute(
            f"insert into {edge_table} (src_id, dst_id, acl, _sysan, _props) select s, d, '{{}}', '{{}}', '{{}}' "
            "from unnest(%s::text[], %s::text[]) as r(s, d)", [[ids[s] for s, _ in edges], [d for _, d in edges]])
        connection.execute(
            "insert into transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) "
            "select i, %s, 'create', '{}', p::jsonb from unnest(%s::text[], %s::text[]) as r(i, p)",
            [new, [ids[old] for old, _ in snapshots], [props for _, props in snapshots]])
        connection.execute(
            "insert into transaction_documents (transaction_id, name, doc_format, doc, response_json) "
            "values (%s, '', 'json', %s, %s::jsonb)", [new, *document])
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    ours, floors = [], []
    with Commons.up() as commons:
        session = login(commons)
        url = prepare(commons, session)
        with psycopg.connect(commons.run("database", "url", "sheepdog").strip()) as connection:
            for run in range(a.runs):
                seconds, transaction = submit(session, url, a.records, run)
                ours.append(a.records / seconds)
                floors.append(a.records / floor(connection, transaction))
    result = {"records": a.records, "runs": a.runs, "ours_records_per_s": round(statistics.median(ours)),
              "floor_records_per_s": round(statistics.median(floors)),
              "ratio": round(statistics.median(ours) / statistics.median(floors), 2)}
    if a.json:
        print(json.dumps(result))
    else:
        print(f"create {a.records} records in one JSON request, median of {a.runs} runs")
        print(f"  commons {result['ours_records_per_s']:>9} records/s")
        print(f"  floor   {result['floor_records_per_s']:>9} records/s   (the same rows by hand, with unnest)")
        print(f"  ratio   {result['ratio']:>9}")


if __name__ == "__main__":
    main()
