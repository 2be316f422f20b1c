//! How a client says who it is (RFC 6749 §2.3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::parameters::Parameters;

/// Identifier and secret, as they came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) secret: String,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a request says about its client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// In the `Authorization` header.
    pub(crate) basic: Option<Login>,
    /// Among the parameters.
    pub(crate) post: Option<Login>,
    /// The identifier alone, without a secret.
    pub(crate) public: Option<String>,
}

impl Credentials {
    pub(crate) fn read(header: Option<&str>, parameters: &Parameters) -> Self {
        let id = parameters.filled("client_id");
        let secret = parameters.filled("client_secret");
        let post = id.zip(secret).map(|(id, secret)| Login { id: id.to_owned(), secret: secret.to_owned() });
        let public = if secret.is_none() { id.map(str::to_owned) } else { None };
        Self { basic: header.and_then(basic), post, public }
    }
}

/// Whether the header is one of basic authentication, readable or not.
pub(crate) fn is_basic(header: &str) -> bool {
    header.split_ascii_whitespace().next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// Both halves are percent-encoded, as RFC 6749 §2.3.1 wants them; identifiers and secrets that are not have
/// no `%`.
fn basic(header: &str) -> Option<Login> {
    let (scheme, encoded) = header.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned());
    let login = Login { id: decoded(id)?, secret: decoded(secret)? };
    let usable = |text: &str| !text.is_empty() && !text.contains('\0');
    (usable(&login.id) && usable(&login.secret)).then_some(login)
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Params;

    #[test]
    fn a_client_is_read_from_the_header_and_from_the_parameters() {
        let parameters = |query: &str| Parameters::new(&Params::parse(query), Vec::new()).unwrap();
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let read = Credentials::read(Some(&header("a%2Db:s:x")), &parameters("client_id=p&client_secret=q"));
        assert_eq!(read.basic, Some(Login { id: "a-b".into(), secret: "s:x".into() }));
        assert_eq!(read.post, Some(Login { id: "p".into(), secret: "q".into() }));
        assert_eq!(read.public, None);
        assert_eq!(Credentials::read(None, &parameters("client_id=p")).public.as_deref(), Some("p"));
        for odd in
            ["Basic !!", "Basic", "Bearer x", &header("a"), &header(":s"), &header("a:"), &header("a:%00")]
        {
            assert_eq!(Credentials::read(Some(odd), &parameters("")), Credentials::default(), "{odd}");
        }
        assert!(is_basic("basic x") && is_basic("Basic") && !is_basic("Bearer x") && !is_basic(""));
    }
}
