-- Every existing resource that the counted policies reach, and what they permit there.
, granted as (
    select distinct policy_resource.resource_id, permission.service, permission.method
    from counted
    join policy_resource on policy_resource.policy_id = counted.policy_id
    join policy_role on policy_role.policy_id = counted.policy_id
    join permission on permission.role_id = policy_role.role_id
), reached as (
    select distinct below.path, granted.service, granted.method
    from granted
    join resource on resource.id = granted.resource_id
    join resource as below on below.path <@ resource.path
)
select path::text, service, method from reached order by path, service, method
