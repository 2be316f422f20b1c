//! Proofs of permission, and the writes that demand them.
//!
//! A [`May`] names its action and holds its object. Only a rule that was met makes one:
//!
//! ```compile_fail,E0451
//! use indexd::permits::{Delete, May, Record};
//!
//! fn forged(record: Record) -> May<Delete, Record> {
//!     May { object: record, action: std::marker::PhantomData }
//! }
//! ```
//!
//! So none of these functions can be called for somebody who was not asked about, nor for another object than
//! was asked about. Each is shown with the proof that it demands, and with another one, which does not
//! compile.

pub use crate::{
    auth::{
        AllBundles, BlankFilling, BundleId, Create, Delete, LegacyName, May, NewAliases, RecordAliases,
        RecordChange, Update, VersionsChange,
    },
    document::{Record, Revision},
    guid::Guid,
    input::LegacyAliasInput,
    new_record::NewRecord,
    store::bundles::NewBundle,
};

/// Publishes a function with its two examples: the call compiles with the proof that it takes, and not with
/// another.
macro_rules! demanding {
    ($($module:ident::$function:ident($($argument:expr),*) takes $proof:ty, not $other:ty;)*) => { $(
        #[doc = concat!(
            "```no_run\n",
            "use indexd::permits::*;\n\n",
            "async fn example(\n",
            "    connection: &mut sqlx::PgConnection,\n",
            "    permit: ", stringify!($proof), ",\n",
            "    bundle: &NewBundle,\n",
            "    alias: &LegacyAliasInput,\n",
            ") {\n",
            "    let _ = ", stringify!($function), "(",
            "connection, ", stringify!($($argument),*),
            ").await;\n",
            "}\n",
            "```\n\n",
            "```compile_fail,E0308\n",
            "use indexd::permits::*;\n\n",
            "async fn example(\n",
            "    connection: &mut sqlx::PgConnection,\n",
            "    permit: ", stringify!($other), ",\n",
            "    bundle: &NewBundle,\n",
            "    alias: &LegacyAliasInput,\n",
            ") {\n",
            "    let _ = ", stringify!($function), "(",
            "connection, ", stringify!($($argument),*),
            ").await;\n",
            "}\n",
            "```\n\n",
        )]
        pub use crate::store::$module::$function;
    )* };
}

demanding! {
    insert::insert_record(permit) takes May<Create, NewRecord>, not May<Update, NewRecord>;
    insert::insert_records(permit) takes May<Create, Vec<NewRecord>>, not May<Create, NewRecord>;
    bulk::update_records(&permit) takes May<Update, Vec<RecordChange>>, not May<Update, RecordChange>;
    bulk::delete_records(&permit) takes May<Delete, Vec<Record>>, not May<Update, Vec<Record>>;
    change::update_record(&permit) takes May<Update, RecordChange>, not May<Delete, RecordChange>;
    change::fill_blank(&permit) takes May<Update, BlankFilling>, not May<Update, RecordChange>;
    change::update_versions(&permit) takes May<Update, VersionsChange>, not May<Update, RecordChange>;
    change::delete_record(&permit) takes May<Delete, Record>, not May<Update, Record>;
    aliases::append_aliases(&permit) takes May<Update, RecordAliases>, not May<Delete, RecordAliases>;
    aliases::replace_aliases(&permit) takes May<Update, RecordAliases>, not May<Update, NewAliases>;
    aliases::add_free_aliases(&permit) takes May<Update, NewAliases>, not May<Update, RecordAliases>;
    aliases::delete_alias(&permit, "name") takes May<Delete, Record>, not May<Update, Record>;
    aliases::delete_aliases(&permit) takes May<Delete, Record>, not May<Update, Record>;
    bundles::insert_bundle(&permit, bundle) takes May<Create, AllBundles>, not May<Delete, AllBundles>;
    bundles::delete_bundle(&permit) takes May<Delete, BundleId>, not May<Delete, AllBundles>;
    legacy::put_legacy_alias(&permit, None, alias) takes May<Update, LegacyName>, not May<Delete, LegacyName>;
    legacy::delete_legacy_alias(&permit, None) takes May<Delete, LegacyName>, not May<Update, LegacyName>;
}
