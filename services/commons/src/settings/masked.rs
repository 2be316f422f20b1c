//! Values without what is secret of them. Pure.

/// In the place of a secret.
const MASK: &str = "***";
/// What the names of secret parameters have in them.
const SECRET_WORDS: [&str; 6] = ["password", "passphrase", "secret", "token", "credential", "signature"];

/// A secret without what is secret of it: of addresses all but their passwords is shown, of anything else
/// nothing.
pub(super) fn masked(value: &str) -> String {
    let is_address = |text: &str| url::Url::parse(text).is_ok_and(|url| url.has_host());
    let addresses = value.matches("://").count();
    let several = addresses > 1 && value.split(',').all(is_address);
    if several || (addresses == 1 && is_address(value)) { without_passwords(value) } else { MASK.to_owned() }
}

/// `text` without the passwords of the addresses in it, and without what such parameters of theirs have.
pub(crate) fn without_passwords(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(place) = rest.find("://") {
        let (before, after) = rest.split_at(place + "://".len());
        shown.push_str(before);
        let authority = after.split(|sign: char| matches!(sign, '/' | '?' | '#') || sign.is_whitespace());
        let authority = authority.into_iter().next().unwrap_or_default();
        rest = match authority.rsplit_once('@') {
            Some((login, _)) => {
                shown.push_str(&match login.split_once(':') {
                    Some((user, _)) => format!("{user}:{MASK}"),
                    // A name alone may be a token, but for databases, where it is a user.
                    None if before.ends_with("http://") || before.ends_with("https://") => MASK.to_owned(),
                    None => login.to_owned(),
                });
                after.split_at(login.len()).1
            }
            None => after,
        };
    }
    shown.push_str(rest);
    without_parameters(&shown)
}

/// `?password=…` and `&token=…` without their values.
fn without_parameters(text: &str) -> String {
    let mut shown = String::new();
    for (place, part) in text.split_inclusive(['?', '&']).enumerate() {
        let secret = part.split_once('=').filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            place > 0 && SECRET_WORDS.iter().any(|word| name.contains(word))
        });
        match secret {
            Some((name, value)) => {
                let end = value.find(|sign: char| matches!(sign, '&' | ',' | '#') || sign.is_whitespace());
                let end = end.map_or("", |end| value.split_at(end).1);
                shown.push_str(&[name, "=", MASK, end].concat());
            }
            None => shown.push_str(part),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_from_view() {
        for (value, shown) in [
            ("postgres://ada:secret@db:5432/x", "postgres://ada:***@db:5432/x"),
            ("postgres://db/x", "postgres://db/x"),
            ("postgres://ada@db/x?password=a&sslmode=b", "postgres://ada@db/x?password=***&sslmode=b"),
            ("https://a:p@x:9200,https://a:p@y", "https://a:***@x:9200,https://a:***@y"),
            ("https://x,a:p@y", "https://x,a:***@y"),
            ("ada:secret", "***"),
            ("two words", "***"),
            ("", "***"),
        ] {
            assert_eq!(masked(value), shown, "{value}");
        }
    }

    #[test]
    fn addresses_lose_their_passwords_wherever_they_stand() {
        for (value, shown) in [
            ("fence=http://a:p@f/_status", "fence=http://a:***@f/_status"),
            ("see http://a:p@q@f and http://b:r@g", "see http://a:***@f and http://b:***@g"),
            ("https://token@host/x?X-Amz-Signature=ab#c", "https://***@host/x?X-Amz-Signature=***#c"),
            ("postgres://ada@db/x", "postgres://ada@db/x"),
            ("s3://bucket/a@b:c", "s3://bucket/a@b:c"),
            ("0 3 * * 0", "0 3 * * 0"),
        ] {
            assert_eq!(without_passwords(value), shown, "{value}");
        }
    }
}
