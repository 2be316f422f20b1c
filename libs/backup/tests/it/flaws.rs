//! What is damaged is refused with what is wrong.

use std::{fs, os::unix::fs::PermissionsExt as _};

use backup::{
    BackupError, ListReader, Place, Shelf, check, copy, is_name, new_name, read_whole, require_pieces,
    seal::{Key, Seal},
};
use bytes::Bytes;

use super::{dump, first_piece, made, path, secrets, shelf};

#[tokio::test]
async fn what_was_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let written = made(&shelf, "one", &["first", "second"]).await;
    assert_eq!(shelf.names().await.unwrap(), ["one"]);
    let read = shelf.chosen(None).await.unwrap();
    assert_eq!(read, written);
    require_pieces(&shelf, &read).await.unwrap();
    let mut whole = Vec::new();
    copy(shelf.place(), &read.databases[0].dump, "the dump", async |piece: Bytes| {
        whole.extend_from_slice(&piece);
        Ok::<_, BackupError>(())
    })
    .await
    .unwrap();
    assert!(whole == dump());
    let mut list = ListReader::new(shelf.place(), &read.objects.unwrap().list);
    let mut found = Vec::new();
    while let Some(entry) = list.next().await.unwrap() {
        found.push(read_whole(shelf.place(), &entry.files[0].file, "an object", 100).await.unwrap());
    }
    assert_eq!(found, [b"first".to_vec(), b"second".to_vec()]);
    for file in [folder.path().join("backups/one.json"), folder.path().join("commons-backup.json")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o077, 0, "others cannot read it");
    }
    assert!(fs::read_dir(folder.path().join("drafts")).unwrap().next().is_none());
    assert!(matches!(shelf.add(&written).await.unwrap_err(), BackupError::NameTaken { .. }));
}

#[tokio::test]
async fn a_damaged_a_shorter_and_a_missing_piece_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let manifest = made(&shelf, "one", &["first"]).await;
    let piece = first_piece(&manifest.databases[0].dump).to_owned();
    let file = path(folder.path(), &piece);
    let whole = fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[1_000_000] ^= 1;
    let cases: [(Option<&[u8]>, &str); 3] = [
        (Some(&changed), "has other bytes than it had"),
        (Some(&whole[..whole.len() - 1]), "bytes and had"),
        (None, "is missing"),
    ];
    for (content, told) in cases {
        match content {
            Some(content) => fs::write(&file, content).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let checked = check(&shelf, &["one".into()], async |_, _| {}).await.unwrap();
        let [flaw] = checked.flaws.as_slice() else { panic!("{told}: {checked:?}") };
        assert!(flaw.what.contains(told) && flaw.what.contains("the database fence"), "{}", flaw.what);
        let sink = async |_| Ok::<_, BackupError>(());
        let refused = copy(shelf.place(), &manifest.databases[0].dump, "it", sink).await.unwrap_err();
        assert!(refused.is_damage() && refused.to_string().contains(told), "{refused}");
        // Sizes are looked at before anything is restored; digests while it is.
        assert_eq!(require_pieces(&shelf, &manifest).await.is_err(), content != Some(&changed), "{told}");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(check(&shelf, &["one".into()], async |_, _| {}).await.unwrap().flaws, []);
}

#[tokio::test]
async fn a_damaged_list_of_objects_is_named_and_so_are_objects() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let manifest = made(&shelf, "one", &["first", "second"]).await;
    let list = path(folder.path(), first_piece(&manifest.objects.as_ref().unwrap().list));
    let text = fs::read(&list).unwrap();
    fs::write(&list, &text[..text.len() / 2]).unwrap();
    let refused = require_pieces(&shelf, &manifest).await.unwrap_err();
    assert!(refused.is_damage() && refused.to_string().contains("the list of objects"), "{refused}");
    let checked = check(&shelf, &["one".into()], async |_, _| {}).await.unwrap();
    assert!(checked.flaws[0].what.contains("the list of objects"), "{checked:?}");
    fs::write(&list, &text).unwrap();
    let mut entries = ListReader::new(shelf.place(), &manifest.objects.as_ref().unwrap().list);
    let second = [entries.next().await.unwrap(), entries.next().await.unwrap()][1].clone().unwrap();
    fs::remove_file(path(folder.path(), first_piece(&second.files[0].file))).unwrap();
    let refused = require_pieces(&shelf, &manifest).await.unwrap_err().to_string();
    assert!(refused.contains("the object data/ab/second") && refused.contains("missing"), "{refused}");
}

#[tokio::test]
async fn a_manifest_that_is_cut_changed_renamed_or_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    made(&shelf, "one", &[]).await;
    let text = fs::read_to_string(folder.path().join("backups/one.json")).unwrap();
    for length in 0..text.len() - 1 {
        // The last sign is the end of the line.
        if length % 7 == 0 || length > text.len() - 10 {
            shelf.write_manifest("cut", &text.as_bytes()[..length]).await.unwrap();
            let refused = shelf.manifest("cut").await.unwrap_err();
            assert!(matches!(refused, BackupError::Manifest { .. }), "cut at {length}: {refused}");
        }
    }
    let cases = [
        ("changed", text.replace("\"public.User\":3", "\"public.User\":4"), "does not have its digest"),
        ("two", text.clone(), "that of the backup one"),
        ("words", "nothing".into(), "it is no manifest"),
    ];
    for (name, text, told) in cases {
        shelf.write_manifest(name, text.as_bytes()).await.unwrap();
        let refused = shelf.manifest(name).await.unwrap_err();
        assert!(refused.is_damage() && refused.to_string().contains(told), "{refused}");
    }
    // Nothing is believed of a later form, and nothing is wanted of it.
    shelf.write_manifest("newer", br#"{"commons_backup": 2, "other": {}}"#).await.unwrap();
    let refused = shelf.manifest("newer").await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer { form: 2, known: 1, .. }), "{refused}");
    assert!(refused.is_prerequisite() && refused.to_string().contains("use the version"), "{refused}");
    fs::write(folder.path().join("commons-backup.json"), r#"{"commons_backup_place": 2}"#).unwrap();
    let refused = Shelf::<backup::Manifest>::open(&Place::folder(folder.path())).await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer { .. }), "{refused}");
}

#[tokio::test]
async fn a_wrong_passphrase_and_changed_secrets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path()).await;
    let manifest = made(&shelf, "one", &[]).await;
    let file = &manifest.secrets.as_ref().unwrap().file;
    let sealed = read_whole(shelf.place(), file, "secrets", 100_000).await.unwrap();
    assert!(!sealed.windows(13).any(|part| part == b"a private key"), "nothing is written in clear");
    assert_eq!(Key::passphrase("correct horse").open(&sealed).unwrap(), secrets());
    let refused = Key::passphrase("correct house").open(&sealed).unwrap_err();
    assert!(refused.is_prerequisite() && refused.to_string().contains("not the passphrase"), "{refused}");
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    let refused = Key::passphrase("correct horse").open(&changed).unwrap_err();
    assert!(refused.is_damage(), "{refused}");
    assert!(Seal::recipients(&["age1nobody"]).is_err());
    assert!(Key::identities("# created: today\n").is_err());
}

#[tokio::test]
async fn only_places_of_backups_are_read_and_only_empty_ones_become_such() {
    let folder = tempfile::tempdir().unwrap();
    let (other, new) = (folder.path().join("other"), folder.path().join("new"));
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "do not touch").unwrap();
    let refused = Shelf::<backup::Manifest>::open(&Place::folder(&other)).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoPlace { .. }), "{refused}");
    let refused = Shelf::<backup::Manifest>::open_or_make(&Place::folder(&other)).await.unwrap_err();
    assert!(matches!(refused, BackupError::Foreign { .. }), "{refused}");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    let shelf = shelf(&new).await;
    let refused = shelf.chosen(None).await.unwrap_err().to_string();
    assert!(refused.contains("there are none"), "{refused}");
    made(&shelf, "one", &[]).await;
    for wrong in ["two", "../one", "one.json", ""] {
        let refused = shelf.manifest(wrong).await.unwrap_err();
        assert!(matches!(refused, BackupError::NoBackup { .. }), "{refused}");
        assert!(refused.to_string().contains("there are one"), "{refused}");
    }
    assert!(is_name(&new_name(chrono::Utc::now())));
}
