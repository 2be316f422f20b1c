-- What other issuers say of whose data users may read, in the original's tables.

create table if not exists iss_sub_pair_to_user (
    iss varchar not null,
    sub varchar not null,
    "fk_to_User" integer not null references "User" (id) on delete cascade,
    extra_info jsonb default '{}',
    primary key (iss, sub)
);

create table if not exists ga4gh_visa_v1 (
    id bigserial primary key,
    user_id integer not null references "User" (id) on delete cascade,
    ga4gh_visa text not null,
    source varchar not null,
    type varchar not null,
    asserted bigint not null,
    expires bigint not null
);

create table if not exists upstream_refresh_token (
    id bigserial primary key,
    user_id integer not null references "User" (id) on delete cascade,
    refresh_token text not null,
    expires bigint not null
);

create table if not exists ga4gh_passport_cache (
    passport_hash varchar(64) primary key,
    expires_at bigint not null,
    user_ids varchar(255)[] not null
);

-- Ours: they are looked up by their user.
create index if not exists iss_sub_pair_to_user_user on iss_sub_pair_to_user ("fk_to_User");
create index if not exists ga4gh_visa_v1_user on ga4gh_visa_v1 (user_id);
create index if not exists upstream_refresh_token_user on upstream_refresh_token (user_id);
