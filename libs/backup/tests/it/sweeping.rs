//! Killed backups, what is shared, and what is deleted.

use std::{fs, path::Path};

use backup::{BackupError, Kept, Pieces, Presence, Pruned, Task, check, prune};

use super::{made, manifest, shelf};

fn pieces(folder: &Path) -> usize {
    let shards = fs::read_dir(folder.join("pieces")).unwrap();
    shards.map(|shard| fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test]
async fn the_second_backup_brings_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    made(&shelf, "a", &["first"]).await;
    let second = Pieces::open(shelf.place()).await.unwrap();
    let written = manifest("b", &second, &["first", "second"]).await;
    second.finish().await.unwrap();
    let totals = second.totals();
    // The object, its list, and secrets, which are sealed anew each time.
    assert_eq!((totals.new_pieces, totals.known_pieces), (3, 4), "{totals:?}");
    assert!(totals.new_bytes < 10_000 && totals.known_bytes > backup::PIECE as u64, "{totals:?}");
    assert!(second.has(&written.databases[0].dump));
}

#[tokio::test]
async fn a_killed_backup_is_none_and_its_pieces_are_used_or_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    // All of it but the manifest.
    let killed = Pieces::open(shelf.place()).await.unwrap();
    drop(manifest("killed", &killed, &["first", "second"]).await);
    killed.finish().await.unwrap();
    fs::write(folder.path().join("drafts/half"), "half").unwrap();
    assert!(shelf.names().await.unwrap().is_empty());
    let next = Pieces::open(shelf.place()).await.unwrap();
    let kept = manifest("next", &next, &["first"]).await;
    next.finish().await.unwrap();
    shelf.add(&kept).await.unwrap();
    assert!(next.totals().known_bytes > backup::PIECE as u64);
    let before = pieces(folder.path());
    let pruned = prune(&shelf, Kept::All).await.unwrap();
    // An object, a list, and secrets.
    assert_eq!((pruned.backups.len(), pruned.pieces), (0, 3), "{pruned:?}");
    assert_eq!(pieces(folder.path()), before - 3);
    assert!(fs::read_dir(folder.path().join("drafts")).unwrap().next().is_none());
    assert_eq!(check(&shelf, &["next".into()], async |_, _| {}).await.unwrap().flaws, []);
    assert_eq!(prune(&shelf, Kept::All).await.unwrap(), Pruned::default());
}

#[tokio::test]
async fn the_last_backups_stay_whole_when_others_go() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    for (name, objects) in [("a", &["x", "y"][..]), ("b", &["y", "z"]), ("c", &["z"])] {
        made(&shelf, name, objects).await;
    }
    let pruned = prune(&shelf, Kept::Last(2)).await.unwrap();
    assert_eq!(pruned.backups, ["a"]);
    let names = shelf.names().await.unwrap();
    assert_eq!(names, ["b", "c"]);
    assert_eq!(check(&shelf, &names, async |_, _| {}).await.unwrap().flaws, []);
    // While one that stays cannot be read, nobody knows what it needs.
    fs::write(folder.path().join("backups/b.json"), "{").unwrap();
    let before = pieces(folder.path());
    let refused = prune(&shelf, Kept::Last(2)).await.unwrap_err();
    assert!(refused.is_damage(), "{refused}");
    assert_eq!((shelf.names().await.unwrap().len(), pieces(folder.path())), (2, before));
}

#[tokio::test]
async fn nothing_is_deleted_while_somebody_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let place = shelf.place();
    let backup = Presence::begin(place, Task::Backup).await.unwrap();
    let other = Presence::begin(place, Task::Backup).await.unwrap();
    let refused = Presence::begin(place, Task::Pruning).await.err().unwrap();
    assert!(matches!(&refused, BackupError::Busy(told) if told.contains("being made")), "{refused}");
    backup.end().await;
    other.end().await;
    let pruning = Presence::begin(place, Task::Pruning).await.unwrap();
    for task in [Task::Backup, Task::Reading, Task::Pruning] {
        assert!(matches!(Presence::begin(place, task).await, Err(BackupError::Busy(_))), "{task:?}");
    }
    pruning.end().await;
    assert_eq!(fs::read_dir(folder.path().join("presence")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_note_of_a_killed_process_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let presence = Presence::begin(shelf.place(), Task::Backup).await.unwrap();
    let note = fs::read_dir(folder.path().join("presence")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&note).unwrap();
    // No process has this id.
    let (process, machine) = (std::process::id().to_string(), "elsewhere");
    fs::write(&note, text.replace(&process, "4194999")).unwrap();
    Presence::begin(shelf.place(), Task::Pruning).await.unwrap().end().await;
    assert!(!note.exists());
    // Of another machine nobody knows it; only the time tells.
    let mut read: serde_json::Value = serde_json::from_str(&text).unwrap();
    read["machine"] = machine.into();
    fs::write(&note, read.to_string()).unwrap();
    assert!(Presence::begin(shelf.place(), Task::Pruning).await.is_err());
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    fs::File::options().write(true).open(&note).unwrap().set_modified(old).unwrap();
    Presence::begin(shelf.place(), Task::Pruning).await.unwrap().end().await;
    presence.end().await;
}

#[tokio::test]
async fn work_that_is_broken_off_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let presence = Presence::begin(shelf.place(), Task::Backup).await.unwrap();
    assert!(matches!(Presence::begin(shelf.place(), Task::Pruning).await, Err(BackupError::Busy(_))));
    drop(presence);
    for _ in 0..100 {
        if let Ok(pruning) = Presence::begin(shelf.place(), Task::Pruning).await {
            return pruning.end().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the note stays");
}
