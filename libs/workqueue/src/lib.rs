//! Long and recurring work of a commons, with a history: a queue in PostgreSQL and the workers that empty it.
//!
//! What can be done are [`Kind`]s; somebody, or a [`Schedule`], asks for a [`Run`] of one. A [`Worker`] takes
//! the oldest run that is due and within all limits, holds it by a lease that it renews, and writes down
//! progress, log lines and the end. A run whose worker was killed is taken up by another one when the lease
//! is over. Whatever a worker writes names its claim, so that a run ends once, however many believe to have
//! it.
//!
//! Pure: `rules` (what follows on a failure), `schedule` (when something is due), `text` (bounded texts).
//! `docs/decisions/operations.md` says why this is no library of others.

mod claimed;
mod figures;
mod kind;
mod model;
mod queue;
mod rules;
mod schedule;
mod store;
mod text;
mod work;
mod worker;

pub use kind::{Failed, Form, Kind, Kinds, Parameter, Policy, Readers};
pub use model::{Filter, Line, Place, Planned, Run, State};
pub use queue::{CancelError, Queue, RetryError, SubmitError};
pub use schedule::{Schedule, ScheduleError};
pub use store::migrate::migrate;
pub use work::Work;
pub use worker::{Settings, Worker};
