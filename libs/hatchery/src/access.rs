//! Who may launch a container: `authz`, version 0.1.

use serde_json::Value;

use crate::reader::{Found, Object};

/// Who may launch a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Whoever may `launch` (of arborist's service `jupyterhub`) on all of these resources.
    Resources(Vec<String>),
    /// Whoever has one of these pay models. Nobody has one here, which the name `None` stands for.
    PayModels(Vec<String>),
    /// Whoever one of these is true for.
    Any(Vec<Rule>),
    /// Whoever all of these are true for.
    All(Vec<Rule>),
}

/// The pay model of those who have none.
const NO_PAY_MODEL: &str = "None";

impl Rule {
    pub(crate) fn read(value: &Value, place: &str, found: &mut Found) -> Option<Self> {
        let mut block = Object::of(value, place, found)?;
        match block.take("version").map(|version| version.as_f64()) {
            // The original takes version 0 for no rule at all.
            Some(Some(version)) if (version - 0.1).abs() < 1e-6 => {}
            Some(_) => {
                found.refuse(&block.at("version"), "only version 0.1 is known");
                return None;
            }
            None => {
                found.refuse(place, "has no \"version\"; write \"version\": 0.1");
                return None;
            }
        }
        Self::block(block, place, true, found)
    }

    fn block(mut block: Object<'_>, place: &str, outermost: bool, found: &mut Found) -> Option<Self> {
        let resources = block.texts("resource_paths", found).filter(|paths| !paths.is_empty());
        let pay_models = block.texts("pay_models", found).filter(|models| !models.is_empty());
        let any = Some(block.list("or", found)).filter(|rules| !rules.is_empty());
        let all = Some(block.list("and", found)).filter(|rules| !rules.is_empty());
        block.finish(&[], found);
        if !outermost && (any.is_some() || all.is_some()) {
            found.refuse(place, "\"or\" and \"and\" cannot stand within one another");
            return None;
        }
        let inner = |rules: &[Value], key: &str, found: &mut Found| -> Option<Vec<Self>> {
            let read = rules.iter().enumerate().map(|(at, rule)| {
                let place = format!("{place}.{key}[{at}]");
                Self::block(Object::of(rule, &place, found)?, &place, false, found)
            });
            // All of them are read, so that all problems are told.
            read.collect::<Vec<_>>().into_iter().collect()
        };
        match (resources, pay_models, any, all) {
            (Some(paths), None, None, None) => {
                for path in paths.iter().filter(|path| !path.starts_with('/')) {
                    found.refuse(place, format!("the resource {path:?} must begin with a slash"));
                }
                Some(Self::Resources(paths))
            }
            (None, Some(models), None, None) => Some(Self::PayModels(models)),
            (None, None, Some(rules), None) => inner(rules, "or", found).map(Self::Any),
            (None, None, None, Some(rules)) => inner(rules, "and", found).map(Self::All),
            _ => {
                found.refuse(
                    place,
                    "needs exactly one of \"resource_paths\", \"pay_models\", \"or\", \"and\"",
                );
                None
            }
        }
    }

    /// The sets of resources that the rule speaks of; the answers to them decide it.
    pub fn resources(&self) -> Vec<&[String]> {
        match self {
            Self::Resources(paths) => vec![paths],
            Self::PayModels(_) => Vec::new(),
            Self::Any(rules) | Self::All(rules) => rules.iter().flat_map(Self::resources).collect(),
        }
    }

    /// Whether it is true for somebody of whom `may` says whether all of a set of resources are permitted.
    pub fn permits(&self, may: &impl Fn(&[String]) -> bool) -> bool {
        match self {
            Self::Resources(paths) => may(paths),
            Self::PayModels(models) => models.iter().any(|model| model == NO_PAY_MODEL),
            Self::Any(rules) => rules.iter().any(|rule| rule.permits(may)),
            Self::All(rules) => rules.iter().all(|rule| rule.permits(may)),
        }
    }
}
