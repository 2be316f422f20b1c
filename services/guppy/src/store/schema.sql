-- Sets of identifiers. The members of a set never change; they ascend by their bytes, without repetitions, in
-- parts that all have as many members, but for the last.
create table if not exists search_set (
    id uuid not null primary key,
    owner text not null,
    name text not null,
    shared boolean not null,
    doc_type text,
    field text,
    members bigint not null,
    bytes bigint not null,
    created_time timestamp with time zone not null,
    updated_time timestamp with time zone not null
);

create index if not exists search_set_owner on search_set (owner, created_time);

create table if not exists search_set_part (
    set_id uuid not null references search_set on delete cascade,
    part integer not null,
    members text[] not null,
    primary key (set_id, part)
);
