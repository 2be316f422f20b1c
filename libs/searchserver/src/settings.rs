//! Where the servers are, and who we are to them.

use std::{path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;
use url::Url;

/// Where the servers of a cluster are, and how they are asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Servers of one cluster; they are asked in turn. Without user and password.
    pub hosts: Vec<Url>,
    /// Who asks.
    pub identity: Identity,
    /// A file of certificates (PEM) that are trusted beside those of the machine.
    pub ca_file: Option<PathBuf>,
    /// How long a connection takes at most.
    pub connect_timeout: Duration,
    /// How long an answer takes at most.
    pub timeout: Duration,
    /// How many bytes of an answer are read at most.
    pub longest_answer: usize,
}

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Identity {
    /// Nobody.
    #[default]
    Nobody,
    /// A user with a password.
    Basic {
        /// Name of the user.
        user: String,
        /// Password.
        password: String,
    },
    /// An API key of Elasticsearch in its encoded form.
    ApiKey(String),
    /// An identity of Amazon, whose requests are signed.
    Amazon {
        /// Whose, and in which region.
        settings: aws::Settings,
        /// `es` for a domain, `aoss` for a serverless collection.
        service: String,
    },
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody => f.write_str("Nobody"),
            Self::Basic { user, .. } => f.debug_struct("Basic").field("user", user).finish_non_exhaustive(),
            Self::ApiKey(_) => f.write_str("ApiKey"),
            Self::Amazon { service, .. } => {
                f.debug_struct("Amazon").field("service", service).finish_non_exhaustive()
            }
        }
    }
}

/// Settings with which no server can be asked. No secret is in the text.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The endpoint is not the address of a server, or several of them.
    #[error("the address of the search engine is not a host, or an http or https URL without path: {0}")]
    Endpoint(String),
    /// Hosts of one cluster have different users.
    #[error("the addresses of the search engine name different users")]
    Users,
    /// The file of certificates cannot be used.
    #[error("the certificates in {file:?} cannot be read")]
    Certificates {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A header for the identity cannot be made, or there are no credentials.
    #[error("the identity for the search engine cannot be used: {0}")]
    Identity(String),
    /// No client can be made.
    #[error("no client for the search engine can be made")]
    Client(#[from] reqwest::Error),
}

impl Settings {
    /// Of `GEN3_ES_ENDPOINT`: one address or several with commas between them, with or without scheme (then
    /// http), `https://user:password@host:9200`.
    ///
    /// # Errors
    /// It is not that.
    pub fn read(endpoint: &str) -> Result<Self, SettingsError> {
        let mut identity = None;
        let mut hosts = Vec::new();
        for part in endpoint.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (host, own) = host(part)?;
            match &identity {
                None => identity = Some(own),
                Some(first) if *first != own => return Err(SettingsError::Users),
                Some(_) => {}
            }
            hosts.push(host);
        }
        if hosts.is_empty() {
            return Err(SettingsError::Endpoint("there is none".to_owned()));
        }
        Ok(Self {
            hosts,
            identity: identity.unwrap_or_default(),
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            longest_answer: 256 << 20,
        })
    }
}

fn host(part: &str) -> Result<(Url, Identity), SettingsError> {
    let fault = |why: &str| SettingsError::Endpoint(why.to_owned());
    let whole = if part.contains("://") { part.to_owned() } else { format!("http://{part}") };
    let mut url = Url::parse(&whole).map_err(|error| fault(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault(url.scheme()));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(fault(url.path()));
    }
    let read = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let identity = match (url.username(), url.password()) {
        ("", None) => Identity::Nobody,
        (user, password) => {
            Identity::Basic { user: read(user), password: read(password.unwrap_or_default()) }
        }
    };
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| fault("it has no host"))?;
    Ok((url, identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(endpoint: &str) -> String {
        match Settings::read(endpoint) {
            Ok(settings) => settings.hosts.iter().map(Url::as_str).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn addresses_have_a_scheme_or_none() {
        assert_eq!(hosts("esproxy-service:9200"), "http://esproxy-service:9200/");
        assert_eq!(hosts("http://localhost:9200/"), "http://localhost:9200/");
        assert_eq!(
            hosts("https://search.example.org, 10.0.0.1:9201"),
            "https://search.example.org/ http://10.0.0.1:9201/"
        );
        assert_eq!(hosts("[::1]:9200"), "http://[::1]:9200/");
        for wrong in ["", " , ", "ftp://host", "http://host/path", "http://host?a=1", "http://"] {
            assert!(hosts(wrong).starts_with("the address of the search engine"), "{wrong}");
        }
    }

    #[test]
    fn a_user_stands_in_the_address_and_nowhere_else() {
        let settings = Settings::read("https://gen3:p%40ss@host:9200").unwrap();
        assert_eq!(settings.hosts[0].as_str(), "https://host:9200/");
        let expected = Identity::Basic { user: "gen3".into(), password: "p@ss".into() };
        assert_eq!(settings.identity, expected);
        assert!(!format!("{settings:?}").contains("p@ss"));
        assert!(matches!(Settings::read("a:1@h1,b:2@h2"), Err(SettingsError::Users)));
        let error = Settings::read("http://user:secret@host/path").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
