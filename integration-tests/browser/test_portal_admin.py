"""The administration in a real browser: runs, users, the audit log, rights, stores and settings as an administrator sees them, and the
locks that everybody else finds there."""

import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.keys import Keys

from browser.portal_pages import asked

AREAS = {"/admin/runs": "read of the service gen3-ops on /services/ops", "/admin/users": "* of the service fence on /services/fence/admin",
         "/admin/audit": "read of the service audit on /services/audit",
         "/admin/access": "read of the service arborist on /services/arborist/policy",
         "/admin/storage": "read of the service gen3-ops on /services/ops/storage",
         "/admin/site": "read of the service gen3-ops on /services/ops/config", "/admin": "read of the service gen3-ops on /services/ops"}
# What a page lets the browser save, as text.
KEEP_SAVED = """
    const real = URL.createObjectURL;
    URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return real(blob); };
"""
# Only one run of this kind is done at a time.
POST = """
    const done = arguments[arguments.length - 1];
    const token = document.cookie.split('; ').find((line) => line.startsWith('csrftoken=')).slice(10);
    const post = (path, body) => fetch(`/ops/v1/runs${path}`, {method: 'POST', body: JSON.stringify(body),
        headers: {'Content-Type': 'application/json', 'x-csrf-token': token}});
"""
START_MANY = POST + """
    const one = async () => (await (await post('', {kind: 'etl', params: {force: true}})).json()).id;
    (async () => { const ids = []; for (let left = arguments[0]; left > 0; left--) ids.push(await one()); done(ids); })();
"""
CANCEL_ALL = POST + """
    Promise.all(arguments[0].map((id) => post(`/${id}/cancel`, {}))).then(() => done(null));
"""


def rows(portal, label):
    return [row.text for row in portal.all(f"section[aria-label='{label}'] tbody tr")]


def tab_to(portal, name, most=25):
    """Presses the tabulator until the control of this name has the focus."""
    for _ in range(most):
        portal.driver.switch_to.active_element.send_keys(Keys.TAB)
        if portal.driver.switch_to.active_element.accessible_name == name:
            return portal.driver.switch_to.active_element
    raise AssertionError(f"the tabulator does not lead to {name!r}")


def test_somebody_without_rights_is_told_which_one_each_page_takes(portal):
    portal.log_in("rita")
    for path, right in AREAS.items():
        portal.open(path)
        assert portal.says("you have no right to see this") and f"It takes {right}." in portal.text(), path
        assert portal.all("main table, main form") == [], path
    assert portal.axe() == []
    portal.press("Why can’t I see this?")
    portal.says("You lack the right:")
    portal.press("rita")
    portal.wait(lambda: portal.all("[role=menuitem]"))
    assert "Administration" not in [item.text for item in portal.all("[role=menuitem]")]
    # The services decide, whatever a page shows.
    for path in ("/user/v1/users", "/audit/log/login", "/authz/v1/policies", "/authz/v1/who?resource=/programs",
                 "/ops/v1/storage", "/ops/v1/config"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(portal.commons, path, "rita")
        assert refused.value.code == 403, path
    assert asked(portal.commons, "/ops/v1/runs", "rita")["runs"] == []
    assert asked(portal.commons, "/ops/v1/kinds", "rita")["schedules"] == []


def test_a_run_is_asked_for_by_keyboard_seen_beforehand_and_followed(portal):
    portal.log_in("admin").open("/")
    portal.press("Administrator").press("Administration")
    portal.wait(lambda: portal.heading() == "Administration")
    portal.wait(lambda: [link.text for link in portal.all("main li a")] == ["Runs", "Users", "Audit", "Access rights", "Storage", "Settings"])
    portal.open("/admin/runs?kind=pfb-export")
    portal.says("Forget revoked tokens that are over")
    assert any(row.startswith("expired-access") and "17 * * * * UTC" in row for row in rows(portal, "What happens by itself"))
    tab_to(portal, "What is to be done").send_keys("usersync")
    portal.says("Bring users, groups, clients and rights")
    tab_to(portal, "See what it would do").send_keys(Keys.ENTER)
    dialog = portal.wait(lambda: portal.all("[role=dialog]"))[0]
    assert "Start usersync?" in dialog.text and "The dry run says beforehand what would change" in dialog.text
    assert portal.axe() == []
    tab_to(portal, "Do a dry run").send_keys(Keys.ENTER)
    portal.wait(lambda: portal.heading() == "Run of usersync")
    portal.says("done")
    portal.says('"dry_run": true')
    portal.wait(lambda: "attempt 1 of" in portal.all("section[aria-label=Log]")[0].text)
    assert portal.axe() == []
    run = asked(portal.commons, f"/ops/v1/runs/{portal.path().rsplit('/', 1)[1]}")
    assert (run["state"], run["requested_by"], run["params"]) == ("succeeded", "admin", {"dry_run": True})
    portal.press("Repeat the run")
    portal.says("with the same parameters:")
    portal.press("Repeat it")
    portal.wait(lambda: run["id"] not in portal.path())
    portal.says("Repeats")
    assert run["id"] in portal.text()


def test_runs_are_filtered_and_one_that_waits_is_canceled(portal):
    portal.log_in("admin")
    waiting = portal.driver.execute_async_script(START_MANY, 15)
    portal.open(f"/admin/runs/{waiting[-1]}")
    try:
        assert portal.heading() == "Run of etl"
        portal.press("Stop following")
        portal.says("the page stays where you read")
        portal.press("Cancel the run")
        portal.says("It is stopped where it is")
        portal.press("Cancel it")
        portal.wait(lambda: portal.all("[role=status]")[0].text == "canceled")
    finally:
        portal.driver.execute_async_script(CANCEL_ALL, waiting)
    portal.open("/admin/runs?kind=etl&state=canceled")
    shown = portal.wait(lambda: rows(portal, "Last runs"))
    assert all(row.startswith("etl") and "canceled" in row for row in shown)
    assert portal.field("State").get_attribute("value") == "canceled"
    assert asked(portal.commons, f"/ops/v1/runs/{waiting[-1]}")["state"] == "canceled"


@pytest.fixture
def sam(demonstration):
    asked(demonstration, "/user/admin/user", method="POST", body={"username": "sam", "email": "sam@example.org", "display_name": "Sam"})
    return "sam"


def test_a_user_is_found_shut_out_let_in_again_and_deleted(portal, sam):
    portal.log_in("admin").open("/admin/users")
    portal.field("Search names and addresses").send_keys("SAM@", Keys.ENTER)
    portal.wait(lambda: len(rows(portal, "Users")) == 1)
    [row] = rows(portal, "Users")
    assert row.startswith("sam") and "sam@example.org" in row and "may log in" in row and "never" in row

    def change(what):
        portal.press("Change sam")
        portal.wait(lambda: portal.all("[role=dialog]"))
        next(radio for radio in portal.all("[role=dialog] input[type=radio]") if radio.accessible_name.startswith(what)).click()

    change("Shut out")
    assert portal.says("Loading user.yaml does not undo it.")
    assert portal.axe() == []
    portal.press("Shut out: sam")
    portal.wait(lambda: "shut out" in rows(portal, "Users")[0])
    assert asked(portal.commons, "/user/v1/users?active=false")["users"][0]["username"] == "sam"
    change("Let in again")
    portal.press("Let in again: sam")
    portal.wait(lambda: "may log in" in rows(portal, "Users")[0])
    change("Delete the account")
    button = next(button for button in portal.all("[role=dialog] button") if button.text == "Delete the account: sam")
    assert not button.is_enabled(), "the name is typed first"
    portal.field("Type the name of the user to delete the account").send_keys("sam")
    portal.press("Delete the account: sam")
    portal.says("There is no such user")


def test_what_somebody_was_given_is_found_counted_and_saved(portal):
    portal.log_in("admin")
    guid = portal.a_file()["did"]
    asked(portal.commons, f"/user/data/download/{guid}")
    end = time.monotonic() + 30
    while not asked(portal.commons, f"/audit/log/presigned_url?guid={urllib.parse.quote(guid)}")["data"]:
        assert time.monotonic() < end, "the record has not been written"
        time.sleep(0.2)
    portal.open("/admin/audit?user=admin")
    assert any(guid in row and "admin" in row for row in portal.wait(lambda: rows(portal, "Records")))
    portal.driver.execute_script(KEEP_SAVED)
    portal.press("Save as TSV")
    lines = portal.wait(lambda: portal.driver.execute_script("return window.saved")).splitlines()
    assert lines[0].split("\t")[:4] == ["timestamp", "username", "action", "guid"]
    assert any(line.split("\t")[3] == guid for line in lines[1:])
    portal.open("/admin/audit?by=username")
    assert any(row.startswith("admin ") for row in portal.wait(lambda: rows(portal, "Records")))
    portal.open("/admin/audit?category=login")
    assert "dev" in portal.wait(lambda: rows(portal, "Records"))[-1]
    portal.open("/admin/audit?user=nobody")
    portal.says("Nothing was recorded")


def test_who_may_do_something_is_listed_and_explained(portal):
    portal.log_in("admin").open("/admin/access")
    portal.field("Resource").send_keys("/programs")
    portal.field("Method").send_keys("create")
    portal.field("Service").send_keys("requestor", Keys.ENTER)
    assert any(row.startswith("rita") and "may_request" in row for row in portal.wait(lambda: rows(portal, "Who may")))
    portal.press("Explain why rita may")
    portal.says("rita may:")
    portal.says("by the policy may_request")
    portal.open("/admin/access?resource=/programs&method=delete&service=sheepdog&user=rita")
    portal.says("rita lacks the right:")
    for view, text in (("policies", "may_request"), ("roles", "create (requestor)"), ("groups", "everybody who is logged in"),
                       ("resources", "/programs")):
        portal.open(f"/admin/access?view={view}&q={urllib.parse.quote(text.split(' ')[0])}" if view != "groups" else "/admin/access?view=groups")
        portal.says(text)
        assert [link.text.lower() for link in portal.all("nav[aria-label='Views of the rights'] [aria-current]")] == [view]


def test_stores_are_shown_with_what_is_in_them(portal):
    portal.log_in("admin").open("/admin/storage")
    shown = portal.wait(lambda: rows(portal, "Stores"))
    assert [row.split()[0] for row in shown] == ["s3://commons-data/", "s3://commons-manifests/", "s3://commons-exports/"]
    assert all("can be used" in row and "of this commons" in row for row in shown)
    portal.says("The file index was counted on")
    told = asked(portal.commons, "/ops/v1/storage")
    held = told["stores"][0]["held"]
    assert held["records"] > 0 and held["bytes"] > 0 and told["stores"][0]["free"] > 0
    assert f"{held['records']:,}" in portal.wait(lambda: rows(portal, "Stores"))[0].split()
    portal.says("There is no archive")
    assert [link.text for link in portal.all("nav[aria-label=Administration] [aria-current]")] == ["Storage"]
    assert portal.axe() == []


def test_settings_are_found_by_keyboard_with_where_they_come_from(portal):
    portal.log_in("admin").open("/admin/site")
    shown = portal.wait(lambda: rows(portal, "Settings"))
    [users] = [row for row in shown if row.startswith("user-yaml ")]
    assert "the command line" in users and not any(row.startswith("schedule ") for row in shown)
    portal.says("commons up")
    assert portal.axe() == []
    tab_to(portal, "Search settings").send_keys("private postgresql")
    portal.says("There are no such settings")
    tab_to(portal, "Shown").send_keys("all")
    assert any(row.startswith("database-url ") and "not set" in row for row in portal.wait(lambda: rows(portal, "Settings")))
    told = asked(portal.commons, "/ops/v1/config")
    assert (told["command"], told["covers"]) == ("up", "commons")
    assert told["options"]["user-yaml"]["from"] == "command_line"
