"""`commons up --tls`: https by a certificate of one's own, for everything that a client does."""

import datetime
import ipaddress
import json
import time

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.commons import Commons


def make_certificate(folder):
    """A certificate for localhost that trusts itself, and its key: two PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=2)).add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def https(tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"))
    with Commons.up("--tls", str(certificate), str(key)) as commons, requests.Session() as session:
        # Otherwise a bundle of the environment has precedence over it.
        session.trust_env, session.verify = False, str(certificate)
        api_key = json.loads(commons.api_key_file.read_text())
        answer = session.post(f"{commons.url}/user/credentials/api/access_token", json=api_key, timeout=30)
        assert answer.status_code == 200, answer.text
        session.headers["Authorization"] = f"bearer {answer.json()['access_token']}"
        yield commons, session


def test_the_public_url_is_https_and_so_is_the_issuer(https):
    commons, session = https
    assert commons.url.startswith("https://localhost:")
    assert session.get(f"{commons.url}/user/user", timeout=30).json()["username"] == "admin"
    cookies = session.get(f"{commons.url}/_status", timeout=30).headers["set-cookie"]
    assert cookies.count("; Secure") == 3, cookies


def test_a_file_goes_up_and_comes_down_by_drs(https):
    commons, session = https
    begun = session.post(f"{commons.url}/user/data/upload", json={"file_name": "a.txt"}, timeout=30).json()
    assert requests.put(begun["url"], data=b"bytes", verify=session.verify, timeout=30).status_code == 200
    guid = begun["guid"]
    # The bytes are found a moment later.
    for _ in range(300):
        described = session.get(f"{commons.url}/ga4gh/drs/v1/objects/{guid}", timeout=30).json()
        if described.get("access_methods"):
            break
        time.sleep(0.1)
    assert described["self_uri"] == f"drs://{commons.url.removeprefix('https://')}/{guid}", described
    # DRS clients take `access_id` to the same host, by https only.
    access = f"{commons.url}/ga4gh/drs/v1/objects/{guid}/access/{described['access_methods'][0]['access_id']}"
    signed = session.get(access, timeout=30)
    assert signed.status_code == 200, signed.text
    assert signed.json()["url"].startswith(commons.url)
    assert requests.get(signed.json()["url"], verify=session.verify, timeout=30).content == b"bytes"


def test_programs_of_this_machine_need_not_trust_the_certificate(https):
    commons, _ = https
    port = commons.url.rsplit(":", 1)[1]
    assert requests.get(f"http://127.0.0.1:{port}/_status", timeout=30).status_code == 200
    assert "ready" in commons.run("status")
    assert "guid" in commons.run("index", "export", "-", "--format", "tsv")
