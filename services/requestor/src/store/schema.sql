-- The table of requestor, at its Alembic revision 42cbae986650.
create table if not exists requests (
    request_id uuid not null primary key,
    username varchar not null,
    policy_id varchar not null,
    revoke boolean not null,
    status varchar not null,
    created_time timestamp not null,
    updated_time timestamp not null,
    resource_id varchar,
    resource_display_name varchar
);

create index if not exists commons_requests_username on requests (username);
create index if not exists commons_requests_policy_id on requests (policy_id);

-- The original can take the database back.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);
insert into alembic_version (version_num) values ('42cbae986650') on conflict do nothing;
