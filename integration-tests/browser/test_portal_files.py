"""Files that are uploaded and mapped in a real browser."""

import hashlib
import json
import os
import urllib.request

from selenium.webdriver.common.keys import Keys

PROJECT = "demo-airways"
MIB = 1024 * 1024
# The third part does not come through.
NO_THIRD_PART = """
    const real = window.fetch;
    window.fetch = (path, options) => options?.method === 'PUT' && /partNumber=3(&|$)/.test(String(path))
        ? new Promise(() => {}) : real(path, options);
"""


def asked(commons, path, method="GET", body=None, user="admin"):
    request = urllib.request.Request(f"{commons.url}{path}", method=method, data=json.dumps(body).encode() if body else None, headers={
        "Authorization": f"bearer {commons.token(user)}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def uploads(portal):
    return [row.text for row in portal.all("section[aria-label=Uploads] tbody tr")]


def unmapped(portal):
    return [row.text for row in portal.all(".map-files__table-row")]


def an_aliquot(commons):
    query = {"query": "{ aliquot(first: 1) { submitter_id } }"}
    return asked(commons, "/api/v0/submission/graphql", "POST", query)["data"]["aliquot"][0]["submitter_id"]


def test_files_are_uploaded_mapped_by_their_names_and_shown(portal, tmp_path):
    aliquot = an_aliquot(portal.commons)
    portal.log_in().open("/submission/files")
    portal.says("No files have been uploaded.")
    content = os.urandom(3000)
    for lane in (1, 2):
        file = tmp_path / f"{aliquot}_L{lane}.bam"
        file.write_bytes(content + bytes([lane]))
        portal.choose_file(file)
    (tmp_path / "notes.txt").write_text("not of the pattern")
    portal.choose_file(tmp_path / "notes.txt")
    portal.wait(lambda: len([row for row in uploads(portal) if "uploaded" in row]) == 3)
    assert hashlib.md5(content + bytes([1])).hexdigest() in uploads(portal)[0]
    # The commons reads what was stored, and fills the records.
    portal.wait(lambda: len(unmapped(portal)) == 3 and not any("is being read" in row for row in unmapped(portal)))
    portal.field("Search names of files").send_keys("_L")
    portal.wait(lambda: len(unmapped(portal)) == 2)
    portal.press("Choose all that fit")
    portal.press("Map Files (2)")
    form = portal.wait(lambda: portal.all(".map-data-model__form"))[0]
    assert form.is_displayed() and portal.axe() == []
    node = portal.field("Node")
    node.send_keys("sequencing_file")
    portal.wait(lambda: portal.field("experimental_strategy"))
    for label, value in (("Pattern of names", "{aliquot}_L{lane}.bam"), ("submitter_id", "{aliquot}-lane-{lane}"),
                         ("aliquots.submitter_id", "{aliquot}")):
        field = portal.field(label)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value)
    portal.says(f"{aliquot}-lane-2")
    portal.press("Submit 2 records")
    portal.says("2 files mapped successfully!")
    portal.wait(lambda: not unmapped(portal))
    query = {"query": f'{{ sequencing_file(submitter_id: "{aliquot}-lane-1") {{ object_id file_name md5sum aliquots {{ submitter_id }} }} }}'}
    [record] = asked(portal.commons, "/api/v0/submission/graphql", "POST", query)["data"]["sequencing_file"]
    assert record["md5sum"] == hashlib.md5(content + bytes([1])).hexdigest()
    assert record["aliquots"] == [{"submitter_id": aliquot}]
    portal.open(f"/files/{record['object_id']}")
    assert portal.heading() == f"{aliquot}_L1.bam"
    # What is not wanted is deleted, in the store and in the index.
    portal.open("/submission/files")
    portal.press("Delete notes.txt")
    portal.press("Delete the file")
    portal.says("No files have been uploaded.")


def test_an_upload_that_was_broken_off_goes_on_with_what_is_missing(portal, tmp_path):
    file = tmp_path / "large.bam"
    content = os.urandom(40 * MIB)
    file.write_bytes(content)
    portal.log_in()
    script = portal.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NO_THIRD_PART})["identifier"]
    portal.open("/submission/files").choose_file(file)
    sent = lambda: portal.driver.execute_script(  # noqa: E731
        "return document.querySelector('section[aria-label=Uploads] progress')?.value ?? 0")
    portal.wait(lambda: sent() == 32 * MIB)
    portal.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
    # Leaving while something is sent is asked about; this test wants to.
    portal.driver.execute_script("addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), true)")
    portal.driver.execute_script("setTimeout(() => location.reload())")
    portal.says("Uploads that were broken off")
    portal.driver.get_log("performance")
    portal.is_still().choose_file(file)
    portal.wait(lambda: any("uploaded" in row for row in uploads(portal)))
    put = [message for entry in portal.driver.get_log("performance")
           if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
           and message["params"]["request"]["method"] == "PUT"]
    assert len(put) == 1, "one part was missing"
    digest = hashlib.md5(content).hexdigest()
    assert digest in uploads(portal)[0]
    portal.wait(lambda: any(digest in row for row in unmapped(portal)))
    portal.press("Delete large.bam")
    portal.press("Delete the file")
    portal.says("No files have been uploaded.")


def test_a_thousand_files_are_mapped_at_once_by_a_pattern(portal):
    aliquot = an_aliquot(portal.commons)
    import requests
    session = requests.Session()
    session.headers["Authorization"] = f"bearer {portal.commons.token('admin')}"
    for number in range(1000):
        record = {"form": "object", "file_name": f"scan-{number:04}.bam", "size": 10, "hashes": {"md5": f"{number:032x}"}, "urls": [],
                  "uploader": "admin", "acl": [], "authz": []}
        session.post(f"{portal.url}/index-admin/index/", json=record).raise_for_status()
    portal.log_in().open("/submission/files?q=scan-")
    portal.says("1,000 files, 0 chosen")
    portal.press("Choose all that fit")
    portal.press("Map Files (1000)")
    portal.field("Node").send_keys("sequencing_file")
    portal.wait(lambda: portal.field("experimental_strategy"))
    for label, value in (("Pattern of names", "scan-{number}.bam"), ("submitter_id", "scan-{number}"), ("aliquots.submitter_id", aliquot)):
        field = portal.field(label)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value)
    portal.press("Submit 1,000 records")
    portal.says("1000 files mapped successfully!")
    query = {"query": '{ _sequencing_file_count(submitter_id: "scan-0999") }'}
    assert asked(portal.commons, "/api/v0/submission/graphql", "POST", query)["data"]["_sequencing_file_count"] == 1
