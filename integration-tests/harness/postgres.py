"""A PostgreSQL server of a test's own, and a proxy before it that can cut and freeze connections."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import select
import shutil
import socket
import subprocess
import tempfile
import threading

from harness.commons import free_port


def _programs() -> pathlib.Path:
    """The folder of initdb and postgres: the newest version that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return pathlib.Path(on_path).parent
    raise RuntimeError("PostgreSQL is missing: on Debian or Ubuntu, apt-get install postgresql")


class Postgres:
    """A server on a free port of 127.0.0.1, whose superuser needs no password; its account is not root's."""

    def __init__(self, *settings: str):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="commons-postgres-"))
        self.port = free_port()
        self.as_user = []
        if os.geteuid() == 0:
            account = next(name for name in ("postgres", "nobody") if _exists(name))
            shutil.chown(self.folder, account)
            self.as_user = ["setpriv", f"--reuid={account}", f"--regid={pwd.getpwnam(account).pw_gid}", "--clear-groups"]
        programs, data = _programs(), self.folder / "data"
        self._run(programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = [part for setting in settings for part in ("-c", setting)]
        self.process = subprocess.Popen(
            [*self.as_user, str(programs / "postgres"), "-D", str(data), "-p", str(self.port), "-k", str(self.folder),
             "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", *options],
            stderr=open(self.folder / "log", "w"))
        self._run(programs / "pg_isready", "-h", "127.0.0.1", "-p", self.port, tries=100)

    def _run(self, *command, tries: int = 1) -> None:
        command = [*self.as_user, *map(str, command)]
        for left in reversed(range(tries)):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if done.returncode == 0:
                return
            if left:
                threading.Event().wait(0.1)
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")

    def url(self, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/postgres"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


def _exists(account: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(account))
    return False


class Proxy:
    """Passes connections on to a port of this machine. `cut` ends all of them; while `frozen` is set nothing passes,
    and nobody is told."""

    def __init__(self, target: int):
        self.target = target
        self.frozen = threading.Event()
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            self.pairs.append((near, far))
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        others = {near: far, far: near}
        with contextlib.suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([near, far], [], [], 1)
                while self.frozen.is_set():
                    threading.Event().wait(0.05)
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return self._end(near, far)
                    others[one].sendall(data)
        self._end(near, far)

    @staticmethod
    def _end(*sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def cut(self) -> None:
        """Ends every connection at once, in the middle of whatever it was doing."""
        pairs, self.pairs = self.pairs, []
        for near, far in pairs:
            self._end(near, far)

    def close(self) -> None:
        self.frozen.clear()
        self.listener.close()
        self.cut()
