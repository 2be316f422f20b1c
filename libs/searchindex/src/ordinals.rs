//! The terms of a keyword over several segments, each with one number.

use std::{cmp::Reverse, collections::BinaryHeap};

use search::SearchError;
use tantivy::columnar::BytesColumn;

use crate::column::{Values, broken};

/// The terms of a keyword, ascending, with one number each.
#[derive(Debug)]
pub(crate) struct Ordinals {
    /// For each segment the numbers of its terms; `None` where they are those of the segment.
    maps: Vec<Option<Vec<u32>>>,
    /// For each term a segment that has it, and its number there; empty if there is one segment only.
    places: Vec<(u32, u32)>,
    /// The segment that has all terms, if there is one only.
    alone: usize,
    len: usize,
}

impl Ordinals {
    /// Merges the terms of segments.
    pub(crate) fn new(columns: &[Option<&Values>]) -> Result<Self, SearchError> {
        let dictionaries: Vec<_> =
            columns.iter().map(|values| values.and_then(|values| values.terms.as_ref())).collect();
        let mut having =
            dictionaries.iter().enumerate().filter_map(|(at, terms)| terms.map(|terms| (at, terms)));
        let first = having.next();
        let mut merged = Self { maps: vec![None; columns.len()], places: Vec::new(), alone: 0, len: 0 };
        match (first, having.next()) {
            (None, _) => {}
            (Some((at, terms)), None) => {
                merged.alone = at;
                merged.len = terms.num_terms();
            }
            _ => merged.merge(&dictionaries)?,
        }
        Ok(merged)
    }

    fn merge(&mut self, dictionaries: &[Option<&BytesColumn>]) -> Result<(), SearchError> {
        let mut streams = Vec::new();
        let mut heap = BinaryHeap::new();
        for (at, terms) in dictionaries.iter().enumerate() {
            let Some(terms) = terms else { continue };
            let mut stream = terms.dictionary().stream().map_err(broken)?;
            if stream.advance() {
                heap.push(Reverse((stream.key().to_vec(), streams.len())));
            }
            self.maps[at] = Some(Vec::with_capacity(terms.num_terms()));
            streams.push((at, stream));
        }
        let mut last: Option<Vec<u8>> = None;
        while let Some(Reverse((key, which))) = heap.pop() {
            let (segment, stream) = &mut streams[which];
            let Some(map) = &mut self.maps[*segment] else { continue };
            if last.as_ref() != Some(&key) {
                self.places.push((*segment as u32, map.len() as u32));
            }
            map.push(self.places.len() as u32 - 1);
            // The buffer of the term before serves for the next one.
            let mut buffer = last.replace(key).unwrap_or_default();
            if stream.advance() {
                buffer.clear();
                buffer.extend_from_slice(stream.key());
                heap.push(Reverse((buffer, which)));
            }
        }
        self.len = self.places.len();
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of a segment's term.
    pub(crate) fn of(&self, segment: usize, term: u64) -> usize {
        match &self.maps[segment] {
            Some(map) => map[term as usize] as usize,
            None => term as usize,
        }
    }

    /// The numbers of a segment's terms, if they are not those of the segment.
    pub(crate) fn map(&self, segment: usize) -> Option<&[u32]> {
        self.maps[segment].as_deref()
    }

    /// The texts of terms, which are given in ascending order.
    pub(crate) fn texts(
        &self,
        columns: &[Option<&Values>],
        wanted: &[usize],
    ) -> Result<Vec<String>, SearchError> {
        let mut by_segment: Vec<Vec<(u64, usize)>> = vec![Vec::new(); columns.len()];
        for (at, ordinal) in wanted.iter().enumerate() {
            let (segment, term) = match self.places.get(*ordinal) {
                Some((segment, term)) => (*segment as usize, u64::from(*term)),
                None => (self.alone, *ordinal as u64),
            };
            by_segment[segment].push((term, at));
        }
        let mut texts = vec![String::new(); wanted.len()];
        for (wanted, values) in by_segment.iter().zip(columns) {
            let Some(terms) = values.and_then(|values| values.terms.as_ref()) else { continue };
            let numbers: Vec<_> = wanted.iter().map(|(term, _)| *term).collect();
            let mut places = wanted.iter();
            terms
                .dictionary()
                .sorted_ords_to_term_cb(&numbers, |bytes| {
                    if let Some((_, at)) = places.next() {
                        texts[*at] = String::from_utf8_lossy(bytes).into_owned();
                    }
                })
                .map_err(broken)?;
        }
        Ok(texts)
    }

    /// Where a text stands among the terms: `Ok` of its number, or `Err` of that of the next greater one.
    pub(crate) fn find(
        &self,
        columns: &[Option<&Values>],
        text: &str,
    ) -> Result<Result<usize, usize>, SearchError> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.texts(columns, &[middle])?;
            match found[0].as_str().cmp(text) {
                std::cmp::Ordering::Equal => return Ok(Ok(middle)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(Err(low))
    }
}
