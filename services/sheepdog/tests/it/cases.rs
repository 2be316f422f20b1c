//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::{Value, json};
use testing::endpoints::Case;

/// Everything at both places where it is. The project is there and has no records.
pub(crate) fn cases(program: &str, project: &str) -> Vec<Case> {
    let mut all = vec![
        Case::new("GET", "/_status", "/_status", [200, 200, 200]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ];
    for prefix in ["/v0/submission", "/submission"] {
        all.extend(below(program, project).into_iter().map(|case| {
            let path: &'static str = format!("{prefix}{}", case.path).leak();
            // A record is made once.
            let again = prefix == "/submission" && case.statuses[2] == 201;
            let statuses = if again { [401, 403, 400] } else { case.statuses };
            let named = |part| match part {
                "P" => program,
                "Q" => project,
                other => other,
            };
            let parts: Vec<&str> = case.url.split('/').map(named).collect();
            Case { path, url: format!("{prefix}{}", parts.join("/")), statuses, ..case }
        }));
    }
    all
}

fn study(submitter_id: &str, project: &str) -> Value {
    json!({"type": "study", "submitter_id": submitter_id, "projects": {"code": project}})
}

/// Below one place; addresses say P for the program and Q for the project. A request of somebody who may must
/// not spoil those after it.
fn below(program: &str, code: &str) -> Vec<Case> {
    let node = "11111111-1111-4111-8111-111111111111";
    let new = |method, path, url: &str, statuses| Case::new(method, path, url, statuses);
    let mut cases = vec![
        new("GET", "/_dictionary", "/_dictionary", [200, 200, 200]),
        new("GET", "/_dictionary/{entry}", "/_dictionary/case", [200, 200, 200]),
        // A list is no dictionary.
        new("POST", "/_dictionary/v1/compare", "/_dictionary/v1/compare", [401, 400, 400]).with(json!([])),
        new("GET", "/{program}/{project}/_dictionary", "/P/Q/_dictionary", [401, 200, 200]),
        new("GET", "/{program}/{project}/_dictionary/{entry}", "/P/Q/_dictionary/case", [401, 200, 200]),
        new("GET", "/template", "/template", [200, 200, 200]),
        new("GET", "/template/{node}", "/template/case", [200, 200, 200]),
        new("GET", "/{program}/{project}/template", "/P/Q/template", [200, 200, 200]),
        new("GET", "/{program}/{project}/template/{node}", "/P/Q/template/case", [200, 200, 200]),
        new("POST", "/validation/upload_manifest", "/validation/upload_manifest", [200, 200, 200]),
        new("GET", "/{program}/{project}/manifest", "/P/Q/manifest?ids=x", [401, 403, 404]),
        new("GET", "/{program}/{project}/upload_manifest", "/P/Q/upload_manifest?ids=x", [401, 403, 404]),
        new("GET", "/{program}/{project}/export", "/P/Q/export?node_label=case", [401, 403, 200]),
        new("POST", "/{program}/{project}/export", "/P/Q/export", [401, 403, 200])
            .with(json!({"node_label": "case"})),
        new("POST", "/{program}/{project}/entities", "/P/Q/entities", [401, 403, 400]).with(json!(["x"])),
        new("DELETE", "/{program}/{project}/entities", "/P/Q/entities", [401, 403, 400]).with(json!(["x"])),
        new("DELETE", "/{program}/{project}/entities/_dry_run", "/P/Q/entities/_dry_run", [401, 403, 400])
            .with(json!(["x"])),
        new("GET", "/{program}/{project}/entities/{ids}", "/P/Q/entities/x", [401, 403, 400]),
        new("DELETE", "/{program}/{project}/entities/{ids}", "/P/Q/entities/x", [401, 403, 400]),
        new(
            "DELETE",
            "/{program}/{project}/entities/_dry_run/{ids}",
            "/P/Q/entities/_dry_run/x",
            [401, 403, 400],
        ),
        new(
            "DELETE",
            "/admin/{program}/{project}/entities/{ids}/to_delete/{mark}",
            "/admin/P/Q/entities/x/to_delete/true",
            [401, 403, 400],
        ),
        new(
            "PUT",
            "/admin/{program}/{project}/files/{id}/reassign",
            &format!("/admin/P/Q/files/{node}/reassign"),
            [401, 403, 404],
        )
        .with(json!({"s3_url": "s3://a/b"})),
        new("GET", "", "", [401, 200, 200]),
        new("GET", "/{program}", "/P", [401, 200, 200]),
    ];
    for method in ["PUT", "POST", "PATCH"] {
        let same =
            json!({"type": "program", "name": program, "dbgap_accession_number": format!("phs{program}")});
        let project = json!({"code": code, "name": code, "dbgap_accession_number": format!("phs{code}")});
        cases.push(new(method, "", "", [401, 403, 200]).with(same));
        cases.push(new(method, "/{program}", "/P", [401, 403, 200]).with(project));
    }
    for (method, success) in [("PUT", 200), ("POST", 201)] {
        let case = json!({"type": "case", "submitter_id": method, "studies": {"submitter_id": method}});
        let entities = json!([study(method, code), case]);
        let document = study(&format!("B{method}"), code).to_string();
        let document = json!([{"name": "a", "doc_format": "json", "doc": document}]);
        cases.extend([
            new(method, "/{program}/{project}/_dry_run", "/P/Q/_dry_run", [401, 403, 200])
                .with(entities.clone()),
            new(method, "/{program}/{project}", "/P/Q", [401, 403, success]).with(study(method, code)),
            new(method, "/{program}/{project}/bulk/_dry_run", "/P/Q/bulk/_dry_run", [401, 403, 200])
                .with(document.clone()),
            new(method, "/{program}/{project}/bulk", "/P/Q/bulk", [401, 403, success]).with(document),
        ]);
        for action in ["commit", "close"] {
            let path = match action {
                "commit" => "/{program}/{project}/transactions/{id:[0-9]{1,9}}/commit",
                _ => "/{program}/{project}/transactions/{id:[0-9]{1,9}}/close",
            };
            cases.push(new(method, path, &format!("/P/Q/transactions/9999/{action}"), [401, 403, 404]));
        }
    }
    for method in ["GET", "PUT", "POST", "DELETE"] {
        cases.push(new(method, "/{program}/{project}/files/{id}", "/P/Q/files/x", [401, 403, 501]));
        let dry_run = "/{program}/{project}/files/{id}/_dry_run";
        cases.push(new(method, dry_run, "/P/Q/files/x/_dry_run", [401, 403, 501]));
    }
    cases.push(new("PUT", "/{program}/{project}/xml/{kind}/bcr", "/P/Q/xml/a/bcr", [401, 403, 501]));
    let dry_run = "/{program}/{project}/xml/{kind}/bcr/_dry_run";
    cases.push(new("PUT", dry_run, "/P/Q/xml/a/bcr/_dry_run", [401, 403, 501]));
    cases.extend(states());
    // What is not empty stays.
    cases.push(new("DELETE", "/{program}/{project}", "/P/Q", [401, 403, 400]));
    cases.push(new("DELETE", "/{program}", "/P", [401, 403, 400]));
    cases
}

/// In an order in which each change can be made.
fn states() -> Vec<Case> {
    let mut cases = Vec::new();
    for method in ["PUT", "POST"] {
        for (path, url, success) in [
            ("/{program}/{project}/release/_dry_run", "/P/Q/release/_dry_run", 400),
            ("/{program}/{project}/release", "/P/Q/release", 400),
            ("/{program}/{project}/review/_dry_run", "/P/Q/review/_dry_run", 200),
            ("/{program}/{project}/review", "/P/Q/review", 200),
            ("/{program}/{project}/submit/_dry_run", "/P/Q/submit/_dry_run", 200),
            ("/{program}/{project}/open/_dry_run", "/P/Q/open/_dry_run", 200),
            ("/{program}/{project}/open", "/P/Q/open", 200),
            ("/{program}/{project}/submit", "/P/Q/submit", 400),
        ] {
            cases.push(Case::new(method, path, url, [401, 403, success]));
        }
    }
    cases
}
