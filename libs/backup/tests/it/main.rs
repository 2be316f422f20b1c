//! Backups in a folder and in a bucket: what is written, what is refused, and what is left behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod flaws;
mod sweeping;

use std::{collections::BTreeMap, path::Path};

use backup::{
    Bucket, Database, Dictionary, Entry, ListWriter, Listed, Manifest, Objects, Pieces, Place, Program,
    Sealing, Secrets, Shelf, Snapshot, StoredFile,
    seal::{Seal, Sealed},
};

/// A backup with a dump of two pieces, secrets, a dictionary, and as many objects as are given.
async fn made(shelf: &Shelf, name: &str, objects: &[&str]) -> Manifest {
    let pieces = Pieces::open(shelf.place()).await.unwrap();
    let manifest = manifest(name, &pieces, objects).await;
    pieces.finish().await.unwrap();
    shelf.add(&manifest).await.unwrap();
    manifest
}

fn dump() -> Vec<u8> {
    (0..backup::PIECE + 1000).map(|at| (at % 251) as u8).collect()
}

fn secrets() -> Vec<Sealed> {
    vec![Sealed { path: "keys/2026/jwt_private_key.pem".into(), content: b"a private key".to_vec() }]
}

async fn manifest(name: &str, pieces: &Pieces, objects: &[&str]) -> Manifest {
    let dump = pieces.file_of(&dump()).await.unwrap();
    assert_eq!(dump.pieces.len(), 2);
    let sealed = Seal::passphrase("correct horse").close(&secrets()).unwrap();
    let mut list = ListWriter::new(pieces.file());
    for content in objects {
        let file = pieces.file_of(content.as_bytes()).await.unwrap();
        let files = vec![Listed { path: format!("data/ab/{content}"), file }];
        let (object, path) = (format!("data/{content}"), format!("data/ab/{content}.json"));
        list.add(&Entry { object, path, record: "{}".into(), files }).await.unwrap();
    }
    let bytes = objects.iter().map(|content| content.len() as u64).sum();
    Manifest {
        name: name.into(),
        begun: "2026-11-30T22:00:00.000Z".into(),
        ended: "2026-11-30T22:00:01.000Z".into(),
        program: Program { version: "0.1.0".into(), commit: "abc".into() },
        databases: vec![Database {
            name: "fence".into(),
            server: 150_013,
            snapshot: Snapshot { taken: "2026-11-30T22:00:00.5Z".into(), lsn: Some("0/1".into()) },
            rows: BTreeMap::from([("public.User".into(), 3)]),
            dump,
        }],
        private_databases: true,
        dictionary: Some(Dictionary { source: None, file: pieces.file_of(b"{}").await.unwrap() }),
        secrets: Some(Secrets {
            sealing: Sealing::Passphrase,
            files: secrets().into_iter().map(|file| file.path).collect(),
            file: pieces.file_of(&sealed).await.unwrap(),
        }),
        objects: Some(Objects {
            buckets: vec![Bucket { name: "data".into(), versioning: None }],
            objects: objects.len() as u64,
            bytes,
            damaged: 0,
            list: list.finish().await.unwrap(),
        }),
        run: None,
    }
}

async fn shelf(folder: &Path) -> Shelf {
    Shelf::open_or_make(&Place::folder(folder)).await.unwrap()
}

fn path(folder: &Path, piece: &str) -> std::path::PathBuf {
    folder.join(format!("pieces/{}/{piece}", &piece[..2]))
}

fn first_piece(file: &StoredFile) -> &str {
    &file.pieces[0].sha256
}
