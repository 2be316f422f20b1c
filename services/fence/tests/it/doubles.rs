//! arborist and indexd, as far as fence sees them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use authz::{Action, Authz, AuthzError, Mapping, Request, ResourceSpec, Subject};
use indexclient::{Caller, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision};
use tokens::{Expect, Verifier};

/// Grants by user name; `anonymous` counts for everybody.
pub(crate) struct Rights {
    pub(crate) verifier: Verifier,
    pub(crate) grants: Vec<(&'static str, &'static str, &'static str)>,
}

impl Rights {
    async fn user(&self, subject: &Subject) -> Result<String, AuthzError> {
        match subject {
            Subject::Token(token) => {
                let expect = Expect { any_issuer: true, scopes: &["openid"], ..Expect::default() };
                let claims = self.verifier.verify(token, expect).await;
                let claims = claims.map_err(|error| AuthzError::Unauthenticated(error.to_string()))?;
                Ok(claims.username().unwrap_or_default().to_owned())
            }
            Subject::User(name) => Ok(name.clone()),
            Subject::Client(_) | Subject::Anonymous => Ok(String::new()),
        }
    }
}

#[async_trait]
impl Authz for Rights {
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        let user = self.user(subject).await?;
        Ok(requests.iter().all(|request| {
            self.grants.iter().any(|(who, method, path)| {
                (*who == user || *who == "anonymous")
                    && *method == request.action.method
                    && (request.resource == *path || request.resource.starts_with(&format!("{path}/")))
            })
        }))
    }

    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError> {
        let user = self.user(subject).await?;
        let mut mapping = Mapping::new();
        for (_, method, path) in self.grants.iter().filter(|(who, ..)| *who == user || *who == "anonymous") {
            let action = Action { service: "fence".into(), method: (*method).into() };
            mapping.entry((*path).to_owned()).or_default().push(action);
        }
        Ok(mapping)
    }

    async fn ensure_resource(&self, _: &str, _: &ResourceSpec) -> Result<(), AuthzError> {
        Ok(())
    }
}

/// Records in memory. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Index(Arc<Mutex<HashMap<String, Record>>>);

impl Index {
    pub(crate) fn put(&self, record: Record) {
        self.0.lock().unwrap().insert(record.did.clone(), record);
    }

    pub(crate) fn record(&self, guid: &str) -> Option<Record> {
        self.0.lock().unwrap().get(guid).cloned()
    }
}

#[async_trait]
impl IndexClient for Index {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        Ok(self.record(guid))
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        Ok(dids.iter().filter_map(|did| self.record(did)).collect())
    }

    async fn find_by_md5_and_size(&self, _: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        Err(IndexError::Unavailable("not used by fence".into()))
    }

    async fn create(&self, _: &Caller, _: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        Err(IndexError::Unavailable("not used by fence".into()))
    }

    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        assert_eq!(authz.is_some(), matches!(caller, Caller::Bearer(_)), "who makes which blank records");
        let record = Record {
            did: uuid::Uuid::new_v4().to_string(),
            rev: "1".into(),
            uploader: uploader.map(str::to_owned),
            file_name: Some(file_name.to_owned()),
            authz: authz.map(<[String]>::to_vec).unwrap_or_default(),
            ..Record::default()
        };
        self.put(record.clone());
        Ok(record.revision())
    }

    async fn fill_blank(
        &self,
        _: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError> {
        let mut records = self.0.lock().unwrap();
        let record = records.get_mut(&revision.did).ok_or_else(|| IndexError::NotFound("gone".into()))?;
        if record.rev != revision.rev {
            return Err(IndexError::Conflict("revision mismatch".into()));
        }
        record.size = Some(size);
        record.hashes = hashes.iter().cloned().collect();
        record.urls = urls.to_vec();
        record.rev = "2".into();
        Ok(record.revision())
    }

    async fn update(&self, _: &Caller, _: &Revision, _: &RecordPatch) -> Result<Revision, IndexError> {
        Err(IndexError::Unavailable("not used by fence".into()))
    }

    async fn add_aliases(&self, _: &Caller, _: &[(String, String)]) -> Result<(), IndexError> {
        Err(IndexError::Unavailable("not used by fence".into()))
    }

    async fn delete(&self, _: &Caller, revision: &Revision) -> Result<(), IndexError> {
        self.0.lock().unwrap().remove(&revision.did);
        Ok(())
    }
}
