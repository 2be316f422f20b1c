"""The explorer in a real browser: figures that agree with each other, charts, and what is taken along."""

import json
import random
import re
import urllib.parse
import urllib.request

import pytest

FILTERS = 50
# A field of subjects with one value at most, and few of them.
SINGLE = "sex"


def post(portal, path, body):
    request = urllib.request.Request(f"{portal.url}{path}", data=json.dumps(body).encode(), headers={
        "Authorization": f"bearer {portal.commons.token('admin')}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


@pytest.fixture
def token(portal):
    return portal.commons.token("admin")


def total(portal):
    portal.wait(lambda: portal.all("p[role=status] strong") and portal.all("p[role=status] strong")[0].text != "…"
                and not portal.all("[data-stale]"))
    return int(portal.all("p[role=status] strong")[0].text.replace(",", ""))


def go(portal, search):
    """To another state without loading the page again."""
    portal.driver.execute_script("history.pushState({}, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'));",
                                 f"/explorer?{urllib.parse.urlencode(search)}")
    portal.wait(lambda: urllib.parse.parse_qs(urllib.parse.urlparse(portal.driver.current_url).query).get("tab") == ["subject"])
    portal.wait(lambda: not portal.all("[aria-busy=true]"))


def asked(portal):
    """The question that the page shows to programs, which is the one that it asks."""
    return json.loads(re.search(r"json.loads\(r'''(.*)'''\)", portal.all("section[aria-label='For programs'] pre")[0].text)[1])


def a_filter(chance, fields):
    search = {"tab": "subject"}
    for field in chance.sample(sorted(fields), chance.randint(1, 3)):
        facet = fields[field]
        if "bins" in facet:
            low, high = sorted(chance.uniform(facet["min"], facet["max"]) for _ in range(2))
            search[f"f.{field}"] = f"{low:.0f}..{high:.0f}"
            if chance.random() < 0.3:
                search[f"miss.{field}"] = "1"
            continue
        values = [str(bucket["key"]).replace("\\", "\\\\").replace(",", "\\,") for bucket in facet["buckets"]]
        if not values:
            continue
        kind = chance.choice(["f", "not"])
        chosen = chance.sample(values, chance.randint(1, min(3, len(values))))
        search[f"{kind}.{field}"] = ",".join(chosen)
        if chance.random() < 0.3:
            search[f"miss.{field}"] = "1" if kind == "f" else "0"
    return search


def test_count_facet_rows_and_file_agree_for_fifty_random_filters(portal, token):
    def call(path, body):
        request = urllib.request.Request(f"{portal.url}{path}", data=json.dumps(body).encode(), headers={
            "Authorization": f"bearer {token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    request = urllib.request.Request(f"{portal.url}/guppy/v1/indices", headers={"Authorization": f"bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        [index] = [index for index in json.loads(answer.read())["indices"] if index["type"] == "subject"]
    names = [field for field in index["fields"] if field.get("facet") and "." not in field["field"] and not field["field"].startswith("_")
             and not field["field"].endswith("submitter_id")]
    body = {"type": "subject", "fields": [
        {"field": field["field"], **({"bins": 4} if field["kind"] in ("integer", "number") else {"top": 6})} for field in names]}
    fields = {facet["field"]: facet for facet in json.loads(call("/guppy/v1/facets", body))["fields"]
              if facet.get("buckets") or facet.get("min") is not None}
    portal.log_in().open("/explorer?tab=subject")
    seen = set()
    chance = random.Random(7)
    for number in range(FILTERS):
        search = a_filter(chance, {name: facet for name, facet in fields.items() if name != SINGLE})
        go(portal, search)
        portal.wait(lambda: "filter" in asked(portal) or len(search) == 1)
        left = total(portal)
        seen.add(left)
        question = asked(portal)
        counted = json.loads(call("/guppy/v1/facets", {**{key: question.get(key) for key in ("type", "filter")}, "fields": []}))["total"]
        assert left == counted, search
        # The facet has no condition of its own, so that its values are all there are.
        script = """
            const facet = [...document.querySelectorAll('details')].find((item) => item.querySelector('legend')?.textContent === 'Sex');
            return [...(facet?.querySelectorAll('label .number') ?? [])].map((item) => Number(item.textContent.replaceAll(',', '')));
        """
        portal.wait(lambda: sum(portal.driver.execute_script(script)) == left)
        rows = portal.wait(lambda: len(portal.all("section[aria-label=Documents] tbody tr")) == min(20, left) or None)
        assert rows, search
        ticket = json.loads(call("/guppy/v1/export", {**{key: question.get(key) for key in ("type", "filter")},
                                                      "fields": ["submitter_id"], "format": "tsv"}))
        request = urllib.request.Request(f"{portal.url}{ticket['download']}", headers={"Authorization": f"bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            assert len(answer.read().decode().splitlines()) == left + 1, (number, search)
    assert len(seen) > 20, "the filters are different"


def test_no_value_is_a_choice_beside_others_and_values_can_be_refused(portal):
    portal.log_in().open("/explorer?tab=subject")
    everything = total(portal)
    # Whatever has documents without a value.
    choice = portal.wait(lambda: [label for label in portal.all("details label") if label.text.startswith("no value")])[0]
    count = int(choice.text.split()[-1].replace(",", ""))
    portal.driver.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].querySelector('input').click()", choice)
    portal.wait(lambda: "miss." in portal.path())
    portal.wait(lambda: total(portal) == count)
    field = re.search(r"miss\.(\w+)=1", portal.path())[1]
    portal.open(f"/explorer?tab=subject&miss.{field}=0")
    assert total(portal) == everything - count
    assert portal.axe() == []


def test_each_chart_has_an_equal_table_and_comes_as_tsv_svg_and_png(portal):
    portal.log_in().open("/explorer?tab=subject&f.sex=Female")
    charts = portal.wait(lambda: portal.all("figure"))
    assert len(charts) >= 3
    portal.driver.execute_script("""
        window.saved = {};
        const real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { window.last = blob; return real.call(URL, blob); };
        HTMLAnchorElement.prototype.click = function () { const blob = window.last;
            blob.arrayBuffer().then((bytes) => { window.saved[this.download] = [blob.type, [...new Uint8Array(bytes)]]; }); };
    """)
    chart = charts[0]
    title = chart.find_element("css selector", "h3").text
    for form in ("TSV", "SVG", "PNG"):
        portal.press(f"{title} as {form}")
        portal.wait(lambda form=form: portal.driver.execute_script("return window.saved[arguments[0]]", f"{title}.{form.lower()}"))
    saved = {name: (kind, bytes(content)) for name, (kind, content) in portal.driver.execute_script("return window.saved").items()}
    portal.driver.execute_script("arguments[0].querySelector('details').open = true", chart)
    table = [[cell.text.replace(",", "") for cell in row.find_elements("css selector", "th, td")]
             for row in chart.find_elements("css selector", "tbody tr")]
    lines = [line.split("\t") for line in saved[f"{title}.tsv"][1].decode().strip().split("\n")]
    assert lines[1:] == table and lines[0] == [title, "Documents"]
    assert sum(int(count) for _, count in table) == total(portal)
    svg = saved[f"{title}.svg"][1].decode()
    assert svg.startswith("<svg") and svg.count("<rect") == len(table) + 1
    assert saved[f"{title}.png"][1].startswith(b"\x89PNG")
    # Readable where the system decides about colours.
    features = [{"name": "forced-colors", "value": "active"}]
    portal.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    fills = portal.driver.execute_script(
        "return ['rect', 'text'].map((name) => getComputedStyle(document.querySelector(`figure svg ${name}`)).fill)")
    paper = portal.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert all(fill != paper for fill in fills)


def test_the_files_of_a_cohort_come_as_a_manifest(portal, token):
    portal.log_in().open("/explorer?tab=subject")
    total(portal)
    portal.press("Download Manifest")
    portal.press("Begin")
    portal.says("It is ready")
    link = portal.all("[role=dialog] a")[0].get_attribute("href")
    request = urllib.request.Request(link, headers={"Authorization": f"bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        manifest = json.loads(answer.read())
    assert len(manifest) > 10 and all(entry["object_id"] and entry["file_name"] for entry in manifest)
    assert portal.axe() == []


def test_a_cohort_is_exported_as_a_pfb(portal):
    portal.log_in().open("/explorer?tab=subject&miss.sex=0&f.sex=Female")
    portal.open("/explorer?tab=subject&f.sex=Female")
    total(portal)
    portal.press("Export to PFB")
    portal.press("Begin")
    portal.says("Your cohort has been exported to PFB.")
    link = next(item for item in portal.all("[role=dialog] a") if item.text == "Click here to download your PFB").get_attribute("href")
    with urllib.request.urlopen(link) as answer:
        assert answer.read(4) == b"Obj\x01"
    portal.press("Close")
    portal.wait(lambda: not portal.all("[role=dialog]"))


def test_tabs_charts_columns_and_buttons_are_those_of_the_operator(portal, configuration):
    gitops = {"explorerConfig": [{
        "tabTitle": "People", "charts": {"sex": {"chartType": "pie", "title": "Women and men"}},
        "filters": {"tabs": [{"title": "Who they are", "fields": ["age_at_enrolment", "sex"]}]},
        "table": {"enabled": True, "fields": ["submitter_id", "sex"]},
        "buttons": [{"enabled": True, "type": "export-pfb-to-url", "title": "To another platform",
                     "targetURLTemplate": "https://platform.example/import?url={{PRESIGNED_URL}}"},
                    {"enabled": False, "type": "data", "title": "Off"}],
        "guppyConfig": {"dataType": "subject", "nodeCountTitle": "People", "fieldMapping": [{"field": "sex", "name": "Sex at birth"}]},
        "adminAppliedPreFilters": {"sex": {"selectedValues": ["Female"]}}}]}
    (configuration / "gitops.json").write_text(json.dumps(gitops))
    try:
        portal.log_in().open("/explorer")
        portal.wait(lambda: portal.all("#guppy-explorer-main-tabs button"))
        assert [tab.text.rsplit(" ", 1)[0] for tab in portal.all("#guppy-explorer-main-tabs button")] == ["People"]
        total(portal)
        assert [item.text for item in portal.all("figure h3")] == ["Women and men"]
        assert [item.text for item in portal.all("section[aria-label=Documents] thead th")] == ["Submitter id", "Sex at birth"]
        assert portal.all("ul[aria-label=Conditions] li")[0].text == "Sex at birth: Female"
        assert portal.all("figure svg path") and "Off" not in [button.text for button in portal.all("button")]
        portal.press("To another platform")
        portal.press("Begin")
        portal.says("Go on there")
        assert portal.all("[role=dialog] a")[0].get_attribute("href").startswith("https://platform.example/import?url=http")
    finally:
        (configuration / "gitops.json").unlink()
