//! Writers of one project take turns.
//!
//! What makes it safe is the lock on the project's row, which also holds between processes. Waiting here,
//! before a connection is taken, keeps a queue of writers from using up the connections that everybody needs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// The turn of each project, by its node id.
#[derive(Default)]
pub(crate) struct Turns {
    projects: Mutex<HashMap<String, Weak<Turn<()>>>>,
}

impl Turns {
    /// Waits until nobody else of this process writes to the project. The turn ends when the guard is
    /// dropped.
    pub(crate) async fn take(&self, project_node_id: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
            let known = projects.get(project_node_id).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                projects.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::new(Turn::new(()));
                projects.insert(project_node_id.to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn writers_of_one_project_wait_and_others_do_not() {
        let turns = Turns::default();
        let first = turns.take("a").await;
        let _other = turns.take("b").await;
        let second = tokio::time::timeout(Duration::from_millis(20), turns.take("a")).await;
        assert!(second.is_err());
        drop(first);
        let _third = turns.take("a").await;
    }

    #[tokio::test]
    async fn nothing_is_kept_of_projects_at_rest() {
        let turns = Turns::default();
        for number in 0..100 {
            drop(turns.take(&number.to_string()).await);
        }
        assert_eq!(turns.projects.lock().unwrap().len(), 1);
    }
}
