//! Sets of documents of one segment.

/// Which documents of a segment, one bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: u32,
}

impl Bits {
    /// None of `len` documents.
    pub(crate) fn none(len: u32) -> Self {
        Self { words: vec![0; len.div_ceil(64) as usize], len }
    }

    /// All of `len` documents.
    pub(crate) fn all(len: u32) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64) as usize];
        if let (Some(last), true) = (words.last_mut(), !len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    pub(crate) fn add(&mut self, doc: u32) {
        self.words[(doc / 64) as usize] |= 1 << (doc % 64);
    }

    pub(crate) fn take(&mut self, doc: u32) {
        self.words[(doc / 64) as usize] &= !(1 << (doc % 64));
    }

    pub(crate) fn has(&self, doc: u32) -> bool {
        self.words[(doc / 64) as usize] >> (doc % 64) & 1 == 1
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Keeps what is in both.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= theirs;
        }
    }

    /// Takes in what is in the other.
    pub(crate) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine |= theirs;
        }
    }

    /// Leaves out what is in the other.
    pub(crate) fn remove(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= !theirs;
        }
    }

    /// The documents, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().zip(0u32..).flat_map(|(word, at)| Ones { word: *word, base: at * 64 })
    }

    /// The first document at or after one.
    pub(crate) fn next(&self, from: u32) -> Option<u32> {
        if from >= self.len {
            return None;
        }
        let mut at = (from / 64) as usize;
        let mut word = self.words[at] & (u64::MAX << (from % 64));
        loop {
            if word != 0 {
                return Some(at as u32 * 64 + word.trailing_zeros());
            }
            at += 1;
            word = *self.words.get(at)?;
        }
    }
}

struct Ones {
    word: u64,
    base: u32,
}

impl Iterator for Ones {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.word == 0 {
            return None;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(self.base + bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_at_the_edges_of_words() {
        for len in [0, 1, 63, 64, 65, 128, 200] {
            let all = Bits::all(len);
            assert_eq!(all.count(), u64::from(len));
            assert_eq!(all.iter().collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
            let mut odd = Bits::none(len);
            (0..len).filter(|doc| doc % 2 == 1).for_each(|doc| odd.add(doc));
            assert_eq!(odd.next(0), (len > 1).then_some(1));
            assert_eq!(odd.next(len), None);
            let mut even = all.clone();
            even.remove(&odd);
            assert!((0..len).all(|doc| even.has(doc) == (doc % 2 == 0)));
            even.join(&odd);
            assert_eq!(even, all);
            even.keep(&Bits::none(len));
            assert_eq!(even.count(), 0);
        }
    }
}
