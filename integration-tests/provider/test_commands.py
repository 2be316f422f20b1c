"""Clients and tokens by the command line, in our words and in the original's."""

import ast
import base64
import json
import os
import subprocess

import pytest
import requests

from .stand import CALLBACK, TIMEOUT


@pytest.fixture(scope="module")
def by_url(stand):
    """Runs a command on the databases by their URLs, as in a cluster."""
    urls = {f"{name.upper()}_DATABASE_URL": stand.commons.run("database", "url", name).strip() for name in ("fence", "arborist")}

    def run(*arguments):
        done = subprocess.run([str(stand.commons.program), *arguments], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **urls, "COMMONS_STATE": "/nonexistent"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def listed(run, name):
    return [client for client in json.loads(run("client", "list", "--json")) if client["name"] == name]


def client_token(stand, client, secret, scope="openid user"):
    return requests.post(f"{stand.issuer}/oauth2/token", params={"grant_type": "client_credentials", "scope": scope},
                         auth=(client, secret), timeout=TIMEOUT)


def test_a_client_is_made_changed_rotated_and_deleted(stand, by_url):
    by_url("client", "create", "life", "--url", CALLBACK, "--scope", "user", "--expires-in", "30")
    [client] = listed(by_url, "life")
    assert (client["scopes"], client["redirect_uris"], client["has_expired"]) == (["user", "openid"], [CALLBACK], False)
    by_url("client", "modify", "life", "--url", "https://other.example/cb", "--scope", "data", "--append", "--auto-approve")
    [client] = listed(by_url, "life")
    assert (client["scopes"], len(client["redirect_uris"]), client["auto_approve"]) == (["user", "openid", "data"], 2, True)
    rotated = json.loads(by_url("client", "rotate", "life", "--json"))
    assert rotated["client_id"] in {client["client_id"] for client in listed(by_url, "life")}
    by_url("client", "delete", "life", "--id", client["client_id"])
    assert [client["client_id"] for client in listed(by_url, "life")] == [rotated["client_id"]]
    by_url("client", "delete", "life")
    assert listed(by_url, "life") == []
    for arguments in (("create", "x", "--grant", "password"), ("create", "x"), ("modify", "life", "--scope", "user"),
                      ("create", "x", "--url", "javascript:alert(1)"), ("delete", "life")):
        with pytest.raises(AssertionError):
            by_url("client", *arguments)
    assert listed(by_url, "x") == []


def test_a_client_that_cannot_have_its_rights_is_not_made(by_url):
    with pytest.raises(AssertionError, match="policies do not exist: nope"):
        by_url("client", "create", "rights", "--grant", "client_credentials", "--policy", "nope")
    assert listed(by_url, "rights") == []


def test_a_client_has_its_own_rights_and_its_successor_has_them_too(stand, by_url):
    def may(client, secret):
        token = client_token(stand, client, secret).json()["access_token"]
        answer = requests.get(f"{stand.commons.url}/authz", params={"resource": "/programs", "method": "read", "service": "x"},
                              headers={"Authorization": f"bearer {token}"}, timeout=TIMEOUT)
        return answer.status_code

    options = ("--grant", "client_credentials", "--json")
    strange = json.loads(by_url("client", "create", "no rights", *options))
    first = json.loads(by_url("client", "create", "all rights", *options, "--policy", "commons_administrator"))
    assert (may(**renamed(strange)), may(**renamed(first))) == (403, 200)
    second = json.loads(by_url("client", "rotate", "all rights", "--json"))
    by_url("client", "delete", "all rights", "--id", first["client_id"])
    assert may(**renamed(second)) == 200


def renamed(made):
    return {"client": made["client_id"], "secret": made["client_secret"]}


def test_the_words_of_the_original(stand, by_url):
    made = by_url("fence-create", "client-create", "--client", "words", "--urls", CALLBACK, "--username", "owner@example.org",
                  "--grant-types", "client_credentials", "authorization_code", "--expires-in", "30")
    client, secret = ast.literal_eval(made.strip().splitlines()[-1])
    assert (len(client), len(secret)) == (40, 55)
    assert client_token(stand, client, secret).status_code == 200
    by_url("fence-create", "--arborist", "http://arborist-service", "client-modify", "--client", "words", "--allowed-scopes",
           "openid", "data")
    assert client_token(stand, client, secret).json()["error"] == "invalid_scope"
    second, other = ast.literal_eval(by_url("fence-create", "client-rotate", "--client", "words").strip().splitlines()[-1])
    assert client_token(stand, second, other, "openid").status_code == 200
    assert by_url("fence-create", "client-list").count('"words"') == 2
    by_url("fence-create", "client-delete-expired")
    by_url("fence-create", "client-delete", "--client", "words")
    assert client_token(stand, second, other, "openid").status_code == 401
    public = by_url("fence-create", "client-create", "--client", "open", "--urls", CALLBACK, "--public", "--username", "owner@example.org")
    assert ast.literal_eval(public.strip().splitlines()[-1])[1] is None


def test_tokens_of_the_operator(stand):
    stand.commons.token("ada")
    run = stand.commons.run
    token = run("fence-create", "token-create", "--type", "access_token", "--username", "ada", "--scopes", "openid,user").strip()
    me = requests.get(f"{stand.issuer}/user", headers={"Authorization": f"bearer {token}"}, timeout=TIMEOUT)
    assert me.json()["username"] == "ada"
    refresh = run("fence-create", "token-create", "--type", "refresh", "--username", "ada", "--scopes", "openid user",
                  "--client_id", "c", "--exp", "60").strip()
    claims = json.loads(base64.urlsafe_b64decode(refresh.split(".")[1] + "=="))
    assert (claims["pur"], claims["azp"], claims["exp"] - claims["iat"]) == ("refresh", "c", 60)
    with pytest.raises(RuntimeError, match="there is no user nobody"):
        run("fence-create", "token-create", "--type", "access", "--username", "nobody", "--scopes", "openid")
