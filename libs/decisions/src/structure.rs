//! The half of the index that says what policies mean: resources, roles, policies.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use crate::{
    permissions::{Matching, PermissionSet, Permissions},
    tree::{Node, Tree},
};

/// A row of the table of resources.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its key.
    pub id: i32,
    /// Its path: labels joined by dots.
    pub path: String,
    /// Its tag.
    pub tag: String,
}

/// What the tables say about policies. Links to rows that are not there are left out.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// All resources.
    pub resources: Vec<Resource>,
    /// The distinct permissions (service, method), in the order in which answers list them.
    pub permissions: Vec<(String, String)>,
    /// Roles and what they permit: role, service, method.
    pub role_permissions: Vec<(i32, String, String)>,
    /// All policies and their names.
    pub policies: Vec<(i32, String)>,
    /// Policies and their roles.
    pub policy_roles: Vec<(i32, i32)>,
    /// Policies and their resources.
    pub policy_resources: Vec<(i32, i32)>,
}

/// The place of a set in [`Structure::sets`].
type SetNumber = u32;

#[derive(Debug, Default)]
struct Policy {
    set: SetNumber,
    nodes: Vec<Node>,
}

/// Resources, roles and policies.
#[derive(Debug, Default)]
pub struct Structure {
    tree: Tree,
    permissions: Permissions,
    /// The distinct sets of permissions that policies give.
    sets: Vec<PermissionSet>,
    policies: HashMap<i32, Policy>,
    names: HashMap<String, i32>,
    /// For each node the policies that name it, in the order of their keys.
    named_at: Vec<Box<[(i32, SetNumber)]>>,
}

impl Structure {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let permissions = Permissions::new(parts.permissions);
        let mut keys = HashMap::with_capacity(parts.resources.len());
        let mut resources = Vec::with_capacity(parts.resources.len());
        for resource in parts.resources {
            keys.insert(resource.id, resource.path.clone());
            resources.push((resource.path, resource.tag));
        }
        let tree = Tree::new(resources);
        let mut sets = Sets::default();
        let mut roles: HashMap<i32, Vec<u32>> = HashMap::new();
        for (role, service, method) in &parts.role_permissions {
            roles.entry(*role).or_default().extend(permissions.number(service, method));
        }
        let mut given: HashMap<i32, Vec<u32>> = HashMap::new();
        for (policy, role) in &parts.policy_roles {
            let permitted = roles.get(role).map_or(&[][..], Vec::as_slice);
            given.entry(*policy).or_default().extend(permitted);
        }
        let mut policies = HashMap::with_capacity(parts.policies.len());
        let mut names = HashMap::with_capacity(parts.policies.len());
        for (id, name) in parts.policies {
            let set = sets.number(PermissionSet::new(given.remove(&id).unwrap_or_default()));
            policies.insert(id, Policy { set, nodes: Vec::new() });
            names.insert(name, id);
        }
        let mut named_at = vec![Vec::new(); tree.len()];
        for (id, resource) in &parts.policy_resources {
            let node = keys.get(resource).and_then(|path| tree.by_path(path));
            if let (Some(policy), Some(node)) = (policies.get_mut(id), node) {
                policy.nodes.push(node);
                named_at[node as usize].push((*id, policy.set));
            }
        }
        let named_at = named_at.into_iter().map(sorted).collect();
        Self { tree, permissions, sets: sets.all, policies, names, named_at }
    }

    /// Returns how many resources there are.
    pub fn resources(&self) -> usize {
        self.tree.len()
    }

    /// Returns the path of a resource, by the numbers of a [`Run`](crate::Run).
    pub fn path(&self, number: u32) -> &str {
        self.tree.path(number)
    }

    /// Returns the tag of a resource, by the numbers of a [`Run`](crate::Run).
    pub fn tag(&self, number: u32) -> &str {
        self.tree.tag(number)
    }

    /// Returns the permissions in `set` as services and methods, in the order in which answers list them.
    pub fn pairs(&self, set: &PermissionSet) -> impl Iterator<Item = (&str, &str)> {
        set.numbers().map(|number| self.permissions.pair(number))
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn matching(&self, service: &str, method: &str) -> Matching {
        self.permissions.matching(service, method)
    }

    pub(crate) fn named(&self, policy: &str) -> Option<i32> {
        self.names.get(policy).copied()
    }

    /// Returns the policies that name `node`, in the order of their keys.
    pub(crate) fn named_at(&self, node: Node) -> &[(i32, SetNumber)] {
        &self.named_at[node as usize]
    }

    pub(crate) fn set(&self, number: SetNumber) -> &PermissionSet {
        &self.sets[number as usize]
    }

    /// Returns the resources that a policy names, and its permissions there.
    pub(crate) fn scope(&self, policy: i32) -> Option<(&[Node], &PermissionSet)> {
        self.policies.get(&policy).map(|policy| (policy.nodes.as_slice(), self.set(policy.set)))
    }

    pub(crate) fn below(&self, node: Node) -> Range<Node> {
        self.tree.below(node)
    }
}

/// Sets, each held once.
#[derive(Default)]
struct Sets {
    all: Vec<PermissionSet>,
    numbers: HashMap<PermissionSet, SetNumber>,
}

impl Sets {
    fn number(&mut self, set: PermissionSet) -> SetNumber {
        let next = self.all.len() as SetNumber;
        *self.numbers.entry(set).or_insert_with_key(|set| {
            self.all.push(set.clone());
            next
        })
    }
}

fn sorted(mut named: Vec<(i32, SetNumber)>) -> Box<[(i32, SetNumber)]> {
    named.sort_unstable();
    let mut seen = HashSet::new();
    named.retain(|(policy, _)| seen.insert(*policy));
    named.into()
}
