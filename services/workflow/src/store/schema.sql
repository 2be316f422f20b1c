-- A row from before a task begins until it is forgotten. `document` and `logs` are JSON as text: they hold what users
-- write, also what jsonb does not take. `fetched` are signed URLs of inputs, which are secrets; they are deleted with the
-- task's end.
create table if not exists workflow_tasks (
    id uuid not null primary key,
    user_id text not null,
    username text not null,
    name text not null default '',
    state text not null default 'QUEUED' check (state in (
        'QUEUED', 'INITIALIZING', 'RUNNING', 'COMPLETE', 'EXECUTOR_ERROR', 'SYSTEM_ERROR', 'CANCELING', 'CANCELED'
    )),
    tags jsonb not null default '{}',
    document text not null,
    logs text not null default '[]',
    fetched jsonb not null default '{}',
    attempts integer not null default 0,
    created timestamp with time zone not null default now(),
    ended timestamp with time zone
);
create index if not exists workflow_tasks_of_user on workflow_tasks (user_id, created desc, id desc);
create index if not exists workflow_tasks_by_time on workflow_tasks (created desc, id desc);
create index if not exists workflow_tasks_unfinished on workflow_tasks (user_id, created) where ended is null;
create index if not exists workflow_tasks_ended on workflow_tasks (ended) where ended is not null;
