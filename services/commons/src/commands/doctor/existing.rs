//! Databases that are there: which versions were found in them, and what taking them over will do.

use std::{collections::BTreeMap, str::FromStr as _};

use clap::{Args, ValueEnum as _};
use postgres::clients;
use sqlx::postgres::PgConnectOptions;

use super::finding::Finding;
use crate::{
    commands::rehearsal::{Rehearsal, Shown},
    databases::{DatabaseName, renamed},
};

/// Where databases are.
#[derive(Debug, Clone, Default, Args)]
pub struct ExistingArgs {
    /// The PostgreSQL server that has the databases, each under the name of its service.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A database that is elsewhere or has another name, such as `fence=postgres://host/fence_db`. May be
    /// given several times.
    #[arg(long = "database", value_name = "SERVICE=URL")]
    pub databases: Vec<String>,
    /// Data dictionary of the graph tables. Default: the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
}

/// Databases by what they are for.
pub(crate) type Urls = BTreeMap<&'static str, (DatabaseName, String)>;

/// Tries for each database what taking it over does, on a copy of its tables without their rows.
pub(crate) async fn findings(args: &ExistingArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let urls = match located(args, &mut findings).await {
        Ok(urls) => urls,
        Err(error) => {
            findings.push(error);
            return findings;
        }
    };
    findings.extend(rehearsed(&urls, args.dictionary.as_deref()).await);
    findings
}

/// Where each database is. What is not there is a finding.
async fn located(args: &ExistingArgs, findings: &mut Vec<Finding>) -> Result<Urls, Finding> {
    const WHAT: &str = "databases";
    let refused = |said: String| Finding::error(WHAT, said, "--database SERVICE=URL, or --database-url URL");
    let mut urls = Urls::new();
    for given in &args.databases {
        let (name, url) = given.split_once('=').ok_or_else(|| refused("--database has no `=`".into()))?;
        let name = DatabaseName::from_str(name, false)
            .map_err(|_| refused(format!("there is no service {name:?} with a database")))?;
        urls.insert(name.as_str(), (name, url.to_owned()));
    }
    let Some(server) = &args.database_url else {
        if urls.is_empty() {
            return Err(refused("it is not said where they are".into()));
        }
        return Ok(urls);
    };
    let options = PgConnectOptions::from_str(server)
        .map_err(|_| refused("--database-url is no PostgreSQL URL".into()))?;
    let there = clients::databases(&options).await.map_err(|error| {
        Finding::error(WHAT, format!("the server cannot be used: {error}"), "look at its address and its log")
    })?;
    for name in
        DatabaseName::ALL.into_iter().filter(|name| !args.databases.iter().any(|given| is_of(given, *name)))
    {
        if !there.iter().any(|database| database == name.as_str()) {
            findings.push(absent(name, &there));
        } else if let Some(url) = renamed(server, name.as_str()) {
            urls.insert(name.as_str(), (name, url));
        }
    }
    Ok(urls)
}

fn is_of(given: &str, name: DatabaseName) -> bool {
    given.split_once('=').is_some_and(|(service, _)| service == name.as_str())
}

fn absent(name: DatabaseName, there: &[String]) -> Finding {
    let like: Vec<&str> =
        there.iter().map(String::as_str).filter(|database| database.starts_with(name.as_str())).collect();
    let name = name.as_str();
    if like.is_empty() {
        return Finding::ok(name, "is not there, and will be made");
    }
    Finding::warning(
        name,
        format!("the server has no database of this name, but {}", like.join(", ")),
        format!("--database {name}=URL, if that is the one"),
    )
}

/// Tries the migration of each database.
pub(crate) async fn rehearsed(urls: &Urls, dictionary: Option<&str>) -> Vec<Finding> {
    let rehearsal = match Rehearsal::open().await {
        Ok(rehearsal) => rehearsal,
        Err(error) => return vec![Finding::told("rehearsal", format!("{error:#}"))],
    };
    let mut findings = Vec::new();
    for (name, url) in urls.values() {
        let source = dictionary.filter(|_| *name == DatabaseName::Sheepdog);
        findings.push(match rehearsal.of(*name, url, source).await {
            Ok(shown) => Finding::ok(name.as_str(), told(&shown)),
            Err(error) => Finding::error(
                name.as_str(),
                format!("cannot be taken over: {error:#}"),
                "nothing was changed; docs/operator says what each kind of database needs",
            ),
        });
    }
    rehearsal.close().await;
    findings
}

fn told(shown: &Shown) -> String {
    let mut said = format!("PostgreSQL {}", shown.server);
    for version in &shown.versions {
        said.push_str("; ");
        said.push_str(version);
    }
    match &shown.changes[..] {
        [] => said.push_str("; nothing would be changed"),
        changes => {
            said.push_str("; migrating it");
            for change in changes {
                said.push_str("\n- ");
                said.push_str(change);
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::State;

    #[tokio::test]
    async fn what_is_said_of_databases_is_checked_before_any_is_asked() {
        for (databases, told) in [
            (vec![], "not said"),
            (vec!["fence".to_owned()], "no `=`"),
            (vec!["portal=postgres://h/d".to_owned()], "no service \"portal\""),
        ] {
            let args = ExistingArgs { databases, ..ExistingArgs::default() };
            let findings = findings(&args).await;
            assert!(findings.len() == 1 && findings[0].state == State::Error, "{findings:?}");
            assert!(findings[0].said.contains(told), "{findings:?}");
        }
    }

    #[test]
    fn a_database_of_another_name_is_pointed_out() {
        let there = ["fence_db".to_owned(), "postgres".to_owned()];
        let found = absent(DatabaseName::Fence, &there);
        assert!(found.state == State::Warning && found.said.ends_with("but fence_db"), "{found:?}");
        assert_eq!(absent(DatabaseName::Indexd, &there).state, State::Ok);
    }
}
