-- Ours: local accounts. Of codes only digests are kept. Everything goes with its user.

create table if not exists commons_local_account (
    user_id integer primary key references "User" (id) on delete cascade,
    password text not null,
    changed_at timestamp with time zone not null default clock_timestamp(),
    second_factor bytea,
    used_step bigint not null default 0,
    recovery_codes bytea[] not null default '{}'
);

-- A user has one invitation at a time.
create table if not exists commons_local_invitation (
    user_id integer primary key references "User" (id) on delete cascade,
    digest bytea not null unique,
    expires_at timestamp with time zone not null
);

-- Browsers in which a user has logged in.
create table if not exists commons_local_device (
    digest bytea primary key,
    user_id integer not null references "User" (id) on delete cascade,
    used_at timestamp with time zone not null default clock_timestamp()
);

create index if not exists commons_local_device_user on commons_local_device (user_id);

-- Failed attempts, by a digest of whose they are and where they come from.
create table if not exists commons_local_guess (
    key bytea primary key,
    failures integer not null default 0,
    last_at timestamp with time zone not null default clock_timestamp(),
    forget_at timestamp with time zone not null default clock_timestamp()
);

create index if not exists commons_local_guess_forget_at on commons_local_guess (forget_at);
