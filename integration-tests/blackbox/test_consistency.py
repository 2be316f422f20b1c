"""Eight writers and eight readers at once on three projects: nothing is lost, torn, half there, or waits for ever.

CONSISTENCY_SECONDS says for how long; 60 is the full proof.

Each project has a family: subjects with samples with aliquots. A writer stamps the whole family in one transaction, so
all its members must show one stamp in every answer, and the stamps that they had, as the history tells them, must be
those of the successful transactions, each once, in one order.
"""

import collections
import itertools
import json
import os
import random
import threading
import time

import psycopg
import requests

from harness.commons import Commons

SECONDS = float(os.environ.get("CONSISTENCY_SECONDS", "15"))
PATIENCE = 30  # seconds for one answer; nothing here takes one
SUBMISSION = "/api/v0/submission"
PROJECTS = ("a", "b", "c")
SUBJECTS, SAMPLES, ALIQUOTS = 3, 3, 2
TREE_SAMPLES, TREE_ALIQUOTS = 3, 2
DIAGNOSES = ("d0", "d1")
# Where each type of a family carries the stamp.
STAMP = {"subject": "cohort", "sample": "anatomic_site", "aliquot": "source_center"}
# What a writer may be told when another one was first, or when it asked for what is not allowed.
REFUSALS = ("already exists in the DB", "link has to be many_to_one", "is not unique", "Entity not found", "Unable to delete entity",
            "No link destination found", "is not of type", "Deletion transaction failed", "Dry run")
SUCCESS = {200, 201}

Stamped = collections.namedtuple("Stamped", "project stamp transaction began ended")
Seen = collections.namedtuple("Seen", "project stamp began ended")


def family(stamp):
    """The records of a family, with this stamp."""
    for s in range(SUBJECTS):
        yield {"type": "subject", "submitter_id": f"f{s}", "studies": {"submitter_id": "st"}, "cohort": stamp}
        for m in range(SAMPLES):
            yield {"type": "sample", "submitter_id": f"f{s}.{m}", "sample_type": "Blood", "subjects": {"submitter_id": f"f{s}"},
                   "anatomic_site": stamp}
            for q in range(ALIQUOTS):
                yield {"type": "aliquot", "submitter_id": f"f{s}.{m}.{q}", "samples": {"submitter_id": f"f{s}.{m}"}, "source_center": stamp}


def tree(name):
    """A subject that comes and goes with everything below it."""
    yield {"type": "subject", "submitter_id": name, "studies": {"submitter_id": "st"}}
    for m in range(TREE_SAMPLES):
        yield {"type": "sample", "submitter_id": f"{name}.{m}", "sample_type": "Blood", "subjects": {"submitter_id": name}}
        for q in range(TREE_ALIQUOTS):
            yield {"type": "aliquot", "submitter_id": f"{name}.{m}.{q}", "samples": {"submitter_id": f"{name}.{m}"}}


class World:
    """What all threads share."""

    def __init__(self, commons):
        self.commons, self.url = commons, commons.url
        self.token = commons.token("admin")
        self.faults, self.stamped, self.seen = [], [], []
        self.sent = {project: {"first"} for project in PROJECTS}
        self.tables = {project: {"first"} for project in PROJECTS}
        self.answers = collections.Counter()
        self.logged = collections.Counter()  # transactions by the state that their log must have
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.ids = {}
        # What the database said while it started is of no interest.
        self.log_begins = commons.state.joinpath("postgres.log").stat().st_size

    def client(self, name):
        session = requests.Session()
        session.headers["Authorization"] = f"bearer {self.token}"
        return Caller(self, session, name)

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def check(self, holds, text):
        if not holds:
            self.fault(text() if callable(text) else text)


class Caller:
    def __init__(self, world, session, name):
        self.world, self.session, self.name = world, session, name
        self.random = random.Random(name)

    def call(self, method, path, **kw):
        """Sends a request; whatever is neither a success nor a refusal that is documented is a fault."""
        began = time.monotonic()
        try:
            answer = self.session.request(method, self.world.url + path, timeout=PATIENCE, **kw)
        except requests.RequestException as error:
            self.world.fault(f"{self.name}: {method} {path}: no answer after {time.monotonic() - began:.1f} s: {error!r}")
            self.world.stop.set()
            return None, None, began, time.monotonic()
        ended = time.monotonic()
        with self.world.lock:
            self.world.answers[f"{self.name.split('-')[0]} {answer.status_code}"] += 1
        if answer.status_code not in SUCCESS and not (answer.status_code == 400 and any(text in answer.text for text in REFUSALS)):
            self.world.fault(f"{self.name}: {method} {path}: {answer.status_code} {answer.text[:500]}")
        try:
            body = answer.json()
        except ValueError:
            body = answer.text
        return answer.status_code, body, began, ended

    def submit(self, project, records, method="PUT", dry_run=False, table=False):
        path = f"{SUBMISSION}/CONS/{project}{'/_dry_run' if dry_run else ''}"
        data = as_table(records) if table else json.dumps(records)
        kind = "text/tab-separated-values" if table else "application/json"
        told = self.call(method, path, data=data.encode(), headers={"Content-Type": kind})
        self.note(told[1], dry_run)
        return told

    def delete(self, project, ids, dry_run=False):
        path = f"{SUBMISSION}/CONS/{project}/entities/{'_dry_run/' if dry_run else ''}{','.join(ids)}"
        told = self.call("DELETE", path)
        self.note(told[1], dry_run)
        return told

    def note(self, body, dry_run):
        if isinstance(body, dict) and body.get("transaction_id") is not None:
            with self.world.lock:
                self.world.logged["SUCCEEDED" if body["success"] else "FAILED"] += 1
                self.world.logged["dry runs"] += dry_run

    def query(self, query):
        status, body, began, ended = self.call("POST", f"{SUBMISSION}/graphql", json={"query": query})
        if status != 200:
            self.world.fault(f"{self.name}: {status} {str(body)[:500]}")
            return None, began, ended
        return body["data"], began, ended


def as_table(records):
    """Records of one type as TSV."""
    records = list(records)
    columns = [name if not isinstance(value, dict) else f"{name}.submitter_id" for name, value in records[0].items()]
    rows = [[value if not isinstance(value, dict) else value["submitter_id"] for value in record.values()] for record in records]
    return "\n".join("\t".join(row) for row in [columns, *rows]) + "\n"


# Writers: each does one thing once when it is called.

def stamps_a_family(caller, number):
    project, stamp = caller.random.choice(PROJECTS), f"{caller.name}.{number}"
    caller.world.sent[project].add(stamp)
    records = list(family(stamp))
    caller.random.shuffle(records)
    status, body, began, ended = caller.submit(project, records)
    caller.world.check(status == 200, lambda: f"{caller.name}: a stamp was refused: {body}")
    if status == 200:
        with caller.world.lock:
            caller.world.stamped.append(Stamped(project, stamp, body["transaction_id"], began, ended))


def stamps_aliquots_by_table(caller, number):
    project, stamp = caller.random.choice(PROJECTS), f"{caller.name}.{number}"
    caller.world.tables[project].add(stamp)
    aliquots = [{key: value for key, value in record.items() if key != "source_center"} | {"extraction_method": stamp}
                for record in family("") if record["type"] == "aliquot"]
    status, body, *_ = caller.submit(project, aliquots, table=True)
    caller.world.check(status == 200, lambda: f"{caller.name}: a table was refused: {body}")


def makes_and_removes_a_tree(caller, number):
    """Two writers with the same names: one of them may be too late, both for making and for removing."""
    project, name = caller.random.choice(PROJECTS), f"t{caller.random.randrange(2)}"
    records = list(tree(name))
    caller.random.shuffle(records)
    method = caller.random.choice(("POST", "PUT"))
    status, body, *_ = caller.submit(project, records, method)
    if status not in SUCCESS:
        return
    ids = [entity["id"] for entity in body["entities"]]
    caller.random.shuffle(ids)
    if number % 3 == 0:
        caller.delete(project, ids, dry_run=True)
    if number % 4 == 0:
        # Not without its children: this must be refused, or the other writer has removed it already.
        subject = [entity["id"] for entity in body["entities"] if entity["type"] == "subject"]
        status, body, *_ = caller.delete(project, subject)
        caller.world.check(status == 400, lambda: f"{caller.name}: a parent went without its children: {body}")
    caller.delete(project, ids)


def moves_links(caller, number):
    """The samples of one subject belong to one diagnosis together, or to none."""
    project, samples = caller.random.choice(PROJECTS), [r for r in family("") if r["type"] == "sample" and r["subjects"]["submitter_id"] == "f0"]
    for record in samples:
        del record["anatomic_site"]
    for target in (None, {"submitter_id": caller.random.choice(DIAGNOSES)}):
        caller.submit(project, [record | {"diagnoses": target} for record in samples])


def tries_only(caller, number):
    """Dry runs and refused submissions, of which nothing may ever be seen."""
    project = caller.random.choice(PROJECTS)
    if number % 2:
        status, body, *_ = caller.submit(project, list(family(f"dry.{number}")), dry_run=True)
        caller.world.check(status == 200 and body["success"], lambda: f"{caller.name}: a dry run failed: {body}")
    else:
        records = list(family(f"bad.{number}"))
        records[caller.random.randrange(len(records))]["submitter_id"] = 17
        status, body, *_ = caller.submit(project, records)
        caller.world.check(status == 400, lambda: f"{caller.name}: a bad record was taken: {body}")


WRITERS = [stamps_a_family, stamps_a_family, stamps_a_family, stamps_aliquots_by_table, makes_and_removes_a_tree,
           makes_and_removes_a_tree, moves_links, tries_only]


# Readers.

def one_stamp(caller, project, stamps, began, ended, of=None, where=""):
    """All members that were seen together carry one stamp, and one that was sent."""
    stamps, world = set(stamps), caller.world
    world.check(len(stamps) == 1, lambda: f"{caller.name}: torn read{where}: {project} shows {sorted(map(str, stamps))}")
    known = world.sent[project] if of is None else of
    world.check(stamps <= known, lambda: f"{caller.name}: {project} shows {sorted(map(str, stamps - known))}, which nobody wrote")
    if of is None and len(stamps) == 1:
        with world.lock:
            world.seen.append((caller.name, Seen(project, stamps.pop(), began, ended)))


def reads_families(caller, number):
    """Three levels and counts in one request."""
    project = caller.random.choice(PROJECTS)
    here = f'project_id: "CONS-{project}"'
    data, began, ended = caller.query(f"""{{
        subject({here}, first: 0) {{ submitter_id cohort _samples_count samples(first: 0) {{ submitter_id anatomic_site _aliquots_count
            diagnoses {{ submitter_id }} aliquots(first: 0) {{ submitter_id source_center extraction_method }} }} }}
        sample({here}, first: 0) {{ submitter_id subjects {{ submitter_id }} }}
        aliquot({here}, first: 0) {{ submitter_id samples {{ submitter_id subjects {{ submitter_id }} }} }}
        _subject_count({here}) _sample_count({here}) _aliquot_count({here}) }}""")
    if data is None:
        return
    world, subjects = caller.world, data["subject"]
    samples = [sample for subject in subjects for sample in subject["samples"]]
    aliquots = [aliquot for sample in samples for aliquot in sample["aliquots"]]
    for what, nested in (("subject", subjects), ("sample", samples), ("aliquot", aliquots)):
        listed = data[what]
        counts = (len(nested), len(listed), data[f"_{what}_count"])
        world.check(len(set(counts)) == 1, lambda: f"{caller.name}: {project} has {counts} {what}s: nested, listed, counted")
    world.check(all(len(s["samples"]) == s["_samples_count"] for s in subjects), f"{caller.name}: a count of samples differs")
    world.check(all(len(s["aliquots"]) == s["_aliquots_count"] for s in samples), f"{caller.name}: a count of aliquots differs")
    orphans = [s for s in data["sample"] if len(s["subjects"]) != 1] + \
        [a for a in data["aliquot"] if len(a["samples"]) != 1 or len(a["samples"][0]["subjects"]) != 1]
    world.check(not orphans, lambda: f"{caller.name}: children without parents: {orphans}")
    for subject in subjects:
        if subject["submitter_id"].startswith("t"):
            whole = (len(subject["samples"]), {len(sample["aliquots"]) for sample in subject["samples"]})
            world.check(whole == (TREE_SAMPLES, {TREE_ALIQUOTS}), lambda: f"{caller.name}: half a tree: {subject}")
    kin = [s for s in subjects if s["submitter_id"].startswith("f")]
    world.check(len(kin) == SUBJECTS, f"{caller.name}: {len(kin)} of the family's subjects")
    below = [s for s in samples if s["submitter_id"].startswith("f")]
    leaves = [a for a in aliquots if a["submitter_id"].startswith("f")]
    stamps = [s["cohort"] for s in kin] + [s["anatomic_site"] for s in below] + [a["source_center"] for a in leaves]
    one_stamp(caller, project, stamps, began, ended)
    one_stamp(caller, project, [a["extraction_method"] for a in leaves], began, ended, world.tables[project])
    linked = {tuple(d["submitter_id"] for d in s["diagnoses"]) for s in below if s["submitter_id"].startswith("f0.")}
    world.check(len(linked) == 1 and all(len(ids) <= 1 for ids in linked), lambda: f"{caller.name}: links moved apart: {linked}")


def reads_all_projects(caller, number):
    """Lists and counts of all projects in one request, and the neighbours and types of the nodes."""
    fields = [f'{p}: subject(project_id: "CONS-{p}", first: 0, quick_search: "t") {{ id _samples_count }} '
              f'{p}n: _subject_count(project_id: "CONS-{p}", quick_search: "t")' for p in PROJECTS]
    data, *_ = caller.query(f"""{{ {' '.join(fields)} _subject_count subject(first: 0) {{ id }}
        aliquot(first: 0, quick_search: "f", order_by_asc: "submitter_id") {{ project_id source_center }}
        node(first: 0, of_type: ["sample"]) {{ id type }} _sample_count }}""")
    if data is None:
        return
    world = caller.world
    for project in PROJECTS:
        counts = (len(data[project]), data[f"{project}n"])
        world.check(counts[0] == counts[1], f"{caller.name}: {project}: {counts} listed and counted")
        world.check({s["_samples_count"] for s in data[project]} <= {0, TREE_SAMPLES, SAMPLES}, f"{caller.name}: half a tree")
    world.check(len(data["subject"]) == data["_subject_count"], f"{caller.name}: subjects listed and counted differ")
    world.check(len(data["node"]) == data["_sample_count"], f"{caller.name}: samples listed and counted differ")
    for project, found in itertools.groupby(sorted(data["aliquot"], key=lambda a: a["project_id"]), key=lambda a: a["project_id"][-1]):
        stamps = {a["source_center"] for a in found} - {None}
        world.check(len(stamps) == 1, lambda: f"{caller.name}: torn read over projects: {stamps}")


def exports_a_type(caller, number):
    project, node = caller.random.choice(PROJECTS), caller.random.choice(tuple(STAMP))
    form = caller.random.choice(("json", "tsv"))
    status, body, began, ended = caller.call("GET", f"{SUBMISSION}/CONS/{project}/export?node_label={node}&format={form}")
    if status != 200:
        return
    if form == "json":
        records = body["data"]
    else:
        header, *rows = [line.split("\t") for line in body.rstrip("\n").split("\n")]
        records = [dict(zip(header, row)) for row in rows]
    kin = [record for record in records if record["submitter_id"].startswith("f")]
    wanted = {"subject": SUBJECTS, "sample": SUBJECTS * SAMPLES, "aliquot": SUBJECTS * SAMPLES * ALIQUOTS}[node]
    caller.world.check(len(kin) == wanted, f"{caller.name}: {len(kin)} of {wanted} {node}s exported")
    one_stamp(caller, project, [record[STAMP[node]] for record in kin], began, ended, where=f" in an export of {node}")
    trees = collections.Counter(record["submitter_id"].split(".")[0] for record in records if record["submitter_id"].startswith("t"))
    whole = {"subject": 1, "sample": TREE_SAMPLES, "aliquot": TREE_SAMPLES * TREE_ALIQUOTS}[node]
    caller.world.check(set(trees.values()) <= {whole}, lambda: f"{caller.name}: half a tree exported: {trees}")


def reads_entities(caller, number):
    """Records by their ids, of several types in one request."""
    project = caller.random.choice(PROJECTS)
    ids = ",".join(caller.world.ids[project].values())
    if number % 2:
        status, body, began, ended = caller.call("GET", f"{SUBMISSION}/CONS/{project}/entities/{ids}")
        found = [entity["properties"] for entity in body["entities"]] if status == 200 else []
    else:
        status, body, began, ended = caller.call("GET", f"{SUBMISSION}/CONS/{project}/export?ids={ids}&format=json")
        found = list(records_in(body)) if status == 200 else []
    caller.world.check(status != 200 or len(found) == len(caller.world.ids[project]), f"{caller.name}: {len(found)} records by id")
    if found:
        stamps = [properties[STAMP[properties["type"]]] for properties in found]
        one_stamp(caller, project, stamps, began, ended, where=f" of records by id ({'entities' if number % 2 else 'export'})")


def records_in(body):
    """All records in an export by ids, however it groups them."""
    if isinstance(body, list):
        for item in body:
            yield from records_in(item)
    elif isinstance(body, dict):
        if "type" in body and "submitter_id" in body:
            yield body
        else:
            for item in body.values():
                yield from records_in(item)


def reads_the_log(caller, number):
    """What a log says of itself: a finished transaction has all its snapshots, another has none."""
    project = caller.random.choice(PROJECTS)
    data, *_ = caller.query(f"""{{ transaction_log(project: "{project}", last: 15) {{ id state is_dry_run type
        snapshots {{ id }} documents {{ response_json }} }} }}""")
    for log in data["transaction_log"] if data else ():
        world, told = caller.world, [json.loads(d["response_json"]) for d in log["documents"] if d["response_json"]]
        world.check(log["state"] in ("PENDING", "SUCCEEDED", "FAILED"), lambda: f"{caller.name}: {log['id']} is {log['state']}")
        if log["state"] == "SUCCEEDED" and not log["is_dry_run"] and log["type"] == "upload":
            world.check(told and told[0]["success"], lambda: f"{caller.name}: transaction {log['id']} succeeded without an answer")


READERS = [reads_families, reads_families, reads_families, reads_families, reads_all_projects, exports_a_type, reads_entities, reads_the_log]


def prepare(world):
    caller = world.client("prepare")
    base = f"{world.url}{SUBMISSION}"
    program = {"type": "program", "name": "CONS", "dbgap_accession_number": "CONS"}
    assert caller.session.post(base + "/", json=program, timeout=PATIENCE).status_code == 200
    for project in PROJECTS:
        body = {"type": "project", "code": project, "name": project, "dbgap_accession_number": project}
        assert caller.session.put(base + "/CONS", json=body, timeout=PATIENCE).status_code == 200
        world.logged["PENDING"] += 1  # so the original leaves the log of a project
        first = [{"type": "study", "submitter_id": "st", "study_title": "T", "projects": {"code": project}}, *family("first")]
        first += [{"type": "diagnosis", "submitter_id": name, "primary_diagnosis": "D", "subjects": {"submitter_id": "f0"}} for name in DIAGNOSES]
        for record in first:
            if record["type"] == "aliquot":
                record["extraction_method"] = "first"
        status, body, *_ = caller.submit(project, first)
        assert status == 200, body
        world.ids[project] = {entity["unique_keys"][0]["submitter_id"]: entity["id"] for entity in body["entities"] if entity["type"] in STAMP}


def at_work(world, work, name):
    caller = world.client(name)
    for number in itertools.count():
        if world.stop.is_set():
            return
        try:
            work(caller, number)
        except Exception as error:  # a thread must not end in silence
            world.fault(f"{name}: {error!r}")
            world.stop.set()
            raise


def chain(connection, node, node_id, name):
    """The values that a property had, oldest first; repetitions are updates of other properties."""
    old = connection.execute("select properties ->> %s from _voided_nodes where node_id = %s order by key", (name, node_id))
    now = connection.execute(f"select _props ->> %s from node_{node} where node_id = %s", (name, node_id))
    return [value for value, _ in itertools.groupby(row[0] for row in [*old, *now])]


def check_history(world, connection):
    for project in PROJECTS:
        done = [one for one in world.stamped if one.project == project]
        chains = {}
        for submitter_id, node_id in world.ids[project].items():
            node = {0: "subject", 1: "sample", 2: "aliquot"}[submitter_id.count(".")]
            chains[submitter_id] = chain(connection, node, node_id, STAMP[node])
        order = chains["f0"]
        world.check(all(other == order for other in chains.values()), lambda: f"{project}: members have different histories: {chains}")
        world.check(sorted(order) == sorted(["first"] + [one.stamp for one in done]),
                    lambda: f"{project}: the history {order} is not that of the transactions {[one.stamp for one in done]}")
        position = {stamp: n for n, stamp in enumerate(order)}
        for one, other in itertools.permutations(done, 2):
            if one.ended < other.began:
                world.check(position.get(one.stamp, -1) < position.get(other.stamp, -1),
                            f"{project}: {other.stamp} began after {one.stamp} was done, and is before it in the history")
        check_snapshots(world, connection, project, done, order)
        check_reads(world, project, done, position)


def check_snapshots(world, connection, project, done, order):
    """Each transaction leads every member from the stamp before it to its own."""
    before = dict(zip(order[1:], order))
    members = {node_id: {0: "subject", 1: "sample", 2: "aliquot"}[name.count(".")] for name, node_id in world.ids[project].items()}
    for one in done:
        rows = connection.execute("select entity_id, old_props, new_props from transaction_snapshots where transaction_id = %s", (one.transaction,)).fetchall()
        steps = {(old[STAMP[members[entity]]], new[STAMP[members[entity]]]) for entity, old, new in rows}
        world.check(steps == {(before.get(one.stamp), one.stamp)} and len(rows) == len(members),
                    lambda: f"{project}: transaction {one.transaction} has {len(rows)} snapshots with {steps}")


def check_reads(world, project, done, position):
    """No reader goes back, and none misses what was done before it asked."""
    ended = sorted((one.ended, position.get(one.stamp, -1)) for one in done)
    last = collections.defaultdict(int)
    for reader, seen in world.seen:
        if seen.project != project:
            continue
        here = position.get(seen.stamp, -1)
        world.check(here >= last[reader], f"{reader}: {project} went back to {seen.stamp}")
        last[reader] = max(last[reader], here)
        least = max((p for end, p in ended if end < seen.began), default=0)
        world.check(here >= least, f"{reader}: {project} still showed {seen.stamp} after a later stamp was done")


def check_logs(world, connection):
    found = collections.Counter(dict(connection.execute("select state, count(*) from transaction_logs group by state").fetchall()))
    found["dry runs"] = connection.execute("select count(*) from transaction_logs where is_dry_run").fetchone()[0]
    world.check(found == world.logged, f"the logs are {dict(found)}, the answers were {dict(world.logged)}")
    log = world.commons.state.joinpath("postgres.log").read_bytes()[world.log_begins:].decode(errors="replace")
    for line in log.splitlines():
        if any(word in line for word in ("deadlock", "could not serialize", "canceling", "FATAL", "PANIC")):
            world.fault(f"postgres: {line}")


def test_eight_writers_and_eight_readers_lose_nothing_and_see_nothing_torn(capsys):
    with Commons.up() as commons:
        world = World(commons)
        prepare(world)
        threads = [threading.Thread(target=at_work, args=(world, work, f"{work.__name__}-{n}"), daemon=True)
                   for n, work in enumerate(WRITERS + READERS)]
        for thread in threads:
            thread.start()
        world.stop.wait(SECONDS)
        world.stop.set()
        for thread in threads:
            thread.join(PATIENCE + 5)
        world.check(not any(thread.is_alive() for thread in threads), "a thread does not end")
        with psycopg.connect(commons.run("database", "url", "sheepdog").strip()) as connection:
            check_history(world, connection)
            check_logs(world, connection)
        with capsys.disabled():
            print(f"\n{SECONDS:.0f} s, {len(world.stamped)} stamps, answers: {dict(sorted(world.answers.items()))}")
        assert not world.faults, f"{len(world.faults)} faults:\n" + "\n".join(world.faults[:20])
