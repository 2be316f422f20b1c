"""The commons under measurement, with a graph of 10,000 subjects, 20,000 samples and 40,000 aliquots in it."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import random
import signal
import time
import urllib.parse

import psycopg

from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
PROGRAM, PROJECT = "BENCH", "b"
SUBJECTS = 10_000
SAMPLES_A_SUBJECT = 2
ALIQUOTS_A_SAMPLE = 2
ROWS_AT_ONCE = 10_000
IDLE_SECONDS = 2


class Client:
    """One connection to the gateway with a token; the thinnest client that Python has."""

    def __init__(self, commons: Commons) -> None:
        address = urllib.parse.urlsplit(commons.url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=600)
        self.headers: dict[str, str] = {}
        self.used = time.monotonic()
        key = json.loads(commons.api_key_file.read_text())
        said = self.ask("POST", "/user/credentials/api/access_token", json.dumps(key).encode())
        self.headers["Authorization"] = f"bearer {json.loads(said)['access_token']}"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """The body of the answer, which must be a success."""
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.connection.close()  # before the other side does; the next request opens it again
        self.connection.request(method, path, body, {"Content-Type": kind, **self.headers})
        answer = self.connection.getresponse()
        said = answer.read()
        self.used = time.monotonic()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path[:100]}: {answer.status} {said[:1000]!r}")
        return said

    def submit(self, method: str, body: bytes, kind: str = "application/json") -> bytes:
        return self.ask(method, f"{SUBMISSION}/{PROGRAM}/{PROJECT}", body, kind)

    def query(self, query: str) -> bytes:
        return self.ask("POST", f"{SUBMISSION}/graphql", json.dumps({"query": query}).encode())


class Stand:
    """A commons with the graph, a client of it, and a connection to its database."""

    def __init__(self, folder: pathlib.Path, program: pathlib.Path | None = None) -> None:
        """Of the built program, or of another one."""
        self.folder, self.program = folder, program
        self.start()
        try:
            load(self.client)
            self.settle()
        except BaseException:
            self.stop()
            raise

    def start(self) -> None:
        self.commons = Commons.up(state=self.folder / "state", of=self.program,
                                  env={"RUST_LOG": os.environ.get("RUST_LOG", "warn")})
        self.client = Client(self.commons)
        url = self.commons.run("database", "url", "sheepdog").strip()
        self.database = psycopg.connect(url, autocommit=True)

    def stop(self) -> None:
        self.database.close()
        self.client.connection.close()
        self.commons.stop(signal.SIGTERM)

    def restart(self) -> None:
        """A process that has done nothing yet, on the same graph."""
        self.stop()
        self.start()

    def settle(self) -> None:
        """Clean tables and an empty log, so that neither side pays for what the other left."""
        self.database.execute("vacuum analyze")
        self.database.execute("checkpoint")


def aliquot(number: int | str, sample: int) -> dict:
    """A record as laboratories send them: seven properties and a link."""
    chance = random.Random(str(number))
    return {
        "type": "aliquot",
        "submitter_id": f"aliquot-{number}",
        "samples": {"submitter_id": f"sample-{sample}"},
        "analyte_type": chance.choice(["DNA", "RNA", "Protein"]),
        "amount_ug": round(chance.uniform(1, 50), 2),
        "concentration_ng_ul": round(chance.uniform(10, 200), 1),
        "rna_integrity_number": round(chance.uniform(1, 10), 1),
        "extraction_method": chance.choice(["column", "beads", "phenol"]),
        "source_center": f"Laboratory {chance.randrange(20)}",
    }


def sample(number: int) -> dict:
    chance = random.Random(number)
    return {
        "type": "sample",
        "submitter_id": f"sample-{number}",
        "subjects": {"submitter_id": f"subject-{number // SAMPLES_A_SUBJECT}"},
        "sample_type": chance.choice(["Blood", "Plasma", "Saliva", "Tissue"]),
        "tissue_type": chance.choice(["Normal", "Diseased"]),
        "anatomic_site": chance.choice(["Lung", "Heart", "Liver", "Arm"]),
        "days_to_collection": chance.randrange(1000),
        "preservation_method": chance.choice(["Fresh", "Frozen", "FFPE"]),
        "volume_ml": round(chance.uniform(0.1, 10), 2),
        "is_pooled": chance.random() < 0.1,
    }


def subject(number: int) -> dict:
    chance = random.Random(number)
    return {
        "type": "subject",
        "submitter_id": f"subject-{number}",
        "studies": {"submitter_id": "study"},
        "cohort": chance.choice("ABC"),
        "enrolment_year": 2000 + chance.randrange(20),
        "lost_to_follow_up": chance.choice(["Yes", "No"]),
    }


def table(records: list[dict]) -> bytes:
    """The records as TSV."""
    def cell(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    links = [name for name, value in records[0].items() if isinstance(value, dict)]
    header = [f"{name}.submitter_id" if name in links else name for name in records[0]]
    rows = ("\t".join(cell(value["submitter_id"] if isinstance(value, dict) else value) for value in record.values())
            for record in records)
    return "\n".join(["\t".join(header), *rows, ""]).encode()


def load(client: Client) -> None:
    """Program, project, study and the graph, through the API."""
    for method, path, body in (
        ("POST", "", {"type": "program", "name": PROGRAM, "dbgap_accession_number": PROGRAM}),
        ("PUT", f"/{PROGRAM}", {"type": "project", "code": PROJECT, "name": "Bench", "dbgap_accession_number": "b"}),
        ("PUT", f"/{PROGRAM}/{PROJECT}", {"type": "study", "submitter_id": "study", "projects": {"code": PROJECT},
                                          "study_title": "Bench"}),
    ):
        client.ask(method, SUBMISSION + path, json.dumps(body).encode())
    samples = SUBJECTS * SAMPLES_A_SUBJECT
    for count, make in (
        (SUBJECTS, subject),
        (samples, sample),
        (samples * ALIQUOTS_A_SAMPLE, lambda number: aliquot(number, number // ALIQUOTS_A_SAMPLE)),
    ):
        for first in range(0, count, ROWS_AT_ONCE):
            records = [make(number) for number in range(first, min(first + ROWS_AT_ONCE, count))]
            client.submit("PUT", table(records), "text/tab-separated-values")
