//! Bins of numbers. Pure.

use search::Bin;

/// Most bins of a field.
pub(super) const MOST: u32 = 1_000;

/// How a number is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Division {
    /// Into so many bins of equal width.
    Bins(u32),
    /// Into bins of this width, which begin at its multiples.
    Step(f64),
}

/// Where bins are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bins {
    pub(super) begin: f64,
    pub(super) width: f64,
    count: u32,
}

impl Bins {
    /// The bins for numbers from `min` to `max`.
    ///
    /// # Errors
    /// When there would be too many.
    pub(super) fn of(division: Division, min: f64, max: f64) -> Result<Self, String> {
        let (begin, width) = match division {
            Division::Bins(count) => {
                let width = (max - min) / f64::from(count);
                // Of one number, or of numbers so near that none is between.
                if min + width > min && width.is_finite() {
                    return Ok(Self { begin: min, width, count });
                }
                return Ok(Self { begin: min, width: 1.0, count: 1 });
            }
            Division::Step(step) => ((min / step).floor() * step, step),
        };
        let count = ((max - begin) / width).floor() + 1.0;
        if !count.is_finite() || count > f64::from(MOST) || begin + width <= begin {
            return Err(format!("a step of {width} makes more than {MOST} bins from {min} to {max}"));
        }
        Ok(Self { begin, width, count: count as u32 })
    }

    /// How many numbers are in each bin.
    pub(super) fn counts(&self, found: &[Bin]) -> Vec<u64> {
        let mut counts = vec![0; self.count as usize];
        let last = counts.len().saturating_sub(1);
        for bin in found {
            // Keys may differ in the last digit; the greatest number is in the last bin.
            let place = ((bin.key - self.begin) / self.width).round().max(0.0) as usize;
            if let Some(count) = counts.get_mut(place.min(last)) {
                *count += bin.count;
            }
        }
        counts
    }

    /// The limits of a bin.
    pub(super) fn limits(&self, place: usize) -> (f64, f64) {
        let place = place as f64;
        (self.begin + place * self.width, self.begin + (place + 1.0) * self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(key: f64, count: u64) -> Bin {
        Bin { key, count, then: Default::default() }
    }

    #[test]
    fn the_greatest_number_is_in_the_last_bin() {
        let bins = Bins::of(Division::Bins(4), 0.0, 8.0).unwrap();
        assert_eq!(bins.counts(&[bin(0.0, 1), bin(2.0, 2), bin(6.0, 3), bin(8.0, 4)]), [1, 2, 0, 7]);
        assert_eq!(bins.limits(3), (6.0, 8.0));
    }

    #[test]
    fn one_number_has_one_bin() {
        assert_eq!(Bins::of(Division::Bins(10), 5.0, 5.0).unwrap().counts(&[bin(5.0, 3)]), [3]);
    }

    #[test]
    fn steps_begin_at_multiples_and_are_not_too_many() {
        let bins = Bins::of(Division::Step(10.0), 13.0, 31.0).unwrap();
        assert_eq!((bins.limits(0), bins.counts(&[bin(30.0, 1)])), ((10.0, 20.0), vec![0, 0, 1]));
        assert!(Bins::of(Division::Step(1e-9), 0.0, 1.0).is_err());
        assert!(Bins::of(Division::Step(1.0), 0.0, 1e300).is_err());
        assert!(Bins::of(Division::Step(1.0), 1e300, 1e300).is_err(), "the step is lost in the number");
    }
}
