//! The sizes of the tables, which are asked for now and then.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::PgPool;

use crate::{graph::Sizes, plan};

/// Sizes are asked for again after this long.
const FRESH: Duration = Duration::from_secs(30);

/// The sizes of the tables as they were a moment ago.
#[derive(Default)]
pub(crate) struct KnownSizes(Mutex<Option<Known>>);

struct Known {
    sizes: Arc<Sizes>,
    asked: Instant,
}

impl KnownSizes {
    /// The sizes. Whoever finds them stale asks the database; meanwhile others use what is known.
    ///
    /// # Errors
    /// When nothing is known yet, and the database does not answer.
    pub(crate) async fn get(&self, pool: &PgPool) -> Result<Arc<Sizes>, sqlx::Error> {
        if let Some(sizes) = self.known() {
            return Ok(sizes);
        }
        let tables: Result<Vec<(String, i64)>, _> = sqlx::query_as(plan::SIZES).fetch_all(pool).await;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (tables, known.as_ref()) {
            (Ok(tables), _) => {
                let rows = tables.into_iter().map(|(name, rows)| (name, u64::try_from(rows).unwrap_or(0)));
                let sizes = Arc::new(rows.collect::<Sizes>());
                *known = Some(Known { sizes: sizes.clone(), asked: Instant::now() });
                Ok(sizes)
            }
            (Err(_), Some(known)) => Ok(known.sizes.clone()),
            (Err(error), None) => Err(error),
        }
    }

    fn known(&self) -> Option<Arc<Sizes>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_mut()?;
        if known.asked.elapsed() > FRESH {
            // The next who asks finds them fresh, and does not ask as well.
            known.asked = Instant::now();
            return None;
        }
        Some(known.sizes.clone())
    }
}
