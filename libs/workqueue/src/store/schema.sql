-- Runs, their logs, and what says when and how many.
create table if not exists operation_run (
    id uuid not null primary key,
    kind text not null,
    params jsonb not null,
    requested_by text,
    schedule text,
    state text not null default 'queued'
        check (state in ('queued', 'running', 'succeeded', 'failed', 'canceled')),
    -- Names of limits; a kind's own limit has the kind's name.
    limits text[] not null,
    progress jsonb,
    result jsonb,
    error text,
    attempt integer not null default 0,
    attempts integer not null,
    created timestamp with time zone not null default clock_timestamp(),
    due timestamp with time zone not null default clock_timestamp(),
    started timestamp with time zone,
    finished timestamp with time zone,
    retry_of uuid,
    -- Who has it, by which claim, and until when.
    worker text,
    claim uuid,
    lease_until timestamp with time zone,
    cancel_requested boolean not null default false
);
-- What runs have in common of which only one is done at a time.
alter table operation_run add column if not exists same_as text;
create index if not exists operation_run_same on operation_run (kind, same_as)
    where same_as is not null and state in ('queued', 'running');
create index if not exists operation_run_queued on operation_run (due, id) where state = 'queued';
create index if not exists operation_run_running on operation_run (lease_until) where state = 'running';
create index if not exists operation_run_newest on operation_run (created desc, id desc);
create index if not exists operation_run_kind on operation_run (kind, created desc, id desc);

create table if not exists operation_log (
    run uuid not null references operation_run (id) on delete cascade,
    number bigint not null generated always as identity,
    told timestamp with time zone not null default clock_timestamp(),
    line text not null,
    primary key (run, number)
);

create table if not exists operation_limit (
    name text not null primary key,
    most integer not null check (most > 0)
);

create table if not exists operation_schedule (
    name text not null primary key,
    time_table text not null,
    next timestamp with time zone not null
);
