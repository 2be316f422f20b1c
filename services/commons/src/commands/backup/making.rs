//! Making a backup, whoever asks for it.

use std::sync::Arc;

use backup::{
    BackupError, Dictionary, Kept, Manifest, Objects, Pieces, Presence, Program, Pruned, Secrets, Shelf,
    StoredFile, Task, Totals, new_name, prune, seal::Seal,
};
use chrono::{SecondsFormat, Utc};

use super::{databases, objects, progress::Told, source::Source};
use crate::{
    dictionaries,
    failure::message,
    version::{COMMIT, VERSION},
};

/// How a backup is made.
pub(crate) struct Making<'m> {
    /// What secrets are sealed with; they are left out without.
    pub(crate) seal: Option<&'m Seal>,
    /// MiB of objects that are read in a second.
    pub(crate) rate: Option<u32>,
    /// The id of the operation's run, if it is one.
    pub(crate) run: Option<String>,
}

/// What was done.
pub(crate) struct Done {
    pub(crate) manifest: Manifest,
    pub(crate) totals: Totals,
    /// Bytes of objects that were read: what was not there yet.
    pub(crate) read: u64,
    /// Objects that were damaged in the store already.
    pub(crate) damaged: Vec<String>,
}

impl Making<'_> {
    /// Makes a backup. It is one when its manifest is there, which is the last thing.
    ///
    /// # Errors
    /// When something cannot be read, or the place cannot be written.
    pub(crate) async fn make(
        &self,
        shelf: &Shelf,
        source: Source,
        told: &Arc<dyn Told>,
    ) -> anyhow::Result<Done> {
        let begun = Utc::now();
        let name = new_name(begun);
        told.step("looking at what is there".to_owned());
        let (pieces, earlier) =
            (Arc::new(Pieces::open(shelf.place()).await?), earlier(shelf, &**told).await?);
        let opened = databases::open(&source.databases).await?;
        let secrets = match self.seal {
            Some(seal) => Some(sealed(&source, seal, &pieces).await?),
            None => None,
        };
        let dictionary = dictionary(&source, &pieces, &**told).await?;
        let mut dumped = Vec::with_capacity(opened.len());
        for database in opened {
            told.step(format!("database {}", database.name()));
            dumped.push(database.dump(&pieces, &**told).await?);
        }
        let (mut taken, mut read, mut damaged) = (None::<Objects>, 0, Vec::new());
        if let Some(folder) = source.objects {
            let place = shelf.place().clone();
            let copied = objects::copy(folder, place, pieces.clone(), earlier, self.rate, told.clone());
            let copied = copied.await?;
            (taken, read, damaged) = (Some(copied.objects), copied.read, copied.damaged);
        }
        told.step("waiting for the last pieces".to_owned());
        pieces.finish().await?;
        let time = |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let manifest = Manifest {
            name,
            begun: time(begun),
            ended: time(Utc::now()),
            program: Program { version: VERSION.to_owned(), commit: COMMIT.to_owned() },
            databases: dumped,
            private_databases: source.private_databases,
            dictionary,
            secrets,
            objects: taken,
            run: self.run.clone(),
        };
        shelf.add(&manifest).await?;
        Ok(Done { manifest, totals: pieces.totals(), read, damaged })
    }
}

/// The list of objects of the last backup that has one and can be read.
async fn earlier(shelf: &Shelf, told: &dyn Told) -> Result<Option<StoredFile>, BackupError> {
    for name in shelf.names().await?.iter().rev() {
        match shelf.manifest(name).await {
            Ok(Manifest { objects: Some(objects), .. }) => return Ok(Some(objects.list)),
            Ok(_) => {}
            Err(error) if error.is_damage() || matches!(error, BackupError::Newer { .. }) => {
                told.warn(&format!("the backup {name} is of no use for this one: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn sealed(source: &Source, seal: &Seal, pieces: &Pieces) -> anyhow::Result<Secrets> {
    let files = source.secrets.read()?;
    let names = files.iter().map(|file| file.path.clone()).collect();
    let (sealing, seal) = (seal.sealing(), seal.clone());
    // A passphrase is made slow to guess.
    let closed = tokio::task::spawn_blocking(move || seal.close(&files)).await??;
    Ok(Secrets { sealing, files: names, file: pieces.file_of(&closed).await? })
}

/// The dictionary; `None` when it has an address that does not answer: that is no reason to lose the rest.
async fn dictionary(source: &Source, pieces: &Pieces, told: &dyn Told) -> anyhow::Result<Option<Dictionary>> {
    let from = source.dictionary.as_deref();
    let files = match dictionaries::files(from).await {
        Err(error) if from.is_some_and(|from| from.contains("://")) => {
            told.warn(&format!("the dictionary is not in the backup: {}", message(&error)));
            return Ok(None);
        }
        files => files?,
    };
    let text = serde_json::to_vec(&files)?;
    Ok(Some(Dictionary { source: source.dictionary.clone(), file: pieces.file_of(&text).await? }))
}

/// Deletes all backups but the last `keep`. The new one is there whether this can be done now or not.
///
/// # Errors
/// When the place cannot be written.
pub(crate) async fn pruned(shelf: &Shelf, keep: u32, told: &dyn Told) -> anyhow::Result<Option<Pruned>> {
    let kept = Kept::Last(usize::try_from(keep)?);
    match Presence::during(shelf.place(), Task::Pruning, prune(shelf, kept)).await {
        Ok(pruned) => Ok(Some(pruned)),
        Err(BackupError::Busy(busy)) => {
            told.warn(&format!("old backups stay until the next time: {busy}"));
            Ok(None)
        }
        Err(error) => Err(anyhow::Error::from(error).context("the backup is made, but old ones stay")),
    }
}
