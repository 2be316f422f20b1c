//! Values of enumerations as symbols of Avro, which have letters, digits and underscores only.

/// The symbol of a value: every other character, an underscore, and a digit at the beginning becomes its
/// number in hexadecimal between underscores (`not reported` is `not_20_reported`).
#[must_use]
pub fn encode(value: &str) -> String {
    let mut symbol = String::with_capacity(value.len());
    for (position, character) in value.chars().enumerate() {
        let is_plain = character.is_ascii_alphabetic() || (character.is_ascii_digit() && position > 0);
        if is_plain {
            symbol.push(character);
        } else {
            symbol.push_str(&format!("_{:x}_", u32::from(character)));
        }
    }
    symbol
}

/// The value of a symbol; what is no number of a character stays as it is.
#[must_use]
pub fn decode(symbol: &str) -> String {
    let mut value = String::with_capacity(symbol.len());
    let mut rest = symbol;
    while let Some(start) = rest.find('_') {
        value.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let character = after.find('_').filter(|end| *end >= 2).and_then(|end| {
            let hex = &after[..end];
            let is_hex = hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            let number = u32::from_str_radix(hex, 16).ok().filter(|_| is_hex)?;
            Some((char::from_u32(number)?, end))
        });
        match character {
            Some((character, end)) => {
                value.push(character);
                rest = &after[end + 1..];
            }
            None => {
                value.push('_');
                rest = after;
            }
        }
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn symbols_are_those_of_pypfb() {
        for (value, symbol) in [
            ("not reported", "not_20_reported"),
            ("1st", "_31_st"),
            ("a1", "a1"),
            ("x_y", "x_5f_y"),
            ("1-2", "_31__2d_2"),
            ("Gürtel", "G_fc_rtel"),
            ("≥ 18", "_2265__20_18"),
            ("", ""),
        ] {
            assert_eq!(encode(value), symbol);
            assert_eq!(decode(symbol), value);
        }
        assert_eq!(decode("a_zz_b__"), "a_zz_b__", "no character");
        assert_eq!(decode("_ffffffff_"), "_ffffffff_", "no character");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_a_name_and_comes_back(value in "\\PC{0,20}") {
            let symbol = encode(&value);
            prop_assert!(symbol.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
            prop_assert!(!symbol.starts_with(|first: char| first.is_ascii_digit()));
            prop_assert_eq!(decode(&symbol), value);
        }

        #[test]
        fn any_symbol_can_be_decoded(symbol in "\\PC{0,20}") {
            prop_assert!(decode(&symbol).chars().count() <= symbol.chars().count());
        }
    }
}
