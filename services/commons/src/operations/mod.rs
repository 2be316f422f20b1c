//! What this program can do as operations, with the parts of a commons that it has; and what operations need
//! to know of it.

mod etl;
mod expired;
mod export;
mod exports;
mod health;
mod params;
mod usersync;

use std::{collections::BTreeMap, sync::Arc};

use workqueue::{Kind, Schedule};

pub(crate) use etl::Etl;
pub(crate) use expired::{ExpiredAccess, ExpiredClients};
pub(crate) use export::{Graph, PfbExport, Source};
pub(crate) use exports::{Exports, NoExports};
pub(crate) use health::{Elsewhere, Services};
pub(crate) use usersync::Usersync;

/// What sower's clients may ask for: the portal's exports of a cohort.
pub(crate) fn actions(kinds: &[Arc<dyn Kind>]) -> BTreeMap<String, String> {
    if !kinds.iter().any(|kind| kind.name() == export::NAME) {
        return BTreeMap::new();
    }
    ["export", "export-files"].map(|action| (action.to_owned(), export::NAME.to_owned())).into()
}

/// What is done without anybody asking for it: the cadence is the original's.
pub(crate) fn schedules(kinds: &[Arc<dyn Kind>]) -> anyhow::Result<Vec<Schedule>> {
    let known = [(expired::ACCESS, "17 * * * *"), (expired::CLIENTS, "*/5 * * * *")];
    let there = known.iter().filter(|(name, _)| kinds.iter().any(|kind| kind.name() == *name));
    let schedule = |(name, pattern): &(&str, &str)| {
        Ok(Schedule::new(name, name, serde_json::json!({}), pattern, "UTC")?)
    };
    there.map(schedule).collect()
}
