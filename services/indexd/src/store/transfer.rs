//! Moving records from one layout to the other, by ranges of dids.
//!
//! A range is compared by a digest of its records as both layouts can express them: lists sorted and without
//! repeats, values of metadata as text, facts only of urls that the record has.

use sqlx::PgConnection;

use crate::{Error, guid::Guid, layout::Layout};

/// Dids after the first and up to the second; without one, from the beginning or to the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    pub(crate) after: Option<Guid>,
    pub(crate) to: Option<Guid>,
}

/// What is in a range of one layout.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Digest {
    pub(crate) records: i64,
    pub(crate) digest: String,
}

/// All that is in one layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Whole {
    pub(crate) records: i64,
    pub(crate) bytes: i64,
}

/// The last did of the next `most` after `after`; `None` when there are none.
pub(crate) async fn end_of_next(
    connection: &mut PgConnection,
    layout: Layout,
    after: Option<&Guid>,
    most: i64,
) -> Result<Option<Guid>, Error> {
    // The greatest of them, which `max` would not find for every collation.
    let statement = match layout {
        Layout::Multi => {
            "select did from (select did from index_record where $1::text is null or did > $1 \
             order by did limit $2) page order by did desc limit 1"
        }
        Layout::Single => {
            "select guid from (select guid from record where $1::text is null or guid > $1 \
             order by guid limit $2) page order by guid desc limit 1"
        }
    };
    Ok(sqlx::query_scalar(statement).bind(after).bind(most).fetch_optional(connection).await?)
}

/// How many records there are, and how many bytes they have.
pub(crate) async fn whole(connection: &mut PgConnection, layout: Layout) -> Result<Whole, Error> {
    let statement = match layout {
        Layout::Multi => {
            "select count(*) as records, coalesce(sum(size), 0)::bigint as bytes from index_record"
        }
        Layout::Single => "select count(*) as records, coalesce(sum(size), 0)::bigint as bytes from record",
    };
    Ok(sqlx::query_as(statement).fetch_one(connection).await?)
}

/// The digest of a range.
pub(crate) async fn digest(
    connection: &mut PgConnection,
    layout: Layout,
    range: &Range,
) -> Result<Digest, Error> {
    let statement = match layout {
        Layout::Multi => MULTI_DIGEST,
        Layout::Single => SINGLE_DIGEST,
    };
    Ok(sqlx::query_as(statement).bind(&range.after).bind(&range.to).fetch_one(connection).await?)
}

macro_rules! digest_of {
    ($columns:literal, $from:literal) => {
        concat!(
            "select count(*) as records, \
                md5(coalesce(string_agg(md5(d.document::text), '' order by d.did), '')) as digest \
             from (select ",
            $columns,
            " as document from ",
            $from,
            ") d"
        )
    };
}

const MULTI_DIGEST: &str = digest_of!(
    "r.did, jsonb_build_array(r.did, r.baseid, r.rev, r.form, r.size, r.created_date, r.updated_date, \
        r.file_name, r.version, r.uploader, r.description, r.content_created_date, r.content_updated_date, \
        (select jsonb_agg(u.url order by u.url) from index_record_url u where u.did = r.did), \
        (select jsonb_agg(a.ace order by a.ace) from index_record_ace a where a.did = r.did), \
        (select jsonb_agg(z.resource order by z.resource) from index_record_authz z where z.did = r.did), \
        (select jsonb_object_agg(h.hash_type, h.hash_value) from index_record_hash h where h.did = r.did), \
        (select jsonb_object_agg(m.key, m.value) from index_record_metadata m where m.did = r.did), \
        (select jsonb_object_agg(f.url, f.facts) \
         from (select x.url, jsonb_object_agg(x.key, x.value) as facts \
               from index_record_url_metadata x where x.did = r.did group by x.url) f), \
        (select jsonb_agg(n.name order by n.name) from index_record_alias n where n.did = r.did))",
    "index_record r where ($1::text is null or r.did > $1) and ($2::text is null or r.did <= $2)"
);

const SINGLE_DIGEST: &str = digest_of!(
    "r.guid as did, jsonb_build_array(r.guid, r.baseid, r.rev, r.form, r.size, r.created_date, \
        r.updated_date, r.file_name, r.version, r.uploader, r.description, r.content_created_date, \
        r.content_updated_date, \
        (select jsonb_agg(distinct u order by u) from unnest(r.urls) u where u is not null), \
        (select jsonb_agg(distinct a order by a) from unnest(r.acl) a where a is not null), \
        (select jsonb_agg(distinct z order by z) from unnest(r.authz) z where z is not null), \
        (select jsonb_object_agg(h.key, h.value) from jsonb_each_text( \
            case when jsonb_typeof(r.hashes) = 'object' then r.hashes end) h), \
        (select jsonb_object_agg(m.key, m.value) from jsonb_each_text( \
            case when jsonb_typeof(r.record_metadata) = 'object' then r.record_metadata end) m), \
        (select jsonb_object_agg(f.key, (select jsonb_object_agg(e.key, e.value) \
                from jsonb_each_text(case when jsonb_typeof(f.value) = 'object' then f.value end) e)) \
         from jsonb_each(case when jsonb_typeof(r.url_metadata) = 'object' then r.url_metadata end) f \
         where jsonb_typeof(f.value) = 'object' and f.value <> '{}' and f.key = any(r.urls)), \
        (select jsonb_agg(distinct n order by n) from unnest(r.alias) n where n is not null))",
    "record r where ($1::text is null or r.guid > $1) and ($2::text is null or r.guid <= $2)"
);

/// Deletes a range.
pub(crate) async fn clear(
    connection: &mut PgConnection,
    layout: Layout,
    range: &Range,
) -> Result<i64, Error> {
    let statement = match layout {
        // The foreign keys are looked at when the whole statement is done.
        Layout::Multi => {
            "with target as (select did from index_record \
                where ($1::text is null or did > $1) and ($2::text is null or did <= $2)), \
                facts as (delete from index_record_url_metadata where did in (select did from target)), \
                urls as (delete from index_record_url where did in (select did from target)), \
                acl as (delete from index_record_ace where did in (select did from target)), \
                authz as (delete from index_record_authz where did in (select did from target)), \
                hashes as (delete from index_record_hash where did in (select did from target)), \
                metadata as (delete from index_record_metadata where did in (select did from target)), \
                aliases as (delete from index_record_alias where did in (select did from target)) \
             delete from index_record where did in (select did from target)"
        }
        Layout::Single => {
            "delete from record \
             where ($1::text is null or guid > $1) and ($2::text is null or guid <= $2)"
        }
    };
    let done = sqlx::query(statement).bind(&range.after).bind(&range.to).execute(connection).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Records of the layout `of` that the other one lacks, and those that have been changed there since.
pub(crate) async fn ahead(connection: &mut PgConnection, of: Layout) -> Result<(i64, i64), Error> {
    let statement = match of {
        Layout::Multi => {
            "select count(*) filter (where s.guid is null), count(*) filter (where s.guid is not null and \
                (t.updated_date > s.updated_date or s.updated_date is null and t.updated_date is not null)) \
             from index_record t left join record s on s.guid = t.did"
        }
        Layout::Single => {
            "select count(*) filter (where s.did is null), count(*) filter (where s.did is not null and \
                (t.updated_date > s.updated_date or s.updated_date is null and t.updated_date is not null)) \
             from record t left join index_record s on s.did = t.guid"
        }
    };
    Ok(sqlx::query_as(statement).fetch_one(connection).await?)
}

/// Copies a range into `to` from the other layout. There must be nothing of it in `to` yet.
pub(crate) async fn copy(connection: &mut PgConnection, to: Layout, range: &Range) -> Result<(), Error> {
    let statement = match to {
        Layout::Single => INTO_SINGLE,
        Layout::Multi => INTO_MULTI,
    };
    sqlx::query(statement).bind(&range.after).bind(&range.to).execute(connection).await?;
    Ok(())
}

const INTO_SINGLE: &str = "insert into record (guid, baseid, rev, form, size, created_date, updated_date, \
        file_name, version, uploader, description, content_created_date, content_updated_date, urls, acl, \
        authz, hashes, record_metadata, url_metadata, alias) \
     select r.did, r.baseid, r.rev, r.form, r.size, r.created_date, r.updated_date, r.file_name, r.version, \
        r.uploader, r.description, r.content_created_date, r.content_updated_date, \
        array(select u.url from index_record_url u where u.did = r.did order by u.url), \
        array(select a.ace from index_record_ace a where a.did = r.did order by a.ace), \
        array(select z.resource from index_record_authz z where z.did = r.did order by z.resource), \
        coalesce((select jsonb_object_agg(h.hash_type, h.hash_value) \
            from index_record_hash h where h.did = r.did), '{}'), \
        coalesce((select jsonb_object_agg(m.key, m.value) \
            from index_record_metadata m where m.did = r.did), '{}'), \
        coalesce((select jsonb_object_agg(f.url, f.facts) \
            from (select x.url, jsonb_object_agg(x.key, x.value) as facts \
                  from index_record_url_metadata x where x.did = r.did group by x.url) f), '{}'), \
        array(select n.name from index_record_alias n where n.did = r.did order by n.name) \
     from index_record r where ($1::text is null or r.did > $1) and ($2::text is null or r.did <= $2)";

const INTO_MULTI: &str = "with source as materialized (select * from record \
        where ($1::text is null or guid > $1) and ($2::text is null or guid <= $2)), \
     families as (insert into base_version (baseid) \
        select distinct baseid from source where baseid is not null on conflict do nothing), \
     records as (insert into index_record (did, baseid, rev, form, size, created_date, updated_date, \
            file_name, version, uploader, description, content_created_date, content_updated_date) \
        select guid, baseid, rev, form, size, created_date, updated_date, file_name, version, uploader, \
            description, content_created_date, content_updated_date from source), \
     urls as (insert into index_record_url (did, url) \
        select distinct s.guid, u from source s cross join unnest(s.urls) u where u is not null), \
     facts as (insert into index_record_url_metadata (did, url, key, value) \
        select s.guid, f.key, e.key, e.value from source s \
        cross join lateral jsonb_each( \
            case when jsonb_typeof(s.url_metadata) = 'object' then s.url_metadata end) f \
        cross join lateral jsonb_each_text(case when jsonb_typeof(f.value) = 'object' then f.value end) e \
        where f.key = any(s.urls)), \
     acl as (insert into index_record_ace (did, ace) \
        select distinct s.guid, a from source s cross join unnest(s.acl) a where a is not null), \
     authz as (insert into index_record_authz (did, resource) \
        select distinct s.guid, z from source s cross join unnest(s.authz) z where z is not null), \
     hashes as (insert into index_record_hash (did, hash_type, hash_value) \
        select s.guid, h.key, h.value from source s cross join lateral jsonb_each_text( \
            case when jsonb_typeof(s.hashes) = 'object' then s.hashes end) h), \
     metadata as (insert into index_record_metadata (did, key, value) \
        select s.guid, m.key, m.value from source s cross join lateral jsonb_each_text( \
            case when jsonb_typeof(s.record_metadata) = 'object' then s.record_metadata end) m) \
     insert into index_record_alias (did, name) \
     select distinct s.guid, n from source s cross join unnest(s.alias) n where n is not null";

/// Aliases that several records of the single-table layout have, at most `most` of them.
pub(crate) async fn shared_aliases(connection: &mut PgConnection, most: i64) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "select a.name from record r cross join unnest(r.alias) as a(name) where a.name is not null \
         group by a.name having count(distinct r.guid) > 1 order by a.name limit $1",
    )
    .bind(most)
    .fetch_all(connection)
    .await?)
}

/// Deletes aliases of the multi-table layout that their records do not have in the other one: another record
/// may have them there.
pub(crate) async fn clear_stale_aliases(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query(
        "delete from index_record_alias a \
         where not exists (select 1 from record r where r.guid = a.did and a.name = any(r.alias))",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many urls of the single-table layout have facts although their records do not have the urls.
pub(crate) async fn stray_facts(connection: &mut PgConnection) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "select count(*) from record r cross join lateral jsonb_object_keys( \
            case when jsonb_typeof(r.url_metadata) = 'object' then r.url_metadata end) as f(url) \
         where not f.url = any(coalesce(r.urls, '{}'))",
    )
    .fetch_one(connection)
    .await?)
}
