-- A row from before a workspace is started until nothing of it is left. `key` is the identifier of its API key, which
-- is not the key itself; no secret is kept here.
create table if not exists workspaces (
    username text not null primary key,
    id uuid not null unique,
    key uuid not null,
    container jsonb not null,
    phase text not null check (phase in ('launching', 'running', 'ending')),
    launched timestamp with time zone not null default now(),
    used timestamp with time zone,
    key_taken_back timestamp with time zone
);
