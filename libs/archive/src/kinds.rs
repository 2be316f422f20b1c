//! The archive as kinds of operations.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value};
use workqueue::{Failed, Form, Kind, Parameter, Policy, Work};

use crate::{
    archive::Archive,
    back::Back,
    into::Into,
    order::{ArchiveOrder, RetrieveOrder, VerifyOrder, too_long},
    verify::Verify,
};

/// Copying files into the archive.
pub const ARCHIVE: &str = "archive";
/// Bringing them back.
pub const RETRIEVE: &str = "retrieve";
/// Reading archived copies again.
pub const VERIFY: &str = "verify";
/// Deleting sources and retrieved copies whose time is over.
pub const DUE: &str = "archive-due";

/// Runs that write into tiers at once.
pub const LTS_WRITE: &str = "lts-write";
/// Runs that read from tiers at once.
pub const LTS_READ: &str = "lts-read";
/// Runs at once that do little else than computing hashes.
pub const HASH_CPU: &str = "hash-cpu";
/// These limits as they are where nobody has set them.
pub const LIMITS: [(&str, u16); 3] = [(LTS_WRITE, 1), (LTS_READ, 1), (HASH_CPU, 2)];

/// Which files.
const SELECTOR: Parameter = Parameter::needed(
    "selector",
    Form::Json,
    r#"Which files: one of guids, project, authz, bundle, query, as in {"project": "program-project"}"#,
);

/// The kinds of operations of an archive.
pub fn kinds(archive: &Arc<Archive>) -> Vec<Arc<dyn Kind>> {
    vec![
        Arc::new(ArchiveKind(archive.clone())),
        Arc::new(RetrieveKind(archive.clone())),
        Arc::new(VerifyKind(archive.clone())),
        Arc::new(DueKind(archive.clone())),
    ]
}

/// What fails by the fault of stores is tried again for about eight minutes, then for good.
fn policy() -> Policy {
    Policy { attempts: 5, pause: Duration::from_secs(30), at_once: None, ..Policy::default() }
}

fn names(limits: &[&str]) -> Vec<String> {
    limits.iter().map(|name| (*name).to_owned()).collect()
}

struct ArchiveKind(Arc<Archive>);

#[async_trait]
impl Kind for ArchiveKind {
    fn name(&self) -> &'static str {
        ARCHIVE
    }

    fn purpose(&self) -> &'static str {
        "Copy files into a tier of the archive, read them back, and if wanted delete their sources later"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                SELECTOR,
                Parameter::optional("tier", Form::Text, "The tier; the default one without a name"),
                Parameter::optional("delete_source", Form::Text, "never, or after_verification"),
                Parameter::optional("grace_days", Form::Number, "Days after which the source goes"),
            ]
        }
    }

    fn policy(&self) -> Policy {
        policy()
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        let order = ArchiveOrder::read(params)?;
        too_long(&order.selector)?;
        self.0.tier(order.tier.as_deref()).map(drop).map_err(|fault| fault.to_string())
    }

    fn limits(&self, _: &Map<String, Value>) -> Vec<String> {
        names(&[LTS_WRITE, HASH_CPU])
    }

    fn same_as(&self, params: &Map<String, Value>) -> Option<String> {
        let order = ArchiveOrder::read(params).ok()?;
        let tier = self.0.tier(order.tier.as_deref()).ok()?;
        let (delete, days) = (order.delete_source, order.grace_days);
        Some(format!("{} {} {delete:?} {days:?}", order.selector.digest(), tier.name))
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let order = ArchiveOrder::read(work.params()).map_err(Failed::ForGood)?;
        let tier = self.0.tier(order.tier.as_deref()).map_err(|fault| Failed::ForGood(fault.to_string()))?;
        let into = Into { tier, delete: order.delete_source, grace_days: order.grace_days };
        let mut result = self.0.round(work, &order.selector, &into).await?;
        result["tier"] = Value::String(tier.name.clone());
        Ok(result)
    }
}

struct RetrieveKind(Arc<Archive>);

#[async_trait]
impl Kind for RetrieveKind {
    fn name(&self) -> &'static str {
        RETRIEVE
    }

    fn purpose(&self) -> &'static str {
        "Bring archived files back to where they were, for good or for some days"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                SELECTOR,
                Parameter::optional(
                    "days",
                    Form::Number,
                    "Days after which the copy goes again; for good without",
                ),
            ]
        }
    }

    fn policy(&self) -> Policy {
        policy()
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        too_long(&RetrieveOrder::read(params)?.selector)
    }

    fn limits(&self, _: &Map<String, Value>) -> Vec<String> {
        names(&[LTS_READ])
    }

    fn same_as(&self, params: &Map<String, Value>) -> Option<String> {
        let order = RetrieveOrder::read(params).ok()?;
        Some(format!("{} {:?}", order.selector.digest(), order.days))
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let order = RetrieveOrder::read(work.params()).map_err(Failed::ForGood)?;
        self.0.round(work, &order.selector, &Back { days: order.days }).await
    }
}

struct VerifyKind(Arc<Archive>);

#[async_trait]
impl Kind for VerifyKind {
    fn name(&self) -> &'static str {
        VERIFY
    }

    fn purpose(&self) -> &'static str {
        "Read archived copies again, and compare them with what was put there"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[SELECTOR] }
    }

    fn policy(&self) -> Policy {
        policy()
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        too_long(&VerifyOrder::read(params)?.selector)
    }

    fn limits(&self, _: &Map<String, Value>) -> Vec<String> {
        names(&[LTS_READ, HASH_CPU])
    }

    fn same_as(&self, params: &Map<String, Value>) -> Option<String> {
        Some(VerifyOrder::read(params).ok()?.selector.digest())
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let order = VerifyOrder::read(work.params()).map_err(Failed::ForGood)?;
        self.0.round(work, &order.selector, &Verify).await
    }
}

struct DueKind(Arc<Archive>);

#[async_trait]
impl Kind for DueKind {
    fn name(&self) -> &'static str {
        DUE
    }

    fn purpose(&self) -> &'static str {
        "Delete sources of archived files whose days of grace are over, and retrieved copies whose days are"
    }

    fn policy(&self) -> Policy {
        Policy { at_once: Some(1), ..policy() }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        match params.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{name:?} is none; there are no parameters")),
        }
    }

    fn limits(&self, _: &Map<String, Value>) -> Vec<String> {
        names(&[LTS_READ])
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        self.0.do_what_is_due(work).await
    }
}
