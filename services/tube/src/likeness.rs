//! Which of the names that exist was meant.

/// Longer names are not compared.
const LONGEST: usize = 100;

/// A remedy that names the candidate that looks most like `name`, or else lists the first candidates.
pub(crate) fn meant<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let most = (name.chars().count() / 3).max(1);
    let near = candidates.iter().map(|candidate| (distance(name, candidate), candidate));
    if let Some((_, candidate)) = near.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far) {
        return format!("did you mean `{candidate}`?");
    }
    match candidates.len() {
        0 => "there is none; remove it".to_owned(),
        more if more > 12 => format!("there are {}, …", candidates[..12].join(", ")),
        _ => format!("there are {}", candidates.join(", ")),
    }
}

/// How many characters are to be put in, taken out or replaced, or pairs of them exchanged.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.to_lowercase().chars().take(LONGEST).collect();
    let other: Vec<char> = other.to_lowercase().chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for line in 1..=one.len() {
        let mut next = vec![line; other.len() + 1];
        for column in 1..=other.len() {
            let replaced = row[column - 1] + usize::from(one[line - 1] != other[column - 1]);
            next[column] = replaced.min(row[column] + 1).min(next[column - 1] + 1);
            let is_exchanged = line > 1
                && column > 1
                && one[line - 1] == other[column - 2]
                && one[line - 2] == other[column - 1];
            if is_exchanged {
                next[column] = next[column].min(before[column - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant_if_it_is_near() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!([distance("", "abc"), distance("cuont", "count"), distance("abc", "")], [3, 1, 3]);
        assert_eq!(meant("smaples", ["samples", "visits"]), "did you mean `samples`?");
        assert_eq!(meant("x", ["samples", "visits"]), "there are samples, visits");
        assert_eq!(meant("x", []), "there is none; remove it");
    }
}
