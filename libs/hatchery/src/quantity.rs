//! Amounts as Kubernetes writes them.

/// An amount of processors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// As it was written.
    pub text: String,
    /// Thousandths of a core.
    pub millis: u64,
}

/// An amount of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// As it was written.
    pub text: String,
    /// Bytes.
    pub bytes: u64,
}

impl Cpu {
    /// Reads `1.5`, `500m` and the like; more than nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, factor) = match text.strip_suffix('m') {
            Some(digits) => (digits, 1),
            None => (text, 1_000),
        };
        let millis = scaled(digits, factor)?;
        Some(Self { text: text.to_owned(), millis }).filter(|cpu| cpu.millis > 0)
    }
}

/// The suffixes of bytes, the longer ones first.
const UNITS: [(&str, u64); 12] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

impl Memory {
    /// Reads `512Mi`, `2G`, `1048576` and the like; more than nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
        let (digits, factor) = unit.unwrap_or((text, 1));
        let bytes = scaled(digits, factor)?;
        Some(Self { text: text.to_owned(), bytes }).filter(|memory| memory.bytes > 0)
    }
}

/// A decimal number times `factor`, rounded up.
fn scaled(digits: &str, factor: u64) -> Option<u64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 18;
    if !plain(whole) || !plain(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part: u128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let fraction = u64::try_from((part * u128::from(factor)).div_ceil(scale)).ok()?;
    whole.checked_mul(factor)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_does() {
        let cpu = |text| Cpu::parse(text).map(|cpu| cpu.millis);
        for (text, millis) in [("1.0", 1_000), ("2", 2_000), ("500m", 500), ("0.25", 250), (".5", 500)] {
            assert_eq!(cpu(text), Some(millis), "{text}");
        }
        let memory = |text| Memory::parse(text).map(|memory| memory.bytes);
        let known = [("512Mi", 512 << 20), ("1.5Gi", 3 << 29), ("2G", 2_000_000_000), ("128k", 128_000)];
        for (text, bytes) in known {
            assert_eq!(memory(text), Some(bytes), "{text}");
        }
        for text in ["", "0", "-1", "1 Gi", "Gi", "1e3", "1.2.3", "99999999999999999Ei"] {
            assert_eq!((cpu(text), memory(text)), (None, None), "{text}");
        }
    }
}
