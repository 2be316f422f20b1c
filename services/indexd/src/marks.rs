//! Where pages of lists end, so that the page behind one needs no counting through all before it.
//!
//! Clients ask for pages by their number, one after the other or some at a time, and the database could only
//! count: the thousandth page cost a thousand times the first. A page that was given leaves a mark at its
//! end. The next one begins behind the nearest mark. While nothing changes, that is the same page; when a
//! record before it changes and so moves to the end of the list, counting would skip another one, and this
//! does not.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{dates::Timestamp, guid::Guid, query::Filter};

/// A mark is of use for this long: whoever reads page by page needs it again within seconds.
const LIFE: Duration = Duration::from_secs(300);
/// So many marks are kept. When there are more, all are forgotten.
const MOST: usize = 10_000;

/// The last record of a page, by the order of pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) updated: Timestamp,
    pub(crate) did: Guid,
}

/// A list, by two digests of what it asks for: that can be long, and nobody can choose two of one digest who
/// does not know the seeds.
type List = (u64, u64);

/// The marks of all lists that are read, by the list and the page that begins behind each.
#[derive(Default)]
pub(crate) struct PageMarks {
    seeds: [RandomState; 2],
    marks: Mutex<BTreeMap<(List, i64), (Mark, Instant)>>,
}

impl PageMarks {
    fn marks(&self) -> MutexGuard<'_, BTreeMap<(List, i64), (Mark, Instant)>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a list asks for, apart from the page.
    fn list(&self, filter: &Filter, limit: i64) -> List {
        let asked = format!("{limit} {filter:?}");
        let [first, second] = self.seeds.each_ref().map(|seed| seed.hash_one(&asked));
        (first, second)
    }

    /// The nearest mark at or before the beginning of a page, with the page that begins behind it.
    pub(crate) fn before(&self, filter: &Filter, limit: i64, page: i64) -> Option<(i64, Mark)> {
        let list = self.list(filter, limit);
        let marks = self.marks();
        let of_list = marks.range((list, i64::MIN)..=(list, page));
        let mut nearest = of_list.rev().take_while(|(_, (_, made))| made.elapsed() < LIFE);
        nearest.next().map(|((_, page), (mark, _))| (*page, mark.clone()))
    }

    /// Notes where a page begins.
    pub(crate) fn note(&self, filter: &Filter, limit: i64, page: i64, mark: Mark) {
        let list = self.list(filter, limit);
        let mut marks = self.marks();
        if marks.len() >= MOST {
            marks.clear();
        }
        marks.insert((list, page), (mark, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(n: usize) -> Mark {
        let updated = Timestamp::parse("2024-01-01").expect("a date");
        Mark { updated, did: Guid::from(format!("{n}")) }
    }

    #[test]
    fn the_nearest_mark_before_a_page_is_found_of_the_same_list_only() {
        let (marks, filter) = (PageMarks::default(), Filter::default());
        for page in [1, 5] {
            marks.note(&filter, 100, page, mark(1));
        }
        let page = |filter: &Filter, limit, page| marks.before(filter, limit, page).map(|(page, _)| page);
        let found = [0, 1, 4, 5, 9].map(|asked| page(&filter, 100, asked));
        assert_eq!(found, [None, Some(1), Some(1), Some(5), Some(5)]);
        assert_eq!(page(&filter, 50, 5), None);
        assert_eq!(page(&Filter { size: Some(1), ..Filter::default() }, 100, 5), None);
    }

    #[test]
    fn there_are_never_too_many_marks_and_none_is_large_for_what_its_list_asks() {
        let marks = PageMarks::default();
        let filter = Filter { file_name: Some("x".repeat(100_000)), ..Filter::default() };
        for page in 0..100 {
            marks.note(&filter, 1, page, mark(1));
        }
        for page in 0..i64::try_from(MOST).expect("small") {
            marks.note(&Filter::default(), 1, page, mark(1));
        }
        assert!(marks.marks().len() <= MOST);
        assert!(std::mem::size_of::<(List, i64)>() <= 24, "no text of the client is kept");
        assert!(marks.before(&Filter::default(), 1, i64::MAX).is_some());
    }
}
