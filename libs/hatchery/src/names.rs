//! What the things of a user are called.

/// The names of what belongs to one user, as the original has them in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Names {
    user: String,
    escaped: String,
}

/// Longer names are no labels of the domain name system, and so none of services (RFC 1123).
const LONGEST_ESCAPED: usize = 63 - "hatchery-".len();

impl Names {
    /// Those of the user `user`; `None` for a name that is empty, or too long for them once it is escaped.
    pub fn of(user: &str) -> Option<Self> {
        // The original escapes the name for HTML before it makes names of it.
        let escaped = escape(&html(user));
        let fits = !escaped.is_empty() && escaped.len() <= LONGEST_ESCAPED;
        fits.then(|| Self { user: user.to_owned(), escaped })
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The user's name with characters that every system has.
    pub fn escaped(&self) -> &str {
        &self.escaped
    }

    /// The pod.
    pub fn pod(&self) -> String {
        format!("hatchery-{}", self.escaped)
    }

    /// The service.
    pub fn service(&self) -> String {
        format!("h-{}-s", self.escaped)
    }

    /// The claim to storage.
    pub fn claim(&self) -> String {
        format!("claim-{}", self.escaped)
    }
}

/// Small letters and digits stand for themselves, everything else for a hyphen and its hexadecimal number.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            out.push(character);
        } else {
            // The original pads with blanks, which no name can have; only control characters are that short.
            out.push_str(&format!("-{:02x}", u32::from(character)));
        }
    }
    out
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_original() {
        let names = Names::of("Ada.L@example.org").unwrap();
        assert_eq!(names.pod(), "hatchery--41da-2e-4c-40example-2eorg");
        assert_eq!(names.service(), "h--41da-2e-4c-40example-2eorg-s");
        assert_eq!(names.claim(), "claim--41da-2e-4c-40example-2eorg");
        assert_eq!(Names::of("o'neil").unwrap().escaped(), "o-26-2339-3bneil");
        assert_eq!(Names::of("ł").unwrap().escaped(), "-142");
    }

    #[test]
    fn a_name_that_fits_nowhere_is_none() {
        assert_eq!(Names::of(""), None);
        assert!(Names::of(&"a".repeat(54)).is_some());
        assert_eq!(Names::of(&"a".repeat(55)), None);
    }
}
