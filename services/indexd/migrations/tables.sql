-- The tables of indexd at its schema head (alembic revision 9a2169051163). Everything is created only when it
-- is missing, so that a database of the original is adopted in place.
create table if not exists base_version (
    baseid varchar not null primary key
);

create table if not exists index_record (
    did varchar not null primary key,
    baseid varchar references base_version (baseid),
    rev varchar,
    form varchar,
    size bigint,
    created_date timestamp without time zone,
    updated_date timestamp without time zone,
    file_name varchar,
    version varchar,
    uploader varchar,
    description varchar,
    content_created_date timestamp without time zone,
    content_updated_date timestamp without time zone
);
-- Revision a72f117515c5, for databases that are older.
alter table index_record
    add column if not exists description varchar,
    add column if not exists content_created_date timestamp without time zone,
    add column if not exists content_updated_date timestamp without time zone;

create table if not exists index_record_url (
    did varchar not null references index_record (did),
    url varchar not null,
    primary key (did, url)
);

create table if not exists index_record_url_metadata (
    key varchar not null,
    url varchar not null,
    did varchar not null,
    value varchar,
    primary key (key, url, did),
    foreign key (did, url) references index_record_url (did, url)
);

create table if not exists index_record_ace (
    did varchar not null references index_record (did),
    ace varchar not null,
    primary key (did, ace)
);

create table if not exists index_record_authz (
    did varchar not null references index_record (did),
    resource varchar not null,
    primary key (did, resource)
);

create table if not exists index_record_hash (
    did varchar not null references index_record (did),
    hash_type varchar not null,
    hash_value varchar,
    primary key (did, hash_type)
);

create table if not exists index_record_metadata (
    key varchar not null,
    did varchar not null references index_record (did),
    value varchar,
    primary key (key, did)
);

create table if not exists index_record_alias (
    did varchar not null references index_record (did),
    name varchar not null unique,
    primary key (did, name)
);

create table if not exists drs_bundle_record (
    bundle_id varchar not null primary key,
    name varchar,
    created_time timestamp without time zone,
    updated_time timestamp without time zone,
    checksum varchar,
    size bigint,
    bundle_data text,
    description text,
    version varchar,
    aliases varchar
);

create table if not exists auth_record (
    username varchar not null primary key,
    password varchar
);

create table if not exists alias_record (
    name varchar not null primary key,
    rev varchar,
    size bigint,
    release varchar,
    metastring varchar,
    keeper_authority varchar
);

create table if not exists alias_record_hash (
    name varchar not null references alias_record (name),
    hash_type varchar not null,
    hash_value varchar,
    primary key (name, hash_type)
);

create table if not exists alias_record_host_authority (
    name varchar not null references alias_record (name),
    host varchar not null,
    primary key (name, host)
);

create table if not exists index_schema_version (
    version serial not null primary key
);

create table if not exists alias_schema_version (
    version serial not null primary key
);

-- The single-table layout (revision bb3d7586a096). It exists in every migrated database. Which of the two layouts has
-- the records is said by the configuration of the original (USE_SINGLE_TABLE), by our note below, or by the rows.
create table if not exists record (
    guid varchar not null primary key,
    baseid varchar,
    rev varchar,
    form varchar,
    size bigint,
    created_date timestamp without time zone,
    updated_date timestamp without time zone,
    file_name varchar,
    version varchar,
    uploader varchar,
    description varchar,
    content_created_date timestamp without time zone,
    content_updated_date timestamp without time zone,
    hashes jsonb,
    acl varchar[],
    authz varchar[],
    urls varchar[],
    record_metadata jsonb,
    url_metadata jsonb,
    alias varchar[]
);

-- Ours: the layout that has the records, where `commons index migrate` has moved them.
create table if not exists commons_index_layout (
    layout varchar not null primary key
);
-- Ours: what the locations of a record look like where neither letter case nor repeated slashes count.
create or replace function commons_record_places(urls varchar[]) returns text[] language sql immutable parallel safe
    as $$ select array(select md5(lower(regexp_replace(url, '/+', '/', 'g'))) from unnest(urls) as u (url)) $$;

create table if not exists stats (
    total_record_count bigint not null,
    total_record_bytes bigint not null,
    month integer not null,
    year integer not null,
    primary key (month, year)
);

-- Ours: changes of the counters that `stats` does not have yet. Writers that all changed the row of the month would
-- wait for each other's commits.
create table if not exists commons_index_stats_delta (
    month integer not null,
    year integer not null,
    records bigint not null,
    bytes bigint not null
);

create table if not exists alembic_version (
    version_num varchar(32) not null primary key
);
