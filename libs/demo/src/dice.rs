//! Reproducible randomness.

use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

/// Each thing that is made has its own dice, so that a change in one does not affect the others. The
/// generator is named by its algorithm, so its values stay the same from one version of the crate to the
/// next.
pub(crate) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The dice of the thing called `name`.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        // FNV-1a
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(Xoshiro256PlusPlus::seed_from_u64(seed ^ hash))
    }

    /// True with the probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// A whole number from `low` to `high`, both included. An empty range gives `low`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { self.0.random_range(low..=high) }
    }

    /// A position in a list of `len` things; 0 for an empty one.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        if len < 2 { 0 } else { self.0.random_range(0..len) }
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// A position in `weights`, with a probability proportional to its weight.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (position, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return position;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// One of these words, with a probability proportional to its weight.
    pub(crate) fn word(&mut self, words: &[(&'static str, f64)]) -> &'static str {
        let weights: Vec<f64> = words.iter().map(|(_, weight)| *weight).collect();
        words.get(self.weighted(&weights)).map_or("", |(word, _)| word)
    }

    /// A normally distributed number, cut off at `low` and `high`.
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64, low: f64, high: f64) -> f64 {
        // Box-Muller; 1 - unit() is never 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let value = mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos();
        value.clamp(low, high)
    }

    /// `len` hexadecimal digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b"0123456789abcdef"[self.index(16)])).collect()
    }

    /// Random bits, for callers that draw many times.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_values() {
        let values = |name| {
            let mut dice = Dice::of(7, name);
            (dice.hex(8), dice.between(-5, 5), dice.normal(10.0, 2.0, 0.0, 20.0))
        };
        assert_eq!(values("subject-0001"), values("subject-0001"));
        assert_ne!(values("subject-0001"), values("subject-0002"));
    }

    #[test]
    fn words_come_as_often_as_their_weights_say() {
        let mut dice = Dice::of(1, "weights");
        let rare = (0..10_000).filter(|_| dice.word(&[("often", 90.0), ("rare", 10.0)]) == "rare").count();
        assert!((900..1100).contains(&rare), "{rare}");
    }
}
