"""Submission and deletion beside the same rows written by hand.

The floor writes what ours wrote, row by row the same: nodes, edges, history (snapshots, voided rows), the log and its
document, in the same tables with the same indexes, with `unnest`, in one committed transaction a request. Its arrays
are in the binary form of the wire before the clock starts: no parsing, no validation, no client to speak of. Every
repetition takes its rows away again, so that both sides always write into equally large tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from psycopg import Connection

from .floor import Prepared, many
from .measure import Clock, Taken, Work
from .stand import PROGRAM, PROJECT, SUBMISSION, Stand, aliquot, table

RECORDS = 10_000
IDS_A_DELETION = 1_000  # an id is part of the address, which may have 64 kB
EDGES = "edge_aliquotderivedfromsample"
TSV = "text/tab-separated-values"

OPEN = ("insert into transaction_logs (submitter, role, program, project, is_dry_run, state, closed, canonical_json) "
        "values ('floor', $1::text, $2::text, $3::text, false, 'SUCCEEDED', false, $4::text::jsonb) returning id::text")
NODES = ("insert into node_aliquot (node_id, acl, _sysan, _props) select i, '{}', '{}', p::jsonb "
         "from unnest($1::text[], $2::text[]) as r (i, p)")
LINKS = (f"insert into {EDGES} (src_id, dst_id, acl, _sysan, _props) select s, d, '{{}}', '{{}}', '{{}}' "
         "from unnest($1::text[], $2::text[]) as r (s, d)")
SNAPSHOTS = ("insert into transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) "
             "select e, $1::text::int, $2::text, o::jsonb, n::jsonb "
             "from unnest($3::text[], $4::text[], $5::text[]) as t (e, o, n)")
DOCUMENT = ("insert into transaction_documents (transaction_id, name, doc_format, doc, response_json) "
            "values ($1::text::int, null, $2::text, $3::text, $4::text::jsonb)")
VOID_NODES_SNAPSHOT = (
    "insert into transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) "
    "select node_id, $1::text::int, 'delete', _props, '{}' from node_aliquot where node_id = any($2::text[])")
VOID_EDGES = (
    f"with gone as (delete from {EDGES} where src_id = any($1::text[]) returning *) insert into _voided_edges "
    "(src_id, dst_id, label, created, acl, system_annotations, properties) "
    "select src_id, dst_id, 'derived_from', created, acl, _sysan, _props from gone")
VOID_NODES = (
    "with gone as (delete from node_aliquot where node_id = any($1::text[]) returning *) insert into _voided_nodes "
    "(node_id, created, acl, system_annotations, properties, label) "
    "select node_id, created, acl, _sysan, _props, 'aliquot' from gone")


class Rows:
    """The rows of 10,000 new aliquots, as the commons wrote them, and statements that write them by hand."""

    def __init__(self, stand: Stand) -> None:
        self.database: Connection = stand.database
        self.records = [aliquot(f"new-{number}", number) for number in range(RECORDS)]
        self.bodies = {"json": json.dumps(self.records).encode(), "tsv": table(self.records)}
        stand.client.submit("PUT", self.bodies["json"])
        transaction, self.canonical = self.read(
            "select id, canonical_json::text from transaction_logs order by id desc limit 1")[0]
        self.nodes = self.read(
            "select n.node_id, n._props::text, s.old_props::text, s.new_props::text from transaction_snapshots s "
            "join node_aliquot n on n.node_id = s.entity_id where s.transaction_id = %s "
            "order by lower(n._props ->> 'submitter_id')", transaction)
        self.ids, self.props, self.old, self.new = (list(column) for column in zip(*self.nodes))
        assert len(self.ids) == RECORDS
        edges = self.read(f"select src_id, dst_id from {EDGES} where src_id = any(%s) order by ctid", self.ids)
        self.sources, self.destinations = (list(column) for column in zip(*edges))
        self.answer = self.read(
            "select response_json::text from transaction_documents where transaction_id = %s", transaction)[0][0]
        self.erase()

    def read(self, sql: str, *arguments: object) -> list[tuple]:
        return self.database.execute(sql, arguments).fetchall()

    def writing(self, form: str) -> Callable[[], None]:
        """What writes the rows of a creation, everything else done."""
        by_hand = Prepared(self.database)
        ids, props, old, new = map(many, (self.ids, self.props, self.old, self.new))
        sources, destinations = many(self.sources), many(self.destinations)
        canonical, document, answer = self.canonical.encode(), self.bodies[form], self.answer.encode()

        def write() -> None:
            with by_hand.transaction():
                number = by_hand.run(OPEN, b"update", PROGRAM.encode(), PROJECT.encode(), canonical)
                by_hand.run(NODES, ids, props)
                by_hand.run(LINKS, sources, destinations)
                by_hand.run(SNAPSHOTS, number, b"create", ids, old, new)
                by_hand.run(DOCUMENT, number, form.encode(), document, answer)

        return write

    def erase(self) -> None:
        """Everything that came since the graph was loaded."""
        since = self.read("select min(transaction_id) from transaction_snapshots where entity_id = any(%s)", self.ids)
        self.database.execute(f"delete from {EDGES} where src_id = any(%s)", [self.ids])
        self.database.execute("delete from node_aliquot where node_id = any(%s)", [self.ids])
        self.database.execute("delete from _voided_nodes")
        self.database.execute("delete from _voided_edges")
        if since[0][0]:
            self.forget(since[0][0])

    def forget(self, since: int) -> None:
        """The transactions from `since` on."""
        self.database.execute("delete from transaction_snapshots where transaction_id >= %s", [since])
        self.database.execute("delete from transaction_documents where transaction_id >= %s", [since])
        self.database.execute("delete from transaction_logs where id >= %s", [since])

    def next_transaction(self) -> int:
        """The smallest number that the next transaction can have."""
        return self.read("select coalesce(max(id), 0) + 1 from transaction_logs")[0][0]


def create(stand: Stand, form: str) -> Work:
    """10,000 new records in one request."""
    rows, clock = Rows(stand), Clock(stand.commons.process.pid)
    kind = TSV if form == "tsv" else "application/json"

    def ours(_: int) -> Taken:
        stand.settle()
        said = []
        taken = clock.time(lambda: said.append(stand.client.submit("PUT", rows.bodies[form], kind)), own=False)
        answer = json.loads(said[0])
        assert answer["created_entity_count"] == RECORDS, answer["message"]
        written = [entity["id"] for entity in answer["entities"]]
        kept, rows.ids = rows.ids, written
        rows.erase()
        rows.ids = kept
        return taken

    def floor(_: int) -> Taken:
        write = rows.writing(form)
        stand.settle()
        taken = clock.time(write, own=True)
        rows.erase()
        return taken

    return Work(
        f"create-{form}", f"create 10,000 records in one {form.upper()} request", "records/s", RECORDS, ours, floor,
        "≥ 0.50", lambda _, ratio: ratio >= 0.5, "100/s" if form == "json" else "41–57/s")


def unchanged(stand: Stand) -> Work:
    """10,000 stored records sent again as they are."""
    rows, clock = Rows(stand), Clock(stand.commons.process.pid)
    records = [aliquot(number, number // 2) for number in range(RECORDS)]
    body = json.dumps(records).encode()
    keys = [record["submitter_id"] for record in records]
    targets = sorted({record["samples"]["submitter_id"] for record in records})

    def ours(_: int) -> Taken:
        stand.settle()
        since, said = rows.next_transaction(), []
        taken = clock.time(lambda: said.append(stand.client.submit("PUT", body)), own=False)
        answer = json.loads(said[0])
        assert answer["updated_entity_count"] == RECORDS, answer["message"]
        rows.forget(since)
        rows.answer = said[0].decode()
        return taken

    by_hand, key = Prepared(rows.database), f"{PROGRAM}-{PROJECT}".encode()
    keys, targets = many(keys), many(targets)

    def found(kind: str) -> str:
        return ("select k.n, n.node_id, n._props from unnest($1::text[]) with ordinality as k (key, n) "
                f"join node_{kind} n on lower(n._props ->> 'project_id') = lower($2::text) "
                "and lower(n._props ->> 'submitter_id') = lower(k.key)")

    known = by_hand.rows(found("aliquot"), keys, key)
    assert len(known) == RECORDS
    ids, props = many([row[1] for row in known]), many([row[2] for row in known])

    def work() -> None:
        with by_hand.transaction():
            by_hand.run(found("aliquot"), keys, key)
            by_hand.run(found("sample"), targets, key)
            by_hand.run(f"select src_id, dst_id from {EDGES} where src_id = any($1::text[])", ids)
            new = by_hand.run(OPEN, b"update", PROGRAM.encode(), PROJECT.encode(), rows.canonical.encode())
            by_hand.run(SNAPSHOTS, new, b"update", ids, props, props)
            by_hand.run(DOCUMENT, new, b"json", body, rows.answer.encode())

    def floor(_: int) -> Taken:
        stand.settle()
        since = rows.next_transaction()
        taken = clock.time(work, own=True)
        rows.forget(since)
        return taken

    return Work("unchanged", "PUT 10,000 unchanged records again", "records/s", RECORDS, ours, floor, "≥ 10,000/s",
                lambda rate, _: rate >= 10_000, "113–180/s")


def delete(stand: Stand) -> Work:
    """10,000 leaf records, 1,000 a request."""
    rows, clock = Rows(stand), Clock(stand.commons.process.pid)
    answers: list[bytes] = []
    batches = [rows.ids[first:first + IDS_A_DELETION] for first in range(0, RECORDS, IDS_A_DELETION)]
    by_hand, arrays, write = Prepared(rows.database), list(map(many, batches)), rows.writing("json")

    def prepared() -> None:
        write()
        stand.settle()

    def requests() -> None:
        for ids in batches:
            answers.append(stand.client.ask("DELETE", f"{SUBMISSION}/{PROGRAM}/{PROJECT}/entities/{','.join(ids)}"))

    def ours(_: int) -> Taken:
        prepared()
        answers.clear()
        taken = clock.time(requests, own=False)
        assert sum(json.loads(answer)["deleted_entity_count"] for answer in answers) == RECORDS
        rows.erase()
        return taken

    def work() -> None:
        for number, ids in enumerate(arrays):
            with by_hand.transaction():
                new = by_hand.run(OPEN, b"delete", PROGRAM.encode(), PROJECT.encode(), b"[]")
                by_hand.run(VOID_NODES_SNAPSHOT, new, ids)
                by_hand.run(VOID_EDGES, ids)
                by_hand.run(VOID_NODES, ids)
                by_hand.run(DOCUMENT, new, b"N/A", b"", answers[number] if answers else rows.answer.encode())

    def floor(_: int) -> Taken:
        prepared()
        taken = clock.time(work, own=True)
        rows.erase()
        return taken

    return Work("delete", "delete 10,000 leaf records, 1,000 a request", "records/s", RECORDS, ours, floor,
                "≥ 5,000/s", lambda rate, _: rate >= 5_000, "33/s")
