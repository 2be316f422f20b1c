"""Two commons, and users of one who work with the other: the unmodified `gen3` SDK gets tokens of the other commons from
the workspace token service of the first."""

import json
import urllib.parse

import pytest
import requests
from gen3.auth import Gen3Auth, Gen3AuthError, get_wts_idps

from harness.commons import Commons, free_port
from provider.stand import TIMEOUT, Stand, consent

IDP = "other"


class Pair:
    """`here` knows `there` as the identity provider `other`."""

    def __init__(self, folder):
        self.there = Commons.up()
        self.port = free_port()
        back = f"http://localhost:{self.port}/wts/oauth2/authorize"
        client, secret = Stand(self.there).client(
            "wts-of-here", "--auto-approve", "--policy", "commons_administrator", urls=[back])
        self.config = folder / "wts.json"
        self.config.write_text(json.dumps({"external_oidc": [{
            "base_url": self.there.url, "oidc_client_id": client, "oidc_client_secret": secret,
            "login_options": {IDP: {"name": "Other commons"}},
        }]}))
        self.state = folder / "here"
        self.here = self.start()

    def start(self):
        return Commons.up("--wts-config", str(self.config), state=self.state, port=self.port)

    def restart(self):
        self.here.stop()
        self.here = self.start()

    def cleanup(self):
        self.here.cleanup()
        self.there.cleanup()

    def connect(self, user, there=None):
        """Logs `user` in at the other commons as `there`, or at the own one without; returns the last answer."""
        browser = Stand(self.here).browser(user)
        idp = IDP if there else "default"
        begun = browser.get(f"{self.here.url}/wts/oauth2/authorization_url?idp={idp}", timeout=TIMEOUT,
                            allow_redirects=False)
        assert begun.status_code == 302, begun.text
        other = Stand(self.there).browser(there) if there else browser
        back = consent(other, begun.headers["Location"])
        assert back.startswith(f"{self.here.url}/wts/oauth2/authorize?"), back
        return browser.get(back, timeout=TIMEOUT, allow_redirects=False)

    def key_file(self, user, folder):
        file = folder / f"{user}.json"
        self.here.run("user", "api-key", user, "--create", "--out", str(file), "--force")
        return file

    def ask(self, path, user):
        headers = {"Authorization": f"bearer {self.here.token(user)}"} if user else {}
        return requests.get(f"{self.here.url}/wts{path}", headers=headers, timeout=TIMEOUT)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    pair = Pair(tmp_path_factory.mktemp("pair"))
    yield pair
    pair.cleanup()


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """The SDK keeps tokens in the home folder, under the name of the identity provider."""
    monkeypatch.setenv("HOME", str(tmp_path))


def host(commons):
    return urllib.parse.urlsplit(commons.url).netloc


def test_a_user_who_has_logged_in_there_gets_tokens_of_the_other_commons(pair, tmp_path):
    assert pair.connect("ada", "ada-there").json() == {"success": "connected with fence"}
    key = str(pair.key_file("ada", tmp_path))
    for auth in [Gen3Auth(endpoint=pair.there.url, refresh_file=key), Gen3Auth(refresh_file=key, idp=IDP)]:
        assert auth.endpoint == pair.there.url
        answer = requests.get(f"{pair.there.url}/user/user", auth=auth, timeout=TIMEOUT)
        assert answer.json()["username"] == "ada-there"


def test_who_has_not_logged_in_there_gets_none(pair, tmp_path):
    with pytest.raises(Gen3AuthError, match="User doesn't have a refresh token"):
        Gen3Auth(endpoint=pair.there.url, refresh_file=str(pair.key_file("eve", tmp_path)))


def test_the_sdk_reads_the_providers(pair):
    providers = get_wts_idps(external_wts_host=f"{pair.here.url}/wts/")["providers"]
    page = f"{pair.here.url}/wts/oauth2/authorization_url?idp={IDP}"
    assert providers == [{
        "base_url": pair.there.url, "idp": IDP, "name": "Other commons", "refresh_token_expiration": None,
        "urls": [{"name": "Other commons", "url": page}],
    }]
    pair.connect("bob", "bob-there")
    mine = pair.ask("/external_oidc/?unexpired=true", "bob").json()["providers"]
    # "30 days" within the second of the login.
    assert [provider["refresh_token_expiration"] in ("29 days", "30 days") for provider in mine] == [True]
    assert pair.ask("/external_oidc/?unexpired=true", "eve").json() == {"providers": []}


def test_answers_of_both_commons_are_gathered_in_the_users_names(pair):
    for there in (None, "cleo-there"):
        assert pair.connect("cleo", there).status_code == 200
    assert pair.ask("/oauth2/connected", "cleo").status_code == 200
    gathered = pair.ask("/aggregate/user/user?filters=username", "cleo")
    assert gathered.json() == {host(pair.here): {"username": "cleo"}, host(pair.there): {"username": "cleo-there"}}
    # Nobody is told anything.
    assert pair.ask("/aggregate/user/user", None).json() == {host(pair.here): None, host(pair.there): None}


def test_an_own_access_token_gives_no_other_one(pair):
    answer = pair.ask("/token/", "cleo")
    assert (answer.status_code, answer.json()) == (
        403, {"message": "You need to be authenticated to use this resource"})


def test_logins_outlive_a_restart_and_end_with_a_logout(pair, tmp_path):
    pair.connect("dan", "dan-there")
    pair.restart()
    assert pair.ask(f"/token/?idp={IDP}", "dan").status_code == 200
    assert pair.connect("dan").status_code == 200
    assert pair.ask(f"/oauth2/logout?idp={IDP}", "dan").status_code == 204
    assert pair.ask(f"/token/?idp={IDP}", "dan").status_code == 403


def test_a_user_who_is_shut_out_there_has_to_log_in_again(pair):
    pair.connect("fay", "fay-there")
    assert pair.ask(f"/token/?idp={IDP}", "fay").status_code == 200
    pair.there.run("user", "disable", "fay-there")
    assert pair.ask(f"/token/?idp={IDP}", "fay").status_code in (403, 500)
