"""One browser and one commons with data for all suites of the portal."""

import urllib.request

import pytest

from browser.chromium import Browser
from browser.portal_pages import REQUIRED, Portal
from harness.commons import Commons

# Rita may ask for access, and has none.
USERS = """
authz:
  resources: [{name: programs}]
  roles:
    - id: requester
      permissions: [{id: requester_create, action: {service: requestor, method: create}}]
  policies:
    - {id: may_request, role_ids: [requester], resource_paths: [/programs]}
users:
  rita: {policies: [may_request]}
"""


@pytest.fixture(scope="package")
def shared_browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def configuration(tmp_path_factory):
    """The folder of what the operator configures of the portal."""
    return tmp_path_factory.mktemp("portal")


@pytest.fixture(scope="package")
def demonstration(shared_browser, configuration, tmp_path_factory):
    users = tmp_path_factory.mktemp("users") / "user.yaml"
    users.write_text(USERS)
    with Commons.up("--demo", "--portal-config", str(configuration), "--user-yaml", str(users)) as commons:
        request = urllib.request.Request(commons.url, headers={"Accept": "text/html"})
        with urllib.request.urlopen(request) as answer:
            if b"/portal/assets/" not in answer.read():
                (pytest.fail if REQUIRED else pytest.skip)("this program has no pages: run scripts/portal, and compile it again")
        yield commons


@pytest.fixture
def portal(shared_browser, demonstration):
    shared_browser.forget(demonstration.url)
    portal = Portal(shared_browser, demonstration)
    yield portal
    portal.show_as_ever()
