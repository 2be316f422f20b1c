-- The tables of fence that this service uses, named and shaped as the original makes them, so that a database of
-- the original is adopted in place and the other way round. Statements only create what is missing.

create table if not exists identity_provider (
    id serial primary key,
    name varchar unique,
    description varchar
);

create table if not exists department (
    id serial primary key,
    name varchar,
    description varchar,
    org_id integer
);

create table if not exists google_proxy_group (
    id varchar(90) primary key,
    email varchar not null
);

create table if not exists authorization_provider (
    id serial primary key,
    name varchar unique,
    description varchar
);

create table if not exists "User" (
    id serial primary key,
    username varchar(255) unique,
    id_from_idp varchar,
    display_name varchar,
    phone_number varchar,
    email varchar,
    _last_auth timestamp without time zone default now(),
    idp_id integer references identity_provider (id),
    google_proxy_group_id varchar references google_proxy_group (id),
    department_id integer references department (id),
    active boolean not null default true,
    is_admin boolean default false,
    additional_info jsonb default '{}'
);

create table if not exists "Group" (
    id serial primary key,
    name varchar unique,
    description varchar
);

create table if not exists user_to_group (
    user_id integer not null references "User" (id),
    group_id integer not null references "Group" (id),
    roles varchar[],
    primary key (user_id, group_id)
);

create table if not exists project (
    id serial primary key,
    name varchar unique not null,
    auth_id varchar unique,
    description varchar,
    parent_id integer references project (id),
    authz varchar
);

create table if not exists access_privilege (
    id serial primary key,
    user_id integer references "User" (id),
    group_id integer references "Group" (id),
    project_id integer references project (id),
    privilege varchar[],
    provider_id integer references authorization_provider (id),
    constraint uniq_ap unique (user_id, group_id, project_id),
    constraint check_access_subject check (user_id is null or group_id is null)
);

create unique index if not exists unique_group_project_id
    on access_privilege (group_id, project_id) where user_id is null;
create unique index if not exists unique_user_project_id
    on access_privilege (user_id, project_id) where group_id is null;
create unique index if not exists unique_user_group_id
    on access_privilege (user_id, group_id) where project_id is null;

create table if not exists tag (
    user_id integer not null references "User" (id) on delete cascade,
    key varchar not null,
    value varchar,
    primary key (user_id, key)
);

create table if not exists application (
    id serial primary key,
    user_id integer references "User" (id),
    resources_granted varchar[],
    message varchar
);

create table if not exists certificate (
    id serial primary key,
    application_id integer references application (id),
    name varchar(40),
    extension varchar,
    data bytea
);

create table if not exists client (
    client_id varchar(48) primary key,
    client_secret varchar(120),
    client_id_issued_at integer not null default 0,
    client_secret_expires_at integer not null default 0,
    client_metadata text,
    name varchar(40) not null,
    description varchar(400),
    user_id integer references "User" (id) on delete cascade,
    auto_approve boolean default false,
    is_confidential boolean default true,
    expires_at integer not null default 0,
    _default_scopes text
);

create table if not exists authorization_code (
    id serial primary key,
    user_id integer references "User" (id) on delete cascade,
    code varchar(120) unique not null,
    client_id varchar(48),
    redirect_uri text default '',
    response_type text default '',
    auth_time integer not null,
    nonce varchar,
    refresh_token_expires_in bigint,
    _scope text default '',
    code_challenge text,
    code_challenge_method varchar(48),
    acr text,
    amr text
);

create table if not exists user_refresh_token (
    jti varchar primary key,
    userid integer,
    expires bigint
);

create table if not exists blacklisted_token (
    jti varchar(36) primary key,
    exp bigint
);

-- Ours: user names are looked up without regard to case, and API keys by their owner.
create index if not exists user_lower_username on "User" (lower(username));
create index if not exists user_refresh_token_userid on user_refresh_token (userid);
