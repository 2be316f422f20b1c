//! What a run would do, before it is asked for.

use authz::Permission;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    archive::Archive,
    fault::Fault,
    kinds::{ARCHIVE, RETRIEVE, VERIFY},
    order::{ArchiveOrder, MOST_LISTED, RetrieveOrder, Selector, VerifyOrder},
    rights::{Asker, ToArchive, ToRestore},
    round::Refused,
};

/// What can be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A run of `archive`.
    Archive,
    /// A run of `retrieve`.
    Retrieve,
    /// A run of `verify`.
    Verify,
}

impl Task {
    /// The kind of its runs.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Archive => ARCHIVE,
            Self::Retrieve => RETRIEVE,
            Self::Verify => VERIFY,
        }
    }
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// The kind.
    pub kind: &'static str,
    /// The tier into which files would go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Files that are selected.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those of which the archive has a copy.
    pub archived: u64,
    /// Bytes that would be written.
    pub to_write: u64,
    /// Free bytes, where somebody says how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
    /// Parameters of the run.
    #[serde(skip)]
    pub params: Map<String, Value>,
}

/// Why there would be no run.
#[derive(Debug, thiserror::Error)]
pub enum Unplanned {
    /// What is asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    /// A right is missing.
    #[error("{0}")]
    Forbidden(String),
    /// There is no room for it.
    #[error("the tier {tier} has room for {free} bytes, and the files have {needed}")]
    NoRoom {
        /// The tier.
        tier: String,
        /// Free bytes.
        free: u64,
        /// Bytes that would be written.
        needed: u64,
    },
    /// Something does not answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Fault> for Unplanned {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::User(told) | Fault::Damaged(told) => Self::Invalid(told),
            Fault::System(told) => Self::Unavailable(told),
        }
    }
}

impl From<sqlx::Error> for Unplanned {
    fn from(error: sqlx::Error) -> Self {
        Fault::from(error).into()
    }
}

impl Archive {
    /// What a run with these parameters would do for this user. A list that is too long for parameters is
    /// kept.
    ///
    /// # Errors
    /// When there can be no such run.
    pub async fn plan(
        &self,
        task: Task,
        params: &Map<String, Value>,
        user: &str,
    ) -> Result<Planned, Unplanned> {
        let asker = Asker::User(user.to_owned());
        let (selector, order) = match task {
            Task::Archive => ArchiveOrder::read(params).map(|order| (order.selector.clone(), json!(order))),
            Task::Retrieve => RetrieveOrder::read(params).map(|order| (order.selector.clone(), json!(order))),
            Task::Verify => VerifyOrder::read(params).map(|order| (order.selector.clone(), json!(order))),
        }
        .map_err(Unplanned::Invalid)?;
        let tier = match task {
            Task::Archive => Some(self.tier(order["tier"].as_str())?),
            Task::Retrieve | Task::Verify => None,
        };
        let mut planned = match task {
            Task::Archive | Task::Verify => self.counted::<ToArchive>(task, &selector, &asker).await?,
            Task::Retrieve => self.counted::<ToRestore>(task, &selector, &asker).await?,
        };
        if let Some(tier) = tier {
            planned.tier = Some(tier.name.clone());
            planned.free = self.room(tier).await?;
            if let Some(free) = planned.free.filter(|free| *free < planned.to_write) {
                return Err(Unplanned::NoRoom { tier: tier.name.clone(), free, needed: planned.to_write });
            }
        } else {
            planned.to_write = 0;
        }
        let mut params: Map<String, Value> = order.as_object().cloned().unwrap_or_default();
        if let Selector::Guids(guids) = &selector
            && guids.len() > MOST_LISTED
        {
            let id = selector.digest();
            self.keep_list(&id, guids).await?;
            params.insert("selector".to_owned(), json!({ "set": id }));
        }
        planned.params = params;
        Ok(planned)
    }

    async fn counted<P: Permission>(
        &self,
        task: Task,
        selector: &Selector,
        asker: &Asker,
    ) -> Result<Planned, Unplanned> {
        let source = self.source(selector).await?;
        let mut planned = Planned {
            kind: task.kind(),
            tier: None,
            files: 0,
            bytes: 0,
            archived: 0,
            to_write: 0,
            free: None,
            params: Map::new(),
        };
        let (mut refused, mut missing, mut next) = (Refused::default(), Refused::default(), None::<String>);
        loop {
            let page = self.page(&source, next.as_deref()).await?;
            page.missing.iter().for_each(|guid| missing.add(guid));
            let (may, may_not) = self.may::<P>(asker, page.records).await?;
            may_not.iter().for_each(|record| refused.add(&record.did));
            let guids: Vec<String> = may.iter().map(|permitted| permitted.record().did.clone()).collect();
            let known = self.copies_of(&guids).await?;
            for record in may.iter().map(crate::rights::Permitted::record) {
                let size = record.size.map_or(0, i64::unsigned_abs);
                planned.files += 1;
                planned.bytes += size;
                if known.contains_key(&record.did) {
                    planned.archived += 1;
                } else {
                    planned.to_write += size;
                }
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        refused.told::<P>().map_err(|fault| Unplanned::Forbidden(fault.to_string()))?;
        if missing.count > 0 {
            let told = format!("{} of the files have no record: {}", missing.count, missing.first.join(", "));
            return Err(Unplanned::Invalid(told));
        }
        if planned.files == 0 {
            return Err(Unplanned::Invalid("the selector finds no file".to_owned()));
        }
        Ok(planned)
    }
}
