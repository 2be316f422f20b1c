//! Who may do what with metadata.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::{Permission, Subject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokens::Expect;

use crate::{config::Reading, error::Error, service::Metadata};

/// Who has `access` here administers metadata.
const ADMINISTRATION: &str = "/mds_gateway";
/// Who has `access` here may read, where reading needs a right.
const QUERIES: &str = "/mds_metadata_queries";

struct Access;

impl Permission for Access {
    const SERVICE: &'static str = "mds_gateway";
    const METHODS: &'static [&'static str] = &["access"];
}

/// The proof that somebody may change metadata. Without it none is changed:
///
/// ```no_run
/// use metadata::permits::{MayAdminister, delete};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &MayAdminister) {
///     let _ = delete(connection, permit, "guid").await;
/// }
/// ```
///
/// ```compile_fail,E0308
/// use metadata::permits::{MayRead, delete};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &MayRead) {
///     let _ = delete(connection, permit, "guid").await;
/// }
/// ```
#[derive(Debug)]
pub struct MayAdminister(());

/// The proof that somebody may read metadata. Without it none is read:
///
/// ```no_run
/// use metadata::permits::{MayRead, find};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &MayRead) {
///     let _ = find(connection, permit, "guid").await;
/// }
/// ```
///
/// ```compile_fail,E0308
/// use metadata::permits::{MayAdminister, find};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &MayAdminister) {
///     let _ = find(connection, permit, "guid").await;
/// }
/// ```
#[derive(Debug)]
pub struct MayRead(());

/// The proof that a request has the access token of a user, who may ask fence and indexd for an upload.
#[derive(Debug)]
pub(crate) struct Uploader(());

/// Who asks, as far as the `Authorization` header says.
#[derive(PartialEq, Eq)]
enum Claimant<'h> {
    /// `USER:PASSWORD`.
    Login(String),
    BrokenLogin,
    Token(&'h str),
    /// No header, or one of another kind.
    Nobody,
}

impl<'h> Claimant<'h> {
    fn of(header: Option<&'h str>) -> Self {
        let Some(header) = header else { return Self::Nobody };
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            let login = STANDARD.decode(rest.trim()).ok().and_then(|text| String::from_utf8(text).ok());
            return match login.filter(|login| login.contains(':')) {
                Some(login) => Self::Login(login),
                None => Self::BrokenLogin,
            };
        }
        tokens::bearer(header).map_or(Self::Nobody, Self::Token)
    }
}

/// The `Authorization` header, which neighbours are asked with.
pub(crate) fn header(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}

fn forbidden() -> Error {
    Error::Forbidden("Forbidden".into())
}

impl Metadata {
    /// Whether the sender of a request with this header administers metadata.
    ///
    /// # Errors
    /// 403; 401 for a login that cannot be read and for a token that arborist does not accept.
    pub(crate) async fn administers(&self, header: Option<&str>) -> Result<MayAdminister, Error> {
        match Claimant::of(header) {
            Claimant::Login(login) if self.config.logins.have(&login) => Ok(MayAdminister(())),
            Claimant::BrokenLogin => Err(Error::Unauthenticated("Not authenticated")),
            Claimant::Token(token) => {
                self.may_access(token, ADMINISTRATION).await?;
                Ok(MayAdminister(()))
            }
            Claimant::Login(_) | Claimant::Nobody => Err(forbidden()),
        }
    }

    /// Whether the sender of a request with this header may read.
    ///
    /// # Errors
    /// As [`Metadata::administers`], where reading needs a right.
    pub(crate) async fn reads(&self, header: Option<&str>) -> Result<MayRead, Error> {
        if self.config.reading == Reading::Permitted {
            let Claimant::Token(token) = Claimant::of(header) else { return Err(forbidden()) };
            self.may_access(token, QUERIES).await?;
        }
        Ok(MayRead(()))
    }

    async fn may_access(&self, token: &str, resource: &str) -> Result<(), Error> {
        let subject = Subject::Token(token.to_owned());
        self.authz.require::<Access>(&subject, vec![resource.to_owned()]).await?;
        Ok(())
    }

    /// Whether the sender of a request with this header is a user with a valid access token.
    ///
    /// # Errors
    /// 401.
    pub(crate) async fn uploader(&self, header: Option<&str>) -> Result<Uploader, Error> {
        let refusal = "Could not verify, parse, and/or validate scope from provided access token.";
        let token = header.and_then(tokens::bearer).ok_or(Error::Unauthenticated(refusal))?;
        self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await?;
        Ok(Uploader(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_who_asks() {
        for (header, expected) in [
            ("Basic b2JqOnNlY3JldA==", Claimant::Login("obj:secret".into())),
            ("basic b2JqOg==", Claimant::Login("obj:".into())),
            ("Basic b2Jq", Claimant::BrokenLogin),
            ("Basic", Claimant::BrokenLogin),
            ("Basic !!", Claimant::BrokenLogin),
            ("bearer x.y.z", Claimant::Token("x.y.z")),
            ("x.y.z", Claimant::Nobody),
            ("Token x", Claimant::Nobody),
            ("", Claimant::Nobody),
        ] {
            assert!(Claimant::of(Some(header)) == expected, "{header}");
        }
        assert!(Claimant::of(None) == Claimant::Nobody);
    }
}
