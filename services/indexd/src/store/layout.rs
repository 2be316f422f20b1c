//! Which of the two layouts a database has, and what both of them can do.

use sqlx::PgConnection;
use web::Failure;

use super::{
    families::FamilyOwner,
    locations::PlaceOwner,
    records::{EntryId, Versions},
    schema::{self, Traces},
    urls::{Pattern, UrlFilter},
};
use crate::{
    Error,
    auth::{
        BlankFilling, Create, Delete, May, NewAliases, RecordAliases, RecordChange, Update, VersionsChange,
    },
    document::{Record, Revision, UrlDocument},
    guid::Guid,
    layout::Layout,
    new_record::NewRecord,
    query::{Filter, Window},
};

/// Both layouts have records.
#[derive(Debug, thiserror::Error)]
#[error(
    "both layouts of the index have records, and nothing says which of them count: set USE_SINGLE_TABLE to \
     true (record) or false (index_record), or move them with `commons index migrate --from single|multi`"
)]
pub(crate) struct Undecided;

impl Layout {
    /// The layout that has the records: the one that the configuration names, or the one that our note names,
    /// or the one with rows. In an empty database it is the one that the original has by default.
    ///
    /// # Errors
    /// When both have rows and nobody says which of them counts: either may be of long ago.
    pub(crate) async fn recognised(
        connection: &mut PgConnection,
        setting: Option<Self>,
    ) -> Result<Self, Error> {
        let traces = schema::traces(connection).await?;
        let found = Self::evident(&traces);
        if let (Some(setting), Some(found)) = (setting, found)
            && setting != found
        {
            tracing::warn!(
                layout.setting = setting.name(),
                layout.found = found.name(),
                "USE_SINGLE_TABLE says another layout than the one that has the records"
            );
        }
        match setting.or(found) {
            Some(layout) => Ok(layout),
            None if traces.multi && traces.single => {
                Err(Failure::internal("recognising the layout of the index", Undecided).into())
            }
            None => Ok(Self::Multi),
        }
    }

    /// The layout that our note names, or the only one that has rows.
    pub(crate) fn evident(traces: &Traces) -> Option<Self> {
        let noted = [Self::Multi, Self::Single]
            .into_iter()
            .find(|layout| traces.noted.as_deref() == Some(layout.name()));
        noted.or(match (traces.multi, traces.single) {
            (true, false) => Some(Self::Multi),
            (false, true) => Some(Self::Single),
            _ => None,
        })
    }
}

/// Each function is that of the same name in the module of the layout.
macro_rules! by_layout {
    ($($module:ident::$name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Layout {
            $(pub(crate) async fn $name(
                self,
                connection: &mut PgConnection,
                $($argument: $kind),*
            ) -> Result<$answer, Error> {
                match self {
                    Self::Multi => super::$module::$name(connection, $($argument),*).await,
                    Self::Single => super::single::$module::$name(connection, $($argument),*).await,
                }
            })*
        }
    };
}

by_layout! {
    records::load(dids: &[Guid]) -> Vec<Record>;
    records::by_did(did: &Guid) -> Option<Record>;
    records::resolve(asked: &[Vec<Guid>]) -> Vec<Option<EntryId>>;
    records::did_of_alias(name: &str) -> Option<Guid>;
    records::existing(dids: &[Guid]) -> Vec<Guid>;
    families::family_owners(names: &[&Guid]) -> Vec<FamilyOwner>;
    families::families_of(names: &[&Guid]) -> Vec<(Guid, Guid)>;
    records::versions(guid: &Guid) -> Vec<Guid>;
    records::latest(guid: &Guid, versions: Versions) -> Option<Guid>;
    records::by_md5_and_size(files: &[(String, i64)]) -> Vec<Option<Guid>>;
    filter::dids(filter: &Filter, window: &Window) -> Vec<Guid>;
    insert::insert_records(permit: May<Create, Vec<NewRecord>>) -> Vec<Guid>;
    insert::insert_record(permit: May<Create, NewRecord>) -> Option<Guid>;
    bulk::lock(dids: &[&Guid]) -> ();
    bulk::update_records(permit: &May<Update, Vec<RecordChange>>) -> Vec<Revision>;
    bulk::delete_records(permit: &May<Delete, Vec<Record>>) -> Vec<Guid>;
    change::update_record(permit: &May<Update, RecordChange>) -> Option<Revision>;
    change::update_versions(permit: &May<Update, VersionsChange>) -> Vec<Revision>;
    change::fill_blank(permit: &May<Update, BlankFilling>) -> Option<Revision>;
    change::delete_record(permit: &May<Delete, Record>) -> bool;
    aliases::of(did: &Guid) -> Option<Vec<String>>;
    aliases::of_all(dids: &[Guid]) -> Vec<(Guid, String)>;
    aliases::with_slash(after: &str, most: i64) -> Vec<(String, String)>;
    aliases::add_free_aliases(permit: &May<Update, NewAliases>) -> ();
    aliases::append_aliases(permit: &May<Update, RecordAliases>) -> ();
    aliases::replace_aliases(permit: &May<Update, RecordAliases>) -> ();
    aliases::delete_aliases(permit: &May<Delete, Record>) -> ();
    aliases::delete_alias(permit: &May<Delete, Record>, name: &str) -> bool;
    locations::alike(urls: &[(i64, String)]) -> Vec<(i64, Guid, String)>;
    locations::place_owners(urls: &[(i64, String)]) -> Vec<PlaceOwner>;
    urls::list(filter: &UrlFilter, start: i64, limit: i64) -> Vec<UrlDocument>;
    urls::by_pattern(include: Option<&str>, exclude: Option<&str>, pattern: &Pattern)
        -> Vec<(Guid, Vec<String>)>;
    urls::by_metadata(fact: (&str, &str), url: Option<&str>, pattern: &Pattern)
        -> Vec<(Guid, String, Option<String>)>;
}
