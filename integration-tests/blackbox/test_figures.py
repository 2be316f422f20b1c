"""What a commons shows to Prometheus, read by Prometheus' own parser."""

import json
import re
from pathlib import Path

import requests
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness.client import administrator
from harness.commons import Commons, free_port

CHART = Path(__file__).parents[2] / "helm/commons/files"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def test_requests_pools_and_signed_urls_are_counted_at_a_port_of_their_own(tmp_path):
    port = free_port()
    with Commons.up("--demo", "--metrics-port", str(port), state=tmp_path / "state") as commons:
        admin = administrator(commons)
        guid = admin.get("/index/index?limit=1").json()["records"][0]["did"]
        for _ in range(3):
            assert admin.get(f"/user/data/download/{guid}").status_code == 200
        assert requests.get(f"{commons.url}/user/data/download/{guid}", timeout=30).status_code == 401
        assert requests.get(f"{commons.url}/metrics", timeout=30).status_code == 404, "they are not public"
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (200, OPEN_METRICS)
        samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]

        def total(name, **labels):
            fitting = [sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items()]
            assert fitting, f"no {name} with {labels} in {answer.text}"
            return sum(fitting)

        download = {"service": "fence", "method": "GET", "route": "/data/download/{guid:.+}"}
        assert total("gen3_http_requests_total", **download, status="200") == 3
        assert total("gen3_http_requests_total", **download, status="401") == 1
        assert total("gen3_http_request_duration_seconds_count", **download) == 4
        assert total("gen3_http_requests_total", service="gateway") > total("gen3_http_requests_total", service="fence")
        assert total("gen3_fence_presigned_url_total", action="download", protocol="s3", drs="False") == 3
        assert total("gen3_fence_presigned_url_size_count", action="download") == 3
        assert total("gen3_db_pool_most", pool="sheepdog") > 0
        assert total("process_resident_memory_bytes") > 10 << 20
        assert guid not in answer.text and "admin" not in answer.text, "neither files nor people are named"
        shown = {sample.name for sample in samples}
        for place, expression in charted():
            for figure in re.findall(r"\b(?:gen3|process)_\w+", expression):
                # Nobody has logged in.
                assert figure in shown or figure == "gen3_fence_login_total", f"{place} wants {figure}, which is not shown"


def charted():
    """The expressions of the chart's alerts and of its dashboard, each with its place."""
    for group in yaml.safe_load((CHART / "alerts.yaml").read_text())["groups"]:
        yield from ((f"the alert {rule['alert']}", rule["expr"]) for rule in group["rules"])
    for panel in json.loads((CHART / "dashboard.json").read_text())["panels"]:
        yield from ((f"the panel {panel['title']}", target["expr"]) for target in panel["targets"])
