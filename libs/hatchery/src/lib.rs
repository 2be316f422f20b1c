//! `hatchery.json`: which workspaces a commons offers, read as the original's configuration is.
//!
//! [`Hatchery::read`] honours every key or says in a [`Remark`] why one changes nothing here; what
//! contradicts itself, or would give a workspace the machine that it runs on, is refused with its place and a
//! remedy. Pure.

mod access;
mod block;
mod container;
mod friends;
mod identity;
mod names;
mod quantity;
mod reader;
mod remark;

use serde_json::Value;

pub use access::Rule;
pub use container::{Container, PROXY, PullPolicy, Sidecar};
pub use names::Names;
pub use quantity::{Cpu, Memory};
pub use remark::{Refused, Remark};

use crate::reader::{Found, Object};

/// Which workspaces a commons offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hatchery {
    /// The Kubernetes namespace of the workspaces.
    pub namespace: Option<String>,
    /// Whether pods may run on any node, not only on those with the label `role=jupyter`.
    pub any_node: bool,
    /// How large the storage of a user is.
    pub volume_size: Option<Memory>,
    /// What runs beside each workspace.
    pub sidecar: Option<Sidecar>,
    /// The price of a core for an hour.
    pub cpu_price: f64,
    /// The price of a gigabyte of memory for an hour.
    pub memory_price: f64,
    /// What can be launched, in the order of the file.
    pub containers: Vec<Container>,
}

/// Keys of the top level that change nothing here, and why.
const UNHEEDED: [(&str, &str); 11] = [
    ("use-internal-services-url", "fence is asked at the address that the program is told"),
    ("default-pay-model", NO_PAY_MODELS),
    ("pay-models", NO_PAY_MODELS),
    ("pay-models-dynamodb-table", NO_PAY_MODELS),
    ("pay-models-dynamodb-arn", NO_PAY_MODELS),
    ("license-user-maps-dynamodb-table", NO_LICENCES),
    ("license-user-maps-global-secondary-index", NO_LICENCES),
    ("license", NO_LICENCES),
    ("prisma", "the scanner Prisma is not installed"),
    ("nextflow-global", "Nextflow on AWS Batch is not offered"),
    ("more-configs", "applications of Dockstore are not offered; write them as containers"),
];
const NO_PAY_MODELS: &str = "there are no pay models: the commons pays for every workspace";
const NO_LICENCES: &str = "pools of licences are not offered";

impl Hatchery {
    /// Reads the text of a `hatchery.json`.
    ///
    /// # Errors
    /// With all problems at once.
    pub fn read(text: &str) -> Result<(Self, Vec<Remark>), Refused> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Refused(vec![Remark { place, text: format!("this is no JSON ({error})") }])
        })?;
        let mut found = Found::default();
        let hatchery = Self::of(&value, &mut found);
        match hatchery {
            Some(hatchery) if found.problems.is_empty() => Ok((hatchery, found.remarks)),
            _ => Err(Refused(found.problems)),
        }
    }

    fn of(value: &Value, found: &mut Found) -> Option<Self> {
        let mut file = Object::of(value, "", found)?;
        let namespace = file.text("user-namespace", found).filter(|name| !name.is_empty());
        let sub_dir = file.text("sub-dir", found).unwrap_or_default();
        if !matches!(sub_dir.trim_end_matches('/'), "" | "/lw-workspace") {
            found.refuse("sub-dir", "the public path is /lw-workspace; remove the key or write that");
        }
        let any_node = file.flag("skip-node-selector", found);
        let volume_size = file.memory("user-volume-size", found);
        let sidecar = file.take("sidecar").and_then(|value| Sidecar::read(value, "sidecar", found));
        let (cpu_price, memory_price) = file.take("pricing").map_or((0.0, 0.0), |value| {
            let Some(mut pricing) = Object::of(value, "pricing", found) else { return (0.0, 0.0) };
            let prices = (pricing.price("cpu", found), pricing.price("memory", found));
            pricing.finish(&[], found);
            prices
        });
        let blocks = file.list("containers", found);
        let containers: Vec<Container> = blocks
            .iter()
            .enumerate()
            .filter_map(|(at, block)| block::container(block, &format!("containers[{at}]"), found))
            .collect();
        for (at, container) in containers.iter().enumerate() {
            if containers[..at].iter().any(|earlier| earlier.id == container.id) {
                let text = "this is the same as a container before it, with the same id; remove one of them";
                found.refuse(&format!("containers[{at}]"), text);
            }
        }
        if volume_size.is_none() && containers.iter().any(|container| container.user_volume.is_some()) {
            found.remark("user-volume-size", "missing: the storage of a user is 10Gi large");
        }
        file.finish(&UNHEEDED, found);
        Some(Self { namespace, any_node, volume_size, sidecar, cpu_price, memory_price, containers })
    }

    /// The container of this id.
    pub fn container(&self, id: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.id == id)
    }
}
