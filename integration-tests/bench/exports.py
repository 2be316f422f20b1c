"""Exports beside `copy ... to stdout` of the same 20,000 records, with neither their links nor an order."""

from __future__ import annotations

from collections.abc import Callable

from .measure import Clock, Taken, Work
from .stand import PROGRAM, PROJECT, SUBMISSION, Stand

COPY = "copy (select node_id, _props from node_sample where _props ->> 'project_id' = %s) to stdout"
SAMPLES = 20_000


def path(kind: str) -> str:
    return f"{SUBMISSION}/{PROGRAM}/{PROJECT}/export?node_label=sample&format={kind}"


def copy(stand: Stand, clock: Clock) -> Callable[[int], Taken]:
    def run() -> None:
        with stand.database.cursor().copy(COPY, (f"{PROGRAM}-{PROJECT}",)) as rows:
            for _ in rows:
                pass

    return lambda _: clock.time(run, own=True)


def whole(stand: Stand, kind: str) -> Work:
    """All samples as a file."""
    clock = Clock(stand.commons.process.pid)
    body = stand.client.ask("GET", path(kind))
    records = body.count(b"\n") - 1 if kind == "tsv" else body.count(b'"submitter_id":"sample-')
    assert records == SAMPLES, f"{records} records in the {kind}"

    def export(_: int) -> Taken:
        return clock.time(lambda: stand.client.ask("GET", path(kind)), own=False)

    return Work(f"export-{kind}", f"20,000 samples with their links as {kind.upper()}", "ms", 1, export,
                copy(stand, clock), "≤ 2.00", lambda _, ratio: ratio <= 2)


def first(stand: Stand) -> Work:
    """The beginning of the same file; the floor is all of it."""
    clock = Clock(stand.commons.process.pid)

    def beginning() -> None:
        connection = stand.client.connection
        connection.request("GET", path("tsv"), headers=stand.client.headers)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read(1)
        connection.close()

    return Work("export-begins", "the first byte of 20,000 samples", "ms", 1,
                lambda _: clock.time(beginning, own=False), copy(stand, clock), "≤ 50 ms",
                lambda ours, _: ours <= 50)
