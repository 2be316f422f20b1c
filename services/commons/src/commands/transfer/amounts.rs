//! Numbers of bytes, as people write and read them.

use std::num::NonZeroU64;

/// Reads `1048576`, `500K`, `20M`, `1.5G` or `2T`; the units are powers of 1024 and may end in `B` or `iB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let told = || format!("{text:?} is no number of bytes, such as 500K, 20M or 1.5G");
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
    let (number, shift) = match bare.char_indices().next_back() {
        Some((end, 'K')) => (&bare[..end], 10),
        Some((end, 'M')) => (&bare[..end], 20),
        Some((end, 'G')) => (&bare[..end], 30),
        Some((end, 'T')) => (&bare[..end], 40),
        _ => (bare, 0),
    };
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_plain).ok_or_else(told)?;
    let bytes = number * f64::from(1_u32 << 10).powi(shift / 10);
    // Up to here each whole number is a number of this kind.
    if bytes > 9_007_199_254_740_992.0 { Err(told()) } else { Ok(bytes as u64) }
}

/// Reads a number of bytes a second, which is not 0.
pub(super) fn rate(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(bytes(text)?).ok_or_else(|| "nothing would ever arrive".to_owned())
}

/// `10.0 GiB`.
pub(super) fn shown(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_units() {
        let all = ["0", "1024", "1K", "1kb", "20M", "1.5GiB", "2T"].map(|text| bytes(text).unwrap());
        assert_eq!(all, [0, 1024, 1024, 1024, 20 << 20, 3 << 29, 2 << 40]);
        for bad in ["", "K", "-1", "1e3", "1X", "inf", "NaN", "1..2", "99999999999T"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
        assert!(rate("0").is_err());
    }
}
