//! Into the archive, many files in one tar file.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use indexmap::IndexMap;
use serde_json::json;
use storage::{ByteStream, Location};
use uuid::Uuid;

use crate::{
    archive::Archive,
    block::{self, END, HEADER, Member},
    catalogue::{Copy, CopyState},
    config::Tier,
    depot::Draft,
    digests::Digests,
    fault::Fault,
    moving::{comparable, pour},
    rights::{Permitted, ToArchive},
    round::{Taken, ended_by},
    store::{copies, items::Ended},
};

/// Files of a tar file, at most.
pub(crate) const MOST_MEMBERS: i64 = 10_000;
/// Records that are changed at the same time.
const AT_ONCE: usize = 8;

/// A file that is going to be a member.
struct Waiting {
    permitted: Permitted<ToArchive>,
    source: Location,
    size: u64,
}

/// Why there is no tar file.
enum Broken {
    /// Because of this member.
    Member(usize, Fault),
    /// Because of something else.
    Whole(Fault),
}

/// Packs files, and says what became of each. A file that cannot be one of them is left out.
pub(crate) async fn pack(
    archive: &Archive,
    tier: &Tier,
    due: Option<DateTime<Utc>>,
    files: Vec<Taken<ToArchive>>,
) -> Vec<Ended> {
    let (mut waiting, mut ended) = (Vec::new(), Vec::new());
    for file in files {
        let record = file.permitted.record();
        let found = async { Ok::<_, Fault>((comparable(record)?, archive.source_of(record).await?)) };
        match found.await {
            Ok((size, source)) => waiting.push(Waiting { size, source, permitted: file.permitted }),
            Err(fault) => ended.push(end(&record.did, None, fault)),
        }
    }
    while !waiting.is_empty() {
        match write(archive, tier, due, &waiting).await {
            Ok(made) => {
                ended.extend(name(archive, tier, waiting, made).await);
                break;
            }
            Err(Broken::Member(place, fault)) => {
                let file = waiting.remove(place);
                ended.push(end(&file.permitted.record().did, Some(&file.source), fault));
            }
            Err(Broken::Whole(fault)) => {
                let (state, note) = ended_by(fault);
                ended.extend(waiting.iter().map(|file| Ended {
                    guid: file.permitted.record().did.clone(),
                    source: Some(file.source.url()),
                    state,
                    note: Some(note.clone()),
                    ..Ended::default()
                }));
                break;
            }
        }
    }
    ended
}

fn end(guid: &str, source: Option<&Location>, fault: Fault) -> Ended {
    let (state, note) = ended_by(fault);
    let source = source.map(Location::url);
    Ended { guid: guid.to_owned(), source, state, note: Some(note), ..Ended::default() }
}

/// Writes a tar file and its index, reads it back, and notes what is in it.
async fn write(
    archive: &Archive,
    tier: &Tier,
    due: Option<DateTime<Utc>>,
    files: &[Waiting],
) -> Result<Vec<Copy>, Broken> {
    let whole = |fault: Fault| Broken::Whole(fault);
    let name = format!("{}blocks/{}", tier.prefix, Uuid::new_v4().simple());
    let located = |end: &str| {
        Location::within(tier.bucket.clone(), format!("{name}{end}"))
            .map_err(|error| Broken::Whole(Fault::store("the name of a block", &error)))
    };
    let (object, index) = (located(".tar")?, located(".json")?);
    let there = |error: storage::StorageError| Broken::Whole(Fault::store(&object.url(), &error));
    let length = block::length(files.iter().map(|file| file.size));
    let mut draft = archive.depot.begin(&object, length).await.map_err(there)?;
    let members = match fill(archive, files, &mut draft).await {
        Ok(members) => members,
        Err(broken) => {
            draft.abort().await;
            return Err(broken);
        }
    };
    draft.commit().await.map_err(there)?;
    if let Err(fault) = read_back(archive, &object, &members).await {
        let _ = archive.depot.delete(&object).await;
        return Err(whole(fault));
    }
    write_index(archive, &object, &index, &members).await.map_err(whole)?;
    let etag = archive.settled(tier, &object).await.map_err(whole)?;
    let copy = |(file, member): (&Waiting, Member)| Copy {
        tier: tier.name.clone(),
        // Each file has a location of its own.
        target: format!("{}/{}", object.url(), member.guid),
        guid: member.guid,
        object: object.url(),
        first: i64::try_from(member.offset).unwrap_or(i64::MAX),
        size: i64::try_from(member.size).unwrap_or(i64::MAX),
        sha256: member.sha256,
        etag: etag.clone(),
        source: file.source.url(),
        state: CopyState::Copied,
        due,
        until: None,
        damage: None,
    };
    let made: Vec<Copy> = files.iter().zip(members).map(copy).collect();
    let noted = async { copies::insert(&mut *archive.pool.acquire().await?, &made).await };
    noted.await.map_err(|error| whole(error.into()))?;
    Ok(made)
}

/// Writes the members and all around them.
async fn fill(archive: &Archive, files: &[Waiting], draft: &mut Draft<'_>) -> Result<Vec<Member>, Broken> {
    let there = |error: storage::StorageError| Broken::Whole(Fault::store("the block", &error));
    let (mut members, mut offset) = (Vec::with_capacity(files.len()), 0);
    for (place, file) in files.iter().enumerate() {
        let record = file.permitted.record();
        let of_member = |fault: Fault| Broken::Member(place, fault);
        let (header, name) = block::header(&record.did, file.size, place);
        draft.push(&header).await.map_err(there)?;
        offset += HEADER;
        let mut bytes = archive.open(&file.source, None).await.map_err(of_member)?;
        let digests = Digests::of(&record.hashes);
        let read = pour(&file.source, &mut bytes, draft, digests, file.size).await.map_err(of_member)?;
        if let Some(told) = read.difference(record.size, &record.hashes) {
            let told = format!("{} is not what its record says: {told}", file.source.url());
            return Err(of_member(Fault::User(told)));
        }
        members.push(Member { guid: record.did.clone(), name, offset, size: file.size, sha256: read.sha256 });
        let padding = block::padding(file.size);
        draft.push(&zeros(padding)).await.map_err(there)?;
        offset += file.size + padding;
    }
    draft.push(&zeros(END)).await.map_err(there)?;
    Ok(members)
}

fn zeros(count: u64) -> Vec<u8> {
    vec![0; usize::try_from(count).unwrap_or_default()]
}

async fn write_index(
    archive: &Archive,
    object: &Location,
    index: &Location,
    members: &[Member],
) -> Result<(), Fault> {
    let text = json!({ "block": object.url(), "members": members }).to_string();
    let there = |error: storage::StorageError| Fault::store(&index.url(), &error);
    let mut draft = archive.depot.begin(index, text.len() as u64).await.map_err(there)?;
    draft.push(text.as_bytes()).await.map_err(there)?;
    draft.commit().await.map_err(there)
}

/// Reads all of a tar file, and compares every member.
async fn read_back(archive: &Archive, object: &Location, members: &[Member]) -> Result<(), Fault> {
    let mut reading = Reading { bytes: archive.open(object, None).await?, rest: Bytes::new(), object };
    let wrong = |what: &str| Fault::System(format!("{}: {what} was not read back as written", object.url()));
    for (place, member) in members.iter().enumerate() {
        let (expected, _) = block::header(&member.guid, member.size, place);
        let mut header = Vec::with_capacity(expected.len());
        reading.exactly(HEADER, |piece| header.extend_from_slice(piece)).await?;
        let mut digests = Digests::of(&IndexMap::new());
        reading.exactly(member.size, |piece| digests.update(piece)).await?;
        let mut is_empty = true;
        reading
            .exactly(block::padding(member.size), |piece| is_empty &= piece.iter().all(|b| *b == 0))
            .await?;
        if header != expected || digests.finish().sha256 != member.sha256 || !is_empty {
            return Err(wrong(&member.guid));
        }
    }
    let mut is_empty = true;
    reading.exactly(END, |piece| is_empty &= piece.iter().all(|byte| *byte == 0)).await?;
    if is_empty { Ok(()) } else { Err(wrong("its end")) }
}

/// A stream from which so many bytes are taken as are wanted.
struct Reading<'o> {
    bytes: ByteStream,
    rest: Bytes,
    object: &'o Location,
}

impl Reading<'_> {
    async fn exactly(&mut self, mut count: u64, mut take: impl FnMut(&[u8])) -> Result<(), Fault> {
        while count > 0 {
            if self.rest.is_empty() {
                let url = self.object.url();
                let piece = self.bytes.next().await;
                let piece = piece.ok_or_else(|| Fault::System(format!("{url} was read back too short")))?;
                self.rest = piece.map_err(|error| Fault::store(&url, &error))?;
            }
            let part = usize::try_from(count).unwrap_or(usize::MAX).min(self.rest.len());
            let piece = self.rest.split_to(part);
            take(&piece);
            count -= part as u64;
        }
        Ok(())
    }
}

/// Has each record name its place in the tar file.
async fn name(archive: &Archive, tier: &Tier, files: Vec<Waiting>, made: Vec<Copy>) -> Vec<Ended> {
    stream::iter(files.into_iter().zip(made))
        .map(|(file, copy)| async move {
            let mut ended = Ended {
                guid: copy.guid.clone(),
                state: "archived",
                actual: Some(copy.sha256.clone()),
                source: Some(copy.source.clone()),
                target: Some(copy.target.clone()),
                ..Ended::default()
            };
            if let Err(fault) = archive.name_copy(&file.permitted, tier, copy).await {
                let (state, note) = ended_by(fault);
                (ended.state, ended.note) = (state, Some(note));
            }
            ended
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}
