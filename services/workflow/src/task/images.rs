//! Which images tasks may name.

/// Patterns of images. `*` stands for any characters, `{username}` for the name of the user, and `:*` at the
/// end also for no tag at all. No pattern allows no image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images(Vec<String>);

impl Images {
    /// These patterns; blank ones are left out.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        Self(patterns.into_iter().filter(|pattern| !pattern.trim().is_empty()).collect())
    }

    /// Whether the user of this name may name `image`.
    pub fn allow(&self, image: &str, username: &str) -> bool {
        self.0.iter().any(|pattern| {
            let untagged = pattern.strip_suffix(":*");
            let fits = |pattern: &str| matches(pattern, image, username);
            fits(pattern) || untagged.is_some_and(fits)
        })
    }
}

/// Whether `image` is what `pattern` describes. A star in the user's name is no pattern.
fn matches(pattern: &str, image: &str, username: &str) -> bool {
    let parts: Vec<String> = pattern.split('*').map(|part| part.replace("{username}", username)).collect();
    let [first, rest @ ..] = parts.as_slice() else { return false };
    let Some(mut left) = image.strip_prefix(first.as_str()) else { return false };
    let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
    for part in middle {
        let Some(at) = left.find(part.as_str()) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_pattern_describes_is_allowed() {
        let images =
            Images::new(["ubuntu", "quay.io/org/*", "reg/{username}:*", "a*b*c", " "].map(str::to_owned));
        for image in ["ubuntu", "quay.io/org/tool:1", "reg/ada", "reg/ada:2", "abc", "a1b2b3c"] {
            assert!(images.allow(image, "ada"), "{image}");
        }
        for image in
            ["", "ubuntu:20.04", "xubuntu", "quay.io/other/tool", "reg/eve:1", "reg/adam", "ab", "acb"]
        {
            assert!(!images.allow(image, "ada"), "{image}");
        }
        assert!(!images.allow("reg/eve", "*"));
        assert!(!Images::default().allow("ubuntu", "ada"));
        assert!(Images::new(["*".to_owned()]).allow("anything", "ada"));
    }
}
