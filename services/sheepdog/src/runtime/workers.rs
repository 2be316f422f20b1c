//! Threads for large submissions.
//!
//! A web worker is one thread. What a large submission computes between its statements would keep that thread
//! from everybody else whose request it has, for seconds in all.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

/// Threads of one service.
const THREADS: usize = 2;

/// The threads, once they are needed.
#[derive(Default)]
pub(crate) struct Workers(Mutex<Option<Runtime>>);

impl Workers {
    /// The runtime of the threads.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub(crate) fn handle(&self) -> Result<Handle, Error> {
        let mut runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let made = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("submissions")
            .enable_all()
            .build()?;
        Ok(runtime.insert(made).handle().clone())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let runtime = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            // Waiting for it is not allowed where this may be dropped.
            runtime.shutdown_background();
        }
    }
}
