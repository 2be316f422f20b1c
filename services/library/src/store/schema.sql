-- The table of gen3-user-data-library, at its Alembic revision 3c2cb76ce78c.
create table if not exists user_lists (
    id uuid not null primary key,
    version integer not null,
    creator varchar not null,
    authz json not null,
    name varchar not null,
    created_time timestamp with time zone not null,
    updated_time timestamp with time zone not null,
    items json,
    constraint _name_creator_uc unique (name, creator)
);

create index if not exists ix_user_lists_creator on user_lists (creator);

-- The original can take the database back.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);
insert into alembic_version (version_num) values ('3c2cb76ce78c') on conflict do nothing;
