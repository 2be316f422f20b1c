//! What one graph query may use: options of `commons up` and `commons serve peregrine`.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use clap::{Args, value_parser};
use peregrine::Config;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// Queries are read by recursion, so that nobody may make them as deep as a thread's stack.
const DEEPEST: i64 = 200;

/// Limits of queries. What is not given is as peregrine has it.
#[derive(Debug, Clone, Default, Args)]
pub struct QueryArgs {
    /// Seconds that a graph query may take. Default: 300.
    #[arg(long, value_name = "SECONDS", env = "GRAPHQL_TIMEOUT")]
    pub graphql_timeout: Option<NonZeroU64>,
    /// Rows that the database may have to look at for one graph query, by estimate. Default: 500000000.
    #[arg(long, value_name = "ROWS", env = "GRAPHQL_LOOKS")]
    pub graphql_looks: Option<NonZeroU64>,
    /// Rows that one graph query may read. Default: 10000000.
    #[arg(long, value_name = "ROWS", env = "GRAPHQL_ROWS")]
    pub graphql_rows: Option<NonZeroUsize>,
    /// MiB of the answer to one graph query. Default: 4096.
    #[arg(long, value_name = "MIB", env = "GRAPHQL_ANSWER")]
    pub graphql_answer: Option<NonZeroUsize>,
    /// Lists and counts that one graph query may ask for. Default: 2000.
    #[arg(long, value_name = "NUMBER", env = "GRAPHQL_LISTS")]
    pub graphql_lists: Option<NonZeroUsize>,
    /// Levels of selections in a graph query, at most 200. Default: 50.
    #[arg(
        long,
        value_name = "LEVELS",
        env = "GRAPHQL_DEPTH",
        value_parser = value_parser!(u16).range(1..=DEEPEST)
    )]
    pub graphql_depth: Option<u16>,
    /// Fields that a graph query may select. Default: 20000.
    #[arg(long, value_name = "NUMBER", env = "GRAPHQL_FIELDS")]
    pub graphql_fields: Option<NonZeroUsize>,
    /// KiB of the body of a graph query. Default: 4096.
    #[arg(long, value_name = "KIB", env = "GRAPHQL_BODY")]
    pub graphql_body: Option<NonZeroUsize>,
}

impl QueryArgs {
    /// `config` with what was given.
    pub(crate) fn applied(&self, config: Config) -> Config {
        let of = |given: Option<NonZeroUsize>, unit: usize, usual: usize| {
            given.map_or(usual, |given| given.get().saturating_mul(unit))
        };
        let (mut budget, mut limits) = (config.budget, config.limits);
        budget.time = self.graphql_timeout.map_or(budget.time, |given| Duration::from_secs(given.get()));
        budget.looks = self.graphql_looks.map_or(budget.looks, NonZeroU64::get);
        budget.rows = of(self.graphql_rows, 1, budget.rows);
        budget.bytes = of(self.graphql_answer, MIB, budget.bytes);
        budget.scans = of(self.graphql_lists, 1, budget.scans);
        limits.depth = self.graphql_depth.map_or(limits.depth, usize::from);
        limits.fields = of(self.graphql_fields, 1, limits.fields);
        let body_limit = of(self.graphql_body, KIB, config.body_limit);
        Config { budget, limits, body_limit, ..config }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        queries: QueryArgs,
    }

    fn config(line: &[&str]) -> Result<Config, clap::Error> {
        let line = Line::try_parse_from([&["commons"], line].concat())?;
        Ok(line.queries.applied(Config::default()))
    }

    #[test]
    fn what_is_given_counts_and_what_is_not_is_as_the_help_says() {
        let usual = config(&[]).unwrap();
        assert_eq!((usual.budget.time.as_secs(), usual.budget.looks), (300, 500_000_000));
        assert_eq!(
            (usual.budget.rows, usual.budget.bytes / MIB, usual.budget.scans),
            (10_000_000, 4096, 2_000)
        );
        assert_eq!((usual.limits.depth, usual.limits.fields, usual.body_limit / KIB), (50, 20_000, 4096));
        let line = [
            ["--graphql-timeout", "1"],
            ["--graphql-looks", "2"],
            ["--graphql-rows", "3"],
            ["--graphql-answer", "4"],
            ["--graphql-lists", "5"],
            ["--graphql-depth", "6"],
            ["--graphql-fields", "7"],
            ["--graphql-body", "8"],
        ];
        let given = config(&line.concat()).unwrap();
        assert_eq!((given.budget.time.as_secs(), given.budget.looks), (1, 2));
        assert_eq!((given.budget.rows, given.budget.bytes, given.budget.scans), (3, 4 * MIB, 5));
        assert_eq!((given.limits.depth, given.limits.fields, given.body_limit), (6, 7, 8 * KIB));
    }

    #[test]
    fn no_limit_is_nothing_and_depth_has_an_end() {
        for option in ["timeout", "looks", "rows", "answer", "lists", "depth", "fields", "body"] {
            assert!(config(&[&format!("--graphql-{option}"), "0"]).is_err(), "{option}");
        }
        assert!(config(&["--graphql-depth", "201"]).is_err());
    }
}
