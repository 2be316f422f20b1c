"""Replays recorded answers of the original services against fresh commons and counts the verdicts.

    python -m reference.replay [CASSETTE ...] [--update] [-v]

The counts stand in reference/counts.json. The program fails when a count gets worse: fewer cases pass (equal or equal but
for free text) or more fail. `--update` writes the new counts after an improvement.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import psycopg

from harness.commons import Commons, free_port, program, wait_for
from reference.object_store import object_store

HERE = pathlib.Path(__file__).resolve().parent
COUNTS = HERE / "counts.json"
INDEXD_LOGIN = "gdcapi:secret"
VERDICTS = ("pass", "text", "fail", "quirk-same", "quirk-differs", "skip")


def run_replay(folder: pathlib.Path, *arguments: str) -> dict:
    """Runs a replay program and returns its report."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=900)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"{' '.join(arguments)} gave no report:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}") from None


def forged(token: str) -> str:
    """The same token, signed by another key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    import base64

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = token.rpartition(".")[0]
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def graph_tokens(commons: Commons, recordings: pathlib.Path) -> dict[str, str]:
    users = [*json.loads((recordings / "users.json").read_text()), "twin_stranger"]
    tokens = {user: commons.token(user) for user in users}
    tokens["expired"] = commons.token("twin_admin", "--expires-in=-3600")
    tokens["forged"] = forged(tokens["twin_admin"])
    tokens["noscope"] = commons.token("twin_admin", "--scope", "user")
    return tokens


def graph(recordings: pathlib.Path, cassette: str, public: bool = False) -> dict:
    """sheepdog and peregrine, inside a whole commons."""
    with Commons.up("--dictionary", str(recordings / "dictionaries/dcf.json"),
                    "--user-yaml", str(recordings / "graph_user.yaml"),
                    "--indexd-login", INDEXD_LOGIN, "--service-ports") as commons, temporary_json() as token_file:
        token_file.write_text(json.dumps(graph_tokens(commons, recordings)))
        s = commons.services
        where = ["--public", commons.url] if public else ["--sheepdog", s["sheepdog"], "--peregrine", s["peregrine"]]
        return run_replay(recordings, "twin.py", "replay", *where,
                          "--indexd", s["indexd"], "--arborist", s["arborist"], "--indexd-auth", INDEXD_LOGIN,
                          "--token-file", str(token_file), "--json", f"cassettes/{cassette}.jsonl")


def arborist(recordings: pathlib.Path, cassette: str) -> dict:
    """arborist alone, on an empty database, trusting a key of the replay's own."""
    with tempfile.TemporaryDirectory() as keys, empty_database("arborist_reference") as database:
        subprocess.run([sys.executable, "identity.py", "keys", "--out", keys], cwd=recordings, check=True, capture_output=True)
        port = free_port()
        command = [sys.executable, "identity.py", "serve-keys", "--keys", keys, "--port", str(port)]
        with background(command, cwd=recordings) as keys_server:
            wait_for(f"http://127.0.0.1:{port}/jwks", keys_server)
            env = {"JWKS_ENDPOINT": f"http://127.0.0.1:{port}/jwks"}
            with service("arborist", database, env) as url:
                return run_replay(recordings, "identity.py", "replay", "--arborist", url, "--keys", keys,
                                  "--issuer", "http://any/user", "--json", f"cassettes/{cassette}.jsonl")


INDEXD_SETTINGS = {
    "HOSTNAME": "objects.example.org",
    "FENCE_SERVICE_URL": "http://127.0.0.1:8399",
    "ARBORIST_URL": "http://127.0.0.1:8399",
    "MAX_BULK_REQUEST_LENGTH": "100",
    "DEFAULT_BEARER_ISSUER": "test_default",
    "DEFAULT_PASSPORT_ISSUER": "test_passport_default",
    "INDEX_CONFIG": json.dumps({"DEFAULT_PREFIX": "testprefix/", "PREPEND_PREFIX": True, "ADD_PREFIX_ALIAS": False}),
    "DIST": json.dumps([{"name": "objRemote", "host": "http://127.0.0.1:8399/index/", "hints": ["dg\\.OBJREMOTE/.*"],
                         "type": "indexd"}]),
    "CLOUD_PROVIDER_MAP": json.dumps({"s3": "aws", "gs": "gcp", "az": "azure", "https": {
        "objacct.blob.core.windows.net/": "azure", "storage.googleapis.com/obj": "gcp"}}),
    "DRS_SERVICE_INFO": json.dumps({
        "name": "Object twin", "type": {"group": "org.ga4gh", "artifact": "drs", "version": "1.5.0"}, "version": "1.5.0",
        "organization": {"name": "CTDS", "url": "https://objects.example.org"}, "ignored": "x"}),
    "DRS_AUTHORIZATION_METADATA": json.dumps({
        "/gen3/programs/a/projects/b": {
            "preferred_type": "PassportAuth",
            "passport_auth_issuers": ["https://ras/foo/bar", "https://ras/foo/bar", "https://ras/foo/bar/bar"],
            "bearer_auth_issuers": ["https://gen3.datacommons.io", "https://gen3.datacommons.io", "sample_url"]},
        "/gen3/programs/c/projects/d": {
            "passport_auth_issuers": ["sample_url_c_one", "sample_url_c_one", "sample_url_c_two"],
            "bearer_auth_issuers": ["sample_url_d_one", "sample_url_d_one", "sample_url_d_two"]},
        "/gen3/programs/e": {"passport_auth_issuers": [], "bearer_auth_issuers": ["only_bearer"]}}),
}


def objects(recordings: pathlib.Path, cassette: str) -> dict:
    """indexd, and metadata over it, each alone on an empty database, with the recording's stand-ins around them."""
    port = free_port()
    around = f"http://127.0.0.1:{port}"
    settings = {name: value.replace("http://127.0.0.1:8399", around) for name, value in INDEXD_SETTINGS.items()}
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        keys = enter(tempfile.TemporaryDirectory())
        commons = enter(Commons.up())
        database = new_database(commons, "indexd_reference")
        indexd = enter(service("indexd", database, {**settings, "INDEXD_LOGINS": "obj:secret"}))
        subprocess.run([sys.executable, "objects_fakes.py", "tokens", "--issuer", f"{around}/user", "--out-dir", keys],
                       cwd=recordings, check=True, capture_output=True)
        command = [sys.executable, "objects_fakes.py", "serve", "--port", str(port), "--keys-dir", keys,
                   "--indexd", indexd, "--indexd-auth", "obj:secret"]
        wait_for(f"{around}/user/jwt/keys", enter(background(command, cwd=recordings)))
        where = ["--indexd", indexd]
        if cassette == "objects_mds":
            env = {"ADMIN_LOGINS": "obj:secret,second:pass2", "INDEXING_SERVICE_ENDPOINT": indexd,
                   "DATA_ACCESS_SERVICE_ENDPOINT": around, "ARBORIST_URL": around,
                   "JWKS_ENDPOINT": f"{around}/user/jwks", "TOKEN_ISSUERS": f"{around}/user"}
            database = new_database(commons, "metadata_reference")
            where += ["--mds", enter(service("metadata", database, env))]
        return run_replay(recordings, "objects.py", "replay", *where, "--token-file", f"{keys}/tokens.json",
                          "--json", f"cassettes/{cassette}.jsonl")


def fence(recordings: pathlib.Path, cassette: str) -> dict:
    """fence with its neighbours, each alone on an empty database, with the recording's keys, settings and clients."""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        keys = enter(tempfile.TemporaryDirectory())
        subprocess.run([sys.executable, "identity.py", "keys", "--out", keys], cwd=recordings, check=True, capture_output=True)
        commons = enter(Commons.up())
        databases = {name: new_database(commons, f"{name}_reference") for name in ("arborist", "indexd", "fence")}
        store = enter(object_store())
        port = free_port()
        command = [sys.executable, "identity.py", "serve-keys", "--keys", keys, "--port", str(port)]
        wait_for(f"http://127.0.0.1:{port}/jwks", enter(background(command, cwd=recordings)))
        arborist = enter(service("arborist", databases["arborist"], {"JWKS_ENDPOINT": f"http://127.0.0.1:{port}/jwks"}))
        indexd = enter(service("indexd", databases["indexd"], {"ARBORIST_URL": arborist, "INDEXD_LOGINS": INDEXD_LOGIN}))
        # The name of the recorded one: an answer has its beginning, which no replay replaces.
        base = "http://127.0.0.1:8605/user"
        settings = (recordings / "identity_fence_settings.json").read_text()
        for name, value in {"BASE_URL": base, "S3_URL": store, "INDEXD_URL": indexd, "ARBORIST_URL": arborist,
                            "DB": databases["fence"]}.items():
            settings = settings.replace(f"${{{name}}}", value)
        (config := pathlib.Path(keys) / "fence-config.yaml").write_text(settings)
        (pathlib.Path(keys) / "signing").mkdir()
        (pathlib.Path(keys) / "twin").rename(pathlib.Path(keys) / "signing/twin")
        env = {"FENCE_CONFIG_PATH": str(config), "FENCE_KEYS": f"{keys}/signing"}
        url = enter(service("fence", databases["fence"], env))
        clients = subprocess.run([sys.executable, "identity.py", "clients", "--sql"], cwd=recordings, check=True,
                                 capture_output=True, text=True).stdout
        with psycopg.connect(databases["fence"]) as connection:
            connection.execute(clients)
        return run_replay(recordings, "identity.py", "replay", "--fence", url, "--arborist", arborist, "--indexd", indexd,
                          "--s3", store, "--keys", keys, "--issuer", base, "--json", f"cassettes/{cassette}.jsonl")


def guppy(recordings: pathlib.Path, cassette: str) -> dict:
    """guppy alone, over the recording's indices in a folder, or in the search engine of GUPPY_REFERENCE_ENGINE, with
    the recording's stand-in for arborist."""
    data, port = recordings / "data/guppy", free_port()
    authz = f"http://127.0.0.1:{port}"
    env = json.loads((data / "config/environment.json").read_text())[cassette]
    env = {"GEN3_ARBORIST_ENDPOINT": authz, "GUPPY_CONFIG_FILEPATH": str(data / f"config/{cassette}.json"), **env}
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        keys = enter(tempfile.TemporaryDirectory())
        subprocess.run([sys.executable, "guppy_fakes.py", "tokens", "--out-dir", keys], cwd=recordings, check=True,
                       capture_output=True)
        command = [sys.executable, "guppy_fakes.py", "serve", "--port", str(port), "--keys-dir", keys]
        enter(background(command, cwd=recordings))
        if engine := os.environ.get("GUPPY_REFERENCE_ENGINE"):
            env["GEN3_ES_ENDPOINT"] = engine
            load = [sys.executable, "search.py", "load", "--es", engine]
            subprocess.run(load, cwd=recordings, check=True, capture_output=True)
        else:
            env["SEARCH_FOLDER"] = f"{keys}/search"
            load = [str(program()), "search", "load", str(data), "--search-folder", env["SEARCH_FOLDER"]]
            subprocess.run(load, check=True, capture_output=True)
        own = free_port()
        command = [str(program()), "serve", "guppy", "--host", "127.0.0.1", "--port", str(own)]
        process = enter(background(command, env={**os.environ, **env}))
        url = f"http://127.0.0.1:{own}"
        wait_for(f"{url}/_status", process)
        wait_for_schema(url)
        return run_replay(recordings, "search.py", "replay", "--guppy", url, "--token-file", f"{keys}/tokens.json",
                          "--json", f"cassettes/{cassette}.jsonl")


def wait_for_schema(url: str) -> None:
    """Until guppy has read its mappings."""
    body = json.dumps({"query": "{_mapping {subject}}"}).encode()
    for _ in range(200):
        request = urllib.request.Request(f"{url}/graphql", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            if json.loads(answer.read())["data"]["_mapping"]["subject"]:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{url} has no mappings")


GUPPY = ["guppy_private", "guppy_regular", "guppy_perindex", "guppy_libre", "guppy_mixed", "guppy_sensitive",
         "guppy_nomissing", "guppy_alias", "guppy_authnested", "guppy_authnestedregular", "guppy_arborist"]
CASSETTES = {"sheepdog_dcf": graph, "peregrine_dcf": graph, "identity_arborist": arborist, "identity_fence": fence,
             "objects_indexd": objects, "objects_mds": objects, **dict.fromkeys(GUPPY, guppy)}


@contextlib.contextmanager
def temporary_json():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / "data.json"


@contextlib.contextmanager
def background(command: list[str], **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def empty_database(name: str):
    """A new database beside those of a commons that is started for the purpose."""
    with Commons.up() as commons:
        yield new_database(commons, name)


def new_database(commons: Commons, name: str) -> str:
    """Makes a database beside those of `commons`; returns its URL."""
    administration = commons.run("database", "url", "postgres").strip()
    with psycopg.connect(administration, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return commons.run("database", "url", name).strip()


@contextlib.contextmanager
def service(name: str, database: str, env: dict[str, str], port: int | None = None):
    """`commons serve NAME` alone; yields its URL."""
    port = port or free_port()
    command = [str(program()), "serve", name, "--host", "127.0.0.1", "--port", str(port), "--migrate"]
    with background(command, env={**os.environ, **env, "DATABASE_URL": database}) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/health" if name == "arborist" else f"{url}/_status", process)
        yield url


NO_VALUES = "bins of no values are no bins, where the original hands on an error of its engine"

# Recorded cases that are decided otherwise, each listed in docs/quirks/.
DECIDED = {
    "guppy_private": {
        "agg/asText many values": "a document that has a number twice counts once, unless Elasticsearch counts",
    },
    "guppy_regular": {
        "tier/guppy_all/unaccessible/numbers": NO_VALUES,
        "tier/guppy_nobody/accessible/numbers": NO_VALUES,
    },
    "guppy_perindex": {
        "tier/guppy_all/unaccessible/numbers": NO_VALUES,
        "tier/guppy_nobody/accessible/numbers": NO_VALUES,
    },
    "sheepdog_dcf": {
        "program/name with dash": "a program's name has no hyphen, which would make project ids ambiguous",
        "tsv/unknown type row is dropped": "rows of an unknown type are refused with their lines",
        "tsv/blank type row is dropped": "rows without a type are refused with their lines",
        "tsv/byte order mark": "a byte order mark is read over",
    },
    "identity_fence": {
        "download/no_force_sign": "the key is percent-encoded in unsigned addresses, too",
        "bulk/users": "all resource paths of a file must be permitted, as for a single download",
        "multipart/odd part numbers": "only keys are signed that a record has, which the caller may write",
        "admin/soft deleted user's credentials": "tokens and keys of who was shut out have ended",
    },
    "objects_indexd": {
        "auth/version by obj_writer": "a location in our buckets that no record has is for administrators to name",
        "auth/version by obj_updater": "a location in our buckets that no record has is for administrators to name",
    },
}


def counts_of(report: dict) -> dict[str, int]:
    """The verdicts; a failure that is decided counts as a quirk that differs."""
    counts = {verdict: report["summary"].get(verdict, 0) for verdict in VERDICTS}
    for case in report["cases"]:
        if case["verdict"] == "fail" and case.get("case") in DECIDED.get(case.get("cassette"), {}):
            counts["fail"] -= 1
            counts["quirk-differs"] += 1
    return counts


def worse(known: dict[str, int] | None, now: dict[str, int]) -> list[str]:
    """What got worse since the known counts."""
    if known is None:
        return []
    found = []
    if now["pass"] + now["text"] < known["pass"] + known["text"]:
        found.append(f"pass and text fell from {known['pass'] + known['text']} to {now['pass'] + now['text']}")
    for verdict in ("fail", "skip"):
        if now[verdict] > known[verdict]:
            found.append(f"{verdict} rose from {known[verdict]} to {now[verdict]}")
    return found


def replay(recordings: pathlib.Path, cassette: str) -> tuple[dict, dict[str, int]]:
    report = CASSETTES[cassette](recordings, cassette)
    return report, counts_of(report)


def main() -> int:
    from harness.paths import SHARED

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cassettes", nargs="*", metavar="CASSETTE", help=f"of {', '.join(CASSETTES)}; all without any")
    parser.add_argument("--update", action="store_true", help="write the counts")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each case that is not equal")
    a = parser.parse_args()
    if unknown := set(a.cassettes) - set(CASSETTES):
        parser.error(f"no such cassette: {', '.join(sorted(unknown))}")
    known = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    bad = False
    print(f"{'cassette':20}" + "".join(f"{v:>15}" for v in VERDICTS))
    for cassette in a.cassettes or CASSETTES:
        started = time.monotonic()
        report, counts = replay(SHARED / "recordings", cassette)
        print(f"{cassette:20}" + "".join(f"{counts[v]:>15}" for v in VERDICTS) + f"   {time.monotonic() - started:.0f} s")
        if a.verbose:
            for case in report["cases"]:
                if case["verdict"] != "pass":
                    print(f"    {case['verdict']:14} {case.get('case', case.get('name'))}")
                    for difference in case.get("differences", [])[:8] if case["verdict"] == "fail" else []:
                        print(f"        {json.dumps(difference, ensure_ascii=False)[:300]}")
        for problem in worse(known.get(cassette), counts):
            print(f"    WORSE: {problem}")
            bad = True
        known[cassette] = counts
    if a.update:
        COUNTS.write_text(json.dumps(known, indent=2) + "\n")
    return int(bad and not a.update)


if __name__ == "__main__":
    sys.exit(main())
