//! Uploads that come to nothing: given up by a client or with their bucket, or forgotten.

use std::{fs, io, path::Path, time::Duration, time::SystemTime};

use s3s::S3Result;
use uuid::Uuid;

use crate::{
    checksums::Checksums,
    completion::Store,
    parts::Wanted,
    record::{Record, StoredPart},
    room::failed,
    uploads::{Ended, Upload},
};

/// An upload that nothing was added to for so long is given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);
/// For so long a client may ask once more for the end of an upload that it has ended.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

impl Store<'_> {
    /// Deletes an upload with its parts, if there is one and the parts are no object's. Its caller has the
    /// turn: nobody else ends it, or gives it up, meanwhile.
    ///
    /// # Errors
    /// When files cannot be deleted, or it cannot be known whose the parts are. They stay then.
    pub(crate) fn give_up(&self, id: Uuid) -> io::Result<()> {
        let Some(upload) = self.uploads.read(id)? else { return Ok(()) };
        if upload.ended.is_some() || self.disk.record_of(&upload.bucket, &upload.key, id)?.is_some() {
            return Ok(());
        }
        self.uploads.abort(id, &upload)
    }

    /// Gives up all uploads of a bucket.
    ///
    /// # Errors
    /// 500 when that fails.
    pub(crate) fn give_up_all_of(&self, bucket: &str) -> S3Result<()> {
        for id in self.uploads.ids().map_err(failed)? {
            match self.uploads.read(id) {
                Ok(Some(upload)) if upload.bucket == bucket => {
                    let _turn = self.uploads.wait_for_turn(id);
                    self.give_up(id).map_err(failed)?;
                }
                // Nobody knows what a damaged one was for. If it was for this bucket, its parts keep it.
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes uploads that nobody has added to for long, and the notes on those that were ended. What cannot
    /// be read is kept.
    ///
    /// # Errors
    /// When the folder of uploads cannot be read.
    pub(crate) fn forget_old(&self, now: SystemTime) -> io::Result<()> {
        for id in self.uploads.ids()? {
            // Whoever has its turn goes on with it.
            let Some(_turn) = self.uploads.free_turn(id) else { continue };
            if let Err(error) = self.forget_if_old(id, now) {
                let upload = id.simple();
                tracing::warn!(error = %error, upload.id = %upload, "what is left of an upload is kept");
            }
        }
        Ok(())
    }

    fn forget_if_old(&self, id: Uuid, now: SystemTime) -> io::Result<()> {
        let folder = self.uploads.folder(id);
        if let Some(upload) = self.uploads.read(id)?
            && upload.ended.is_none()
        {
            let Some(record) = self.disk.record_of(&upload.bucket, &upload.key, id)? else {
                let data = self.uploads.data(id, &upload);
                if is_old(&folder, now, LONGEST_PAUSE)? && is_old(&data, now, LONGEST_PAUSE)? {
                    tracing::info!("parts of an upload that was not ended are deleted");
                    self.give_up(id)?;
                }
                return Ok(());
            };
            self.note_the_end(id, &upload, &record)?;
        }
        if is_old(&folder, now, REMEMBERED)? { self.uploads.forget(id) } else { Ok(()) }
    }

    /// Makes up for the note of an upload that became an object just before the process was killed.
    fn note_the_end(&self, id: Uuid, upload: &Upload, record: &Record) -> io::Result<()> {
        let parts = record.parts.as_deref().unwrap_or_default();
        let named = |part: &StoredPart| Wanted {
            number: part.number,
            e_tag: part.md5.clone(),
            checksums: Checksums::default(),
        };
        let ended = Ended { e_tag: record.e_tag.clone(), parts: parts.iter().map(named).collect() };
        self.uploads.end(id, upload, ended, parts)
    }
}

/// Whether nothing was done in a folder for longer than `longest`, or there is none.
///
/// # Errors
/// When that cannot be known.
fn is_old(folder: &Path, now: SystemTime, longest: Duration) -> io::Result<bool> {
    let mut last = match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        metadata => metadata?.modified()?,
    };
    for entry in fs::read_dir(folder)? {
        last = last.max(entry?.metadata()?.modified()?);
    }
    Ok(now.duration_since(last).is_ok_and(|pause| pause > longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conditions::Conditions,
        disk::Disk,
        draft,
        index::Index,
        parts::file_name,
        room::Room,
        uploads::{ABOUT, read, stand::Stand},
    };

    const DAY: Duration = Duration::from_secs(24 * 3600);

    struct Fixture {
        disk: Disk,
        room: Room,
        stand: Stand,
    }

    /// A store with an upload that has one part.
    fn fixture() -> Fixture {
        let stand = Stand::new();
        stand.add(1, "aa", "one");
        let index = Index::open(&stand.layout).unwrap();
        let room = Room::new(stand.root.path(), Some(0)).unwrap();
        Fixture { disk: Disk::new(stand.layout.clone(), index), room, stand }
    }

    impl Fixture {
        fn store(&self) -> Store<'_> {
            Store { disk: &self.disk, uploads: &self.stand.uploads, room: &self.room }
        }

        fn forget(&self, now: SystemTime) {
            self.store().forget_old(now).unwrap();
        }

        fn parts(&self) -> usize {
            self.stand.parts().len()
        }

        fn is_there(&self) -> bool {
            self.stand.uploads.find(&self.stand.id.to_string(), "b", "k").is_ok()
        }

        /// The upload becomes an object, and is not noted as ended.
        fn becomes_an_object(&self) {
            let checksums = Checksums::default();
            let file = file_name(1, "aa", &checksums);
            let part = StoredPart { number: 1, size: 3, file, md5: "aa".into(), checksums };
            let record = Record::of_file("k", 3, "tag-1".into());
            let record = Record { data: self.stand.id, parts: Some(vec![part]), ..record };
            self.disk.put("b", &record, None, &Conditions::default()).unwrap();
        }
    }

    #[test]
    fn only_uploads_that_nobody_goes_on_with_are_forgotten() {
        let fixture = fixture();
        let now = SystemTime::now();
        fixture.forget(now + DAY * 6);
        assert_eq!(fixture.parts(), 1);
        let turn = fixture.stand.uploads.free_turn(fixture.stand.id).unwrap();
        fixture.forget(now + DAY * 8);
        assert_eq!(fixture.parts(), 1, "somebody goes on with it");
        drop(turn);
        let data = fixture.stand.uploads.data(fixture.stand.id, &fixture.stand.upload);
        fixture.forget(now + DAY * 8);
        assert!(!fixture.is_there() && !data.exists());
    }

    #[test]
    fn an_upload_that_became_an_object_unnoted_keeps_its_parts() {
        let fixture = fixture();
        fixture.becomes_an_object();
        let stray = fixture.stand.uploads.data(fixture.stand.id, &fixture.stand.upload).join("part-00002-bb");
        fs::write(&stray, "not wanted").unwrap();
        let id = fixture.stand.id.to_string();
        let open = fixture.store().find_open(&id, "b", "k");
        assert_eq!(open.unwrap_err().code().as_str(), "NoSuchUpload", "nothing is added to it");
        fixture.store().give_up(fixture.stand.id).unwrap();
        assert_eq!(fixture.parts(), 2);
        fixture.forget(SystemTime::now());
        let ended = fixture.stand.uploads.find(&id, "b", "k").unwrap().1.ended.unwrap();
        assert_eq!((ended.e_tag.as_str(), ended.parts.len()), ("tag-1", 1));
        assert!(!stray.exists());
        fixture.forget(SystemTime::now() + DAY * 9);
        assert!(!fixture.is_there());
        assert_eq!(fixture.parts(), 1);
    }

    #[test]
    fn whoever_gives_up_the_uploads_of_a_bucket_waits_for_those_that_are_being_ended() {
        let fixture = fixture();
        let turn = fixture.stand.uploads.free_turn(fixture.stand.id).unwrap();
        std::thread::scope(|scope| {
            let giving_up =
                scope.spawn(|| fixture.store().give_up_all_of("b").map_err(|error| error.to_string()));
            #[expect(clippy::disallowed_methods, reason = "this thread serves nobody")]
            std::thread::sleep(Duration::from_millis(100));
            fixture.becomes_an_object();
            drop(turn);
            giving_up.join().unwrap().unwrap();
        });
        assert_eq!(fixture.parts(), 1, "they are the object's");
        fixture.store().give_up(Uuid::new_v4()).unwrap();
    }

    #[test]
    fn what_cannot_be_read_is_kept() {
        let fixture = fixture();
        let later = SystemTime::now() + DAY * 9;
        let data = fixture.stand.uploads.data(fixture.stand.id, &fixture.stand.upload);
        let about = fixture.stand.uploads.folder(fixture.stand.id).join(ABOUT);
        let text = fs::read(&about).unwrap();
        for is_damaged in [false, true] {
            fs::remove_file(&about).unwrap();
            if is_damaged {
                fs::write(&about, "{").unwrap()
            } else {
                fs::create_dir(&about).unwrap()
            }
            assert!(read(fixture.stand.root.path(), fixture.stand.id).is_err());
            fixture.forget(later);
            assert!(about.exists() && data.exists());
            draft::remove(&about).unwrap();
            fs::write(&about, &text).unwrap();
        }
        // The time of the last part is not known.
        let moved = fixture.stand.root.path().join("moved");
        fs::rename(&data, &moved).unwrap();
        fs::write(&data, "a file in the place of a folder").unwrap();
        fixture.forget(later);
        assert!(about.exists() && data.exists());
        // It is not known whether it became an object.
        fs::remove_file(&data).unwrap();
        fs::rename(&moved, &data).unwrap();
        fs::write(fixture.disk.layout().place("b", "k").record(), "damaged").unwrap();
        fixture.forget(later);
        assert!(fixture.store().give_up(fixture.stand.id).is_err());
        assert_eq!(fixture.parts(), 1);
    }
}
