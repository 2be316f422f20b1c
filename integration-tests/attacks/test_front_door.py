"""The front door: connections, bodies and readers that keep others out; paths that mean two things; a log nobody reads."""

import contextlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from attacks.town import LONGER, USERS, build_town
from harness.commons import Commons, program

# As many as took the door of an older version, which had 1,024 descriptors.
MANY = 1072
LATE_BODY = b"POST /user/credentials/cdis/access_token HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"


def door(url):
    parsed = urllib.parse.urlsplit(url)
    return "127.0.0.1", parsed.port


def connect(address, source="127.0.0.1"):
    return socket.create_connection(address, timeout=10, source_address=(source, 0))


def answer_to(address, sent, source="127.0.0.1"):
    """What comes for `sent` until the server closes, or 5 s."""
    with connect(address, source) as stream:
        stream.sendall(sent)
        stream.settimeout(5)
        received = b""
        with contextlib.suppress(OSError):
            while chunk := stream.recv(65536):
                received += chunk
        return received


def served_in(address, source):
    """Seconds until an honest client is served."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=10, source_address=(source, 0))
    connection.request("GET", "/_status")
    assert connection.getresponse().status == 200
    connection.close()
    return time.monotonic() - started


def with_descriptors(folder, limit):
    """The program, started with this descriptor limit (an argument of the shell's `ulimit`)."""
    script = folder / "commons-with-few-descriptors"
    script.write_text(f'#!/bin/sh\nulimit {limit}\nexec "{program()}" "$@"\n')
    script.chmod(0o700)
    return script


@pytest.fixture
def descriptors():
    """Enough of them for the attacker."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 3 * MANY:
        pytest.skip(f"the attacker needs more than {hard} descriptors")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_bodies_that_do_not_come_do_not_keep_others_out(descriptors, tmp_path):
    with Commons.up(of=with_descriptors(tmp_path, "-S -n 1024")) as commons, contextlib.ExitStack() as held:
        address = door(commons.url)
        streams = [held.enter_context(connect(address)) for _ in range(MANY)]
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.sendall(LATE_BODY)
        times = []
        end = time.monotonic() + 5 * LONGER
        while time.monotonic() < end:
            times.append(served_in(address, "127.0.0.2"))
            time.sleep(0.05)
        print(f"{len(times)} honest requests, slowest {max(times):.3f} s")
        assert max(times) < 2, max(times)
        if LONGER > 1:
            # By then they have been cut off, so that the attacker's own address is served again.
            assert all(stream.recv(64)[:12] in (b"HTTP/1.1 408", b"HTTP/1.1 429", b"") for stream in streams)
            assert served_in(address, "127.0.0.1") < 2


def test_a_full_house_says_so_and_its_database_has_descriptors_left(descriptors, tmp_path):
    """With a hard limit of 1,024 nothing can be raised; attackers at several addresses fill the house."""
    with Commons.up(of=with_descriptors(tmp_path, "-n 1024")) as commons, contextlib.ExitStack() as held:
        address = door(commons.url)
        for n in range(MANY):
            stream = held.enter_context(connect(address, f"127.0.1.{n % 8 + 1}"))
            with contextlib.suppress(OSError):
                stream.sendall(LATE_BODY)
        told = answer_to(address, b"GET /_status HTTP/1.1\r\nHost: a\r\n\r\n", "127.0.0.2")
        assert told.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 5\r\n" in told, told
        held.close()
        end = time.monotonic() + 10
        while b" 200 " not in answer_to(address, b"GET /_ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[:16]:
            assert time.monotonic() < end, "not ready again"
            time.sleep(0.2)
        assert commons.run("user", "list")


def test_one_address_is_told_that_it_has_enough(descriptors):
    with Commons.up("--max-connections-per-address", "5") as commons, contextlib.ExitStack() as held:
        address = door(commons.url)
        for _ in range(5):
            held.enter_context(connect(address)).sendall(LATE_BODY)
        # Each thread of the server seats its connections when it comes to them.
        time.sleep(1)
        told = answer_to(address, b"GET /_status HTTP/1.1\r\nHost: a\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 429 ") and b"\r\nRetry-After: 5\r\n" in told, told
        assert served_in(address, "127.0.0.2") < 2


def test_half_a_second_head_is_not_waited_for_for_ever(town):
    """The HTTP library has a time limit for the first head of a connection only."""
    with connect(door(town.url)) as stream:
        stream.sendall(b"GET /_status HTTP/1.1\r\nHost: a\r\n\r\nGET /_sta")
        stream.settimeout(45)
        while stream.recv(65536):
            pass


SPELLINGS = [
    r"/user/x\..\metrics", r"/user/\metrics", r"/user\metrics", "/user/%5cmetrics", "/user/x%5C..%5Cmetrics",
    r"/user/credentials\token\denylisted", "/user/metrics%00", "/user/%00/../metrics", "/user/%0a/metrics",
    "/user/%2e%2e%5cuser/metrics", "/user/metrics%09", "/user/%zz/../metrics", "/user/;/metrics", "/user/metrics;x",
    "/user/./metrics", "/user/x/../metrics", "/user/%2e/metrics", "/user/x/%2e%2e/metrics", "//user//metrics",
    "/user/%6detrics", "http://evil.example/user/metrics", "/user/metrics#x", "/user/metrics?x", "/%75ser/metrics",
]


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_no_spelling_of_a_denied_path_is_served(town, method):
    for path in SPELLINGS:
        sent = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
        status = int(answer_to(door(town.url), sent).split(b" ")[1])
        assert status in (400, 403, 404, 405), (path, status)


def test_a_page_of_another_site_cannot_post_around_the_form_token(town):
    cookie = f"access_token={town.admin.token}" if hasattr(town.admin, "token") else "access_token=x"
    for path in [r"/user/register\..\credentials\api", "/user/register%5c..%5ccredentials/api",
                 "/user/register/../credentials/api", "/user/register/%2e%2e/credentials/api"]:
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
        status = int(answer_to(door(town.url), head.encode()).split(b" ")[1])
        assert status in (400, 403), (path, status)


@pytest.mark.parametrize("line", ["CONNECT 127.0.0.1:22", "CONNECT /user/user", "TRACE /user/user", "TRACE /"])
def test_nobody_gets_a_tunnel(town, line):
    told = answer_to(door(town.url), f"{line} HTTP/1.1\r\nHost: a\r\nCookie: access_token=zzsecretzz\r\n\r\n".encode())
    assert told.split(b" ")[1] in (b"400", b"405") and b"zzsecretzz" not in told, told


@pytest.mark.parametrize("header", ["Host", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"])
def test_a_forged_host_makes_no_origin_the_own_one(town, header):
    evil = {"Host": "evil.example", "Forwarded": "host=evil.example;proto=https", "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https"}[header]
    told = requests.get(f"{town.url}/index/index", timeout=10,
                        headers={header: evil, "Origin": "https://evil.example"})
    assert "evil" not in json.dumps(dict(told.headers)), told.headers
    # On a machine of its own a commons is read by pages of that machine only.
    assert "access-control-allow-origin" not in told.headers


@contextlib.contextmanager
def unread(folder, stderr):
    """`commons up` whose standard error goes to `stderr`, a pipe, and much of it."""
    process = subprocess.Popen(
        [str(program()), "up", "--port", "0", "--json", "--state", str(folder / "state")],
        stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, "RUST_LOG": "debug"})
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdout.close()


def test_a_log_reader_that_stands_still_stops_nothing(tmp_path):
    reading, writing = os.pipe()
    with unread(tmp_path, writing) as (process, url):
        with requests.Session() as session:
            for _ in range(500 * LONGER):
                assert session.get(f"{url}/index/_status", timeout=10).status_code == 200
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - started < 15
    os.close(writing)
    os.close(reading)


def test_a_log_reader_that_goes_ends_nothing(tmp_path):
    reading, writing = os.pipe()
    with unread(tmp_path, writing) as (process, url):
        os.close(writing)
        os.close(reading)
        for _ in range(20):
            assert requests.get(f"{url}/index/_status", timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


SECRETS = re.compile(r"X-Amz-Signature=[0-9a-f]|X-Amz-Credential=[^*]|eyJ[\w-]{20,}\.|[Bb]earer [^*\s\"]{20,}")


def test_the_log_holds_no_signature_and_no_token_at_any_level(tmp_path):
    state = tmp_path / "state"
    with Commons.up("--user-yaml", str(USERS), state=state, env={"RUST_LOG": "trace"}) as commons:
        town = build_town(commons)
        begun = town.owner.post("/user/data/upload", json={"file_name": "a.txt", "authz": ["/programs/B/projects/b1"]})
        assert begun.status_code == 201, begun.text
        assert requests.put(begun.json()["url"], data=b"bytes", timeout=30).status_code == 200
        town.owner.get(f"/user/data/download/{begun.json()['guid']}")
        town.stranger.get(f"/user/data/download/{begun.json()['guid']}")
    log = (tmp_path / "state.log").read_text(errors="replace")
    assert "/_status" in log or "request answered" in log, "nothing was logged"
    found = [log[max(0, hit.start() - 120):hit.end() + 40] for hit in SECRETS.finditer(log)]
    assert not found, found[:3]


def test_a_refused_request_has_one_line(tmp_path):
    state = tmp_path / "state"
    with Commons.up(state=state, env={"RUST_LOG": "info"}) as commons:
        requests.get(f"{commons.url}/user/metrics?token=zzquery", headers={"Authorization": "Bearer zzhead.zzbody"}, timeout=10)
        requests.get(f"{commons.url}/cohort-middleware/list", timeout=10)
    lines = [line for line in (tmp_path / "state.log").read_text().splitlines() if "request refused" in line]
    assert len(lines) == 2, lines
    assert "/user/metrics" in lines[0] and "403" in lines[0] and "token" in lines[0], lines[0]
    assert "not available from outside" in lines[0] and "zz" not in lines[0], lines[0]
    assert "is not part of this version" in lines[1] and "nobody" in lines[1], lines[1]
