-- The policies that count for user $1 with the built-in groups $2, and for client $3. The statement goes on
-- in another file. A user who was deactivated has what everybody has.
with deactivated as materialized (
    select exists (select 1 from commons_deactivated where name = lower($1) and still) as it
), counted as materialized (
    select 'user' as side, usr_policy.policy_id
    from usr join usr_policy on usr_policy.usr_id = usr.id
    where lower(usr.name) = lower($1) and not (select it from deactivated)
      and (usr_policy.expires_at is null or usr_policy.expires_at > now())
  union
    select 'user', grp_policy.policy_id
    from usr join usr_grp on usr_grp.usr_id = usr.id
    join grp_policy on grp_policy.grp_id = usr_grp.grp_id
    where lower(usr.name) = lower($1) and not (select it from deactivated)
      and (usr_grp.expires_at is null or usr_grp.expires_at > now())
  union
    select 'user', grp_policy.policy_id
    from grp join grp_policy on grp_policy.grp_id = grp.id
    where grp.name = any($2::text[]) and (grp.name = 'anonymous' or not (select it from deactivated))
  union
    select 'client', client_policy.policy_id
    from client join client_policy on client_policy.client_id = client.id
    where client.external_client_id = $3
)
