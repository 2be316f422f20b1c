-- The tables of audit-service, at its Alembic revision 42692e47f254. Everything here can be run again, and
-- brings the tables of its earlier revisions to this form.

create sequence if not exists global_presigned_url_id_seq;
create sequence if not exists global_login_id_seq;

create table if not exists presigned_url (
    request_url varchar not null,
    status_code integer not null,
    "timestamp" timestamp not null default now(),
    username varchar not null,
    sub integer,
    guid varchar not null,
    resource_paths varchar[],
    action varchar not null,
    protocol varchar
);

create table if not exists login (
    request_url varchar not null,
    status_code integer not null,
    "timestamp" timestamp not null default now(),
    username varchar not null,
    sub integer,
    idp varchar not null,
    fence_idp varchar,
    shib_idp varchar,
    client_id varchar
);

alter table presigned_url
    alter column resource_paths drop not null,
    add column if not exists id integer,
    add column if not exists additional_data jsonb;
alter table login
    add column if not exists id integer,
    add column if not exists ip text,
    add column if not exists additional_data jsonb;

-- Each month has a table of its own, which inherits from the table of the category.
create or replace function create_partition_and_insert() returns trigger language plpgsql as $body$
declare
    month text := tg_table_name || '_' || to_char(new."timestamp", 'YYYY_MM');
begin
    if to_regclass(quote_ident(month)) is null then
        perform pg_advisory_xact_lock(hashtext('audit: a new month'));
        execute format('create table if not exists %I () inherits (%I)', month, tg_table_name);
        execute format('create index if not exists %I on %I ("timestamp")', month || '_timestamp', month);
    end if;
    if tg_table_name = 'presigned_url' then
        execute format(
            'insert into %I (id, request_url, status_code, "timestamp", username, sub, guid, resource_paths, '
            'action, protocol, additional_data) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', month)
        using coalesce(new.id, nextval('global_presigned_url_id_seq')), new.request_url, new.status_code,
            new."timestamp", new.username, new.sub, new.guid, new.resource_paths, new.action, new.protocol,
            new.additional_data;
    else
        execute format(
            'insert into %I (id, request_url, status_code, "timestamp", username, sub, idp, fence_idp, '
            'shib_idp, client_id, ip, additional_data) '
            'values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', month)
        using coalesce(new.id, nextval('global_login_id_seq')), new.request_url, new.status_code,
            new."timestamp", new.username, new.sub, new.idp, new.fence_idp, new.shib_idp, new.client_id, new.ip,
            new.additional_data;
    end if;
    return null;
end
$body$;

do $body$
declare
    category text;
    month regclass;
begin
    foreach category in array array['presigned_url', 'login'] loop
        if not exists (select from pg_trigger
                       where tgrelid = category::regclass and tgname = category || '_partition_trigger') then
            execute format('create trigger %I before insert on %I for each row '
                           'execute procedure create_partition_and_insert()',
                           category || '_partition_trigger', category);
        end if;
        if not exists (select from pg_constraint
                       where conrelid = category::regclass and contype = 'p') then
            execute format('update %I set id = nextval(%L) where id is null',
                           category, 'global_' || category || '_id_seq');
            execute format('alter table %I add constraint %I primary key (id)', category, category || '_pkey');
        end if;
        -- Months that the original has made have no index.
        for month in select inhrelid::regclass from pg_inherits where inhparent = category::regclass loop
            if not exists (select from pg_index i
                           join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                           where i.indrelid = month and a.attname = 'timestamp') then
                execute format('create index on %s ("timestamp")', month);
            end if;
        end loop;
    end loop;
end
$body$;

-- The original can take the database back.
create table if not exists alembic_version (
    version_num varchar(32) not null,
    constraint alembic_version_pkc primary key (version_num)
);
delete from alembic_version where version_num <> '42692e47f254';
insert into alembic_version (version_num) values ('42692e47f254') on conflict do nothing;
