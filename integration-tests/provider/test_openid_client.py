"""fence as an OpenID provider of clients that use openid-client, a certified library for Node."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from harness.commons import ROOT

from .stand import CALLBACK

HERE = pathlib.Path(__file__).parent
# Set in continuous integration, where a missing Node is a failure.
REQUIRED = os.environ.get("CI_REQUIRE_NODE") == "1"


@pytest.fixture(scope="module")
def node():
    """A folder in which openid-client is installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        reason = "there is no Node on this machine: on Debian, apt-get install nodejs npm (Node 20 or newer)"
        (pytest.fail if REQUIRED else pytest.skip)(reason)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "provider-node"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "client.mjs"):
        shutil.copy(HERE / name, target)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=target, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    return target


def test_code_with_pkce_refresh_revocation_and_client_credentials(stand, node):
    client = lambda *options, **more: dict(zip(("id", "secret"), stand.client(*options, **more)))
    browser = stand.browser("ada")
    order = {
        "issuer": stand.issuer, "revocation": stand.revocation_endpoint, "callback": CALLBACK,
        "cookies": "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies),
        "confidential": client("node", "--auto-approve"),
        "open": client("node page", "--auto-approve", "--public"),
        "robot": client("node robot", "--grant", "client_credentials", urls=()),
    }
    done = subprocess.run(["node", "client.mjs", json.dumps(order)], cwd=node, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    expected = {"username": "ada", "type": "bearer", "expires": 1200, "same": True, "replayed": "400 invalid_grant",
                "stolen": "400 invalid_grant"}
    assert seen == {
        "confidential": {**expected, "revoked": "400 invalid_grant"}, "open": expected,
        "robot": {"type": "bearer", "refresh": None}, "wrong": "401 invalid_client",
    }
