//! What one starts from, and what a commons is joined to.

use clap::ValueEnum;

/// Where a commons is to run. A path to it has at most five steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartingPoint {
    /// This machine, for oneself: `commons up`
    Laptop,
    /// A Linux machine for others: the Debian package and its unit of systemd
    #[value(alias = "vm")]
    LinuxVm,
    /// Containers on one machine: docker compose
    Compose,
    /// A small Kubernetes (k3s, k3d, kind): the chart
    K3s,
    /// A managed Kubernetes of several nodes, with a managed PostgreSQL: the chart
    #[value(alias = "kubernetes")]
    ManagedKubernetes,
    /// OpenShift: the chart
    Openshift,
    /// A Gen3 commons of gen3-helm that is there: its values, translated
    Adopt,
}

impl StartingPoint {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::LinuxVm => "linux-vm",
            Self::Compose => "compose",
            Self::K3s => "k3s",
            Self::ManagedKubernetes => "managed-kubernetes",
            Self::Openshift => "openshift",
            Self::Adopt => "adopt",
        }
    }

    /// The preset of the chart that it takes, where it takes the chart.
    pub(super) fn preset(self) -> Option<Preset> {
        match self {
            Self::K3s | Self::Openshift => Some(Preset::Minimum),
            Self::ManagedKubernetes => Some(Preset::Ha),
            Self::Laptop | Self::LinuxVm | Self::Compose | Self::Adopt => None,
        }
    }

    /// Whether users may come from this machine only, so that its own name is enough.
    pub(super) fn is_here(self) -> bool {
        matches!(self, Self::Laptop | Self::Compose)
    }
}

/// What the commons is joined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Integration {
    /// Nothing: it keeps users and passwords itself
    Standalone,
    /// GitHub: users log in with their accounts there, by way of CILogon (GitHub itself is no OpenID
    /// provider), and user.yaml is in a repository
    Github,
    /// An institution: users log in at its OpenID provider (Keycloak, Entra ID, Okta, …)
    Enterprise,
}

impl Integration {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Github => "github",
            Self::Enterprise => "enterprise",
        }
    }
}

/// A preset of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// One pod with everything on one volume
    Minimum,
    /// Two replicas of each service on one node
    SingleNode,
    /// Three replicas and more on several nodes
    Ha,
}

impl Preset {
    /// The name of its file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::SingleNode => "single-node",
            Self::Ha => "ha",
        }
    }

    /// What it says.
    pub(super) fn values(self) -> &'static str {
        match self {
            Self::Minimum => include_str!("../../../../../helm/commons/presets/minimum.yaml"),
            Self::SingleNode => include_str!("../../../../../helm/commons/presets/single-node.yaml"),
            Self::Ha => include_str!("../../../../../helm/commons/presets/ha.yaml"),
        }
    }
}
