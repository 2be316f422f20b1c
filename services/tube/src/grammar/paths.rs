//! Paths of parents: `link[prop,name:source].link2[...]`.

use super::model::ParentStep;

/// Reads a path.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parents(text: &str) -> Result<Vec<ParentStep>, String> {
    let (mut steps, mut rest) = (Vec::new(), text.trim());
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let link = rest[..end].trim();
        if link.is_empty() {
            return Err("a link is missing".to_owned());
        }
        if link.contains(']') {
            return Err("there is a `]` without `[`".to_owned());
        }
        let mut step = ParentStep { link: link.to_owned(), props: Vec::new() };
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((list, behind)) = inside.split_once(']') else {
                return Err("a `]` is missing".to_owned());
            };
            step.props = list.split(',').filter(|word| !word.trim().is_empty()).map(prop).collect();
            if step.props.iter().any(|(name, source)| name.is_empty() || source.is_empty()) {
                return Err("a name is missing beside `:`".to_owned());
            }
            rest = behind.trim_start();
        }
        steps.push(step);
        if rest.is_empty() {
            return Ok(steps);
        }
        let Some(next) = rest.strip_prefix('.') else {
            return Err(format!("`.` and another link are expected at `{rest}`"));
        };
        rest = next;
    }
}

fn prop(word: &str) -> (String, String) {
    let (name, source) = word.split_once(':').unwrap_or((word, word));
    (name.trim().to_owned(), source.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(link: &str, props: &[(&str, &str)]) -> ParentStep {
        let props = props.iter().map(|(name, src)| ((*name).to_owned(), (*src).to_owned())).collect();
        ParentStep { link: link.to_owned(), props }
    }

    #[test]
    fn brackets_are_optional_and_blanks_do_not_count() {
        let read = parents(" centers [ country, title : name ] . projects").unwrap();
        let centers = step("centers", &[("country", "country"), ("title", "name")]);
        assert_eq!(read, [centers, step("projects", &[])]);
        assert_eq!(parents("a[]").unwrap(), [step("a", &[])]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".", "a..b", "a[b", "a]b", "a[b]c", "a[:b]", "[a]", "a."] {
            assert!(parents(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parents(&text);
        }
    }
}
