-- The table of workspace-token-service, at its Alembic revision 3417aec47fe2.
create table if not exists refresh_token (
    token varchar not null,
    jti varchar not null,
    username varchar not null,
    userid varchar not null,
    expires bigint not null,
    idp varchar not null,
    constraint refresh_token_pkey primary key (token),
    constraint refresh_token_jti_key unique (jti)
);

-- The original looks through the whole table.
create index if not exists refresh_token_username on refresh_token (username, idp);
create index if not exists refresh_token_expires on refresh_token (expires);

-- The original can take the database back.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);
insert into alembic_version (version_num) values ('3417aec47fe2') on conflict do nothing;
