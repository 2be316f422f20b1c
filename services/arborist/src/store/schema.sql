-- The tables of arborist's schema version 3, as a database that the Go program made has them.

create table db_version (
    id integer primary key,
    version text
);
insert into db_version (id, version) values (3, '2019-09-03T155025Z_authz_provider');

create table resource (
    id serial primary key,
    tag text unique not null,
    name text not null,
    description text,
    path ltree unique not null
);
create index resource_path_idx on resource using gist (path);

create table role (
    id serial primary key,
    name text unique not null,
    description text
);

create table permission (
    role_id integer not null references role (id) on delete cascade,
    name text not null,
    service text not null,
    method text not null,
    constraints jsonb default '{}',
    description text,
    primary key (role_id, name)
);
create index permission_role_id_service_method_idx on permission (role_id, service, method);

create table policy (
    id serial primary key,
    name text unique not null,
    description text
);

create table policy_role (
    policy_id integer not null references policy (id) on delete cascade,
    role_id integer not null references role (id) on delete cascade,
    primary key (policy_id, role_id)
);

create table policy_resource (
    policy_id integer not null references policy (id) on delete cascade,
    resource_id integer not null references resource (id) on delete cascade,
    primary key (policy_id, resource_id)
);

create table usr (
    id serial primary key,
    name text unique not null,
    email text
);

create table usr_policy (
    usr_id integer not null references usr (id) on delete cascade,
    policy_id integer not null references policy (id) on delete cascade,
    expires_at timestamptz,
    authz_provider varchar,
    primary key (usr_id, policy_id)
);

create table client (
    id serial primary key,
    external_client_id text unique not null
);

create table client_policy (
    client_id integer not null references client (id) on delete cascade,
    policy_id integer not null references policy (id) on delete cascade,
    authz_provider varchar,
    primary key (client_id, policy_id)
);

create table grp (
    id serial primary key,
    name text unique not null
);
insert into grp (name) values ('anonymous'), ('logged-in');

create table usr_grp (
    usr_id integer not null references usr (id) on delete cascade,
    grp_id integer not null references grp (id) on delete cascade,
    expires_at timestamptz,
    authz_provider varchar,
    primary key (usr_id, grp_id)
);

create table grp_policy (
    grp_id integer not null references grp (id) on delete cascade,
    policy_id integer not null references policy (id) on delete cascade,
    authz_provider varchar,
    primary key (grp_id, policy_id)
);

-- A resource's name is the last label of its path; its tag is 6 random bytes in URL-safe base64 (the first
-- 6 bytes of a version 4 UUID are all random).
create function resource_identity() returns trigger language plpgsql as $$
begin
    new.name := ltree2text(subpath(new.path, -1));
    if tg_op = 'INSERT' then
        new.tag := translate(encode(substring(uuid_send(gen_random_uuid()) from 1 for 6), 'base64'), '+/', '-_');
    end if;
    return new;
end
$$;
create trigger resource_identity before insert or update of path on resource
    for each row execute function resource_identity();

-- Checked at the end of the transaction, so that a tree can be made in any order.
create function resource_has_parent() returns trigger language plpgsql as $$
begin
    if nlevel(new.path) > 1
        and exists (select 1 from resource where path = new.path)
        and not exists (select 1 from resource where path = subpath(new.path, 0, -1))
    then
        raise exception 'Parent resource % does not exist; cannot create resource with path %',
            subpath(new.path, 0, -1), new.path;
    end if;
    return null;
end
$$;
create constraint trigger resource_has_parent after insert or update of path on resource
    deferrable initially deferred for each row execute function resource_has_parent();

create function resource_move_descendants() returns trigger language plpgsql as $$
begin
    update resource set path = new.path || subpath(path, nlevel(old.path))
    where path <@ old.path and path <> old.path;
    return null;
end
$$;
create trigger resource_move_descendants after update of path on resource
    for each row when (old.path is distinct from new.path) execute function resource_move_descendants();

create function resource_delete_descendants() returns trigger language plpgsql as $$
begin
    delete from resource where path <@ old.path;
    return null;
end
$$;
create trigger resource_delete_descendants after delete on resource
    for each row execute function resource_delete_descendants();

create function grp_keep_built_in() returns trigger language plpgsql as $$
begin
    if old.name in ('anonymous', 'logged-in') then
        raise exception 'built-in group % cannot be deleted', old.name;
    end if;
    return old;
end
$$;
create trigger grp_keep_built_in before delete on grp
    for each row execute function grp_keep_built_in();
