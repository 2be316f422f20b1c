//! The services that are rebuilt for another dictionary.

use std::sync::Arc;

use dictionary::{Dictionary, LoadError};
use peregrine::Peregrine;
use sheepdog::Sheepdog;
use web::Current;

/// A service that serves from a dictionary.
pub(crate) trait Served: Send + Sync {
    /// Builds the service for `dictionary` and returns the step that replaces the old one, which cannot fail.
    ///
    /// # Errors
    /// When it cannot serve from that dictionary.
    fn prepare(&self, dictionary: &Arc<Dictionary>) -> Result<Box<dyn FnOnce() + Send>, LoadError>;
}

impl Served for Arc<Current<Sheepdog>> {
    fn prepare(&self, dictionary: &Arc<Dictionary>) -> Result<Box<dyn FnOnce() + Send>, LoadError> {
        let (current, next) = (self.clone(), self.get().with_dictionary(dictionary.clone())?);
        Ok(Box::new(move || current.replace(next)))
    }
}

impl Served for Arc<Current<Peregrine>> {
    fn prepare(&self, dictionary: &Arc<Dictionary>) -> Result<Box<dyn FnOnce() + Send>, LoadError> {
        let (current, next) = (self.clone(), self.get().with_dictionary(dictionary.clone()));
        Ok(Box::new(move || current.replace(next)))
    }
}
