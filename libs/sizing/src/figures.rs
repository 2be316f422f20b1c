//! What was measured, and what is a rule of thumb. `docs/sizing.md` says how and where.

/// Bytes of the graph's database for a record of few properties with one link, its edge, its part of the
/// transaction log with documents and snapshots, and all indexes: 22,000 records took 51 MB.
pub const GRAPH_RECORD: u64 = 2_330;
/// Bytes of the index's database for a record with one location, one checksum and one resource: 20,000 took
/// 35 MB.
pub const INDEX_RECORD: u64 = 1_760;
/// Bytes of the embedded search engine for a document of sixty fields: 100,000 took 131 MB.
pub const DOCUMENT: u64 = 1_310;
/// Bytes of memory of the embedded engine for such a document while questions are answered: 100,000 took
/// 104 MB without file pages.
pub const DOCUMENT_MEMORY: u64 = 1_040;
/// Bytes of all eleven databases before anything is in them: 95 MB.
pub const EMPTY_DATABASES: u64 = 95_000_000;
/// Bytes of memory of a service alone that does nothing: 37 to 48 MB of its own.
pub const IDLE_SERVICE: u64 = 48_000_000;
/// Bytes of memory of `commons up` with the demonstration, without PostgreSQL: 172 MB of its own.
pub const IDLE_TOGETHER: u64 = 172_000_000;
/// Bytes of memory that a submission, an export or a run of the ETL adds at most where it is configured as it
/// comes: they stream, and what they hold is limited.
pub const LARGE_WORK: u64 = 320_000_000;
/// Small requests (a graph query, a signed URL) that one processor serves in a second, with its part of
/// PostgreSQL on the same machine: 1,900 on two processors.
pub const REQUESTS_A_CORE: u64 = 950;

/// Rule of thumb: the data, what vacuum and a rebuilt index need beside them, and the log of writes.
pub const ROOM_OF_DATABASES: u64 = 3;
/// A full run of the ETL fills new indices beside those that are served.
pub const ROOM_OF_INDICES: u64 = 2;
/// Rule of thumb: the part of the data that is read again and again fits into PostgreSQL's memory.
pub const DATA_IN_MEMORY: u64 = 4;
/// Rule of thumb: processors are busy half of the time at most.
pub const HEADROOM: u64 = 2;
