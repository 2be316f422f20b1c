"""The portal in a real browser, on a commons with data: its pages for visitors and users, in light and dark, on a desk and
on a telephone; logging in and back, keys, submission, files."""

import hashlib
import json
import subprocess
import urllib.error
import urllib.request

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PROJECT = "demo-airways"
# Path and the heading that it has.
PUBLIC = {"/": "Gen3 Data Commons", "/login": "Log in to Gen3 Data Commons", "/dd": "Data dictionary", "/dd/subject": "subject",
          "/dd/sample/sample_type": "sample_type", "/dd?q=smok": "Data dictionary", "/dd?q=sample": "Data dictionary",
          "/dd?view=graph": "Data dictionary", "/about/status": "Status", "/about/accessibility": "Accessibility"}
INSIDE = {"/": "Gen3 Data Commons", "/explorer": "Explorer", "/explorer?tab=file&f.data_format=PNG": "Explorer", "/identity": "Profile",
          "/submission": "Data submission", f"/{PROJECT}": PROJECT, "/submission/files": "Files", "/requests": "Access requests",
          "/dd?view=diff": "Data dictionary", "/admin": "Administration", "/admin/runs": "Runs", "/admin/users": "Users",
          "/admin/audit?category=login": "Audit", "/admin/access?resource=/programs": "Access rights",
          "/admin/access?view=policies": "Access rights", "/admin/storage": "Storage", "/admin/site": "Settings"}


def test_pages_open_without_an_error_a_violation_or_a_foreign_request(portal):
    browser = portal.browser
    for path, heading in PUBLIC.items():
        assert portal.open(path).heading() == heading, path
    portal.log_in()
    for path, heading in INSIDE.items():
        assert portal.open(path).heading() == heading, path
    portal.open(f"/files/{portal.a_file()['did']}")
    asked = list(browser.requests_of_pages_at(portal.url))
    assert any(url.startswith(f"{portal.url}/portal/assets/") for url in asked)
    assert [url for url in asked if not url.startswith((f"{portal.url}/", "data:"))] == []
    assert browser.violations() == []
    assert browser.console() == []


def test_pages_serve_those_who_cannot_see_in_light_dark_and_on_a_telephone(portal):
    paths = {"visitor": [*PUBLIC, "/explorer", "/submission", "/identity", "/requests", "/submission/files", "/nowhere"], "admin": None}
    found = {}
    for reader in paths:
        if reader == "admin":
            portal.log_in()
            guid = portal.a_file()["did"]
            paths[reader] = [*INSIDE, f"/files/{guid}", f"/objects/{guid}", "/objects/none", "/no-such_project"]
        for path in paths[reader]:
            portal.open(path)
            for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
                portal.show(scheme, width)
                wrong = portal.axe() + [f"stands beyond the edge: {part}" for part in portal.beyond()]
                if wrong:
                    found[f"{path} for a {reader}, {scheme}, {width}"] = wrong
    assert found == {}


def test_an_unknown_path_is_a_page_with_the_status_404_and_the_paths_of_services_are_theirs(portal):
    assert portal.open("/nowhere/at/all").heading() == "Nothing is here"
    for path, types, status, kind in (("/nowhere", "text/html", 404, "text/html"), ("/nowhere", "application/json", 404, "application/json"),
                                      ("/guppy/nothing", "text/html", 404, "")):
        request = urllib.request.Request(f"{portal.url}{path}", headers={"Accept": types})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == status and refused.value.headers["Content-Type"].startswith(kind), path
        assert ("/portal/assets/" in refused.value.read().decode()) == (kind == "text/html"), path


def test_old_paths_lead_to_their_pages_in_any_case(portal):
    for path, heading, there in (("/DD/Subject", "subject", "/DD/Subject"), ("/Profile", "Profile", "/identity"),
                                 ("/DataDictionary", "Data dictionary", "/dd"), ("/Submission/", "Data submission", "/Submission"),
                                 ("/Files", "Explorer", "/explorer?tab=file"), ("/submission/map", "Files", "/submission/files")):
        assert portal.open(path).heading() == heading, path
        assert portal.path() == there, path


def test_a_login_leads_back_to_where_the_reader_was(portal):
    portal.driver.get(portal.commons.login_url)
    portal.open("/dd?q=smoking")
    portal.press("Login")
    assert portal.heading() == "Log in to Gen3 Data Commons"
    portal.wait(lambda: portal.all("ul[aria-label='Ways to log in'] a"))[0].click()
    portal.wait(lambda: portal.all("[name=username]"))
    portal.choose_user("admin")
    portal.wait(lambda: portal.path() == "/dd?q=smoking")
    portal.press("Administrator")
    portal.press("Logout")
    portal.wait(lambda: portal.path() == "/")
    portal.says("is shown to those who have logged in")


def test_a_login_leads_to_no_other_site(portal):
    for evil in ("//evil.example", "https://evil.example", "/%5Cevil.example"):
        portal.open(f"/login?next={evil}")
        ways = portal.wait(lambda: portal.all("ul[aria-label='Ways to log in'] a"))
        assert all("evil" not in way.get_attribute("href") for way in ways), evil


def test_a_logout_clears_the_figures_of_another_tab(portal):
    portal.log_in().open("/")
    portal.says(PROJECT)
    first = portal.driver.current_window_handle
    portal.driver.switch_to.new_window("tab")
    try:
        portal.open("/dd")
        portal.press("Administrator").press("Logout")
        portal.wait(lambda: portal.path() == "/" and "Log in" in portal.text())
    finally:
        portal.driver.close()
        portal.driver.switch_to.window(first)
    portal.wait(lambda: PROJECT not in portal.text())


def test_the_first_page_counts_what_the_graph_counts(portal):
    portal.log_in().open("/")
    portal.wait(lambda: portal.all("dl dd") and "…" not in [item.text for item in portal.all("dl dd")])
    figures = dict(zip([item.text for item in portal.all("dl dt")], [item.text for item in portal.all("dl dd")]))
    counted = portal.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const token = document.cookie.split('; ').find((line) => line.startsWith('csrftoken=')).slice(10);
        fetch('/api/v0/submission/graphql', {method: 'POST', body: JSON.stringify({query: '{ _subject_count _study_count }'}),
            headers: {'x-csrf-token': token, 'Content-Type': 'application/json'}}).then(async (answer) => done(await answer.json()));
    """)["data"]
    assert figures["Projects"] == "1"
    assert figures["Subject"] == f"{counted['_subject_count']:,}" and figures["Study"] == str(counted["_study_count"])


def test_the_dictionary_is_searched_by_words_of_a_description_and_opened_by_the_keyboard(portal):
    portal.open("/dd")
    portal.field("Search nodes, properties and values").send_keys("volume millilitres")
    link = portal.wait(lambda: portal.all("tbody a[href$='/dd/sample/volume_ml']"))[0]
    assert portal.path() == "/dd?q=volume%20millilitres" or portal.path() == "/dd?q=volume+millilitres"
    portal.driver.switch_to.active_element.send_keys(Keys.TAB)
    for _ in range(6):
        if portal.driver.switch_to.active_element == link:
            break
        portal.driver.switch_to.active_element.send_keys(Keys.TAB)
    portal.driver.switch_to.active_element.send_keys(Keys.ENTER)
    portal.wait(lambda: portal.heading() == "volume_ml")
    # Who cannot see is told where they are.
    assert portal.driver.switch_to.active_element.tag_name == "h1"
    portal.driver.back()
    portal.wait(lambda: portal.heading() == "Data dictionary")
    assert portal.field("Search nodes, properties and values").get_attribute("value") == "volume millilitres"


def test_the_graph_of_the_dictionary_is_walked_by_the_keyboard_alone(portal):
    portal.open("/dd?view=graph")
    region = portal.all("section[aria-label='Graph of the dictionary']")[0]
    region.send_keys(Keys.TAB)
    here = lambda: portal.driver.switch_to.active_element.text  # noqa: E731
    assert here() == "program"
    walked = []
    for key in (Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.HOME, Keys.END):
        portal.driver.switch_to.active_element.send_keys(key)
        walked.append(here())
    assert walked[0] == "project" and walked[2] not in walked[:2] and walked[4] == "program"
    ids = {link.text for link in portal.all("section[aria-label='Graph of the dictionary'] a")}
    assert {"subject", "sample", "aliquot"} < ids
    last = here()
    portal.driver.switch_to.active_element.send_keys(Keys.ENTER)
    portal.wait(lambda: portal.heading() == last)
    assert portal.path() == f"/dd/{last}"


def test_another_dictionary_is_compared_as_the_program_does_it(portal, tmp_path):
    with urllib.request.urlopen(f"{portal.url}/api/v0/submission/_dictionary/_all") as answer:
        now = json.loads(answer.read())
    then = json.loads(json.dumps(now))
    del then["sample"]["properties"]["volume_ml"]
    then["subject"]["properties"]["shoe_size"] = {"type": "integer"}
    files = {name: tmp_path / f"{name}.json" for name in ("now", "then")}
    # The program reads dictionaries as they are published: by the names of files.
    for name, dictionary in (("now", now), ("then", then)):
        files[name].write_text(json.dumps({f"{node}.yaml": schema for node, schema in dictionary.items()}))
    told = subprocess.run([str(portal.commons.program), "dictionary", "diff", "--json", str(files["now"]), str(files["then"])],
                          capture_output=True, text=True)
    changes = json.loads(told.stdout)["changes"]
    portal.log_in().open("/dd?view=diff")
    (tmp_path / "all.json").write_text(json.dumps(then))
    portal.choose_file(tmp_path / "all.json")
    portal.says("1 change breaks something, of 2")
    rows = [row.text for row in portal.all("section[aria-label=Changes] tbody tr")]
    assert len(rows) == len(changes) == 2
    assert rows[0].startswith("sample.volume_ml") and all(any(change["message"] in row for row in rows) for change in changes)
    assert portal.axe() == []


def test_the_status_page_tells_of_every_service_and_of_the_data(portal):
    portal.open("/about/status")
    portal.says("All services serve")
    names = {row.text for row in portal.all("section[aria-label=Services] tbody th")}
    assert {"fence", "arborist", "indexd", "sheepdog", "peregrine", "guppy", "requestor", "portal"} <= names
    portal.log_in().open("/about/status")
    portal.says("Data of the explorer")
    assert len(portal.wait(lambda: portal.all("section[aria-label='Data of the explorer'] tbody tr"))) >= 2


def test_a_bundle_shows_its_tree_and_an_object_its_ways(portal):
    portal.log_in()
    record = portal.a_file()
    made = []
    for bundle in ({"name": "inner", "bundles": [record["did"]]}, {"name": "outer"}):
        bundle.setdefault("bundles", made[-1:])
        request = urllib.request.Request(f"{portal.url}/index/bundle/", data=json.dumps(bundle).encode(), headers={
            "Authorization": f"bearer {portal.commons.token('admin')}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            made.append(json.loads(answer.read())["bundle_id"])
    portal.open(f"/objects/{made[-1]}")
    assert portal.heading() == "outer"
    tree = [link.text for link in portal.wait(lambda: portal.all("ul[aria-label='What is in it'] a"))]
    assert tree[0] == "inner" and len(tree) == 2
    assert portal.axe() == []
    portal.all("ul[aria-label='What is in it'] a")[1].click()
    portal.wait(lambda: portal.path() == f"/objects/{record['did']}")
    portal.press(next(button.accessible_name for button in portal.wait(lambda: portal.all("section[aria-label='Ways to its bytes'] button"))))
    link = portal.wait(lambda: [item for item in portal.all("[role=status] a") if item.text == "Download"])[0]
    with urllib.request.urlopen(link.get_attribute("href")) as answer:
        assert hashlib.md5(answer.read()).hexdigest() == record["hashes"]["md5"]


def test_every_template_that_the_dictionary_offers_is_one(portal):
    portal.open("/dd")
    links = [link.get_attribute("href") for link in portal.all("a[download]") if "/template/" in link.get_attribute("href")]
    assert len(links) > 20
    for link in links:
        with urllib.request.urlopen(link) as answer:
            assert "type" in answer.read().decode(), link


def test_a_key_is_shown_once_used_by_the_sdk_and_deleted(portal, demonstration, tmp_path):
    from gen3.auth import Gen3Auth
    from gen3.submission import Gen3Submission
    portal.log_in().open("/identity")
    portal.press("Create API key")
    portal.says("It is shown this once")
    assert portal.axe() == []
    portal.driver.execute_script("""
        window.saved = undefined;
        HTMLAnchorElement.prototype.click = function () { window.saved = decodeURIComponent(this.href.split(',')[1]); };
    """)
    portal.press("Download credentials.json")
    file = tmp_path / "credentials.json"
    file.write_text(portal.driver.execute_script("return window.saved"))
    key = json.loads(file.read_text())["key_id"]
    # The dialog is not left by accident.
    ActionChains(portal.driver).send_keys(Keys.ESCAPE).perform()
    portal.press("Close")
    portal.wait(lambda: not portal.all("[role=dialog]"))
    auth = Gen3Auth(endpoint=demonstration.url, refresh_file=str(file))
    assert "demo" in json.dumps(Gen3Submission(auth).get_programs())
    portal.press(f"Delete the key {key}")
    portal.press("Delete the key")
    portal.wait(lambda: key not in portal.text())
    # Not by the SDK, which keeps the token of before.
    request = urllib.request.Request(f"{demonstration.url}/user/credentials/api/access_token", data=file.read_bytes(),
                                     headers={"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 401


HEADER = ("type", "submitter_id", "subjects.submitter_id", "sample_type", "volume_ml", "is_pooled", "tissue_tipe")
# Cells that are wrong, each in a row of its own.
PLANTED = ({"type": "sampel"}, {"submitter_id": ""}, {"subjects.submitter_id": ""}, {"sample_type": "Blod"}, {"volume_ml": "much"},
           {"volume_ml": "-1"}, {"is_pooled": "perhaps"})


def table(path, rows):
    path.write_text("\n".join("\t".join(row[name] for name in HEADER) for row in [dict(zip(HEADER, HEADER)), *rows]) + "\n")
    return path


def a_sample(number, subject, **changes):
    good = {"type": "sample", "submitter_id": f"portal-{number}", "subjects.submitter_id": subject, "sample_type": "Blood",
            "volume_ml": "1.5", "is_pooled": "false", "tissue_tipe": "Normal"}
    return {**good, **changes}


def test_planted_errors_of_a_table_are_told_at_their_cells_mended_there_and_committed(portal, demonstration, tmp_path):
    token = demonstration.token("admin")
    request = urllib.request.Request(
        f"{demonstration.url}/api/v0/submission/graphql", data=b'{"query": "{ subject(first: 1) { submitter_id } }"}',
        headers={"Authorization": f"bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        subject = json.loads(answer.read())["data"]["subject"][0]["submitter_id"]
    rows = [a_sample(number, subject, **wrong) for number, wrong in enumerate(PLANTED)]
    portal.log_in().open(f"/{PROJECT}")
    portal.choose_file(table(tmp_path / "samples.tsv", [*rows, a_sample(3, subject)]))
    portal.says("9 problems by the dictionary")
    told = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
            for row in portal.all("section[aria-label=Problems] tbody tr")]
    places = [(row[0], row[1]) for row in told]
    assert places == [("all", "tissue_tipe"), ("2", "type"), ("3", "submitter_id"), ("4", "subjects.submitter_id"),
                      ("5", "sample_type"), ("6", "volume_ml"), ("7", "volume_ml"), ("8", "is_pooled"), ("9", "submitter_id")]
    assert portal.axe() == []
    # By suggestion, and by writing.
    for suggestion in ("tissue_type", "sample", "Blood"):
        portal.press(f"Use {suggestion}")
        portal.wait(lambda used=suggestion: f"Use {used}" not in [b.accessible_name for b in portal.all("button")])
    for line, column, value in ((3, "submitter_id", "portal-1"), (4, "subjects.submitter_id", "no-such-subject"),
                                (6, "volume_ml", "2"), (7, "volume_ml", "1"), (8, "is_pooled", "true"), (9, "submitter_id", "portal-9")):
        field = portal.field(f"{column} on line {line}")
        field.clear()
        field.send_keys(value, Keys.ENTER)
    portal.says("Nothing speaks against it by the dictionary")
    # What only the service knows comes to its cell as well.
    portal.press("Dry run")
    portal.says("Refused: nothing has been stored")
    refused = portal.field("subjects.submitter_id on line 4")
    refused.clear()
    refused.send_keys(subject, Keys.ENTER)
    portal.press("Dry run")
    portal.says("It can be submitted")
    portal.press(f"Submit to {PROJECT}")
    portal.says("Stored")
    assert "8 new, 0 changed, 0 as they were" in portal.text()
    portal.wait(lambda: "succeeded" in portal.all("section[aria-label='Last transactions'] tbody tr")[0].text)


def total(portal):
    """The number of documents that are left, once it is no longer an old one."""
    portal.wait(lambda: portal.all("p[role=status] strong") and not portal.all("[data-stale]"))
    return portal.all("p[role=status] strong")[0].text


def test_a_value_a_range_and_the_way_back_always_match_the_address(portal):
    portal.log_in().open("/explorer?tab=subject")
    everything = total(portal)
    box = next(box for box in portal.all("fieldset input[type=checkbox]") if box.accessible_name.startswith("Female"))
    portal.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    portal.wait(lambda: portal.path() == "/explorer?tab=subject&f.sex=Female")
    women = portal.wait(lambda: total(portal) != everything and total(portal))
    field = portal.field("Age at enrolment: from")
    field.send_keys("60", Keys.ENTER)
    portal.wait(lambda: "f.age_at_enrolment=60.." in portal.path())
    old = portal.wait(lambda: total(portal) != women and total(portal))
    counted = portal.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const token = document.cookie.split('; ').find((line) => line.startsWith('csrftoken=')).slice(10);
        const filter = {AND: [{'=': {sex: 'Female'}}, {'>=': {age_at_enrolment: 60}}]};
        const query = 'query ($filter: JSON) { _aggregation { subject(filter: $filter) { _totalCount } } }';
        fetch('/guppy/graphql', {method: 'POST', body: JSON.stringify({query, variables: {filter}}),
            headers: {'x-csrf-token': token, 'Content-Type': 'application/json'}}).then(async (answer) => done(await answer.json()));
    """)["data"]["_aggregation"]["subject"]["_totalCount"]
    assert old == f"{counted:,}"
    portal.driver.back()
    portal.wait(lambda: total(portal) == women)
    portal.driver.back()
    portal.wait(lambda: total(portal) == everything)
    portal.driver.forward()
    portal.wait(lambda: total(portal) == women)
    portal.press("Remove Sex: Female")
    portal.wait(lambda: total(portal) == everything)


def test_an_address_that_is_partly_nonsense_says_so_and_holds_otherwise(portal):
    portal.log_in().open("/explorer?tab=subject&f.sex=Male&f.no_such_field=1&what=ever")
    portal.says("Parts of this address mean nothing here")
    assert "what=ever, no_such_field" in portal.text()
    assert portal.all("ul[aria-label=Conditions] button")[0].text == "Sex: Male"


def test_pages_of_documents_follow_each_other_and_all_come_as_a_file(portal):
    portal.log_in().open("/explorer?tab=file")
    names = lambda: [cell.text for cell in portal.all("section[aria-label=Documents] tbody th")]  # noqa: E731
    first = portal.wait(lambda: len(names()) == 20 and names())
    portal.press("Next page")
    second = portal.wait(lambda: len(names()) == 20 and names() != first and names())
    assert not set(first) & set(second)
    portal.press("Previous page")
    portal.wait(lambda: names() == first)
    answer = portal.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const real = window.fetch;
        window.fetch = async (path, ...rest) => {
            const answer = await real(path, ...rest);
            if (String(path).endsWith('/export')) {
                const {download} = await answer.clone().json();
                real(download).then(async (file) => done(await file.text()));
                return new Promise(() => {});
            }
            return answer;
        };
        [...document.querySelectorAll('button')].find((button) => button.ariaLabel === 'Download all as TSV').click();
    """)
    header, *lines = answer.strip().split("\n")
    assert len(lines) == 64 and set(first) | set(second) <= {line.split("\t")[header.split("\t").index("file_name")] for line in lines}


def test_a_file_is_described_and_its_link_yields_its_bytes(portal):
    portal.log_in()
    record = portal.a_file()
    portal.open(f"/files/{record['did']}")
    assert record["hashes"]["md5"] in portal.text()
    link = next(item for item in portal.all("a") if item.text == "Download").get_attribute("href")
    got = portal.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        fetch(arguments[0]).then(async (answer) => done([...new Uint8Array(await answer.arrayBuffer())]));
    """, link)
    assert hashlib.md5(bytes(got)).hexdigest() == record["hashes"]["md5"]
    portal.open("/files/dg.none/00000000-0000-4000-8000-000000000000")
    portal.says("The index of this commons has no file of this id")


def test_the_menu_and_the_dialogs_are_left_by_the_keyboard_and_give_the_focus_back(portal):
    portal.log_in().open("/identity")
    body = portal.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert portal.driver.switch_to.active_element.text == "Skip to the content"
    portal.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert portal.driver.execute_script("return document.activeElement.id") == "main"
    menu = next(button for button in portal.all("header button") if button.accessible_name == "Administrator")
    menu.send_keys(Keys.ENTER)
    portal.wait(lambda: portal.all("[role=menu]"))
    ActionChains(portal.driver).send_keys(Keys.ESCAPE).perform()
    portal.wait(lambda: not portal.all("[role=menu]"))
    assert portal.driver.switch_to.active_element == menu


def test_the_operators_title_navigation_and_logo_are_shown_without_a_restart(portal, configuration):
    gitops = {"components": {
        "appName": "Airways Commons", "index": {"introduction": {"heading": "Airways", "text": "Data of <b>lungs</b>."}},
        "navigation": {"items": [{"icon": "dictionary", "link": "/DD", "name": "Model"}, {"link": "/nowhere", "name": "Nowhere"}]}},
        "theme": {"accent": "#ffdd00"}}
    (configuration / "img").mkdir()
    (configuration / "img" / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="9"/></svg>')
    (configuration / "gitops.json").write_text(json.dumps(gitops))
    try:
        portal.open("/")
        assert (portal.driver.title, portal.heading()) == ("Airways Commons", "Airways")
        assert "Data of lungs ." in portal.text() or "Data of lungs." in portal.text()
        assert [link.text for link in portal.all("nav a")] == ["Model"]
        logo = portal.all("header img")[0]
        assert portal.wait(lambda: portal.driver.execute_script("return arguments[0].naturalWidth", logo)) > 0
        assert portal.axe() == [], "the operator's colour is made readable"
    finally:
        (configuration / "gitops.json").unlink()
        (configuration / "img" / "logo.svg").unlink()
