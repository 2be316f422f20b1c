-- Every existing resource that the counted policies reach; $4 names the only ones that count, or is null.
, granted as (
    select distinct policy_resource.resource_id
    from counted
    join policy_resource on policy_resource.policy_id = counted.policy_id
    where $4::text[] is null
       or exists (select 1 from policy where policy.id = counted.policy_id and policy.name = any($4))
)
select distinct below.path::text, below.tag
from granted
join resource on resource.id = granted.resource_id
join resource as below on below.path <@ resource.path
order by 1
