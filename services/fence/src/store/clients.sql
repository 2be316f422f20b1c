-- What databases of older fences (before 8.1, with Authlib 1.2) lack: clients had a column for each of what
-- `client_metadata` says today. The old columns stay as they are, so that such a fence still finds its clients.

alter table client add column if not exists client_metadata text;
alter table client add column if not exists client_id_issued_at integer not null default 0;
alter table client add column if not exists client_secret_expires_at integer not null default 0;
alter table client add column if not exists expires_at integer not null default 0;

-- A row read as JSON has the old columns if there are any, and null otherwise.
with old as (
    select client_id, to_jsonb(client) as had from client where client_metadata is null
)
update client set
    client_id_issued_at = case
        when client.client_id_issued_at = 0 then coalesce((old.had ->> 'issued_at')::integer, 0)
        else client.client_id_issued_at
    end,
    client_metadata = jsonb_build_object(
        'scope', coalesce(nullif(old.had ->> '_allowed_scopes', ''), old.had ->> 'scope', ''),
        'redirect_uris', to_jsonb(regexp_split_to_array(
            btrim(coalesce(nullif(old.had ->> 'redirect_uri', ''), old.had ->> '_redirect_uris', ''), E' \t\r\n'),
            '\s+')),
        'grant_types', to_jsonb(regexp_split_to_array(
            coalesce(nullif(btrim(old.had ->> 'grant_type', E' \t\r\n'), ''), 'authorization_code refresh_token'),
            '\s+')),
        'response_types', to_jsonb(regexp_split_to_array(
            btrim(coalesce(old.had ->> 'response_type', ''), E' \t\r\n'), '\s*[\r\n]+\s*')),
        'token_endpoint_auth_method', coalesce(old.had ->> 'token_endpoint_auth_method', 'client_secret_basic')
    )::text
from old
where client.client_id = old.client_id;

alter table authorization_code add column if not exists response_type text default '';
alter table authorization_code add column if not exists nonce varchar;
alter table authorization_code add column if not exists refresh_token_expires_in bigint;
alter table authorization_code add column if not exists code_challenge text;
alter table authorization_code add column if not exists code_challenge_method varchar(48);
alter table authorization_code add column if not exists acr text;
alter table authorization_code add column if not exists amr text;
