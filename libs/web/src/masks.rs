//! What must not be in a log is taken out of each line, whoever wrote it. Pure.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Each rule has the group `kept`, if a part of what it finds stays.
static RULES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let rules = [
        // Arguments of signed URLs and of logins, also where the URL is itself an argument.
        r"(?ix)(?P<kept>\b(?:
            x-amz-(?:signature|security-token|credential) | x-goog-(?:signature|credential)
            | awsaccesskeyid | signature | sig | access_token | refresh_token | id_token | api_key
            | client_secret | csrftoken | password
            )(?:=|%3d)) [^&\s\x22'\\;,<>)]+",
        r"(?i)(?P<kept>[?&]code=)[^&\s\x22'\\;,<>)]+",
        // Headers.
        r"(?ix)(?P<kept>\bauthorization\\?\x22?\s*[:=]\s*\\?\x22?
            (?:bearer|basic|aws4-hmac-sha256)\s) [^\x22\\\r\n]+",
        // JSON Web Tokens: `eyJ` is how `{\"` begins in base64.
        r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*",
        // Logins in URLs.
        r"(?P<kept>://[^/\s:@\x22]*:)[^@/\s\x22]+@",
        // Addresses of people.
        r"[\w.%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b",
    ];
    rules.iter().map(|rule| Regex::new(rule).expect("the rules are constants: a test uses each")).collect()
});

/// `line` without signatures, tokens, passwords and addresses of people.
pub(crate) fn masked(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    for rule in RULES.iter() {
        let masked = rule.replace_all(&line, |found: &Captures<'_>| {
            let kept = found.name("kept").map_or("", |kept| kept.as_str());
            let end = if found[0].ends_with('@') { "@" } else { "" };
            format!("{kept}{MASK}{end}")
        });
        if let Cow::Owned(masked) = masked {
            line = Cow::Owned(masked);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_whatever_they_are_part_of() {
        let cases = [
            (
                r#"GET /b/k?X-Amz-Credential=AK%2F2026&X-Amz-Expires=60&X-Amz-Signature=0af1 HTTP/1.1"#,
                r#"GET /b/k?X-Amz-Credential=***&X-Amz-Expires=60&X-Amz-Signature=*** HTTP/1.1"#,
            ),
            (r#"{"url":"/k?x-amz-signature=0af1"}"#, r#"{"url":"/k?x-amz-signature=***"}"#),
            ("next=%2Fk%3FX-Amz-Signature%3D0af1&a=b", "next=%2Fk%3FX-Amz-Signature%3D***&a=b"),
            (r#"buffer "a?sig=12\r\nHost: b""#, r#"buffer "a?sig=***\r\nHost: b""#),
            (r#"authorization: Basic dTpwYXNz"#, r#"authorization: Basic ***"#),
            (r#""authorization": "bearer abc.def""#, r#""authorization": "bearer ***""#),
            (r#"{\"authorization\": \"Bearer abc\"}"#, r#"{\"authorization\": \"Bearer ***\"}"#),
            ("token eyJhbGciOi.eyJzdWIi.c2ln-_x refused", "token *** refused"),
            ("postgres://fence:pass@127.0.0.1/fence", "postgres://fence:***@127.0.0.1/fence"),
            ("the user ada@example.org is unknown", "the user *** is unknown"),
            ("/user/login/dev?code=abc&redirect=/", "/user/login/dev?code=***&redirect=/"),
        ];
        for (line, wanted) in cases {
            assert_eq!(masked(line), wanted, "{line}");
        }
    }

    #[test]
    fn ordinary_lines_stay_as_they_are() {
        let lines = [
            "the signature is wrong, basic authorization is missing",
            "request failed http.status=500 exit.code=1 http.path=/index/dg.1/a@b",
            "http://127.0.0.1:8080/user password",
        ];
        for line in lines {
            assert!(matches!(masked(line), Cow::Borrowed(_)), "{line}");
        }
    }
}
