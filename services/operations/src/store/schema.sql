-- Jobs of catalogues, as SciCat's archiver takes them. In the database of operations, whose runs they name.
create table if not exists archiver_job (
    id uuid not null primary key,
    type text not null check (type in ('archive', 'retrieve')),
    requested_by text not null,
    contact text,
    owner_group text,
    params jsonb not null,
    created timestamp with time zone not null default clock_timestamp(),
    given_up timestamp with time zone
);
create index if not exists archiver_job_newest on archiver_job (created desc, id desc);

create table if not exists archiver_dataset (
    job uuid not null references archiver_job (id) on delete cascade,
    place integer not null,
    pid text not null,
    files text[] not null,
    -- Several jobs may have the same run. None when it is forgotten, as the job is soon.
    run uuid references operation_run (id) on delete set null,
    primary key (job, place)
);
create index if not exists archiver_dataset_run on archiver_dataset (run);
create index if not exists archiver_dataset_forgotten on archiver_dataset (job) where run is null;
