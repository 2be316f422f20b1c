//! The memory limits of the control groups that this process is in.
//!
//! `/proc/self/cgroup` names one group for each hierarchy. A limit of any group above holds, too. In a
//! container the named path may be the host's, of which only the container's own group is to be seen, as the
//! root of what is mounted; paths that are not there are therefore passed over.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// Where the hierarchies are mounted on every system in use, relative to the root.
const VERSION_2: &str = "sys/fs/cgroup";
const VERSION_1: &str = "sys/fs/cgroup/memory";

/// The smallest memory limit of all control groups; `None` where there is none.
pub(crate) fn memory_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    groups
        .lines()
        .filter_map(|line| {
            // hierarchy:controllers:path
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            if controllers.is_empty() {
                return limits(&root.join(VERSION_2), path, &["memory.max", "memory.high"]);
            }
            let memory = controllers.split(',').any(|controller| controller == "memory");
            memory.then(|| limits(&root.join(VERSION_1), path, &["memory.limit_in_bytes"])).flatten()
        })
        .min()
}

/// The smallest number in `files` of the group `path` and of all groups above it.
fn limits(mount: &Path, path: &str, files: &[&str]) -> Option<u64> {
    let names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let groups = names.scan(mount.to_owned(), |group, name| {
        group.push(name);
        Some(group.clone())
    });
    std::iter::once(mount.to_owned())
        .chain(groups)
        .flat_map(|group| files.iter().filter_map(move |file| number(&group.join(file))))
        .min()
}

/// The number in a file. `max` is none.
fn number(file: &PathBuf) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn limit(files: &[(&str, &str)]) -> Option<u64> {
        memory_limit(tree(files).path())
    }

    #[test]
    fn the_smallest_limit_of_all_groups_above_counts() {
        let files = [
            ("proc/self/cgroup", "0::/system.slice/commons.service\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "400000000\n"),
            ("sys/fs/cgroup/system.slice/commons.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/commons.service/memory.high", "500000000\n"),
        ];
        assert_eq!(limit(&files), Some(400_000_000));
    }

    #[test]
    fn in_a_container_that_sees_only_its_own_group_the_root_has_the_limit() {
        let files = [
            ("proc/self/cgroup", "4:cpu,memory:/docker/0123456789\n1:cpu:/docker/0123456789\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "419430400\n"),
        ];
        assert_eq!(limit(&files), Some(419_430_400));
    }

    #[test]
    fn groups_of_other_controllers_and_groups_without_a_limit_say_nothing() {
        let files = [
            ("proc/self/cgroup", "2:cpuset:/jobs\n0::/jobs\n"),
            ("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "1\n"),
            ("sys/fs/cgroup/jobs/memory.max", "max\n"),
        ];
        assert_eq!(limit(&files), None);
        assert_eq!(limit(&[]), None);
    }
}
