//! Which commons is meant, and who the user is there.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use transfer::{Commons, Credentials, Retries, TransferError, origin};
use url::Url;

use super::{super::environment, not_begun};

/// Folder of the Gen3 clients in the user's home.
const HOME: &str = ".gen3";

/// Which commons, and who the user is there.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhoArgs {
    /// The commons, such as https://gen3.example.org. Default: that of the profile, else what GEN3_ENDPOINT
    /// says, else the one that gave the credentials
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// File with an API key, as the profile page of a commons gives it, or with an access token. May be given
    /// several times, for files of several commons: each key is shown to its own commons only. Default: what
    /// GEN3_API_KEY says (a file, or the key), else ~/.gen3/credentials.json
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Vec<PathBuf>,
    /// Profile of gen3-client, from ~/.gen3/gen3_client_config.ini
    #[arg(long, value_name = "NAME", conflicts_with = "credentials")]
    pub(crate) profile: Option<String>,
    /// Show no credentials: only what everybody may read
    #[arg(long, conflicts_with_all = ["credentials", "profile"])]
    pub(crate) anonymous: bool,
    /// Tries after a failure that may pass; what got further than the time before does not count
    #[arg(
        long,
        value_name = "TIMES",
        default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(..=100)
    )]
    pub(crate) retries: u32,
}

/// The commons that the user works with, and further credentials.
pub(crate) struct Who {
    pub(crate) home: Option<Arc<Commons>>,
    pub(super) keys: Vec<Credentials>,
    pub(super) retries: Retries,
}

impl WhoArgs {
    /// Finds the commons and logs in there.
    ///
    /// # Errors
    /// When the credentials cannot be read, or the commons does not take them.
    pub(crate) async fn find(&self) -> anyhow::Result<Who> {
        let retries = Retries { times: self.retries, first: Duration::from_secs(1) };
        let found = self.known().and_then(|known| self.chosen(known, environment::endpoint()));
        let found = found.map_err(|error| not_begun(&error))?;
        let home = match found.endpoint {
            Some(endpoint) => {
                let commons = Commons::new(endpoint.as_str(), found.own, retries);
                let commons = commons.map_err(|error| not_begun(&error))?;
                commons.log_in().await.map_err(|error| not_begun(&error))?;
                Some(Arc::new(commons))
            }
            None => None,
        };
        Ok(Who { home, keys: found.keys, retries })
    }

    /// Credentials that were named, or those of the user's home.
    fn known(&self) -> Result<Known, TransferError> {
        let mut known = Known::default();
        if self.anonymous {
            return Ok(known);
        }
        known.keys = self.credentials.iter().map(|file| Credentials::read(file)).collect::<Result<_, _>>()?;
        known.is_named = !known.keys.is_empty();
        if let Some(profile) = &self.profile {
            let file = in_home("gen3_client_config.ini").ok_or_else(no_home)?;
            let (key, endpoint) = Credentials::of_profile(&file, profile)?;
            (known.keys, known.endpoint, known.is_named) = (vec![key], endpoint, true);
        }
        if known.keys.is_empty() {
            known.keys.extend(environment::key()?);
        }
        if known.keys.is_empty()
            && let Some(file) = in_home("credentials.json").filter(|file| file.is_file())
        {
            known.keys.push(Credentials::read(&file)?);
        }
        Ok(known)
    }

    fn chosen(&self, known: Known, environment: Option<String>) -> Result<Chosen, TransferError> {
        let named = self.endpoint.clone().or(known.endpoint);
        let is_named = named.is_some();
        let endpoint = match named.or(environment) {
            Some(endpoint) => Some(origin(&endpoint)?),
            None => known.keys.iter().find_map(Credentials::commons),
        };
        let is_of = |key: &&Credentials| endpoint.as_ref().is_some_and(|at| environment::is_of(key, at));
        // A key is shown to the commons that gave it and to no other one, unless it and the commons were both
        // named; of several keys nobody knows which one would be meant.
        let own = match (known.keys.iter().find(is_of), known.keys.as_slice(), &endpoint) {
            (Some(own), ..) => Some(own.clone()),
            (None, [only], Some(_)) if known.is_named && is_named => Some(only.clone()),
            (None, [_], Some(endpoint)) if known.is_named => {
                return Err(TransferError::Unusable(format!(
                    "{} says {endpoint}, which has not given the key; --endpoint {endpoint} shows it \
                     there, and another --endpoint is another commons",
                    environment::ENDPOINT
                )));
            }
            _ => None,
        };
        Ok(Chosen { endpoint, own, keys: known.keys })
    }
}

#[derive(Default)]
struct Known {
    keys: Vec<Credentials>,
    endpoint: Option<String>,
    /// Whether the user has named them on the command line.
    is_named: bool,
}

struct Chosen {
    endpoint: Option<Url>,
    own: Option<Credentials>,
    keys: Vec<Credentials>,
}

fn in_home(file: &str) -> Option<PathBuf> {
    let home = env::var_os("HOME").filter(|home| !home.is_empty())?;
    Some(Path::new(&home).join(HOME).join(file))
}

fn no_home() -> TransferError {
    TransferError::Unusable("there is no home folder (HOME), in which profiles would be".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(endpoint: Option<&str>) -> WhoArgs {
        WhoArgs {
            endpoint: endpoint.map(str::to_owned),
            credentials: Vec::new(),
            profile: None,
            anonymous: false,
            retries: 0,
        }
    }

    /// A key of https://one.example.
    fn known(is_named: bool) -> Known {
        let key = "e30.eyJpc3MiOiJodHRwczovL29uZS5leGFtcGxlL3VzZXIiLCJwdXIiOiJhcGlfa2V5In0.c2ln";
        Known { keys: vec![Credentials::from_text(key).unwrap()], endpoint: None, is_named }
    }

    #[test]
    fn a_key_that_was_not_named_is_shown_to_its_own_commons_only() {
        let chosen = |endpoint, is_named| args(endpoint).chosen(known(is_named), None).unwrap();
        let of_key = chosen(None, false);
        assert_eq!(of_key.endpoint.unwrap().as_str(), "https://one.example/");
        assert!(of_key.own.is_some());
        assert!(chosen(Some("https://one.example"), false).own.is_some());
        assert!(chosen(Some("https://other.example"), false).own.is_none());
        assert!(chosen(Some("http://one.example"), false).own.is_none(), "not without TLS");
        assert!(chosen(Some("https://other.example"), true).own.is_some());
    }

    #[test]
    fn a_key_follows_no_variable_to_another_commons() {
        let chosen =
            |environment: &str, is_named| args(None).chosen(known(is_named), Some(environment.to_owned()));
        assert!(chosen("https://one.example", true).unwrap().own.is_some());
        let other = chosen("https://other.example", false).unwrap();
        assert!(other.own.is_none() && other.endpoint.unwrap().as_str() == "https://other.example/");
        let Err(error) = chosen("https://other.example", true) else { panic!("the key goes there") };
        assert!(error.to_string().contains("--endpoint https://other.example/"), "{error}");
        let named = args(Some("https://third.example"));
        let named = named.chosen(known(true), Some("https://other.example".to_owned())).unwrap();
        assert_eq!(named.endpoint.unwrap().as_str(), "https://third.example/");
        let profile = Known { endpoint: Some("https://one.example".to_owned()), ..known(true) };
        let profile = args(None).chosen(profile, Some("https://other.example".to_owned())).unwrap();
        assert_eq!(profile.endpoint.unwrap().as_str(), "https://one.example/");
    }

    #[test]
    fn of_several_keys_none_is_shown_to_a_commons_that_gave_none_of_them() {
        let mut both = known(true);
        both.keys.extend(known(true).keys);
        assert!(args(Some("https://other.example")).chosen(both, None).unwrap().own.is_none());
    }
}
