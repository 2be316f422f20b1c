-- How processes that decide in memory learn what has changed. Every statement that changes what decides
-- leaves a row, whichever program it comes from; the row gets its number when the transaction commits.
--
-- Numbers are in the order of commits: whoever takes one holds a lock until its commit is visible. So a
-- process that has read up to a number has missed nothing below it, which a plain sequence does not promise.
-- The lock is taken last of all, so that it makes no deadlocks, and is held for the commit alone.
--
-- The functions run as the owner of the tables, because the other program may have a role of its own. The
-- session that makes them has a search_path of the schema of the tables alone.

create sequence if not exists decision_generation;

create table if not exists decision_change (
    id bigserial primary key,
    -- None before the commit.
    generation bigint unique,
    kind text not null
        check (kind in ('structure', 'users', 'groups', 'clients', 'deactivated', 'everything')),
    -- The keys of the users that have changed; none for all.
    users integer[],
    changed_at timestamptz not null default clock_timestamp()
);

-- Users who were deactivated at some time. fence says who is; the other program does not look here.
create table if not exists commons_deactivated (
    -- In lower case.
    name text primary key,
    -- Tokens that were issued before this have ended.
    tokens_before timestamptz not null,
    -- Whether the user still is: then no token counts, and the name has no rights but those of everybody.
    still boolean not null
);

create or replace function decision_number() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    -- The same number in all databases: "arbgener".
    perform pg_advisory_xact_lock(7021503961373435250);
    update decision_change set generation = nextval('decision_generation') where id = new.id;
    perform pg_notify('arborist_decisions', '');
    return null;
end
$$;

create or replace function decision_note() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if exists (select 1 from changed) then
        insert into decision_change (kind) values (tg_argv[0]);
    end if;
    return null;
end
$$;

-- Of a statement that touches more rows than this, the users are not listed.
create or replace function decision_note_users(listed integer[]) returns void language sql
security definer set search_path from current as $$
    insert into decision_change (kind, users)
    select 'users', case when cardinality(listed) <= 20000
        then (select array_agg(distinct one) from unnest(listed) as one) end
    where cardinality(listed) > 0
$$;

create or replace function decision_note_user() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    perform decision_note_users(array(select id from changed limit 20001));
    return null;
end
$$;

create or replace function decision_note_holder() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    perform decision_note_users(array(select usr_id from changed limit 20001));
    return null;
end
$$;

create or replace function decision_note_holder_replaced() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    perform decision_note_users(array(
        select usr_id from changed union all select usr_id from replaced limit 20001
    ));
    return null;
end
$$;

create or replace function decision_note_truncated() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    insert into decision_change (kind) values ('everything');
    return null;
end
$$;

do $$
declare
    watched record;
begin
    for watched in
        select name, kind, note, note_replaced
        from (values
            ('resource', 'structure', 'decision_note', 'decision_note'),
            ('role', 'structure', 'decision_note', 'decision_note'),
            ('permission', 'structure', 'decision_note', 'decision_note'),
            ('policy', 'structure', 'decision_note', 'decision_note'),
            ('policy_role', 'structure', 'decision_note', 'decision_note'),
            ('policy_resource', 'structure', 'decision_note', 'decision_note'),
            ('usr', 'users', 'decision_note_user', 'decision_note_user'),
            ('usr_policy', 'users', 'decision_note_holder', 'decision_note_holder_replaced'),
            ('usr_grp', 'users', 'decision_note_holder', 'decision_note_holder_replaced'),
            ('grp', 'groups', 'decision_note', 'decision_note'),
            ('grp_policy', 'groups', 'decision_note', 'decision_note'),
            ('client', 'clients', 'decision_note', 'decision_note'),
            ('client_policy', 'clients', 'decision_note', 'decision_note'),
            ('commons_deactivated', 'deactivated', 'decision_note', 'decision_note')
        ) as tables(name, kind, note, note_replaced)
        where not exists (
            select 1 from pg_trigger
            where tgrelid = tables.name::regclass and tgname = 'decision_truncated'
        )
    loop
        execute format('create trigger decision_inserted after insert on %I referencing new table as changed
            for each statement execute procedure %I(%L)', watched.name, watched.note, watched.kind);
        execute format('create trigger decision_deleted after delete on %I referencing old table as changed
            for each statement execute procedure %I(%L)', watched.name, watched.note, watched.kind);
        execute format('create trigger decision_updated after update on %I
            referencing new table as changed old table as replaced
            for each statement execute procedure %I(%L)', watched.name, watched.note_replaced, watched.kind);
        execute format('create trigger decision_truncated after truncate on %I
            for each statement execute procedure decision_note_truncated()', watched.name);
    end loop;
    -- Tables that were made before users could be deactivated.
    if exists (
        select 1 from pg_constraint
        where conrelid = 'decision_change'::regclass and conname = 'decision_change_kind_check'
          and pg_get_constraintdef(oid) not like '%deactivated%'
    ) then
        alter table decision_change drop constraint decision_change_kind_check;
        alter table decision_change add constraint decision_change_kind_check
            check (kind in ('structure', 'users', 'groups', 'clients', 'deactivated', 'everything'));
    end if;
    if not exists (
        select 1 from pg_trigger
        where tgrelid = 'decision_change'::regclass and tgname = 'decision_number'
    ) then
        create constraint trigger decision_number after insert on decision_change
            deferrable initially deferred for each row execute procedure decision_number();
    end if;
end
$$;
