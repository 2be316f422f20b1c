//! Decisions as figures, by their end. Neither who asks nor for what is among the labels.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{Error, decision::Ruling};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    result: &'static str,
}

/// How many decisions there were. They are many, so each is one addition.
#[derive(Debug)]
pub(crate) struct Counts {
    permitted: Counter,
    denied: Counter,
    failed: Counter,
    all: Family<Ended, Counter>,
}

impl Default for Counts {
    fn default() -> Self {
        let all = Family::<Ended, Counter>::default();
        let counter = |result| all.get_or_create_owned(&Ended { result });
        let (permitted, denied, failed) = (counter("permitted"), counter("denied"), counter("failed"));
        Self { permitted, denied, failed, all }
    }
}

impl Counts {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let told = "Questions whether somebody may do something, by the answer";
        registry.register("gen3_authz_decisions", told, self.all.clone());
    }

    /// A question has come to its end.
    pub(crate) fn decided(&self, ruling: &Result<Ruling, Error>) {
        let ended = match ruling {
            Ok(ruling) if ruling.permitted() => &self.permitted,
            Ok(_) => &self.denied,
            Err(_) => &self.failed,
        };
        ended.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn decisions_are_counted_by_their_end() {
        let (counts, mut registry) = (Counts::default(), Registry::default());
        counts.register(&mut registry);
        counts.decided(&Ok(Ruling::Permitted(Duration::ZERO)));
        counts.decided(&Ok(Ruling::Denied));
        counts.decided(&Ok(Ruling::Denied));
        counts.decided(&Err(Error::BadRequest("malformed".into())));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for (result, count) in [("permitted", 1), ("denied", 2), ("failed", 1)] {
            let line = format!("gen3_authz_decisions_total{{result=\"{result}\"}} {count}\n");
            assert!(text.contains(&line), "{text}");
        }
    }
}
