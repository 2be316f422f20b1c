//! Writing records. A trigger moves each to the table of its month.

use auditlog::{Event, Login, PresignedUrl};
use serde_json::Value;
use sqlx::PgConnection;

/// Writes all of `events`.
pub(crate) async fn insert(connection: &mut PgConnection, events: &[Event]) -> Result<(), sqlx::Error> {
    let (mut logins, mut urls) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Login(login) => logins.push(login),
            Event::PresignedUrl(url) => urls.push(url),
        }
    }
    if !logins.is_empty() {
        insert_logins(connection, &logins).await?;
    }
    if !urls.is_empty() {
        insert_presigned_urls(connection, &urls).await?;
    }
    Ok(())
}

/// One value of each record.
fn each<'e, E, T>(records: &[&'e E], value: impl Fn(&'e E) -> T) -> Vec<T> {
    records.iter().map(|record| value(record)).collect()
}

async fn insert_logins(connection: &mut PgConnection, logins: &[&Login]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into login (request_url, status_code, timestamp, username, sub, idp, fence_idp, shib_idp,
                            client_id, ip, additional_data)
         select f.request_url, f.status_code,
                coalesce(to_timestamp(f.seconds), clock_timestamp()) at time zone 'utc',
                f.username, f.sub, f.idp, f.fence_idp, f.shib_idp, f.client_id, f.ip, f.additional_data
         from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::jsonb[])
              as f (request_url, status_code, seconds, username, sub, idp, fence_idp, shib_idp, client_id, ip,
                    additional_data)",
    )
    .bind(each(logins, |login| login.request_url.as_str()))
    .bind(each(logins, |login| login.status_code))
    .bind(each(logins, |login| login.timestamp))
    .bind(each(logins, |login| login.username.as_str()))
    .bind(each(logins, |login| login.sub))
    .bind(each(logins, |login| login.idp.as_str()))
    .bind(each(logins, |login| login.fence_idp.as_deref()))
    .bind(each(logins, |login| login.shib_idp.as_deref()))
    .bind(each(logins, |login| login.client_id.as_deref()))
    .bind(each(logins, |login| login.ip.as_deref()))
    .bind(each(logins, |login| login.additional_data.as_ref()))
    .execute(connection)
    .await
    .map(drop)
}

/// The paths come as JSON, because lists of lists of different lengths are no array.
async fn insert_presigned_urls(
    connection: &mut PgConnection,
    urls: &[&PresignedUrl],
) -> Result<(), sqlx::Error> {
    let paths = |url: &PresignedUrl| url.resource_paths.as_deref().map(Value::from);
    sqlx::query(
        "insert into presigned_url (request_url, status_code, timestamp, username, sub, guid, resource_paths,
                                    action, protocol, additional_data)
         select f.request_url, f.status_code,
                coalesce(to_timestamp(f.seconds), clock_timestamp()) at time zone 'utc',
                f.username, f.sub, f.guid,
                case when f.paths is not null then array(select jsonb_array_elements_text(f.paths)) end,
                f.action, f.protocol, f.additional_data
         from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::jsonb[],
                     $8::text[], $9::text[], $10::jsonb[])
              as f (request_url, status_code, seconds, username, sub, guid, paths, action, protocol,
                    additional_data)",
    )
    .bind(each(urls, |url| url.request_url.as_str()))
    .bind(each(urls, |url| url.status_code))
    .bind(each(urls, |url| url.timestamp))
    .bind(each(urls, |url| url.username.as_str()))
    .bind(each(urls, |url| url.sub))
    .bind(each(urls, |url| url.guid.as_str()))
    .bind(each(urls, paths))
    .bind(each(urls, |url| url.action.as_str()))
    .bind(each(urls, |url| url.protocol.as_deref()))
    .bind(each(urls, |url| url.additional_data.as_ref()))
    .execute(connection)
    .await
    .map(drop)
}
