"""A fence whose users log in through a certified issuer (oidc-provider, from npm), each on a port of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil
import subprocess

import pytest

from harness.commons import Commons, free_port, wait_for
from reference.replay import new_database, service

FOLDER = pathlib.Path(__file__).resolve().parent / "issuer"

@dataclasses.dataclass
class Issuer:
    """The issuer, which can be stopped and started again with another key."""

    port: int
    fence: str
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ["node", "issuer.mjs", str(self.port), self.fence]
        self.process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(f"{self.url}/.well-known/openid-configuration", self.process)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

@dataclasses.dataclass
class Fence:
    url: str
    issuer: Issuer

def install() -> None:
    """The issuer's packages, by the versions of its lock."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node 20 and npm are needed for the issuer: see https://nodejs.org")
    if not (FOLDER / "node_modules/oidc-provider").is_dir():
        subprocess.run(["npm", "--no-audit", "--no-fund", "ci", "--ignore-scripts"], cwd=FOLDER, check=True,
                       capture_output=True, timeout=300)

def settings(base: str, issuer: Issuer, database: str) -> dict:
    provider = {"name": "The lab", "client_id": "gen3", "client_secret": "a secret: + / & %", "scope": "openid email",
                "discovery_url": f"{issuer.url}/.well-known/openid-configuration"}
    return {
        "BASE_URL": base,
        "DB": database,
        "OPENID_CONNECT": {"lab": provider, "by_mail": {**provider, "user_id_field": "email"}},
        "LOGIN_OPTIONS": [{"name": "The lab", "idp": "lab"}, {"name": "By mail", "idp": "by_mail", "secondary": True}],
    }

@pytest.fixture(scope="module")
def fence(tmp_path_factory: pytest.TempPathFactory):
    install()
    folder = tmp_path_factory.mktemp("relying-party")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    issuer = Issuer(free_port(), base)
    with contextlib.ExitStack() as stack:
        commons = stack.enter_context(Commons.up())
        database = new_database(commons, "fence_relying_party")
        config = folder / "fence-config.yaml"
        config.write_text(json.dumps(settings(base, issuer, database)))
        env = {"FENCE_CONFIG_PATH": str(config), "FENCE_KEYS": str(commons.state / "keys")}
        issuer.start()
        stack.callback(issuer.stop)
        url = stack.enter_context(service("fence", database, env, port))
        yield Fence(url, issuer)
