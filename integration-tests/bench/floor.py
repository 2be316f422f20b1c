"""The floor's way to the database: libpq's `PQexecParams` with values that are in wire form already."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence

from psycopg import Connection
from psycopg.pq import ExecStatus, Format

TEXT = 25
TEXTS = 1009


class Texts(bytes):
    """An array of texts in wire form."""


def many(texts: Sequence[str | bytes]) -> Texts:
    """Texts as an array in PostgreSQL's binary form."""
    encoded = [text if isinstance(text, bytes) else text.encode() for text in texts]
    head = struct.pack("!iiIii", 1, 0, TEXT, len(encoded), 1)
    return Texts(head + b"".join(struct.pack("!i", len(text)) + text for text in encoded))


class Prepared:
    """Statements whose parameters are texts and arrays of texts."""

    def __init__(self, database: Connection) -> None:
        self.connection = database.pgconn

    def result(self, sql: str, parameters: tuple[bytes, ...]):
        kinds = [TEXTS if isinstance(parameter, Texts) else TEXT for parameter in parameters]
        done = self.connection.exec_params(sql.encode(), parameters, kinds, [Format.BINARY] * len(parameters))
        if done.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise RuntimeError(done.error_message.decode())
        return done

    def run(self, sql: str, *parameters: bytes) -> bytes | None:
        """The first value of the first row, if there is one."""
        done = self.result(sql, parameters)
        return done.get_value(0, 0) if done.ntuples else None

    def rows(self, sql: str, *parameters: bytes) -> list[list[bytes]]:
        done = self.result(sql, parameters)
        return [[done.get_value(row, column) for column in range(done.nfields)] for row in range(done.ntuples)]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.run("begin")
        try:
            yield
        except BaseException:
            self.run("rollback")
            raise
        self.run("commit")
