//! Who may read what (peregrine 3.2.6).
//!
//! [`Readable`] is the proof that every scan of nodes or logs asks for: a [`Planner`](crate::plan::Planner)
//! is made of one only, and restricts whatever it plans to it.
//!
//! ```no_run
//! use peregrine::{access::Readable, graph::Graph, plan::Planner};
//! fn plan<'p>(graph: &'p Graph, whose: &'p Readable) -> Planner<'p> {
//!     Planner::new(graph, whose)
//! }
//! ```
//!
//! Rights alone are not this proof: they are applied to the projects that exist first.
//!
//! ```compile_fail,E0308
//! use peregrine::{access::Rights, graph::Graph, plan::Planner};
//! fn plan<'p>(graph: &'p Graph, whose: &'p Rights) -> Planner<'p> {
//!     Planner::new(graph, whose)
//! }
//! ```

use authz::{Action, Mapping};
use sql::{Condition, Sql};

use crate::config::Config;

/// What somebody's right to read rests on.
#[derive(Debug)]
pub enum Rights {
    /// What arborist permits the caller, and the client that it came through; open projects besides.
    Permitted(Vec<Mapping>),
    /// Open projects only: arborist does not know the caller, or cannot be reached.
    OpenProjects,
    /// All projects, because the operator publishes their figures.
    Published(Published),
}

/// Proof that the operator publishes the figures of all projects. Only [`Published::by`] makes one.
///
/// ```no_run
/// use peregrine::access::{Published, Rights};
/// fn everything(proof: Published) -> Rights {
///     Rights::Published(proof)
/// }
/// ```
///
/// ```compile_fail,E0308
/// use peregrine::access::{Published, Rights};
/// fn everything(proof: bool) -> Rights {
///     Rights::Published(proof)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Published(());

impl Published {
    /// A proof, if `config` says that the figures are published (`PUBLIC_DATASETS`).
    pub fn by(config: &Config) -> Option<Self> {
        config.public_datasets.then_some(Self(()))
    }
}

/// What decides who may read a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The node's property `project_id`.
    ProjectId,
    /// Itself: the node is a project.
    Project,
    /// Nothing: everybody may read programs and the built-in internal types.
    Open,
}

/// A project and the names that rights are given by.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Project {
    pub(crate) node_id: String,
    pub(crate) program: String,
    pub(crate) code: String,
    pub(crate) availability: Option<String>,
}

impl Project {
    /// `<program>-<code>`.
    pub(crate) fn project_id(&self) -> String {
        psqlgraph::ids::project_id(&self.program, &self.code)
    }
}

/// The projects that somebody may read. Only `Readable::of` makes one.
#[derive(Debug)]
pub struct Readable {
    projects: Vec<Project>,
    /// Whether all projects may be read, also those that are created later.
    everything: bool,
}

impl Readable {
    /// The `existing` projects that `rights` let somebody read. Open projects are always among them.
    pub(crate) fn of(rights: &Rights, mut existing: Vec<Project>) -> Self {
        let paths: Vec<Paths<'_>> = match rights {
            Rights::Permitted(mappings) => mappings.iter().map(readable_paths).collect(),
            // No path at all.
            Rights::OpenProjects => vec![Paths::new()],
            Rights::Published(_) => Vec::new(),
        };
        let everything = paths.iter().all(|paths| paths.iter().any(|path| is_everything(path)));
        existing.retain(|project| {
            project.availability.as_deref() == Some("Open")
                || paths.iter().all(|paths| paths.iter().any(|path| is_above(path, project)))
        });
        Self { projects: existing, everything }
    }

    /// `<program>-<code>` of each project.
    pub(crate) fn project_ids(&self) -> Vec<String> {
        self.projects.iter().map(Project::project_id).collect()
    }

    /// Node ids of the readable projects that `wanted` names by `<program>-<code>`.
    pub(crate) fn nodes_of(&self, wanted: &[String]) -> Vec<String> {
        let named = self.projects.iter().filter(|project| wanted.contains(&project.project_id()));
        named.map(|project| project.node_id.clone()).collect()
    }

    /// The name of a readable project's node.
    pub(crate) fn name_of(&self, node_id: &str) -> Option<String> {
        self.projects.iter().find(|project| project.node_id == node_id).map(Project::project_id)
    }

    /// The condition that node `alias` of a type of this scope may be read.
    pub(crate) fn nodes(&self, scope: Scope, alias: &str) -> Condition {
        match scope {
            Scope::Open => Condition::True,
            _ if self.everything => Condition::True,
            Scope::Project => {
                let ids: Vec<String> = self.projects.iter().map(|project| project.node_id.clone()).collect();
                Condition::one_of(Sql::column(alias, "node_id"), ids)
            }
            Scope::ProjectId => Condition::one_of(Sql::property(alias, "project_id"), self.project_ids()),
        }
    }

    /// The condition that the transaction log `alias` may be read. Even with all rights only logs of existing
    /// projects are.
    pub(crate) fn logs(&self, alias: &str) -> Condition {
        let project_id = Sql::raw("((")
            .then(Sql::column(alias, "program"))
            .text(" || '-') || ")
            .then(Sql::column(alias, "project"));
        Condition::one_of(project_id.text(")"), self.project_ids())
    }
}

/// The resources that somebody may read, each as the segments of its path.
type Paths<'m> = Vec<Vec<&'m str>>;

fn readable_paths(mapping: &Mapping) -> Paths<'_> {
    let reads = |actions: &[Action]| {
        actions.iter().any(|action| {
            matches!(action.service.as_str(), "peregrine" | "*")
                && matches!(action.method.as_str(), "read" | "*")
        })
    };
    let readable = mapping.iter().filter(|(_, actions)| reads(actions));
    readable.map(|(path, _)| path.trim_matches('/').split('/').collect()).collect()
}

/// Whether all projects are below this resource, also those that are created later.
fn is_everything(path: &[&str]) -> bool {
    matches!(path, [""] | ["programs"])
}

/// Whether the project is below this resource, or is it.
fn is_above(path: &[&str], project: &Project) -> bool {
    match path {
        ["programs", program] | ["programs", program, "projects"] => *program == project.program,
        ["programs", program, "projects", code] => *program == project.program && *code == project.code,
        path => is_everything(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects() -> Vec<Project> {
        [("A", "x", None), ("A", "y", None), ("B", "z", None), ("B", "o", Some("Open"))]
            .map(|(program, code, availability)| Project {
                node_id: format!("id-{code}"),
                program: program.into(),
                code: code.into(),
                availability: availability.map(str::to_owned),
            })
            .to_vec()
    }

    fn readable(path: &str, service: &str, method: &str) -> Vec<String> {
        let action = Action { service: service.into(), method: method.into() };
        let mapping = Mapping::from_iter([(path.to_owned(), vec![action])]);
        Readable::of(&Rights::Permitted(vec![mapping]), projects()).project_ids()
    }

    #[test]
    fn through_a_client_both_must_be_permitted() {
        let mapping = |path: &str| {
            let action = Action { service: "*".into(), method: "read".into() };
            Mapping::from_iter([(path.to_owned(), vec![action])])
        };
        let both = |user: &str, client: &str| {
            let rights = Rights::Permitted(vec![mapping(user), mapping(client)]);
            let readable = Readable::of(&rights, projects());
            (readable.everything, readable.project_ids())
        };
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(both("/", "/programs/A/projects/x"), (false, ids(&["A-x", "B-o"])));
        assert_eq!(both("/programs/A", "/"), (false, ids(&["A-x", "A-y", "B-o"])));
        assert_eq!(both("/programs/A", "/programs/B"), (false, ids(&["B-o"])));
        assert!(both("/", "/programs").0);
    }

    #[test]
    fn paths_of_resources_give_projects() {
        let all = ["A-x", "A-y", "B-z", "B-o"];
        assert_eq!(readable("/", "peregrine", "read"), all);
        assert_eq!(readable("/programs", "*", "*"), all);
        assert_eq!(readable("/programs/A", "*", "read"), ["A-x", "A-y", "B-o"]);
        assert_eq!(readable("/programs/A/projects", "peregrine", "*"), ["A-x", "A-y", "B-o"]);
        assert_eq!(readable("/programs/A/projects/y", "peregrine", "read"), ["A-y", "B-o"]);
    }

    #[test]
    fn other_paths_services_and_methods_give_open_projects_only() {
        for (path, service, method) in [
            ("/programs/A/projects/x/deeper", "peregrine", "read"),
            ("/programs/B/projects/x", "peregrine", "read"),
            ("/other/A", "peregrine", "read"),
            ("/programs", "sheepdog", "read"),
            ("/programs", "peregrine", "create"),
        ] {
            assert_eq!(readable(path, service, method), ["B-o"], "{path} {service} {method}");
        }
        assert_eq!(Readable::of(&Rights::OpenProjects, projects()).project_ids(), ["B-o"]);
    }

    #[test]
    fn published_figures_are_those_of_all_projects_and_only_the_operator_publishes() {
        assert!(Published::by(&Config::default()).is_none());
        let proof = Published::by(&Config { public_datasets: true, ..Config::default() }).unwrap();
        assert_eq!(Readable::of(&Rights::Published(proof), projects()).project_ids().len(), 4);
    }
}
