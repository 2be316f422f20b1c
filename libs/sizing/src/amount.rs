//! Numbers as people write them.

const GIBIBYTE: u64 = 1 << 30;

/// A number such as `5000`, `5k`, `10M` or `1.5G`, in thousands.
///
/// # Errors
/// With words for what it should be.
pub fn amount(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no number such as 5000, 5k, 10M or 1.5G");
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'm' | 'M')) => (&text[..at], 1_000_000),
        Some((at, 'g' | 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 9 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let scale = 10_u64.pow(u32::try_from(part.len()).unwrap_or_default());
    let part: u64 = if part.is_empty() { 0 } else { part.parse().map_err(|_| wrong())? };
    let large = whole.checked_mul(factor).and_then(|whole| whole.checked_add(part * factor / scale));
    large.filter(|number| *number <= 1_000_000_000_000_000).ok_or_else(wrong)
}

/// Gibibytes, at least one.
pub fn gibibytes(bytes: u64) -> u64 {
    bytes.div_ceil(GIBIBYTE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_many_ways() {
        for (text, wanted) in [
            ("0", 0),
            ("5000", 5_000),
            ("5k", 5_000),
            ("10M", 10_000_000),
            ("1.5G", 1_500_000_000),
            ("2.25k", 2_250),
        ] {
            assert_eq!(amount(text), Ok(wanted), "{text}");
        }
        for wrong in ["", "k", "-1", "1e6", "ten", "1.2.3", "1 M", "99999999999G", "1.0000000001k", "é"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
        assert_eq!((gibibytes(0), gibibytes(1 << 30), gibibytes((1 << 30) + 1)), (1, 1, 2));
    }
}
