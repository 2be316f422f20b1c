//! How many records and bytes are in which store, for operators.

use sqlx::PgPool;

use crate::{Error, Layout, store::places};

/// Places that nobody asked for, at most.
const MOST_OTHERS: usize = 100;

/// What is in one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Records that have a url there.
    pub records: i64,
    /// Their bytes, as the records say.
    pub bytes: i64,
}

/// Where the bytes of all records are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// What has a url with each of the wanted beginnings, in their order. A url counts for the longest.
    pub wanted: Vec<Held>,
    /// The other places, such as `s3://bucket/`, the largest first; the empty text has what is no url.
    pub others: Vec<(String, Held)>,
    /// Whether there are more of them.
    pub has_more: bool,
    /// The records that have no url.
    pub nowhere: Held,
}

/// Counts records and bytes by the beginnings of urls, such as `s3://bucket/` or `s3://bucket/cold/`, in one
/// statement over all records of the layout that counts (see [`layout`](crate::layout)).
///
/// # Errors
/// When the database fails, or has not counted within two minutes.
pub async fn places(pool: &PgPool, setting: Option<Layout>, wanted: &[String]) -> Result<Places, Error> {
    let mut transaction = pool.begin().await?;
    places::begin_report(&mut transaction).await?;
    let layout = Layout::recognised(&mut transaction, setting).await?;
    let most = wanted.len() + MOST_OTHERS + 2;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = places::counted(&mut transaction, layout, wanted, most).await?;
    transaction.commit().await?;
    Ok(sorted(rows, wanted))
}

fn sorted(rows: Vec<(Option<String>, i64, i64)>, wanted: &[String]) -> Places {
    let mut places = Places { wanted: vec![Held::default(); wanted.len()], ..Places::default() };
    for (place, records, bytes) in rows {
        let held = Held { records, bytes };
        let Some(place) = place else {
            places.nowhere = held;
            continue;
        };
        let asked = wanted.iter().zip(&mut places.wanted).find(|(beginning, _)| **beginning == place);
        match asked {
            Some((_, found)) => *found = held,
            None => places.others.push((place, held)),
        }
    }
    places.has_more = places.others.len() > MOST_OTHERS;
    places.others.truncate(MOST_OTHERS);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_has_its_order_and_the_others_an_end() {
        let row = |place: &str, records| (Some(place.to_owned()), records, records * 10);
        let mut rows = vec![(None, 7, 70), row("s3://b/", 2)];
        rows.extend((0..102).map(|number| row(&format!("s3://other-{number}/"), 1)));
        let places = sorted(rows, &["s3://none/".to_owned(), "s3://b/".to_owned()]);
        assert_eq!(places.wanted, [Held::default(), Held { records: 2, bytes: 20 }]);
        assert_eq!(places.nowhere, Held { records: 7, bytes: 70 });
        assert_eq!((places.others.len(), places.has_more), (100, true));
    }
}
