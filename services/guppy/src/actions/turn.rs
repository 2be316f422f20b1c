//! Whose turn it is.

use actix_web::HttpRequest;
use authz::Subject;
use fairness::{Place, Refused};

use crate::service::Guppy;

impl Guppy {
    /// Waits for the caller's turn to search.
    ///
    /// # Errors
    /// When too many wait already, or none came in time.
    pub(crate) async fn turn(&self, request: &HttpRequest, subject: &Subject) -> Result<Place, Refused> {
        self.turns.searches.enter(&self.name_of(request, subject).await).await
    }

    /// Waits for the caller's turn to download, which lasts as long as the download.
    ///
    /// # Errors
    /// As [`Guppy::turn`].
    pub(crate) async fn download_turn(
        &self,
        request: &HttpRequest,
        subject: &Subject,
    ) -> Result<Place, Refused> {
        self.turns.downloads.enter(&self.name_of(request, subject).await).await
    }

    /// The name under which the work of a caller is counted: the user's, or the address of who has none.
    async fn name_of(&self, request: &HttpRequest, subject: &Subject) -> String {
        match self.known.name_of(&*self.authz, subject).await.as_ref() {
            Some(name) => format!("user {name}"),
            None => web::client_address(request).map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}
