//! The account that the server runs as.

use std::{fs, os::unix::fs::MetadataExt};

use crate::PostgresError;

/// The user and group that the server runs as, when they are not our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The account to change to, if we are root. `None` for an ordinary user: the server then runs as that user.
pub(crate) fn server_account() -> Result<Option<Account>, PostgresError> {
    let we_are_root = fs::metadata("/proc/self").map(|meta| meta.uid() == 0).unwrap_or(false);
    if !we_are_root {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| find(&passwd, name))
        .map(Some)
        .ok_or(PostgresError::NoAccount)
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_from_the_user_table() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:105:113::/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find(passwd, "postgres"), Some(Account { uid: 105, gid: 113 }));
        assert_eq!(find(passwd, "nobody"), None);
    }
}
