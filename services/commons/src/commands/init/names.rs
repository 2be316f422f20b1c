//! Names that are given: of hosts, of images, of sources of user.yaml. Pure.

use url::Url;

/// Longest host name (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A host name by which users reach a commons.
///
/// # Errors
/// When it is none, with what it looks like instead.
pub(super) fn host(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    if name.contains("://") || name.contains('/') || name.contains(':') {
        return Err("give the name alone, like commons.example.org: no https://, no path, no port".to_owned());
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
        return Err("an address of numbers has no certificate; give a name, like commons.example.org".into());
    }
    if name.len() > LONGEST_NAME || !name.split('.').all(is_label) {
        return Err("it is no host name: letters, digits and hyphens with dots between, like \
                    commons.example.org"
            .to_owned());
    }
    Ok(name)
}

/// A namespace of a cluster.
///
/// # Errors
/// When it is none.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let is_name = is_label(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_name.then(|| text.to_owned()).ok_or_else(|| "use small letters, digits and hyphens".to_owned())
}

/// Whether a text may stand between the dots of a host name (RFC 1123 §2.1).
fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a host is this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// The repository of an image, without a tag.
///
/// # Errors
/// When it is none.
pub(super) fn image(text: &str) -> Result<String, String> {
    let last = text.rsplit('/').next().unwrap_or_default();
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/:".contains(&byte);
    if text.is_empty() || text.ends_with('/') || !text.bytes().all(known) {
        return Err("it is no repository of an image, like registry.example.org/commons".to_owned());
    }
    if last.contains(':') {
        return Err("give it without a tag: the tag is the version of this program".to_owned());
    }
    Ok(text.to_owned())
}

/// The issuer of an OpenID provider.
///
/// # Errors
/// When it is none, or is reached without TLS from elsewhere.
pub(super) fn issuer(text: &str) -> Result<String, String> {
    let told = "it is no issuer, like https://login.example.org/realms/lab";
    let url = Url::parse(text.trim()).map_err(|error| format!("{told}: {error}"))?;
    let is_open = url.scheme() == "http" && web::is_loopback(&url);
    if !(url.scheme() == "https" || is_open) {
        return Err("an issuer is an https address: tokens are believed by what it answers".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(format!("{told}: without a login, a query or a fragment"));
    }
    let address = url.as_str().trim_end_matches('/');
    let address = address.strip_suffix("/.well-known/openid-configuration").unwrap_or(address);
    if address.contains(['\'', '\\']) {
        return Err(told.to_owned());
    }
    Ok(address.to_owned())
}

/// A source of user.yaml: a repository of GitHub by its name, or what `commons user sync` takes.
///
/// # Errors
/// When it cannot be one.
pub(super) fn users(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("it names nothing".to_owned());
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        None | Some("https" | "s3" | "git+https" | "git+ssh" | "git+file") => Ok(text.to_owned()),
        Some("http" | "git+http") => {
            Err("whoever is between could write rights into it; give an https address".to_owned())
        }
        Some(other) => Err(format!(
            "{other}:// is not known; give a file, a folder, https://, s3:// or \
                             git+https://HOST/REPOSITORY#BRANCH:PATH"
        )),
    }
}

/// `OWNER/REPOSITORY` as a source.
pub(super) fn github_repository(text: &str) -> Option<String> {
    let (owner, repository) = text.split_once('/')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    (is_name(owner) && is_name(repository)).then(|| format!("git+https://github.com/{owner}/{repository}"))
}

/// The address of a file in a public repository of GitHub, for what has no git.
pub(super) fn raw_address(source: &str) -> Option<String> {
    let rest = source.strip_prefix("git+https://github.com/")?;
    let (repository, wanted) = rest.split_once('#').unwrap_or((rest, ""));
    let (branch, path) = wanted.split_once(':').unwrap_or((wanted, "user.yaml"));
    let branch = if branch.is_empty() { "HEAD" } else { branch };
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    Some(format!("https://raw.githubusercontent.com/{repository}/{branch}/{path}"))
}

/// A word of a shell command.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_told_from_what_is_none() {
        assert_eq!(host("Commons.Example.org").unwrap(), "commons.example.org");
        assert_eq!(host("localhost").unwrap(), "localhost");
        let long = format!("{}.org", "a".repeat(64));
        for (wrong, told) in [
            ("https://commons.example.org", "the name alone"),
            ("commons.example.org/x", "the name alone"),
            ("commons.example.org:8080", "no port"),
            ("192.0.2.1", "address of numbers"),
            ("com mons", "no host name"),
            ("-a.org", "no host name"),
            ("a..org", "no host name"),
            ("", "no host name"),
            (long.as_str(), "no host name"),
        ] {
            let refused = host(wrong).unwrap_err();
            assert!(refused.contains(told), "{wrong}: {refused}");
        }
    }

    #[test]
    fn images_have_no_tag_and_issuers_have_tls() {
        assert!(namespace("gen3-dev").is_ok() && namespace("Gen3").is_err() && namespace("a.b").is_err());
        assert!(image("registry.example.org:5000/a/commons").is_ok());
        assert!(image("commons:1").unwrap_err().contains("without a tag"));
        assert!(image("Commons x").is_err() && image("").is_err() && image("a/").is_err());
        assert_eq!(issuer("https://l.example/realms/lab/").unwrap(), "https://l.example/realms/lab");
        let discovery = "https://l.example/r/.well-known/openid-configuration";
        assert_eq!(issuer(discovery).unwrap(), "https://l.example/r");
        assert!(issuer("http://127.0.0.1:9/r").is_ok());
        for wrong in ["http://l.example", "frog", "https://l.example/?a=b", "https://u:p@l.example/"] {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sources_are_known_and_a_repository_of_github_is_one() {
        for right in ["user.yaml", "https://h/u", "s3://b/k", "git+https://h/r#main:u.yaml"] {
            assert!(users(right).is_ok(), "{right}");
        }
        assert!(users("http://h/u").unwrap_err().contains("https"));
        assert!(users("ftp://h/u").is_err() && users(" ").is_err());
        assert_eq!(github_repository("lab/users").unwrap(), "git+https://github.com/lab/users");
        assert!(github_repository("../users").is_none() && github_repository("a/b/c").is_none());
        assert_eq!(
            raw_address("git+https://github.com/lab/users.git#main:prod/user.yaml").unwrap(),
            "https://raw.githubusercontent.com/lab/users/main/prod/user.yaml"
        );
        let whole = raw_address("git+https://github.com/lab/users").unwrap();
        assert_eq!(whole, "https://raw.githubusercontent.com/lab/users/HEAD/user.yaml");
        assert_eq!(raw_address("git+https://gitlab.example/lab/users"), None);
    }

    #[test]
    fn words_of_a_shell_are_quoted_where_they_must_be() {
        assert_eq!(quoted("/a/b-c.toml"), "/a/b-c.toml");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}
