//! Turns at the engine: a caller never has all of them, and downloads do not stand in the way of searches.

use std::time::Duration;

use fairness::{Lane, Limits};

/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// Downloads wait for their clients most of the time.
const DOWNLOADS_A_PLACE: usize = 4;

/// The lanes of the service.
pub(crate) struct Turns {
    pub(crate) searches: Lane,
    pub(crate) downloads: Lane,
}

impl Turns {
    /// At an engine that answers so many callers well at the same time.
    pub(crate) fn new(places: usize) -> Self {
        let downloads = Limits {
            places: places.saturating_mul(DOWNLOADS_A_PLACE),
            places_of_caller: DOWNLOADS_A_PLACE,
            waiting_of_caller: 20,
            waiting: 200,
            patience: PATIENCE,
        };
        Self { searches: Lane::new(searches(places)), downloads: Lane::new(downloads) }
    }
}

/// A caller has half of the places, so that there is always room for another one.
fn searches(places: usize) -> Limits {
    Limits {
        places,
        places_of_caller: (places / 2).max(1),
        waiting_of_caller: 200,
        waiting: 2_000,
        patience: PATIENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_for_much_leaves_room_for_others() {
        let patience = Duration::from_millis(10);
        for places in [1, 2, 4, 32] {
            let lane = Lane::new(Limits { patience, ..searches(places) });
            let mut taken = Vec::new();
            while let Ok(place) = lane.enter("a").await {
                taken.push(place);
            }
            // One place cannot be shared.
            assert_eq!(lane.enter("b").await.is_ok(), places > 1, "{places}");
        }
    }
}
