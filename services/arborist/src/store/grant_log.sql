-- What was granted and revoked, and when: a log that is only added to. Every statement that changes a grant
-- leaves its rows, whichever program it comes from. The names are written out, because rows go.
--
-- The functions run as the owner of the tables, because the other program may have a role of its own. The
-- session that makes them has a search_path of the schema of the tables alone.

create table grant_log (
    id bigserial primary key,
    -- The beginning of the transaction, so that rows of one transaction have one time.
    at timestamptz not null default now(),
    -- user: a policy of a user; member: a group of a user; group, client: a policy of one;
    -- policy role, policy resource: a part of a policy; role: a permission of a role.
    kind text not null,
    holder text not null,
    held text not null,
    -- granted, revoked, changed (its time or label), renamed (a user: from holder to held).
    what text not null,
    expires_at timestamptz,
    label text,
    -- The role of the database that did it.
    by_role text not null default session_user
);
create index grant_log_holder_idx on grant_log (kind, lower(holder), id);
create index grant_log_at_idx on grant_log (at);

create function grant_log_is_kept() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('arborist.prune_grant_log', true), '') <> 'on' then
        raise exception 'grant_log is only added to; to take old rows away set arborist.prune_grant_log to on';
    end if;
    return case tg_op when 'DELETE' then old end;
end
$$;
create trigger grant_log_is_kept before update or delete on grant_log
    for each row execute function grant_log_is_kept();

create function grant_log_usr_policy() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'user', usr.name, policy.name, 'granted', link.expires_at, link.authz_provider
        from added as link join usr on usr.id = link.usr_id join policy on policy.id = link.policy_id;
    elsif tg_op = 'DELETE' then
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'user', usr.name, policy.name, 'revoked', link.expires_at, link.authz_provider
        from removed as link join usr on usr.id = link.usr_id join policy on policy.id = link.policy_id;
    else
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'user', usr.name, policy.name, 'changed', link.expires_at, link.authz_provider
        from added as link join removed using (usr_id, policy_id)
        join usr on usr.id = usr_id join policy on policy.id = policy_id
        where (link.expires_at, link.authz_provider)
            is distinct from (removed.expires_at, removed.authz_provider);
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on usr_policy
    referencing new table as added for each statement execute function grant_log_usr_policy();
create trigger grant_log_removed after delete on usr_policy
    referencing old table as removed for each statement execute function grant_log_usr_policy();
create trigger grant_log_changed after update on usr_policy
    referencing new table as added old table as removed
    for each statement execute function grant_log_usr_policy();

create function grant_log_usr_grp() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'member', usr.name, grp.name, 'granted', link.expires_at, link.authz_provider
        from added as link join usr on usr.id = link.usr_id join grp on grp.id = link.grp_id;
    elsif tg_op = 'DELETE' then
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'member', usr.name, grp.name, 'revoked', link.expires_at, link.authz_provider
        from removed as link join usr on usr.id = link.usr_id join grp on grp.id = link.grp_id;
    else
        insert into grant_log (kind, holder, held, what, expires_at, label)
        select 'member', usr.name, grp.name, 'changed', link.expires_at, link.authz_provider
        from added as link join removed using (usr_id, grp_id)
        join usr on usr.id = usr_id join grp on grp.id = grp_id
        where (link.expires_at, link.authz_provider)
            is distinct from (removed.expires_at, removed.authz_provider);
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on usr_grp
    referencing new table as added for each statement execute function grant_log_usr_grp();
create trigger grant_log_removed after delete on usr_grp
    referencing old table as removed for each statement execute function grant_log_usr_grp();
create trigger grant_log_changed after update on usr_grp
    referencing new table as added old table as removed
    for each statement execute function grant_log_usr_grp();

create function grant_log_grp_policy() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what, label)
        select 'group', grp.name, policy.name, 'granted', link.authz_provider
        from added as link join grp on grp.id = link.grp_id join policy on policy.id = link.policy_id;
    else
        insert into grant_log (kind, holder, held, what, label)
        select 'group', grp.name, policy.name, 'revoked', link.authz_provider
        from removed as link join grp on grp.id = link.grp_id join policy on policy.id = link.policy_id;
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on grp_policy
    referencing new table as added for each statement execute function grant_log_grp_policy();
create trigger grant_log_removed after delete on grp_policy
    referencing old table as removed for each statement execute function grant_log_grp_policy();

create function grant_log_client_policy() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what, label)
        select 'client', client.external_client_id, policy.name, 'granted', link.authz_provider
        from added as link
        join client on client.id = link.client_id join policy on policy.id = link.policy_id;
    else
        insert into grant_log (kind, holder, held, what, label)
        select 'client', client.external_client_id, policy.name, 'revoked', link.authz_provider
        from removed as link
        join client on client.id = link.client_id join policy on policy.id = link.policy_id;
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on client_policy
    referencing new table as added for each statement execute function grant_log_client_policy();
create trigger grant_log_removed after delete on client_policy
    referencing old table as removed for each statement execute function grant_log_client_policy();

create function grant_log_policy_role() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what)
        select 'policy role', policy.name, role.name, 'granted'
        from added as link join policy on policy.id = link.policy_id join role on role.id = link.role_id;
    else
        insert into grant_log (kind, holder, held, what)
        select 'policy role', policy.name, role.name, 'revoked'
        from removed as link join policy on policy.id = link.policy_id join role on role.id = link.role_id;
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on policy_role
    referencing new table as added for each statement execute function grant_log_policy_role();
create trigger grant_log_removed after delete on policy_role
    referencing old table as removed for each statement execute function grant_log_policy_role();

create function grant_log_policy_resource() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        insert into grant_log (kind, holder, held, what)
        select 'policy resource', policy.name, resource.path::text, 'granted'
        from added as link
        join policy on policy.id = link.policy_id join resource on resource.id = link.resource_id;
    else
        insert into grant_log (kind, holder, held, what)
        select 'policy resource', policy.name, resource.path::text, 'revoked'
        from removed as link
        join policy on policy.id = link.policy_id join resource on resource.id = link.resource_id;
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on policy_resource
    referencing new table as added for each statement execute function grant_log_policy_resource();
create trigger grant_log_removed after delete on policy_resource
    referencing old table as removed for each statement execute function grant_log_policy_resource();

create function grant_log_permission() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    if tg_op <> 'INSERT' then
        insert into grant_log (kind, holder, held, what)
        select 'role', role.name, gone.service || ' ' || gone.method, 'revoked'
        from removed as gone join role on role.id = gone.role_id;
    end if;
    if tg_op <> 'DELETE' then
        insert into grant_log (kind, holder, held, what)
        select 'role', role.name, made.service || ' ' || made.method, 'granted'
        from added as made join role on role.id = made.role_id;
    end if;
    return null;
end
$$;
create trigger grant_log_added after insert on permission
    referencing new table as added for each statement execute function grant_log_permission();
create trigger grant_log_removed after delete on permission
    referencing old table as removed for each statement execute function grant_log_permission();
create trigger grant_log_changed after update on permission
    referencing new table as added old table as removed
    for each statement execute function grant_log_permission();

create function grant_log_renamed() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    insert into grant_log (kind, holder, held, what) values ('user', old.name, new.name, 'renamed');
    return null;
end
$$;
create trigger grant_log_renamed after update of name on usr
    for each row when (old.name is distinct from new.name) execute function grant_log_renamed();

-- What refers to a row that is deleted goes before it, so that the log can still name it.
create function grant_log_before_delete() returns trigger language plpgsql
security definer set search_path from current as $$
begin
    case tg_table_name
        when 'usr' then
            delete from usr_policy where usr_id = old.id;
            delete from usr_grp where usr_id = old.id;
        when 'grp' then
            delete from usr_grp where grp_id = old.id;
            delete from grp_policy where grp_id = old.id;
        when 'client' then
            delete from client_policy where client_id = old.id;
        when 'policy' then
            delete from usr_policy where policy_id = old.id;
            delete from grp_policy where policy_id = old.id;
            delete from client_policy where policy_id = old.id;
            delete from policy_role where policy_id = old.id;
            delete from policy_resource where policy_id = old.id;
        when 'role' then
            delete from policy_role where role_id = old.id;
            delete from permission where role_id = old.id;
        when 'resource' then
            delete from policy_resource where resource_id = old.id;
    end case;
    return old;
end
$$;
create trigger grant_log_before_delete before delete on usr
    for each row execute function grant_log_before_delete();
create trigger grant_log_before_delete before delete on grp
    for each row execute function grant_log_before_delete();
create trigger grant_log_before_delete before delete on client
    for each row execute function grant_log_before_delete();
create trigger grant_log_before_delete before delete on policy
    for each row execute function grant_log_before_delete();
create trigger grant_log_before_delete before delete on role
    for each row execute function grant_log_before_delete();
create trigger grant_log_before_delete before delete on resource
    for each row execute function grant_log_before_delete();
