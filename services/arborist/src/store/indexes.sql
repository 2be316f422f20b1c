-- What the schema of 2019 lacks: user names are looked up without regard to case, and the link tables are
-- read from both sides. The Go program does not mind these.
create index if not exists usr_lower_name_idx on usr (lower(name));
create index if not exists policy_resource_resource_id_idx on policy_resource (resource_id);
create index if not exists policy_role_role_id_idx on policy_role (role_id);
create index if not exists usr_policy_policy_id_idx on usr_policy (policy_id);
create index if not exists usr_grp_grp_id_idx on usr_grp (grp_id);
create index if not exists grp_policy_policy_id_idx on grp_policy (policy_id);
create index if not exists client_policy_policy_id_idx on client_policy (policy_id);
