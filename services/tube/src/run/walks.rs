//! Walks along all links in one direction.

use std::collections::{BTreeSet, HashMap};

use sqlx::{PgConnection, Row as _};

use super::rows::position;
use crate::{ir::Walk, plan};

/// What is reached, by type: the ids, and from where (positions).
pub(super) type Reached = HashMap<String, HashMap<String, BTreeSet<u32>>>;

/// Walks from `starts`: types, ids and positions. The starts are among what is reached.
pub(super) async fn walk(
    walk: &Walk,
    starts: impl IntoIterator<Item = (String, String, u32)>,
    connection: &mut PgConnection,
) -> Result<Reached, sqlx::Error> {
    let mut reached = Reached::new();
    // What has been reached and not yet left.
    let mut waiting = Reached::new();
    for (node, id, from) in starts {
        note(&mut reached, &mut waiting, &node, id, from);
    }
    // Types come before those that they lead to; a circle makes further rounds.
    while waiting.values().any(|ids| !ids.is_empty()) {
        for (node, hops) in &walk.steps {
            let Some(left) = waiting.remove(node).filter(|_| !hops.is_empty()) else { continue };
            let (ids, from): (Vec<String>, Vec<BTreeSet<u32>>) = left.into_iter().unzip();
            for row in plan::steps(hops, ids).query().fetch_all(&mut *connection).await? {
                let hop: i64 = row.try_get(0)?;
                let (Some(hop), Some(from)) =
                    (usize::try_from(hop).ok().and_then(|hop| hops.get(hop)), from.get(position(&row, 1)?))
                else {
                    continue;
                };
                let id: String = row.try_get(2)?;
                for root in from {
                    note(&mut reached, &mut waiting, &hop.node, id.clone(), *root);
                }
            }
        }
        waiting.retain(|node, _| walk.steps.iter().any(|(step, hops)| step == node && !hops.is_empty()));
    }
    Ok(reached)
}

fn note(reached: &mut Reached, waiting: &mut Reached, node: &str, id: String, from: u32) {
    let known = reached.entry(node.to_owned()).or_default().entry(id.clone()).or_default();
    if known.insert(from) {
        waiting.entry(node.to_owned()).or_default().entry(id).or_default().insert(from);
    }
}
