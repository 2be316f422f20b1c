"""The configuration that the original fence is delivered with: every key is honoured, or named with the reason."""

import json
import subprocess

import pytest

from harness.commons import program
from harness.paths import reference


@pytest.mark.reference
def test_no_key_of_the_delivered_configuration_is_unknown(tmp_path):
    config = reference("data/config/fence-config-default.yaml")
    # It ends for want of keys to sign with, after it has read its configuration.
    command = [str(program()), "serve", "fence", "--config", str(config), "--keys", str(tmp_path / "none"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    named = {line["key"]: line["reason"] for line in lines if "key" in line}
    assert "signing" in done.stderr or "key file" in done.stderr, done.stderr
    assert named["GEN3_PASSPORT_EXPIRES_IN"] == "fence makes no passports of its own"
    assert [key for key, reason in named.items() if "no such setting" in reason] == []
    # What asks for nothing, and what is heeded, is passed over.
    assert {"BASE_URL", "OPENID_CONNECT", "CIRRUS_CFG", "GOOGLE_GROUP_PREFIX", "SYNAPSE_URI"}.isdisjoint(named)
