//! What the machine has: PostgreSQL, room on its disks, memory, descriptors, and the time.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr as _,
    time::{Duration, SystemTime},
};

use database::Work;
use resources::{LimitedBy, MemoryLimit};
use sqlx::{Connection as _, postgres::PgConnectOptions};

use super::{finding::Finding, folder::existing};
use crate::{databases, up::UpArgs};

const MIB: u64 = 1024 * 1024;
/// A process without anybody's data takes about 100 MiB with its PostgreSQL.
const LEAST_MEMORY: u64 = 256 * MIB;
/// Below this, submissions and answers of some size have to wait for each other.
const GOOD_MEMORY: u64 = 1024 * MIB;
/// A new commons takes about 60 MiB, and PostgreSQL stops when it cannot write.
const LEAST_DISK: u64 = 256 * MIB;
/// What large submissions and answers may put aside.
const GOOD_TEMPORARY: u64 = 1024 * MIB;
const LEAST_FILES: u64 = 10_000;
/// Fewer are shared by fewer connections than a small commons has on a busy day.
const GOOD_DESCRIPTORS: u64 = 4096;
const LEAST_DESCRIPTORS: u64 = 512;
/// What the object store leaves free unless an option says otherwise: this, or a twentieth of a small disk.
const LARGEST_RESERVE: u64 = 1024 * MIB;
const RESERVED_SHARE: u64 = 20;
/// The oldest PostgreSQL whose project still mends it, as of 2026.
const OLDEST_MAJOR: u32 = 14;
const PATIENCE: Duration = Duration::from_secs(10);

/// The server that `up` would start or use.
pub(super) async fn postgresql(up: &UpArgs, folder: &Path) -> Finding {
    const WHAT: &str = "postgresql";
    match up.database_url.as_deref().filter(|url| *url != databases::PRIVATE) {
        Some(url) => match tokio::time::timeout(PATIENCE, version_at(url)).await {
            Ok(Ok(version)) => of_version(&version, "the given server"),
            Ok(Err(error)) => {
                Finding::error(WHAT, format!("the given server: {error:#}"), "look at --database-url")
            }
            Err(_) => Finding::error(
                WHAT,
                "the given server does not answer",
                "look at --database-url, and at the network on the way to it",
            ),
        },
        None => match postgres::Programs::find_for(&folder.join("postgres")) {
            Ok(programs) => {
                let said = Command::new(programs.folder.join("postgres")).arg("--version").output();
                let said = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
                match said {
                    Ok(said) if !said.is_empty() => {
                        let version = said.split_once("(PostgreSQL) ").map_or(said.as_str(), |(_, v)| v);
                        of_version(version, &programs.folder.display().to_string())
                    }
                    _ => Finding::error(
                        WHAT,
                        format!("the programs in {} do not run", programs.folder.display()),
                        "install PostgreSQL again, or name another folder with POSTGRES_BIN",
                    ),
                }
            }
            Err(error) => Finding::told(WHAT, error.to_string()),
        },
    }
}

async fn version_at(url: &str) -> anyhow::Result<String> {
    let options = PgConnectOptions::from_str(url)?;
    let mut connection = database::connect(&options, Work::Maintenance).await?;
    let version = sqlx::query_scalar("select current_setting('server_version')").fetch_one(&mut connection);
    let version = version.await?;
    connection.close().await?;
    Ok(version)
}

/// A version such as `15.13 (Debian 15.13-0+deb12u1)`, and where it was found.
fn of_version(version: &str, place: &str) -> Finding {
    const WHAT: &str = "postgresql";
    let major = version.split(|letter: char| !letter.is_ascii_digit()).next();
    let said = format!("{version}, {place}");
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major < OLDEST_MAJOR => Finding::warning(
            WHAT,
            format!("{said}: nobody mends this version any more"),
            format!("use PostgreSQL {OLDEST_MAJOR} or a later one; docs/operating.md says how to go there"),
        ),
        _ => Finding::ok(WHAT, said),
    }
}

/// The disk of the state folder, and that of temporary files.
pub(super) fn disks(folder: &Path, reserve: Option<u64>) -> Vec<Finding> {
    let mut findings = vec![disk(folder, reserve.map(|mib| mib.saturating_mul(MIB)))];
    let temporary = env::temp_dir();
    if let Ok(room) = Room::of(&temporary)
        && room.free < GOOD_TEMPORARY
    {
        findings.push(Finding::warning(
            "disk",
            format!("{} MiB are free for temporary files in {}", room.free / MIB, temporary.display()),
            "make room, or name another folder with TMPDIR: large submissions and answers wait there",
        ));
    }
    findings
}

/// Bytes and files that a disk has room for.
struct Room {
    size: u64,
    free: u64,
    /// None where files are not counted.
    files: Option<u64>,
}

impl Room {
    fn of(folder: &Path) -> std::io::Result<Self> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(Self {
            size: disk.f_blocks.saturating_mul(disk.f_frsize),
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            files: (disk.f_files > 0).then_some(disk.f_favail),
        })
    }
}

fn disk(folder: &Path, reserve: Option<u64>) -> Finding {
    const WHAT: &str = "disk";
    let place: PathBuf = existing(folder);
    let room = match Room::of(&place) {
        Ok(room) => room,
        Err(error) => {
            let said = format!("that of {} cannot be looked at: {error}", place.display());
            return Finding::warning(WHAT, said, "look at it with df");
        }
    };
    let reserve = reserve.unwrap_or_else(|| LARGEST_RESERVE.min(room.size / RESERVED_SHARE));
    let said = format!("{} MiB free for {}", room.free / MIB, place.display());
    if room.free < LEAST_DISK {
        return Finding::error(
            WHAT,
            format!("{said}: the databases need room to start and to stop"),
            "make room, or name a folder on another disk with --state",
        );
    }
    if room.free < reserve {
        return Finding::warning(
            WHAT,
            format!(
                "{said}, less than the {} MiB that uploads have to leave: they are refused",
                reserve / MIB
            ),
            "make room, or lower --object-store-reserve",
        );
    }
    if room.files.is_some_and(|files| files < LEAST_FILES) {
        let said = format!("{said}, but for few files more (df -i)");
        return Finding::warning(WHAT, said, "remove files that nobody needs");
    }
    Finding::ok(WHAT, said)
}

/// What the process may use.
pub(super) fn memory() -> Finding {
    of_memory(resources::memory_limit())
}

fn of_memory(limit: MemoryLimit) -> Finding {
    const WHAT: &str = "memory";
    let (by, remedy) = match limit.by {
        LimitedBy::ControlGroup => ("its control group", "give the container or unit more"),
        LimitedBy::ResourceLimit => ("its resource limits", "raise ulimit -v and -d"),
        LimitedBy::Machine => ("the machine", "use a larger machine"),
        LimitedBy::Nothing => ("nothing that is known", "mount /proc"),
    };
    let said = format!("{} MiB, set by {by}", limit.bytes / MIB);
    if limit.bytes < LEAST_MEMORY {
        Finding::error(WHAT, format!("{said}: too little for a commons with its databases"), remedy)
    } else if limit.bytes < GOOD_MEMORY {
        Finding::warning(WHAT, format!("{said}: large requests will have to wait for each other"), remedy)
    } else {
        Finding::ok(WHAT, said)
    }
}

/// How many files and connections the process may have open.
pub(super) fn descriptors() -> Finding {
    of_descriptors(web::raise_descriptor_limit())
}

fn of_descriptors(limit: u64) -> Finding {
    const WHAT: &str = "descriptors";
    let said = format!("the process may have {limit} files and connections open");
    let remedy = "raise the hard limit: ulimit -Hn, LimitNOFILE of systemd";
    if limit < LEAST_DESCRIPTORS {
        Finding::error(WHAT, format!("{said}, too few for its databases and some clients"), remedy)
    } else if limit < GOOD_DESCRIPTORS {
        Finding::warning(WHAT, format!("{said}, which leaves {} for clients", limit / 2), remedy)
    } else {
        Finding::ok(WHAT, said)
    }
}

/// The time, as far as it can be known to be wrong: a program cannot run before it was built.
pub(super) fn clock() -> Finding {
    let built = env::current_exe().and_then(std::fs::metadata).and_then(|program| program.modified());
    of_clock(SystemTime::now(), built.ok())
}

fn of_clock(now: SystemTime, built: Option<SystemTime>) -> Finding {
    const WHAT: &str = "clock";
    let shown =
        |time: SystemTime| chrono::DateTime::<chrono::Utc>::from(time).format("%F %T UTC").to_string();
    match built {
        Some(built) if now < built => Finding::error(
            WHAT,
            format!("it is {}, and this program was built at {}", shown(now), shown(built)),
            "set the clock (timedatectl set-ntp true): tokens and signed URLs are refused by a wrong one",
        ),
        _ => Finding::ok(WHAT, shown(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn versions_memory_descriptors_and_clocks_are_judged() {
        assert_eq!(of_version("15.13 (Debian 15.13-0+deb12u1)", "/bin").state, State::Ok);
        assert_eq!(of_version("18devel", "/bin").state, State::Ok);
        assert_eq!(of_version("9.6.24", "/bin").state, State::Warning);
        let memory = |mib: u64| of_memory(MemoryLimit { bytes: mib * MIB, by: LimitedBy::ControlGroup });
        assert_eq!([128, 512, 4096].map(|mib| memory(mib).state), [State::Error, State::Warning, State::Ok]);
        assert!(memory(128).remedy.is_some_and(|remedy| remedy.contains("container")));
        let descriptors = [256, 1024, 65_536].map(|limit| of_descriptors(limit).state);
        assert_eq!(descriptors, [State::Error, State::Warning, State::Ok]);
        let now = SystemTime::now();
        assert_eq!(of_clock(now, Some(now + Duration::from_secs(60))).state, State::Error);
        assert_eq!(of_clock(now, Some(now - Duration::from_secs(60))).state, State::Ok);
    }

    #[test]
    fn a_disk_without_its_reserve_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(disk(folder.path(), Some(u64::MAX)).state, State::Warning);
        assert_eq!(disk(&folder.path().join("not/yet"), Some(0)).state, State::Ok);
    }
}
