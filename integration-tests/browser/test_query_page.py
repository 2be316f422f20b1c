"""The query page in a real browser: somebody who logs in, takes an example, runs it, and reads what comes."""

import pytest

from browser.chromium import Browser
from browser.query_page import QueryPage
from harness.commons import Commons
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PROJECT = "demo-airways"


@pytest.fixture(scope="module")
def running_browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def commons(running_browser):
    with Commons.up("--demo") as commons:
        yield commons


@pytest.fixture
def browser(running_browser, commons):
    running_browser.forget(commons.url)
    return running_browser


@pytest.fixture
def page(browser, commons):
    return QueryPage(browser.driver, commons.url, commons.login_url)


def test_a_visitor_is_told_so_with_a_link_that_leads_back_here(page):
    page.open()
    assert "You are not logged in" in page.header()
    page.log_in()
    assert page.driver.current_url == f"{page.url}/query"
    assert "admin" in page.header() and "Log out" in page.header()
    page.driver.find_element(By.LINK_TEXT, "Log out").click()
    page.is_there()
    assert "You are not logged in" in page.header()


def test_an_example_fills_the_editor_and_runs(page):
    page.log_in()
    assert page.choices("Project") == [PROJECT]
    page.choose("Examples", "Counts of every node type")
    assert f'_subject_count(project_id: "{PROJECT}")' in page.query()
    counts = page.run()["data"]
    assert counts["_subject_count"] > 0 and counts["_sample_count"] > 0


def test_every_example_of_the_menu_runs(page):
    page.log_in()
    titles = page.choices("Examples")[1:]
    assert len(titles) >= 12
    failed = {}
    for title in titles:
        page.choose("Examples", title)
        answer = page.run()
        if answer.get("errors") or not answer.get("data"):
            failed[title] = answer
    assert failed == {}


def test_the_text_of_an_error_is_shown(page):
    page.log_in()
    page.write("{ subject { nonsense } }")
    assert page.run() == {"data": None, "errors": ['Cannot query field "nonsense" on type "subject".']}


def test_a_query_without_a_login_says_so_and_does_not_break_the_page(page):
    page.open()
    page.write("{ _subject_count }")
    assert "data" not in page.run()
    assert "You are not logged in" in page.header()


def test_an_example_does_not_take_the_place_of_what_the_user_has_written(page):
    page.log_in()
    page.write("query mine { _subject_count }")
    page.choose("Examples", "Node types")
    # The first tab gets its name from its text a moment after the typing ends, which may be too late here.
    page.wait(lambda: page.tabs()[1:] == ["node_types"])
    assert "_node_type" in page.query()
    page.all(".graphiql-tab-button")[0].click()
    page.wait(lambda: page.query() == "query mine { _subject_count }")


def test_of_several_operations_the_chosen_one_is_sent(page):
    page.log_in()
    page.write("query one { _subject_count } query two { _study_count }")
    page.wait(lambda: page.all(".graphiql-execute-button[aria-haspopup=menu]"))[0].click()
    operations = page.wait(lambda: page.all("[role=menuitem]"))
    next(item for item in operations if item.text == "two").click()
    assert list(page.answer()["data"]) == ["_study_count"]


def test_the_editor_knows_the_node_types(page):
    page.open()
    page.wait(lambda: not page.all(".graphiql-un-styled[disabled]"))
    page.type("{ sam")
    assert "sample" in page.hints()


def test_the_documentation_shows_a_node_type(page):
    page.open()
    page.press("Show Documentation Explorer")
    types = page.wait(lambda: page.all(".graphiql-doc-explorer-type-name"))
    next(name for name in types if name.text == "subject").click()
    page.wait(lambda: "submitter_id" in page.all(".graphiql-doc-explorer")[0].text)


def test_the_flat_model_has_a_page_with_its_own_schema_and_queries(page):
    page.log_in()
    page.write("query mine { _subject_count }")
    page.choose("Model", "Flat model")
    page.wait(lambda: page.driver.current_url.endswith("model=flat"))
    page.is_there()
    assert "mine" not in page.query()
    page.type("{ _agg")
    assert "_aggregation" in page.hints()
    page.write("{ _aggregation { subject { _totalCount } } }")
    assert "_totalCount" in page.run()["data"]["_aggregation"]["subject"]


def test_a_chosen_example_is_run_by_the_keys_that_run_queries(page):
    page.log_in()
    for example in ("Node types", "Counts of every node type"):
        page.choose("Examples", example)
        keys = ActionChains(page.driver)
        keys.key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
        page.wait(lambda: page.answer().get("data"))
    assert page.answer()["data"]["_subject_count"] > 0


def test_the_flat_model_begins_with_a_query_that_runs_on_the_indices_of_the_explorer(page):
    page.log_in()
    page.open("?model=flat")
    answer = page.run()
    assert answer["data"] and "errors" not in answer
    assert "There is no search index yet" not in page.header()


def test_a_narrow_window_shows_query_and_answer_below_each_other(page):
    page.log_in()
    width = 320
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": True})
    try:
        page.open()
        page.choose("Examples", "Counts of every node type")
        page.run()
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
        for part in (".graphiql-query-editor", ".graphiql-response"):
            box = page.all(part)[0].rect
            assert box["width"] > width * 0.7 and box["x"] + box["width"] <= width, (part, box)
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_commons_without_projects_says_what_to_do_first(running_browser):
    with Commons.up() as empty:
        running_browser.forget(empty.url)
        page = QueryPage(running_browser.driver, empty.url, empty.login_url)
        page.log_in()
        assert "commons up --demo" in page.header()


def test_nothing_is_fetched_from_elsewhere_and_nothing_breaks_the_policy(page, browser):
    page.log_in()
    page.choose("Examples", "Files with size, format and object_id")
    page.run()
    page.type("{ sub")
    page.hints()
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    for dialog in ("Open settings dialog", "Open short keys dialog"):
        page.press(dialog)
        page.wait(lambda: page.all("[role=dialog]"))
        page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
        page.wait(lambda: not page.all("[role=dialog]"))
    page.press("Show History")
    page.wait(lambda: page.all(".graphiql-history"))
    asked = list(browser.requests_of_pages_at(page.url))
    assert any(url.startswith(f"{page.url}/query/assets/") for url in asked)
    assert [url for url in asked if not url.startswith((f"{page.url}/", "data:"))] == []
    assert browser.violations() == []
    assert browser.console() == []
