//! Commands behind real walls, and what they try to get out.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]

use std::{fs, future::pending, io::Read as _, io::Write as _, time::Duration};

use sandbox::{Cell, Command, End, InsidePath, Limits};
use tempfile::TempDir;

struct Stand {
    folder: TempDir,
    cell: Cell,
}

/// `None` where the kernel gives no walls, as in most containers.
async fn stand() -> Option<Stand> {
    let folder = tempfile::tempdir().unwrap();
    if let Err(why) = Cell::possible(&folder.path().join("probe")).await {
        eprintln!("skipped: {why}");
        return None;
    }
    let cell = Cell::make(&folder.path().join("cell")).unwrap();
    Some(Stand { folder, cell })
}

fn path(text: &str) -> InsidePath {
    InsidePath::parse(text).unwrap()
}

impl Stand {
    async fn run(&self, command: &Command) -> (End, String, String) {
        let ended = self.cell.run(command, Vec::new(), Vec::new(), pending()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ended.end, text(ended.stdout), text(ended.stderr))
    }

    async fn shell(&self, script: &str) -> (End, String, String) {
        self.run(&Command::new(["sh", "-c", script], Limits::default())).await
    }
}

#[tokio::test]
async fn a_command_reads_and_writes_its_folders() {
    let Some(stand) = stand().await else { return };
    stand.cell.create(&path("/data/in/a.txt")).unwrap().write_all(b"some\nlines\n").unwrap();
    stand.cell.create_folder(&path("/vol/A")).unwrap();
    let mut command =
        Command::new(["sh", "-c", "pwd; wc -l; echo $X; cp /data/in/a.txt b"], Limits::default());
    command.env = vec![("X".into(), "a = b".into()), ("LD_PRELOAD_".into(), "none".into())];
    command.workdir = Some(path("/vol/A"));
    command.stdin = Some(path("/data/in/a.txt"));
    assert_eq!(stand.run(&command).await, (End::Exited(0), "/vol/A\n2\na = b\n".into(), String::new()));
    let mut left = String::new();
    stand.cell.open(&path("/vol/A/b")).unwrap().read_to_string(&mut left).unwrap();
    assert_eq!(left, "some\nlines\n");
    assert_eq!(stand.cell.list(&path("/vol"), 10).unwrap(), [path("/vol/A/b")]);
    assert_eq!(stand.shell("exit 9").await.0, End::Exited(9));
    let missing = stand.run(&Command::new(["no-such-program"], Limits::default())).await;
    assert_eq!(missing.0, End::Exited(127), "{}", missing.2);
}

#[tokio::test]
async fn nothing_of_the_machine_is_seen_or_changed() {
    let Some(stand) = stand().await else { return };
    fs::write(stand.folder.path().join("secret"), "secret").unwrap();
    let secret = stand.folder.path().join("secret").display().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for script in [
        format!("cat {secret}"),
        "touch /usr/x".into(),
        "touch /x".into(),
        "echo x >>/etc/ld.so.cache".into(),
        "echo core >/proc/sys/kernel/core_pattern".into(),
        "ls /.old/*".into(),
        "ls /home/* /root/* /var/*".into(),
        "kill -0 2".into(),
        "mount -o remount,rw,bind /usr".into(),
        "umount -l /usr".into(),
        "unshare --user --map-root-user --mount umount -l /usr".into(),
        "test -n \"$(ls /sys)\"".into(),
        format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'"),
        "test -e /proc/1/root/.old/etc/passwd".into(),
        "test -n \"$CELL\"".into(),
    ] {
        let (end, said, complained) = stand.shell(&script).await;
        assert_ne!(end, End::Exited(0), "{script}: {said} {complained}");
    }
    let (_, capabilities, _) = stand.shell("grep Cap /proc/self/status").await;
    assert!(capabilities.lines().all(|line| line.ends_with("0000000000000000")), "{capabilities}");
    let limits = Limits { memory: 200 << 20, file_size: 1 << 20 };
    let greedy = Command::new(["sh", "-c", "head -c 2000000 /dev/zero >/tmp/x"], limits);
    assert_ne!(stand.run(&greedy).await.0, End::Exited(0));
    let greedy = Command::new(["sh", "-c", "x=$(head -c 400000000 /dev/zero | tr '\\0' a)"], limits);
    assert_ne!(stand.run(&greedy).await.0, End::Exited(0));
}

#[tokio::test]
async fn a_link_leads_nowhere_out_of_the_cell() {
    let Some(stand) = stand().await else { return };
    fs::write(stand.folder.path().join("secret"), "secret").unwrap();
    let secret = stand.folder.path().join("secret").display().to_string();
    stand.cell.create_folder(&path("/data")).unwrap();
    let script = format!(
        "ln -s {secret} /data/link; ln -s ../../../secret /data/up; ln -s / /data/root; mkfifo /data/pipe; \
         ln -s /data/real /data/inner; echo real >/data/real; mkdir /data/locked; chmod 0 /data/locked"
    );
    assert_eq!(stand.shell(&script).await.0, End::Exited(0));
    for name in ["link", "up", "root/etc/passwd", "pipe", "nothing", "root"] {
        assert!(stand.cell.open(&path(&format!("/data/{name}"))).is_err(), "{name}");
    }
    assert!(stand.cell.open(&path("/data/inner")).is_ok());
    // What is written over a link is written inside.
    let _ = stand.cell.create(&path("/data/up"));
    let _ = stand.cell.create(&path("/data/link"));
    assert_eq!(fs::read_to_string(stand.folder.path().join("secret")).unwrap(), "secret");
    stand.cell.remove().unwrap();
    assert!(!stand.folder.path().join("cell").exists());
}

#[tokio::test]
async fn a_stopped_command_and_what_it_has_started_are_gone() {
    let Some(stand) = stand().await else { return };
    let name = format!("sleep-{}", std::process::id());
    let script =
        format!("trap '' TERM HUP; (exec -a {name} sleep 600) & setsid sh -c 'sleep 600' & sleep 600");
    let command = Command::new(["bash", "-c", &script], Limits::default());
    let stop = async { tokio::time::sleep(Duration::from_millis(600)).await };
    let ended = stand.cell.run(&command, Vec::new(), Vec::new(), stop).await.unwrap();
    assert_eq!(ended.end, End::Stopped);
    let runs = fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read(entry.path().join("cmdline")).is_ok_and(|line| line.starts_with(name.as_bytes()))
    });
    assert!(!runs, "something still runs");
    // What is left behind in the background ends with the command, too, and does not hold it up.
    let (end, said, _) = stand.shell("sleep 600 & echo done").await;
    assert_eq!((end, said.as_str()), (End::Exited(0), "done\n"));
}
