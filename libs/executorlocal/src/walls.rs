//! Whether the kernel lets this account hide folders and processes from a program.

use std::process::Stdio;

use tokio::process::Command;

/// Whether namespaces can be had.
pub(crate) async fn can_be_had() -> bool {
    let arguments =
        ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
    let tried = Command::new("unshare")
        .args(arguments)
        .args(["/bin/sh", "-c", "mount -t tmpfs none /tmp"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    tried.is_ok_and(|status| status.success())
}
