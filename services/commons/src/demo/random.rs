//! Numbers that are the same on each run.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere, which a library's generator need not be.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..limit`; `limit` is small against 2^64, so the bias is nothing.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    /// A whole number of `from..=to`.
    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// A number with one decimal, of `from..=to`.
    pub(crate) fn decimal(&mut self, from: usize, to: usize) -> f64 {
        f64::from(u32::try_from(self.between(from * 10, to * 10)).unwrap_or(0)) / 10.0
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices.get(self.below(choices.len())).copied().unwrap_or_default()
    }

    /// Sixteen bytes in hex, as an MD5 is written.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }
}
