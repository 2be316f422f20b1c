//! From a load to what it needs.

use serde::Serialize;

use crate::figures::{
    DATA_IN_MEMORY, DOCUMENT, DOCUMENT_MEMORY, EMPTY_DATABASES, GRAPH_RECORD, HEADROOM, IDLE_SERVICE,
    IDLE_TOGETHER, INDEX_RECORD, LARGE_WORK, REQUESTS_A_CORE, ROOM_OF_DATABASES, ROOM_OF_INDICES,
};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Less than this is not asked for: a thousandth of a processor.
const LEAST_CPU: u64 = 20;
/// PostgreSQL with its defaults needs this.
const LEAST_DATABASE_MEMORY: u64 = 256 * MIB;
/// Beyond this a larger memory of PostgreSQL is a matter of its own.
const MOST_DATABASE_MEMORY: u64 = 64 * GIB;

/// How much there is, and who works with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Records of the graph.
    pub records: u64,
    /// Records of the file index.
    pub files: u64,
    /// Documents of the explorer.
    pub documents: u64,
    /// People who are at work at the same time.
    pub concurrent: u64,
    /// Requests that one of them causes in a minute.
    pub requests: u64,
}

/// How a commons is run: as the chart's presets have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything in one process or pod, with its own PostgreSQL and search engine.
    Minimum,
    /// Two replicas of each service on one machine.
    SingleNode,
    /// Three replicas and more on several machines.
    Ha,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minimum, Self::SingleNode, Self::Ha];

    /// As the preset is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::SingleNode => "single-node",
            Self::Ha => "ha",
        }
    }

    fn replicas(self) -> u64 {
        match self {
            Self::Minimum => 1,
            Self::SingleNode => 2,
            Self::Ha => 3,
        }
    }
}

/// What one replica of a service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name; `commons` where all are in one.
    pub name: &'static str,
    /// How many of it.
    pub replicas: u64,
    /// Thousandths of a processor that it asks for.
    pub cpu: u64,
    /// Bytes of memory that it asks for.
    pub memory: u64,
    /// Bytes of memory that it may have at most.
    pub memory_limit: u64,
}

/// What PostgreSQL or a search engine needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Bytes that the data take.
    pub data: u64,
    /// Bytes of disk, with what has to be free.
    pub disk: u64,
    /// Bytes of memory.
    pub memory: u64,
}

/// What a commons needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// How it is run.
    pub mode: Mode,
    /// The services.
    pub services: Vec<Service>,
    /// PostgreSQL.
    pub database: Place,
    /// The search engine.
    pub search: Place,
    /// Thousandths of a processor of all replicas and of PostgreSQL together.
    pub cpu: u64,
}

/// The services of a commons whose replicas are alike.
const SMALL: [&str; 9] =
    ["gateway", "fence", "arborist", "indexd", "guppy", "audit", "requestor", "library", "metadata"];
/// Those that hold records while they work.
const LARGE: [&str; 2] = ["sheepdog", "peregrine"];

impl Needs {
    /// What `load` needs in a mode.
    pub fn of(load: &Load, mode: Mode) -> Self {
        let data = EMPTY_DATABASES + times(load.records, GRAPH_RECORD) + times(load.files, INDEX_RECORD);
        let database = Place {
            data,
            disk: times(data, ROOM_OF_DATABASES),
            memory: (data / DATA_IN_MEMORY).clamp(LEAST_DATABASE_MEMORY, MOST_DATABASE_MEMORY),
        };
        let data = times(load.documents, DOCUMENT);
        let search = Place {
            data,
            disk: times(data, ROOM_OF_INDICES),
            memory: times(load.documents, DOCUMENT_MEMORY),
        };
        // A request for every person and minute, in thousandths of a processor.
        let work = times(times(load.concurrent, load.requests), 1_000 * HEADROOM)
            .div_ceil(60 * REQUESTS_A_CORE)
            .max(LEAST_CPU);
        let services = match mode {
            Mode::Minimum => vec![together(work, &database, &search)],
            _ => apart(work, mode.replicas()),
        };
        let asked: u64 = services.iter().map(|service| times(service.cpu, service.replicas)).sum();
        // Half of a small request is PostgreSQL's.
        let cpu = if mode == Mode::Minimum { asked } else { asked.saturating_add(work) };
        Self { mode, services, database, search, cpu }
    }
}

/// One process with everything.
fn together(work: u64, database: &Place, search: &Place) -> Service {
    let idle = IDLE_TOGETHER + database.memory + search.memory;
    Service {
        name: "commons",
        replicas: 1,
        cpu: times(work, 2).max(250),
        memory: rounded(idle),
        memory_limit: rounded(idle + 3 * LARGE_WORK),
    }
}

fn apart(work: u64, replicas: u64) -> Vec<Service> {
    let service = |name, memory_limit| Service {
        name,
        replicas,
        // Whoever is lost, the others do the work.
        cpu: work.div_ceil(replicas.saturating_sub(1).max(1)).div_ceil(4).max(LEAST_CPU),
        memory: rounded(IDLE_SERVICE),
        memory_limit: rounded(memory_limit),
    };
    let small = SMALL.iter().map(|name| service(name, 256 * MIB));
    let large = LARGE.iter().map(|name| service(name, IDLE_SERVICE + 3 * LARGE_WORK));
    small.chain(large).collect()
}

/// To 64 MiB, upwards.
fn rounded(bytes: u64) -> u64 {
    bytes.div_ceil(64 * MIB).saturating_mul(64 * MIB)
}

fn times(number: u64, factor: u64) -> u64 {
    number.saturating_mul(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: Load = Load { records: 0, files: 0, documents: 0, concurrent: 0, requests: 60 };

    #[test]
    fn an_empty_commons_needs_what_was_measured_and_not_much_more() {
        let needs = Needs::of(&EMPTY, Mode::Minimum);
        assert_eq!(needs.services.len(), 1);
        assert!((IDLE_TOGETHER..GIB).contains(&needs.services[0].memory));
        assert_eq!(needs.database.data, EMPTY_DATABASES);
        let apart = Needs::of(&EMPTY, Mode::Ha);
        assert!(
            apart.services.iter().all(|one| one.replicas == 3 && one.memory == 64 * MIB && one.cpu == 20)
        );
    }

    #[test]
    fn a_national_commons_has_room_for_its_records() {
        let load = Load {
            records: 5_000_000,
            files: 10_000_000,
            documents: 1_000_000,
            concurrent: 50,
            requests: 60,
        };
        let needs = Needs::of(&load, Mode::Ha);
        assert_eq!(crate::gibibytes(needs.database.data), 28);
        assert_eq!(crate::gibibytes(needs.database.disk), 82);
        assert_eq!(crate::gibibytes(needs.search.disk), 3);
        assert!(needs.cpu < 4_000, "{}", needs.cpu);
    }

    proptest! {
        /// Whoever has more never needs less.
        #[test]
        fn needs_grow_with_the_load(
            records in 0_u64..1 << 40, files in 0_u64..1 << 40, documents in 0_u64..1 << 40,
            concurrent in 0_u64..1 << 20, more in 1_u64..1 << 30, which in 0_usize..4,
        ) {
            let load = Load { records, files, documents, concurrent, requests: 60 };
            let mut larger = load;
            let field = [
                &mut larger.records, &mut larger.files, &mut larger.documents, &mut larger.concurrent,
            ];
            *field.into_iter().nth(which).unwrap() += more;
            for mode in Mode::ALL {
                let (before, after) = (Needs::of(&load, mode), Needs::of(&larger, mode));
                prop_assert!(after.database.disk >= before.database.disk);
                prop_assert!(after.search.disk >= before.search.disk);
                prop_assert!(after.cpu >= before.cpu);
                for (one, other) in before.services.iter().zip(&after.services) {
                    prop_assert!(other.memory >= one.memory && other.memory_limit >= other.memory);
                }
            }
        }
    }
}
