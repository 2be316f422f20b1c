"""Sessions that end, locks that explain themselves, and requests for access, in a real browser."""

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser.portal_pages import asked

# Everybody may read the demonstration's own project.
PROJECT = "demo-closed"
RESOURCE = "/programs/demo/projects/closed"
# The first answer about the session is as if it were near its end; all later ones are the service's.
NEAR_ITS_END = """
    const real = window.fetch;
    window.asked = 0;
    window.fetch = async (path, ...rest) => {
        const answer = await real(path, ...rest);
        if (String(path) !== '/user/v1/session' || window.asked++ > 0) return answer;
        return new Response(JSON.stringify({...await answer.json(), ...%s}), {status: 200});
    };
"""


class Soon:
    """For pages that are opened meanwhile the session ends soon."""

    def __init__(self, portal, **told):
        self.driver, self.source = portal.driver, NEAR_ITS_END % json.dumps(told)

    def __enter__(self):
        self.script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": self.source})["identifier"]
        return self

    def __exit__(self, *_):
        self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": self.script})


def test_the_end_of_a_session_is_told_and_put_off_by_one_key(portal):
    portal.log_in()
    with Soon(portal, ends_in=15, lasts=5000):
        portal.open("/identity")
        dialog = portal.wait(lambda: portal.all("[role=alertdialog]"))[0]
        assert "Your session ends soon" in dialog.text and "It ends in 15 seconds" in dialog.text
        assert dialog.accessible_name == "Your session ends soon"
        assert portal.driver.switch_to.active_element.text == "Stay logged in"
        assert portal.axe() == []
        ActionChains(portal.driver).send_keys(Keys.ESCAPE).perform()
        assert portal.all("[role=alertdialog]"), "it is not left by accident"
        ActionChains(portal.driver).send_keys(Keys.ENTER).perform()
        portal.wait(lambda: not portal.all("[role=alertdialog]"))
    assert portal.driver.execute_script("return window.asked") == 2
    left = portal.driver.execute_async_script("""
        fetch('/user/v1/session').then((answer) => answer.json()).then(arguments[arguments.length - 1]);
    """)
    assert left["username"] == "admin" and 800 < left["ends_in"] <= 900 < left["lasts"]


def test_what_is_filled_in_survives_a_forced_logout_and_a_login(portal):
    portal.log_in("rita")
    with Soon(portal, ends_in=8, lasts=8):
        portal.open(f"/requests?resource={RESOURCE}")
        portal.says("It has reached its longest time")
        portal.press("Close")
        field = portal.field("What you call it")
        field.send_keys("The airways of a town")
        for name in ("fence", "access_token"):
            portal.driver.delete_cookie(name)
        portal.driver.refresh()
        portal.says("log in to see this")
    portal.press("Log in")
    portal.wait(lambda: portal.all("ul[aria-label='Ways to log in'] a"))[0].click()
    portal.wait(lambda: portal.all("[name=username]"))
    portal.choose_user("rita")
    portal.wait(lambda: portal.path().startswith("/requests"))
    assert portal.field("What you call it").get_attribute("value") == "The airways of a town"
    # Nobody else gets it.
    portal.driver.delete_cookie("fence")
    portal.driver.delete_cookie("access_token")
    portal.log_in("admin").open(f"/requests?resource={RESOURCE}")
    assert portal.field("What you call it").get_attribute("value") == ""


def test_a_session_that_ended_says_so_and_leads_back(portal):
    portal.log_in("rita")
    with Soon(portal, ends_in=3, lasts=3):
        portal.open("/requests")
        for name in ("fence", "access_token"):
            portal.driver.delete_cookie(name)
        # It is told without anything being pressed.
        portal.says("Your session has ended")
        assert portal.axe() == []
        portal.press("Close")
        portal.says("log in to see this")


@pytest.fixture
def closed(demonstration):
    """A project that only administrators may read."""
    asked(demonstration, "/api/v0/submission/demo", method="PUT",
          body={"type": "project", "code": "closed", "name": "Closed", "dbgap_accession_number": "closed"})
    yield
    asked(demonstration, "/api/v0/submission/demo/closed", method="DELETE")


def test_a_lock_says_what_is_missing_and_opens_by_itself_when_the_request_is_granted(portal, closed):
    portal.log_in("rita").open(f"/{PROJECT}")
    portal.says("or you have no right to see it")
    portal.press("Why can’t I see this?")
    portal.says("You lack the right:")
    reasons = portal.all("[role=status]")[-1].text
    assert "read of the service peregrine" in reasons and RESOURCE in reasons
    assert portal.axe() == []
    portal.press("Request access")
    portal.wait(lambda: portal.heading() == "Access requests")
    assert portal.field("Resource").get_attribute("value") == RESOURCE
    portal.press("Send the request")
    portal.says("Your request has been sent")
    portal.wait(lambda: portal.all("section[aria-label='Your requests'] tbody tr"))
    assert "waits for a decision" in portal.all("section[aria-label='Your requests'] tbody tr")[0].text
    # What was asked for by mistake is taken back.
    portal.press(f"Withdraw the request for {RESOURCE}")
    portal.press("Withdraw it")
    portal.says("You have asked for nothing yet")
    portal.press("Send the request")
    portal.wait(lambda: portal.all("section[aria-label='Your requests'] tbody tr"))
    portal.open(f"/{PROJECT}")
    portal.press("Why can’t I see this?")
    portal.says("You lack the right:")
    [request] = asked(portal.commons, "/requestor/request?active")
    asked(portal.commons, f"/requestor/request/{request['request_id']}", method="PUT", body={"status": "SIGNED"})
    # Nobody touches the page: it opens.
    portal.says("You may read this project, and not write to it")
    portal.press("Why can’t I submit?")
    portal.says("create of the service sheepdog")


def test_an_approver_decides_about_what_others_ask_for(portal):
    asked(portal.commons, "/requestor/request", "rita", "POST", {
        "resource_paths": ["/programs/demo"], "resource_display_name": "All of the demonstration", "status": "SUBMITTED"})
    portal.log_in("admin").open("/requests")
    portal.press("Refuse rita: All of the demonstration")
    portal.says("No request waits for a decision")
    states = {request["status"] for request in asked(portal.commons, "/requestor/request/user", "rita")
              if request["resource_display_name"] == "All of the demonstration"}
    assert states == {"REJECTED"}


def test_rights_are_a_tree_that_is_searched_and_explained(portal):
    portal.log_in("admin").open("/identity")
    tree = portal.wait(lambda: portal.all("ul[aria-label=Access] code"))
    assert "programs" in [item.text for item in tree]
    portal.field("Search resources and methods").send_keys("sower")
    portal.wait(lambda: [item.text for item in portal.all("ul[aria-label=Access] code")] == ["sower"])
    portal.press("Explain /sower")
    assert portal.field("Resource").get_attribute("value") == "/sower"
    portal.press("Explain")
    portal.says("You may:")
    portal.says("commons_administrator")
