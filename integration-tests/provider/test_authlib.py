"""fence as an OpenID provider of clients that use Authlib."""

import time

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from .stand import CALLBACK, TIMEOUT, consent, said

SCOPE = "openid user data"
TOOK_UP_WITHIN = 60


def session(stand, client, secret=None, **more):
    if secret is None:
        more["token_endpoint_auth_method"] = "none"
    return OAuth2Session(client, secret, scope=SCOPE, redirect_uri=CALLBACK, token_endpoint=stand.metadata["token_endpoint"],
                         revocation_endpoint_auth_method="client_secret_basic", **more)


def log_in(stand, oauth, browser, verifier=None, **more):
    """The whole way; returns the tokens and the address with the code."""
    url, _ = oauth.create_authorization_url(stand.metadata["authorization_endpoint"], code_verifier=verifier, **more)
    address = consent(browser, url)
    extra = {"code_verifier": verifier} if verifier else {}
    return oauth.fetch_token(authorization_response=address, **extra), address


def claims(stand, token):
    """Checks the signature by what is published."""
    keys = requests.get(stand.metadata["jwks_uri"], timeout=TIMEOUT).json()
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])


def me(stand, token):
    answer = requests.get(stand.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
    return answer.status_code, answer.json()


def test_code_with_pkce_refresh_and_revocation(stand):
    client, secret = stand.client("authlib")
    browser = stand.browser("ada")
    oauth = session(stand, client, secret, code_challenge_method="S256")
    tokens, address = log_in(stand, oauth, browser, verifier="v" * 64, nonce="n0nce")
    assert said(address)["state"] and address.startswith(CALLBACK)
    identity = claims(stand, tokens["id_token"])
    CodeIDToken(identity.claims, identity.header, params={"nonce": "n0nce", "client_id": client, "access_token": tokens["access_token"]},
                options={"iss": {"value": stand.issuer}, "aud": {"value": client}}).validate()
    status, user = me(stand, tokens["access_token"])
    assert (status, user["username"], user["sub"]) == (200, "ada", identity.claims["sub"])
    renewed = oauth.refresh_token(refresh_token=tokens["refresh_token"])
    assert renewed["refresh_token"] == tokens["refresh_token"] and me(stand, renewed["access_token"])[0] == 200
    revoked = oauth.revoke_token(stand.revocation_endpoint, token=tokens["refresh_token"], token_type_hint="refresh_token")
    assert revoked.status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        oauth.refresh_token(refresh_token=tokens["refresh_token"])


def test_a_user_may_say_no(stand):
    client, secret = stand.client("refused")
    oauth = session(stand, client, secret)
    url, state = oauth.create_authorization_url(stand.metadata["authorization_endpoint"])
    answer = said(consent(stand.browser("ada"), url, answer="no"))
    assert (answer["error"], answer["state"]) == ("access_denied", state)


def test_a_public_client_with_pkce(stand):
    client, secret = stand.client("spa", "--public")
    assert secret is None
    oauth = session(stand, client, code_challenge_method="S256")
    tokens, _ = log_in(stand, oauth, stand.browser("ada"), verifier="w" * 64)
    assert me(stand, tokens["access_token"])[0] == 200
    assert oauth.refresh_token(refresh_token=tokens["refresh_token"])["access_token"]


def test_a_client_for_itself(stand):
    client, secret = stand.client("robot", "--grant", "client_credentials", "--expires-in", "30", urls=())
    oauth = OAuth2Session(client, secret, scope="openid user")
    tokens = oauth.fetch_token(stand.metadata["token_endpoint"], grant_type="client_credentials")
    assert "refresh_token" not in tokens
    said_claims = claims(stand, tokens["access_token"]).claims
    assert said_claims["azp"] == client and "sub" not in said_claims
    with pytest.raises(OAuthError, match="invalid_client"):
        OAuth2Session(client, "wrong", scope="openid").fetch_token(stand.metadata["token_endpoint"], grant_type="client_credentials")


class TestAttacks:
    """Each is refused, and the rightful client is served afterwards."""

    @pytest.fixture
    def parties(self, stand, request):
        name = request.node.name[-30:]
        owner, thief = stand.client(f"own {name}"), stand.client(f"thief {name}")
        return session(stand, *owner, code_challenge_method="S256"), session(stand, *thief), stand.browser("ada")

    def code(self, stand, oauth, browser, **more):
        url, _ = oauth.create_authorization_url(stand.metadata["authorization_endpoint"], **more)
        return consent(browser, url)

    def refused(self, oauth, address, **more):
        with pytest.raises(OAuthError) as refused:
            oauth.fetch_token(authorization_response=address, **more)
        return refused.value.error

    def test_a_stolen_code(self, stand, parties):
        owner, thief, browser = parties
        address = self.code(stand, owner, browser, code_verifier="a" * 50)
        assert self.refused(thief, address, code_verifier="a" * 50) == "invalid_grant"
        assert owner.fetch_token(authorization_response=address, code_verifier="a" * 50)["access_token"]

    def test_a_replayed_code(self, stand, parties):
        owner, _, browser = parties
        address = self.code(stand, owner, browser, code_verifier="a" * 50)
        assert owner.fetch_token(authorization_response=address, code_verifier="a" * 50)["access_token"]
        assert self.refused(owner, address, code_verifier="a" * 50) == "invalid_grant"

    def test_a_downgraded_challenge(self, stand, parties):
        owner, _, browser = parties
        address = self.code(stand, owner, browser, code_verifier="a" * 50)
        assert self.refused(owner, address) == "invalid_grant", "the verifier is left out"
        assert self.refused(owner, address, code_verifier="b" * 50) == "invalid_grant", "another verifier"
        plain = self.code(stand, session(stand, owner.client_id, owner.client_secret), browser)
        assert self.refused(owner, plain, code_verifier="a" * 50) == "invalid_grant", "the challenge is taken out"
        url, _ = owner.create_authorization_url(stand.metadata["authorization_endpoint"])
        answer = browser.get(f"{url}&code_challenge={'a' * 50}&code_challenge_method=plain", timeout=TIMEOUT, allow_redirects=False)
        assert answer.status_code == 401 and "Location" not in answer.headers

    def test_another_address(self, stand, parties):
        owner, _, browser = parties
        url, _ = owner.create_authorization_url(stand.metadata["authorization_endpoint"])
        for other in ("https%3A%2F%2Fevil.example%2F", "http%3A%2F%2F127.0.0.1%3A9%2Fcallback%2F", "%2F%2Fevil.example"):
            changed = url.replace("http%3A%2F%2F127.0.0.1%3A9%2Fcallback", other)
            assert changed != url
            answer = browser.get(changed, timeout=TIMEOUT, allow_redirects=False)
            assert answer.status_code == 401 and "Location" not in answer.headers
        address = self.code(stand, owner, browser, code_verifier="a" * 50)
        assert self.refused(owner, address, code_verifier="a" * 50, redirect_uri="https://evil.example/") == "invalid_grant"

    def test_another_client(self, stand, parties):
        owner, thief, browser = parties
        address = self.code(stand, owner, browser, code_verifier="a" * 50)
        tokens = owner.fetch_token(authorization_response=address, code_verifier="a" * 50)
        with pytest.raises(OAuthError, match="invalid_grant"):
            thief.refresh_token(refresh_token=tokens["refresh_token"])
        assert thief.revoke_token(stand.revocation_endpoint, token=tokens["refresh_token"]).status_code == 400
        assert owner.refresh_token(refresh_token=tokens["refresh_token"])["access_token"]

    def test_an_expired_refresh_token(self, stand, parties):
        owner, _, browser = parties
        address = self.code(stand, owner, browser, code_verifier="a" * 50, refresh_token_expires_in="1")
        tokens = owner.fetch_token(authorization_response=address, code_verifier="a" * 50)
        time.sleep(2.1)
        with pytest.raises(OAuthError, match="invalid_grant"):
            owner.refresh_token(refresh_token=tokens["refresh_token"])

    def test_a_foreign_page(self, stand, parties):
        owner, _, browser = parties
        url, _ = owner.create_authorization_url(stand.metadata["authorization_endpoint"])
        answer = browser.get(f"{url}&confirm=yes", timeout=TIMEOUT, allow_redirects=False, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200, "it asks the user"
        posted = browser.post(f"{stand.issuer}/oauth2/consent", data={"confirm": "yes", "csrf_token": "x"}, timeout=TIMEOUT)
        assert posted.status_code == 400


def test_keys_rotate_while_users_are_logged_in(stand):
    client, secret = stand.client("rotating", "--auto-approve")
    browser = stand.browser("ada")
    oauth = session(stand, client, secret)
    old, _ = log_in(stand, oauth, browser)
    kid = lambda token: claims(stand, token).header["kid"]
    old_kid = kid(old["access_token"])
    new_kid = stand.commons.run("keys", "rotate").split()[0]
    started = time.monotonic()
    while requests.get(stand.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"][0]["kid"] != new_kid:
        assert time.monotonic() - started < TOOK_UP_WITHIN
        time.sleep(0.5)
    print(f"the new key was published after {time.monotonic() - started:.1f} s")
    assert me(stand, old["access_token"])[0] == 200
    assert browser.get(f"{stand.issuer}/user", timeout=TIMEOUT).json()["username"] == "ada", "the browser is logged in"
    renewed = oauth.refresh_token(refresh_token=old["refresh_token"])
    assert (kid(renewed["access_token"]), kid(renewed["refresh_token"])) == (new_kid, old_kid)
    fresh, _ = log_in(stand, session(stand, client, secret), browser)
    assert kid(fresh["refresh_token"]) == new_kid
    with pytest.raises(RuntimeError, match="API keys and refresh tokens"):
        stand.commons.run("keys", "retire", old_kid)
    with pytest.raises(RuntimeError, match="signs now"):
        stand.commons.run("keys", "retire", new_kid, "--yes")
    stand.commons.run("keys", "retire", old_kid, "--yes")
    started = time.monotonic()
    while me(stand, old["access_token"])[0] == 200:
        assert time.monotonic() - started < TOOK_UP_WITHIN
        time.sleep(0.5)
    print(f"the old key was believed for {time.monotonic() - started:.1f} s more")
    with pytest.raises(OAuthError):
        oauth.refresh_token(refresh_token=old["refresh_token"])
    assert oauth.refresh_token(refresh_token=fresh["refresh_token"])["access_token"]
    assert me(stand, fresh["access_token"])[0] == 200
