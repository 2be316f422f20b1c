//! A request to `/oauth2/authorize` (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

use url::Url;

use super::{
    client::{Client, Grant, OPENID},
    parameters::{Parameters, words},
    pkce,
    refusal::Refusal,
};

/// Parameters that may be there once only.
const ONCE: [&str; 5] = ["response_type", "client_id", "redirect_uri", "scope", "state"];
/// Longer ones would not come back whole: they return in an address or a token.
const LONGEST_ECHO: usize = 4096;

/// What the client wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Code,
    /// Implicit, the id token alone.
    IdToken,
    /// Implicit, both tokens.
    IdTokenAndToken,
}

impl Flow {
    fn of(response_type: &str) -> Option<Self> {
        let mut words: Vec<&str> = response_type.split_whitespace().collect();
        words.sort_unstable();
        match words.as_slice() {
            ["code"] => Some(Self::Code),
            ["id_token"] => Some(Self::IdToken),
            ["id_token", "token"] => Some(Self::IdTokenAndToken),
            _ => None,
        }
    }
}

/// What a client asks a user for, found to be in order but for its scopes.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) client: Client,
    pub(crate) flow: Flow,
    /// Where the answer goes: an address of the client, written as it was registered.
    pub(crate) redirect_uri: String,
    /// The address as the request named it, if it did.
    pub(crate) named_redirect_uri: Option<String>,
    /// As it was sent; the words of it are in [`Self::scopes`].
    pub(crate) scope: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) prompts: Vec<String>,
    pub(crate) challenge: Option<String>,
    /// The life that the refresh token should have, not yet read.
    pub(crate) refresh_token_expires_in: Option<String>,
}

/// Which client a request is about; the database is asked for it.
///
/// # Errors
/// When it names no response type that there is, no client, or one of them twice.
pub(crate) fn client_id(parameters: &Parameters) -> Result<(Flow, &str), Refusal> {
    let response_type = parameters.get("response_type").unwrap_or_default();
    let flow = Flow::of(response_type).ok_or_else(|| Refusal::unsupported_response_type(response_type))?;
    if let Some(twice) = ONCE.into_iter().find(|name| parameters.is_repeated(name)) {
        return Err(Refusal::invalid_request(format!("Multiple '{twice}' in request.")));
    }
    let missing = || Refusal::invalid_client("Missing 'client_id' parameter.");
    Ok((flow, parameters.get("client_id").ok_or_else(missing)?))
}

impl Asked {
    /// Checks everything but the scopes of the code flow, which are refused in another way.
    ///
    /// # Errors
    /// What is wrong. None of it may be told to the address in the request: it is not known to be the
    /// client's.
    pub(crate) fn check(
        parameters: &Parameters,
        flow: Flow,
        client: Client,
        now: i64,
    ) -> Result<Self, Refusal> {
        if client.has_expired(now) {
            return Err(Refusal::invalid_client("The client has expired."));
        }
        if flow != Flow::Code && client.is_confidential {
            return Err(Refusal::invalid_client("The client cannot authenticate with methods: ['none']"));
        }
        let named = parameters.filled("redirect_uri");
        let redirect_uri = redirect_uri(&client, named)?;
        let grant = if flow == Flow::Code { Grant::Code } else { Grant::Implicit };
        if !client.may(grant) {
            let response_type = parameters.get("response_type").unwrap_or_default();
            let told = format!("The client is not authorized to use 'response_type={response_type}'");
            return Err(Refusal::unauthorized_client(told));
        }
        let text = |name: &str| parameters.filled(name).map(str::to_owned);
        let asked = Self {
            client,
            flow,
            redirect_uri,
            named_redirect_uri: named.map(str::to_owned),
            scope: text("scope"),
            state: text("state"),
            nonce: text("nonce"),
            prompts: words(parameters.get("prompt").unwrap_or_default()),
            challenge: pkce::challenge(parameters)?,
            refresh_token_expires_in: parameters.get("refresh_token_expires_in").map(str::to_owned),
        };
        asked.check_lengths()?;
        asked.check_implicit()?;
        Ok(asked)
    }

    fn check_lengths(&self) -> Result<(), Refusal> {
        for (name, text) in [("scope", &self.scope), ("state", &self.state), ("nonce", &self.nonce)] {
            if text.as_ref().is_some_and(|text| text.len() > LONGEST_ECHO) {
                return Err(Refusal::invalid_request(format!("'{name}' is too long.")));
            }
        }
        Ok(())
    }

    fn check_implicit(&self) -> Result<(), Refusal> {
        if self.flow == Flow::Code {
            return Ok(());
        }
        if !self.scopes().iter().any(|scope| scope == OPENID) {
            return Err(Refusal::invalid_scope("Missing 'openid' scope"));
        }
        if self.nonce.is_none() {
            return Err(Refusal::invalid_request("Missing 'nonce' in request."));
        }
        Ok(())
    }

    pub(crate) fn scopes(&self) -> Vec<String> {
        words(self.scope.as_deref().unwrap_or_default())
    }

    pub(crate) fn has_prompt(&self, prompt: &str) -> bool {
        self.prompts.iter().any(|known| known == prompt)
    }

    /// The client's address with `answer` and the state: in the query for codes, in the fragment, which is
    /// not sent to servers, for tokens.
    pub(crate) fn answer(&self, answer: &[(&str, &str)]) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(answer);
        if let Some(state) = &self.state {
            pairs.append_pair("state", state);
        }
        let pairs = pairs.finish();
        let (address, _) = self.redirect_uri.split_once('#').unwrap_or((&self.redirect_uri, ""));
        let joint = match address.split_once('?') {
            _ if self.flow != Flow::Code => "#",
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{address}{joint}{pairs}")
    }

    /// As [`Self::answer`], for an error.
    pub(crate) fn error(&self, code: &str, description: &str) -> String {
        self.answer(&[("error", code), ("error_description", description)])
    }
}

/// The address of the client that was named, which must be one of its own to the letter; the first without
/// one.
fn redirect_uri(client: &Client, named: Option<&str>) -> Result<String, Refusal> {
    let refused =
        |uri: &str| Refusal::invalid_request(format!("Redirect URI {uri} is not supported by client."));
    let chosen = match named {
        Some(named) if client.redirect_uris.iter().any(|known| known == named) => named,
        Some(other) => return Err(refused(other)),
        None => client
            .redirect_uris
            .first()
            .ok_or_else(|| Refusal::invalid_request("Missing 'redirect_uri' in request."))?,
    };
    // Browsers run what stands in such addresses.
    let runs = |url: &Url| matches!(url.scheme(), "javascript" | "data" | "vbscript" | "blob");
    let url = Url::parse(chosen).ok().filter(|url| !runs(url)).ok_or_else(|| refused(chosen))?;
    // It becomes a header as it is, unless it cannot.
    Ok(if chosen.bytes().all(|b| b.is_ascii_graphic()) { chosen.to_owned() } else { url.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Params;

    use crate::provider::client::tests::client;

    const METADATA: &str = r#"{"scope": "openid user", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://a.example/cb", "https://a.example/x?y=1", "javascript:alert(1)"]}"#;

    fn check(client: &Client, query: &str) -> Result<Asked, Refusal> {
        let parameters = Parameters::new(&Params::parse(query), Vec::new())?;
        let (flow, _) = client_id(&parameters)?;
        Asked::check(&parameters, flow, client.clone(), 0)
    }

    #[test]
    fn a_code_goes_to_an_address_of_the_client_and_nowhere_else() {
        let client = client(METADATA);
        let to = |uri: &str| {
            let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
            check(&client, &format!("client_id=c&response_type=code&state=s%26t&redirect_uri={uri}"))
        };
        let answer = |uri: &str| to(uri).map(|asked| asked.answer(&[("code", "x y")])).unwrap();
        assert_eq!(answer("https://a.example/cb"), "https://a.example/cb?code=x+y&state=s%26t");
        assert_eq!(answer("https://a.example/x?y=1"), "https://a.example/x?y=1&code=x+y&state=s%26t");
        assert_eq!(answer(""), "https://a.example/cb?code=x+y&state=s%26t");
        for other in [
            "https://a.example/cb/",
            "https://a.example/cb?z",
            "HTTPS://a.example/cb",
            "https://a.example:443/cb",
            "https://a.example/cb#",
            "//a.example/cb",
            "https://a.example/cb\\",
            " https://a.example/cb",
            "https://evil.example/https://a.example/cb",
            "javascript:alert(1)",
            "x",
        ] {
            assert!(to(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_first_fault_is_told() {
        let client = client(METADATA);
        let told = |query: &str| check(&client, query).unwrap_err().to_string();
        assert_eq!(told("client_id=c"), "unsupported_response_type: ");
        assert_eq!(told("client_id=c&response_type=token"), "unsupported_response_type: token");
        assert_eq!(told("response_type=code"), "invalid_client: Missing 'client_id' parameter.");
        assert_eq!(
            told("client_id=c&client_id=d&response_type=code"),
            "invalid_request: Multiple 'client_id' in request."
        );
        assert_eq!(
            told("client_id=c&response_type=id_token&nonce=n&scope=openid"),
            "invalid_client: The client cannot authenticate with methods: ['none']"
        );
        assert!(
            told(&format!("client_id=c&response_type=code&state={}", "x".repeat(5000))).contains("too long")
        );
    }

    #[test]
    fn implicit_answers_go_into_the_fragment_and_want_a_nonce() {
        let mut client = client(&METADATA.replace("authorization_code", "implicit"));
        client.is_confidential = false;
        let base = "client_id=c&response_type=token+id_token&scope=openid";
        let asked = check(&client, &format!("{base}&nonce=n&state=s")).unwrap();
        assert_eq!(asked.flow, Flow::IdTokenAndToken);
        assert_eq!(
            asked.error("access_denied", "no"),
            "https://a.example/cb#error=access_denied&error_description=no&state=s"
        );
        assert!(check(&client, base).is_err(), "no nonce");
        assert!(check(&client, "client_id=c&response_type=id_token&scope=user&nonce=n").is_err());
        assert!(check(&client, "client_id=c&response_type=code&scope=openid").is_err(), "not its grant");
    }
}
