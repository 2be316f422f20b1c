//! The project in which files are submitted, and who may read them for that.

use indexclient::Record;
use serde_json::{Map, Value};

use crate::model::project::Project;

/// What does not change during a submission.
#[derive(Debug, Clone)]
pub(crate) struct FileContext<'a> {
    pub project: &'a Project,
    pub auth_namespace: &'a str,
    pub require_existing: bool,
    pub username: Option<&'a str>,
}

impl FileContext<'_> {
    /// Whether the record is guarded as files of this project are, or by nobody but the submitter. A node may
    /// name any file by its GUID, so that naming it gives no right to change it.
    pub(crate) fn guards(&self, record: &Record) -> bool {
        if !record.authz.is_empty() {
            return record.authz.contains(&self.resource());
        }
        let acl = self.acl();
        let is_uploader = |uploader: &String| self.username == Some(uploader.as_str());
        record.acl.iter().all(|entry| acl.contains(entry)) && record.uploader.iter().all(is_uploader)
    }

    pub(in crate::rules) fn resource(&self) -> String {
        format!("{}{}", self.auth_namespace, self.project.path.resource())
    }

    pub(in crate::rules) fn acl(&self) -> Vec<String> {
        match text(&self.project.props, "availability_type") {
            Some("Open") => vec!["*".to_owned()],
            _ => phsids(self.project),
        }
    }
}

/// dbGaP accession numbers of project and program: the legacy access list.
pub(crate) fn phsids(project: &Project) -> Vec<String> {
    let number = |props: &Map<String, Value>| {
        props.get("dbgap_accession_number").and_then(Value::as_str).map(str::to_owned)
    };
    [number(&project.props), number(&project.program.props)].into_iter().flatten().collect()
}

/// A text that says something.
pub(super) fn text<'a>(props: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    props.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
