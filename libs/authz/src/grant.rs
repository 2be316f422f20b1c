//! Permissions as types, and the proof that one was granted.

use std::marker::PhantomData;

use crate::{Authz, AuthzError, Request, Subject};

/// Something that a caller may be permitted to do, as a type.
///
/// ```
/// struct Download;
///
/// impl authz::Permission for Download {
///     const SERVICE: &'static str = "fence";
///     const METHODS: &'static [&'static str] = &["read-storage"];
/// }
/// ```
pub trait Permission {
    /// The service whose methods they are, as policies name it.
    const SERVICE: &'static str;
    /// The methods; all of them are asked for.
    const METHODS: &'static [&'static str];
}

/// Proof that arborist has just permitted `P` on all of [`Grant::resources`].
///
/// Only [`require`](trait.Authz.html#method.require) makes one, so a function that takes a `Grant<P>` cannot
/// be called for somebody who was not asked about:
///
/// ```
/// # struct Download;
/// # impl authz::Permission for Download {
/// #     const SERVICE: &'static str = "fence";
/// #     const METHODS: &'static [&'static str] = &["read-storage"];
/// # }
/// # struct Delete;
/// # impl authz::Permission for Delete {
/// #     const SERVICE: &'static str = "fence";
/// #     const METHODS: &'static [&'static str] = &["delete"];
/// # }
/// fn delete(file: &str, permitted: &authz::Grant<Delete>) {}
///
/// fn after_asking(permitted: authz::Grant<Delete>) {
///     delete("file", &permitted);
/// }
/// ```
///
/// A grant of something else does not compile:
///
/// ```compile_fail,E0308
/// # struct Download;
/// # impl authz::Permission for Download {
/// #     const SERVICE: &'static str = "fence";
/// #     const METHODS: &'static [&'static str] = &["read-storage"];
/// # }
/// # struct Delete;
/// # impl authz::Permission for Delete {
/// #     const SERVICE: &'static str = "fence";
/// #     const METHODS: &'static [&'static str] = &["delete"];
/// # }
/// fn delete(file: &str, permitted: &authz::Grant<Delete>) {}
///
/// fn after_asking(permitted: authz::Grant<Download>) {
///     delete("file", &permitted);
/// }
/// ```
///
/// Nor does one that nobody granted:
///
/// ```compile_fail,E0451
/// # struct Delete;
/// # impl authz::Permission for Delete {
/// #     const SERVICE: &'static str = "fence";
/// #     const METHODS: &'static [&'static str] = &["delete"];
/// # }
/// let forged: authz::Grant<Delete> =
///     authz::Grant { resources: Vec::new(), permission: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Grant<P> {
    resources: Vec<String>,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Grant<P> {
    /// The resources on which `P` was permitted.
    pub fn resources(&self) -> &[String] {
        &self.resources
    }
}

impl dyn Authz {
    /// Asks whether `subject` may do `P` on every one of `resources`.
    ///
    /// # Errors
    /// [`AuthzError::Denied`] for "no", otherwise as [`Authz::decide`].
    pub async fn require<P: Permission>(
        &self,
        subject: &Subject,
        resources: Vec<String>,
    ) -> Result<Grant<P>, AuthzError> {
        let requests: Vec<Request> = resources
            .iter()
            .flat_map(|resource| P::METHODS.iter().map(|method| Request::new(resource, P::SERVICE, method)))
            .collect();
        if self.decide(subject, &requests).await? {
            Ok(Grant { resources, permission: PhantomData })
        } else {
            Err(AuthzError::Denied)
        }
    }
}
