//! What a client sends: parameters in the query or in a form, which count alike.

use web::Params;

use super::refusal::Refusal;

/// Longer ones are nothing that a client needs to send: tokens are the longest.
const LONGEST: usize = 16 * 1024;
/// More are none of OAuth.
const MOST: usize = 64;

/// The parameters of a request, those of the query first. Of a repeated one the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// `invalid_request` for parameters that no client needs.
    pub(crate) fn new(query: &Params, form: Vec<(String, String)>) -> Result<Self, Refusal> {
        let query = query.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let all: Vec<(String, String)> = query.chain(form).collect();
        if all.len() > MOST {
            return Err(Refusal::invalid_request("There are too many parameters."));
        }
        let odd = |text: &str| text.len() > LONGEST || text.contains('\0');
        if all.iter().any(|(name, value)| odd(name) || odd(value)) {
            return Err(Refusal::invalid_request("A parameter is too long or has a zero byte."));
        }
        Ok(Self(all))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// As [`Self::get`]; what is empty is as if it were not there.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.iter().filter(|(key, _)| *key == name).count() > 1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The words of a list that has blanks between them.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_counts_before_the_form_and_odd_parameters_are_refused() {
        let form = |value: &str| vec![("a".to_owned(), value.to_owned())];
        let both = Parameters::new(&Params::parse("a=1&b="), form("2")).unwrap();
        assert_eq!((both.get("a"), both.get("b"), both.filled("b")), (Some("1"), Some(""), None));
        assert!(both.is_repeated("a") && !both.is_repeated("b"));
        for odd in ["\0".to_owned(), "x".repeat(LONGEST + 1)] {
            assert!(Parameters::new(&Params::default(), form(&odd)).is_err());
        }
        let many = vec![("a".to_owned(), String::new()); MOST + 1];
        assert!(Parameters::new(&Params::default(), many).is_err());
    }
}
