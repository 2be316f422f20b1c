-- The tables of metadata-service, at its Alembic revision 6819874e85b9.
create table if not exists metadata (
    guid varchar not null primary key,
    data jsonb,
    authz jsonb not null
);

create table if not exists metadata_alias (
    alias varchar not null primary key,
    guid varchar not null references metadata (guid) on delete cascade
);

-- For the values that queries ask for, and for the aliases of a document.
create index if not exists commons_metadata_data on metadata using gin (data jsonb_path_ops);
create index if not exists commons_metadata_alias_guid on metadata_alias (guid);

-- The original can take the database back.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);

-- Its last migration: keys that an old upload left in documents go.
update metadata set data = data - array['_uploader_id', '_filename', '_bucket', '_file_extension']
where jsonb_typeof(data) = 'object'
  and data ?| array['_uploader_id', '_filename', '_bucket', '_file_extension']
  and exists (select from alembic_version where version_num <> '6819874e85b9');

-- What a search looks for: the kind of a document, and its words; of a very large one those of its beginning. The
-- columns keep themselves, whoever writes: the original names its columns and does not see them. Making them writes a
-- table anew, which takes its time once.
set local statement_timeout = 0;
drop index if exists commons_metadata_words;
create or replace function commons_metadata_words(data jsonb) returns tsvector
language sql immutable parallel safe as $words$
    select case when data ->> '_guid_type' is null then null
                when octet_length(data::text) < 300000 then jsonb_to_tsvector('simple', data, '["string"]')
                else to_tsvector('simple', left(data::text, 100000)) end
$words$;
do $columns$
begin
    -- Asked first, because the statement waits for all readers even where it has nothing to do.
    if not exists (select from pg_attribute where attrelid = 'metadata'::regclass and attname = 'commons_words') then
        alter table metadata
            add column commons_kind text generated always as (left(data ->> '_guid_type', 200)) stored,
            add column commons_words tsvector generated always as (commons_metadata_words(data)) stored;
    end if;
end $columns$;
create index if not exists commons_metadata_kind on metadata (commons_kind, guid);
create index if not exists commons_metadata_text on metadata using gin (commons_words);

-- How many documents of a kind have a value at a path, for the paths that are counted: so that counting all studies does
-- not read them. Whoever writes adds what changes; nothing is changed in place, so that writers do not wait for each
-- other, and what was added is summed up when it is much.
create table if not exists commons_metadata_counted (
    -- In the path language of PostgreSQL.
    path text not null primary key
);
create table if not exists commons_metadata_count (
    path text not null,
    kind text not null,
    value text not null,
    studies bigint not null
);
create index if not exists commons_metadata_count_value on commons_metadata_count (path, kind, value);

-- The values at a path that are counted, each once.
create or replace function commons_metadata_values(data jsonb, path text) returns setof text
language sql immutable parallel safe as $values$
    select distinct v #>> '{}' from jsonb_path_query(data, path::jsonpath) as v
    where jsonb_typeof(v) in ('string', 'number', 'boolean') and length(v #>> '{}') <= 200
$values$;
create or replace function commons_metadata_count_come() returns trigger language plpgsql as $come$
begin
    if exists (select from commons_metadata_counted) then
        insert into commons_metadata_count (path, kind, value, studies)
        select c.path, r.commons_kind, v, count(*)
        from come r cross join commons_metadata_counted c
             cross join lateral commons_metadata_values(r.data, c.path) as v
        where r.commons_kind is not null group by 1, 2, 3;
    end if;
    return null;
end $come$;
create or replace function commons_metadata_count_gone() returns trigger language plpgsql as $gone$
begin
    if exists (select from commons_metadata_counted) then
        insert into commons_metadata_count (path, kind, value, studies)
        select c.path, r.commons_kind, v, -count(*)
        from gone r cross join commons_metadata_counted c
             cross join lateral commons_metadata_values(r.data, c.path) as v
        where r.commons_kind is not null group by 1, 2, 3;
    end if;
    return null;
end $gone$;
create or replace function commons_metadata_count_changed() returns trigger language plpgsql as $changed$
begin
    if exists (select from commons_metadata_counted) then
        insert into commons_metadata_count (path, kind, value, studies)
        select c.path, r.commons_kind, v, sum(r.sign)
        from (select commons_kind, data, 1 as sign from come
              union all select commons_kind, data, -1 from gone) r
             cross join commons_metadata_counted c
             cross join lateral commons_metadata_values(r.data, c.path) as v
        where r.commons_kind is not null group by 1, 2, 3 having sum(r.sign) <> 0;
    end if;
    return null;
end $changed$;
create or replace function commons_metadata_count_none() returns trigger language plpgsql as $none$
begin
    delete from commons_metadata_count;
    return null;
end $none$;
do $triggers$
begin
    if not exists (select from pg_trigger
                   where tgrelid = 'metadata'::regclass and tgname = 'commons_metadata_count_come') then
        create trigger commons_metadata_count_come after insert on metadata
            referencing new table as come for each statement execute function commons_metadata_count_come();
        create trigger commons_metadata_count_gone after delete on metadata
            referencing old table as gone for each statement execute function commons_metadata_count_gone();
        create trigger commons_metadata_count_changed after update on metadata
            referencing old table as gone new table as come
            for each statement execute function commons_metadata_count_changed();
        create trigger commons_metadata_count_none after truncate on metadata
            for each statement execute function commons_metadata_count_none();
    end if;
end $triggers$;

update alembic_version set version_num = '6819874e85b9' where version_num <> '6819874e85b9';
insert into alembic_version (version_num) values ('6819874e85b9') on conflict do nothing;

-- Studies of other commons, brought here by `commons metadata sync`, and what is known of their sources. The original
-- has them in a search engine.
create table if not exists commons_aggregate_study (
    guid text not null primary key,
    source text not null,
    commons text not null,
    document jsonb not null
);
create index if not exists commons_aggregate_study_commons on commons_aggregate_study (commons);
create index if not exists commons_aggregate_study_source on commons_aggregate_study (source);

create table if not exists commons_aggregate_info (
    name text not null primary key,
    kind text not null,
    document jsonb not null
);
