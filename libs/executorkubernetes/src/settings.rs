//! What an operator can set.

/// Seconds that a program has for its end.
pub(crate) const GRACE: u32 = 20;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The namespace of the workspaces.
    pub namespace: String,
    /// Whether pods may run on any node, not only on those with the label `role=jupyter`.
    pub any_node: bool,
    /// Whether the sidecar runs, in a privileged container.
    pub sidecar: bool,
    /// The class of the storage of users; the cluster's own without one.
    pub storage_class: Option<String>,
}
