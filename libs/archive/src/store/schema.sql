-- The archive: what is in it, and what runs do. In the database of operations, whose runs it names.
create table if not exists archive_copy (
    guid text not null primary key,
    tier text not null,
    -- As the record names it.
    target text not null,
    -- The object in which the bytes are, and where they begin there.
    object text not null,
    first bigint not null,
    size bigint not null,
    sha256 text not null,
    etag text,
    source text not null,
    state text not null
        check (state in ('copied', 'archived', 'deleting', 'deleted', 'restoring', 'restored')),
    damage text,
    stored timestamp with time zone not null default clock_timestamp(),
    verified timestamp with time zone not null default clock_timestamp(),
    changed timestamp with time zone not null default clock_timestamp(),
    -- When the source may go, and until when a retrieved copy stays.
    due timestamp with time zone,
    until timestamp with time zone
);
create index if not exists archive_copy_due on archive_copy (due) where due is not null;
create index if not exists archive_copy_until on archive_copy (until) where until is not null;
create index if not exists archive_copy_unfinished on archive_copy (changed)
    where state in ('deleting', 'restoring');
create index if not exists archive_copy_tier on archive_copy (tier, guid);

create table if not exists archive_run (
    run uuid not null primary key references operation_run (id) on delete cascade,
    resolved timestamp with time zone
);

create table if not exists archive_item (
    run uuid not null references operation_run (id) on delete cascade,
    number bigint not null generated always as identity,
    guid text not null,
    size bigint,
    expected text,
    actual text,
    source text,
    target text,
    state text not null default 'pending',
    note text,
    told timestamp with time zone not null default clock_timestamp(),
    primary key (run, guid)
);
create index if not exists archive_item_number on archive_item (run, number);
create index if not exists archive_item_pending on archive_item (run, number) where state = 'pending';

-- Who works on a file; void when the run is not being done.
create table if not exists archive_hold (
    guid text not null primary key,
    run uuid not null references operation_run (id) on delete cascade
);

-- Lists of files that are too long for parameters.
create table if not exists archive_set (
    id text not null primary key,
    made timestamp with time zone not null default clock_timestamp()
);
create table if not exists archive_set_file (
    id text not null references archive_set (id) on delete cascade,
    guid text not null,
    primary key (id, guid)
);
