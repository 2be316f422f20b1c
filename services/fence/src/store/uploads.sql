-- Ours: objects that are in a store, or will be, and whose records are to be filled.

create table if not exists commons_upload (
    url text primary key,
    -- Counts what was told of it, so that nothing is lost that is told while it is read.
    told bigint not null default 0,
    due_at timestamp with time zone not null,
    -- When nothing is there by then, nothing will come.
    wait_until timestamp with time zone not null,
    tries integer not null default 0,
    holder uuid,
    held_until timestamp with time zone not null default '-infinity'
);

create index if not exists commons_upload_due_at on commons_upload (due_at);

-- Ours: uploads in parts that were begun and are not ended. Stores keep their parts until somebody gives them up.
create table if not exists commons_multipart (
    url text not null,
    upload_id text not null,
    guid text not null,
    begun_at timestamp with time zone not null default now(),
    primary key (url, upload_id)
);

create index if not exists commons_multipart_guid on commons_multipart (guid);
