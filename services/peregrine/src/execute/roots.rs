//! The top level of an answer.

use sqlx::Row as _;

use super::{
    executor::{Executor, Later},
    lists::List,
};
use crate::{
    assemble::{Commas, report, write_string},
    error::Error,
    ir::{Branch, Child, Count, Root, RootValue},
};

/// Counts in one statement: its result has a column for each, of which there can be some 1,600.
const COUNTS_AT_ONCE: usize = 400;

impl Executor<'_> {
    /// Writes the answer to the whole query.
    pub(crate) async fn write(mut self, roots: &[Root]) -> Result<(), Error> {
        self.out.expect_errors(failures(roots));
        let mut counts = self.counts(roots).await?.into_iter();
        self.out.text().extend_from_slice(b"{\"data\":");
        self.roots(roots, &mut counts).await?;
        if !self.errors.is_empty() {
            let errors = serde_json::Value::from(self.errors.clone()).to_string();
            self.out.text().extend_from_slice(format!(",\"errors\":{errors}").as_bytes());
        }
        self.out.text().push(b'}');
        self.out.finish(self.errors).await
    }

    /// All counts of the top level and of `viewer`, in their order.
    async fn counts(&mut self, roots: &[Root]) -> Result<Vec<i64>, Error> {
        fn collect<'r>(roots: &'r [Root], counts: &mut Vec<&'r Count>) {
            for root in roots {
                match &root.value {
                    RootValue::Count(count) => counts.push(count),
                    RootValue::Viewer(roots) => collect(roots, counts),
                    _ => {}
                }
            }
        }
        let (mut counts, mut numbers) = (Vec::new(), Vec::new());
        collect(roots, &mut counts);
        for some in counts.chunks(COUNTS_AT_ONCE) {
            let row = self.planner.counts(some).query_if_short().fetch_one(&mut *self.connection).await?;
            for column in 0..some.len() {
                numbers.push(row.try_get(column)?);
            }
        }
        Ok(numbers)
    }

    /// Writes the top level, or `viewer`.
    fn roots<'f>(&'f mut self, roots: &'f [Root], counts: &'f mut std::vec::IntoIter<i64>) -> Later<'f, ()> {
        Box::pin(async move {
            let mut commas = Commas::default();
            self.out.text().push(b'{');
            for root in roots {
                commas.before_item(self.out.text());
                write_string(&root.key, self.out.text());
                self.out.text().push(b':');
                self.root(&root.value, counts).await?;
                self.out.pass_on().await?;
            }
            self.out.text().push(b'}');
            Ok(())
        })
    }

    async fn root(&mut self, value: &RootValue, counts: &mut std::vec::IntoIter<i64>) -> Result<(), Error> {
        let known = match value {
            RootValue::Scan(scan) => return self.list(List::Root(scan)).await,
            RootValue::Logs(logs) => return self.log_list(logs, None).await,
            RootValue::Viewer(roots) => return self.roots(roots, counts).await,
            RootValue::Known(json) => json.as_str(),
            RootValue::Count(_) => &counts.next().unwrap_or_default().to_string(),
            RootValue::LogCount(query) => &self.log_count(query).await?.to_string(),
            RootValue::Failed(message) => {
                report(&mut self.errors, message);
                "null"
            }
        };
        self.out.text().extend_from_slice(known.as_bytes());
        Ok(())
    }
}

/// All errors that the query may turn out to have, each once.
fn failures(roots: &[Root]) -> Vec<String> {
    fn of_branch(branch: &Branch, errors: &mut Vec<String>) {
        for child in &branch.level.children {
            match child {
                Child::Failed(message) => report(errors, message),
                Child::Linked(branch) => of_branch(branch, errors),
                Child::Neighbours(scan) => scan.branches.iter().for_each(|branch| of_branch(branch, errors)),
                Child::Count { .. } | Child::Logs(_) | Child::LogCount(_) => {}
            }
        }
    }
    fn of_roots(roots: &[Root], errors: &mut Vec<String>) {
        for root in roots {
            match &root.value {
                RootValue::Failed(message) => report(errors, message),
                RootValue::Scan(scan) => scan.branches.iter().for_each(|branch| of_branch(branch, errors)),
                RootValue::Viewer(roots) => of_roots(roots, errors),
                _ => {}
            }
        }
    }
    let mut errors = Vec::new();
    of_roots(roots, &mut errors);
    errors
}
