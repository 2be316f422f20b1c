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
