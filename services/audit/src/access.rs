//! Who may read.

use auditlog::Category;
use authz::{Grant, Permission, Subject};

use crate::{error::Error, service::Audit};

/// Reading records of the categories that are the resources of the grant.
#[derive(Debug)]
struct Read;

impl Permission for Read {
    const SERVICE: &'static str = "audit";
    const METHODS: &'static [&'static str] = &["read"];
}

/// The proof that somebody may read the records of a category. Without it no record is read:
///
/// ```no_run
/// async fn example(connection: &mut sqlx::PgConnection, permit: &audit::MayRead, query: &audit::Query) {
///     let _ = audit::page(connection, permit, query, 10, 100).await;
/// }
/// ```
///
/// ```compile_fail,E0308
/// async fn example(connection: &mut sqlx::PgConnection, query: &audit::Query) {
///     let _ = audit::page(connection, &auditlog::Category::Login, query, 10, 100).await;
/// }
/// ```
#[derive(Debug)]
pub struct MayRead {
    category: Category,
    _grant: Grant<Read>,
}

impl MayRead {
    /// The category that may be read.
    pub(crate) fn category(&self) -> Category {
        self.category
    }
}

impl Audit {
    /// Asks whether `subject` may read the records of `category`.
    ///
    /// # Errors
    /// [`Error::Denied`], also for a token that arborist refuses.
    pub(crate) async fn may_read(&self, subject: &Subject, category: Category) -> Result<MayRead, Error> {
        let resource = format!("/services/audit/{}", category.name());
        let grant = self.authz.require::<Read>(subject, vec![resource]).await?;
        Ok(MayRead { category, _grant: grant })
    }
}
