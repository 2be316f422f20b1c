//! Where the pages of a commons come from: the option `--portal` of `commons up` and `commons serve gateway`.

use std::{collections::HashMap, fmt, str::FromStr};

use gateway::{Table, TableError};
use serde::{Deserialize, Serialize};
use url::Url;

/// The name of the portal among the gateway's services.
const PORTAL: &str = "portal";

/// Whose pages people see at the paths that no service answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pages {
    /// Those of this program.
    #[default]
    Embedded,
    /// Nobody's: `/` tells in a few words what is served.
    None,
    /// Those of another portal, such as the original's, which gets every request that no service answers.
    Elsewhere(Url),
}

impl FromStr for Pages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "none" => Ok(Self::None),
            address => match Url::parse(address) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Ok(Self::Elsewhere(url))
                }
                _ => {
                    Err("it is neither `embedded` nor `none` nor an address with http:// or https://".into())
                }
            },
        }
    }
}

impl TryFrom<String> for Pages {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Pages> for String {
    fn from(pages: Pages) -> Self {
        pages.to_string()
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::None => f.write_str("none"),
            Self::Elsewhere(url) => write!(f, "{url}"),
        }
    }
}

impl Pages {
    /// Whether this program answers them.
    pub(crate) fn are_embedded(&self) -> bool {
        *self == Self::Embedded
    }

    /// The table with what leads to the pages.
    ///
    /// # Errors
    /// Never in a build whose tests pass.
    pub(crate) fn over(&self, table: Table) -> Result<Table, TableError> {
        match self {
            Self::Embedded => table.with_portal(),
            Self::None => Ok(table),
            Self::Elsewhere(_) => table.with_portal_elsewhere(),
        }
    }

    /// Says where the portal is, if it is elsewhere.
    pub(crate) fn reached_by(&self, upstreams: &mut HashMap<String, Url>) {
        if let Self::Elsewhere(url) = self {
            upstreams.insert(PORTAL.to_owned(), url.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_here_nowhere_or_at_an_address() {
        assert_eq!("embedded".parse(), Ok(Pages::Embedded));
        assert_eq!("none".parse(), Ok(Pages::None));
        let elsewhere = "http://portal.example.org:3000".parse().unwrap();
        assert!(matches!(&elsewhere, Pages::Elsewhere(url) if url.port() == Some(3000)));
        let mut upstreams = HashMap::new();
        elsewhere.reached_by(&mut upstreams);
        assert_eq!(upstreams["portal"].host_str(), Some("portal.example.org"));
        for wrong in ["", "yes", "ftp://x", "portal:80", "https://"] {
            assert!(wrong.parse::<Pages>().is_err(), "{wrong}");
        }
    }
}
