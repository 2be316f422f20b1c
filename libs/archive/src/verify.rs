//! Reading archived copies again.

use async_trait::async_trait;
use workqueue::Work;

use crate::{
    archive::Archive,
    counts::{self, Direction},
    fault::Fault,
    moving::Checked,
    rights::ToArchive,
    round::{Step, Taken, ended_by},
    store::items::Ended,
};

/// A run of `verify`.
pub(crate) struct Verify;

#[async_trait]
impl Step for Verify {
    type Permission = ToArchive;

    const DIRECTION: Direction = counts::CHECK;

    async fn fits(&self, _: &Archive, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    async fn window_of(&self, archive: &Archive, _: &Work, files: Vec<Taken<ToArchive>>) -> Vec<Ended> {
        let mut ended = Vec::with_capacity(files.len());
        for file in files {
            ended.push(one(archive, &file).await);
        }
        ended
    }
}

async fn one(archive: &Archive, file: &Taken<ToArchive>) -> Ended {
    let mut ended = Ended { guid: file.record().did.clone(), ..Ended::default() };
    let checked = match &file.copy {
        None => Err(Fault::user("it is not in the archive")),
        Some(copy) => {
            ended.target = Some(copy.target.clone());
            let checked = archive.check(copy).await;
            let state = match &checked {
                Ok(_) => "validated",
                Err(Fault::Damaged(_)) => "damaged",
                Err(_) => "",
            };
            match (state, checked) {
                ("", checked) => checked,
                (state, checked) => match archive.say(&file.permitted, copy, state).await {
                    Ok(()) => checked,
                    Err(fault) => checked.and(Err(fault)),
                },
            }
        }
    };
    match checked {
        Ok(Checked::Read(sha256)) => (ended.state, ended.actual) = ("verified", Some(sha256)),
        Ok(Checked::Seen) => {
            ended.state = "seen";
            ended.note =
                Some("it can only be read after it was asked for; size and tag are right".to_owned());
        }
        Err(fault) => {
            let (state, note) = ended_by(fault);
            (ended.state, ended.note) = (state, Some(note));
        }
    }
    ended
}
