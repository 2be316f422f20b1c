//! Turns options into connections.

use std::{collections::HashMap, fs, path::Path, str::FromStr as _, sync::Arc};

use anyhow::{Context as _, bail};
use authz::{Authz, HttpAuthz};
use database::Work;
use dictionary::{Dictionary, LoadError};
use gateway::Login;
use indexclient::{HttpIndex, IndexClient};
use measures::Measures;
use serde::Deserialize;
use sqlx::{Connection as _, PgPool, postgres::PgConnectOptions};
use tokens::Verifier;
use url::Url;

use super::{
    options::{ArboristAt, Database, DictionaryAt, IndexdAt, Tokens},
    waiting,
};
use crate::{databases, dictionaries};

#[derive(Deserialize)]
struct Creds {
    db_host: String,
    #[serde(default)]
    db_port: Option<u16>,
    db_username: String,
    db_password: String,
    db_database: String,
}

impl Database {
    /// How to connect, or `None` when no option says it.
    pub(crate) fn options(&self) -> anyhow::Result<Option<PgConnectOptions>> {
        if let Some(url) = &self.database_url {
            // SQLAlchemy's spelling names the driver too.
            let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
            return Ok(Some(PgConnectOptions::from_str(&url).context("the database URL is malformed")?));
        }
        if let Some(file) = &self.creds {
            let told = || format!("cannot read {}", file.display());
            let creds: Creds =
                serde_json::from_str(&fs::read_to_string(file).with_context(told)?).with_context(told)?;
            let options = PgConnectOptions::new_without_pgpass()
                .host(&creds.db_host)
                .port(creds.db_port.unwrap_or(self.pg_port))
                .username(&creds.db_username)
                .password(&creds.db_password)
                .database(&creds.db_database);
            return Ok(Some(options));
        }
        let Some(host) = &self.pg_host else { return Ok(None) };
        let name = self.pg_database.clone().or_else(|| std::env::var("PGDATABASE").ok());
        let mut options = PgConnectOptions::new_without_pgpass().host(host).port(self.pg_port);
        options = options.database(&name.context("PGHOST is given, but neither PGDB nor PGDATABASE")?);
        if let Some(user) = &self.pg_user {
            options = options.username(user);
        }
        if let Some(password) = &self.pg_password {
            options = options.password(password);
        }
        Ok(Some(options))
    }

    /// Connections to the database for requests, or for a migration, once it answers.
    pub(crate) async fn pool(&self, work: Work) -> anyhow::Result<PgPool> {
        let Some(options) = self.options()? else {
            bail!(
                "no database is given: name it by --database-url, by --creds, or by PGHOST, PGUSER, \
                 PGPASSWORD, PGDB"
            );
        };
        waiting::until("the database", async || database::connect(&options, work).await?.close().await).await;
        let pool = databases::pool_with(options, work);
        database::look_after(vec![pool.clone()]);
        Ok(pool)
    }

    /// [`Database::pool`] of the service of this name, whose use is measured.
    pub(crate) async fn measured_pool(
        &self,
        work: Work,
        service: &str,
        measures: &Measures,
    ) -> anyhow::Result<PgPool> {
        let pool = self.pool(work).await?;
        measures.watch_pool(service, &pool);
        Ok(pool)
    }

    /// Runs `migrate`, if that is asked for.
    pub(crate) async fn migrated(
        &self,
        migrate: impl AsyncFnOnce(&PgPool) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !self.migrate {
            return Ok(());
        }
        let pool = self.pool(Work::Maintenance).await?;
        let migrated = migrate(&pool).await;
        pool.close().await;
        migrated
    }
}

impl DictionaryAt {
    /// The source, if one is given.
    pub(crate) fn source(&self) -> Option<&str> {
        // A variable that is set to nothing counts as unset.
        let sources = [&self.dictionary, &self.schema_dir];
        sources.into_iter().flatten().map(String::as_str).find(|source| !source.is_empty())
    }

    /// The dictionary, once it can be read.
    ///
    /// # Errors
    /// When it can be read but not used, because waiting would not help.
    pub(crate) async fn load(&self) -> anyhow::Result<Arc<Dictionary>> {
        let loaded =
            waiting::until("the dictionary", async || match dictionaries::load(self.source()).await {
                Ok(dictionary) => Ok(Ok(dictionary)),
                Err(error) if matches!(error.downcast_ref(), Some(LoadError::Unreadable { .. })) => {
                    Err(error)
                }
                Err(error) => Ok(Err(error)),
            })
            .await;
        Ok(Arc::new(loaded?))
    }
}

impl ArboristAt {
    pub(crate) fn client(&self, client: &reqwest::Client) -> Arc<dyn Authz> {
        Arc::new(HttpAuthz::new(&self.arborist_url, client.clone()))
    }
}

impl IndexdAt {
    pub(crate) fn client(&self, client: &reqwest::Client) -> Arc<dyn IndexClient> {
        Arc::new(HttpIndex::new(&self.index_url, &self.indexd_user, &self.indexd_password, client.clone()))
    }
}

impl Tokens {
    /// Verifies tokens of these issuers; `measures` shows the keys.
    ///
    /// # Errors
    /// When no issuer is named.
    pub(crate) fn verifier(
        &self,
        client: &reqwest::Client,
        measures: &Measures,
    ) -> anyhow::Result<Arc<Verifier>> {
        let mut issuers = self.issuers.clone();
        issuers.extend(self.conf_hostname.iter().map(|host| format!("https://{host}/user")));
        if issuers.is_empty() {
            bail!(
                "whose tokens are accepted? name fence's public address by --issuer, or the host by \
                 CONF_HOSTNAME"
            );
        }
        let verifier = Arc::new(Verifier::remote(self.jwks_url.clone(), issuers, client.clone()));
        measures.add(|registry| verifier.register(registry));
        Ok(verifier)
    }
}

/// `USER:PASSWORD`.
pub(crate) fn login(text: &str) -> anyhow::Result<Login> {
    let (user, password) = text.split_once(':').context("a login must be USER:PASSWORD")?;
    Ok(Login { user: user.to_owned(), password: password.to_owned() })
}

/// `NAME=URL` items over the default addresses of `names`.
pub(crate) fn upstreams<'n>(
    names: impl Iterator<Item = &'n str>,
    given: &[String],
) -> anyhow::Result<HashMap<String, Url>> {
    let mut upstreams = HashMap::new();
    for name in names {
        upstreams.insert(name.to_owned(), Url::parse(&format!("http://{name}-service"))?);
    }
    for item in given {
        let (name, url) =
            item.split_once('=').with_context(|| format!("--upstream {item} is not NAME=URL"))?;
        let url = Url::parse(url).with_context(|| format!("--upstream {item} has no usable URL"))?;
        upstreams.insert(name.to_owned(), url);
    }
    Ok(upstreams)
}

/// The text of a file that an option names.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        Database {
            database_url: None,
            creds: None,
            pg_host: None,
            pg_port: 5432,
            pg_user: None,
            pg_password: None,
            pg_database: None,
            migrate: false,
        }
    }

    #[test]
    fn the_database_comes_from_a_url_a_file_or_the_variables_of_libpq() {
        assert!(database().options().unwrap().is_none());
        let url = Database { database_url: Some("postgresql+psycopg2://u:p@h:1/d".into()), ..database() };
        assert_eq!(url.options().unwrap().unwrap().get_host(), "h");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("creds.json");
        fs::write(
            &file,
            r#"{"db_host":"c","db_username":"u","db_password":"p","db_database":"d","hostname":"x"}"#,
        )
        .unwrap();
        let creds = Database { creds: Some(file), ..database() }.options().unwrap().unwrap();
        assert_eq!((creds.get_host(), creds.get_database()), ("c", Some("d")));
        let variables = Database { pg_host: Some("v".into()), pg_database: Some("d".into()), ..database() };
        assert_eq!(variables.options().unwrap().unwrap().get_port(), 5432);
    }

    #[test]
    fn upstreams_have_the_names_of_the_services() {
        let made = upstreams(["fence", "guppy"].into_iter(), &["guppy=http://127.0.0.1:9/".into()]).unwrap();
        assert_eq!(made["fence"].as_str(), "http://fence-service/");
        assert_eq!(made["guppy"].as_str(), "http://127.0.0.1:9/");
        assert!(upstreams([].into_iter(), &["guppy".into()]).is_err());
    }
}
