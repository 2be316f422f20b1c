-- Which of the questions are permitted to which side. $4 to $7 are the questions, $8 and $9 the paths in
-- question with all above them, $10 and $11 the tags in question. $12 names the only policies that count, or
-- is null; a client's own check heeds it for tags alone (arborist 2026-09).
, asked as (
    select number, service, method, by_tag
    from unnest($4::int4[], $5::text[], $6::text[], $7::bool[]) as asked(number, service, method, by_tag)
), covering as (
    select step.number, resource.id
    from unnest($8::int4[], $9::text[]) as step(number, path)
    join resource on resource.path = step.path::ltree
  union all
    select named.number, above.id
    from unnest($10::int4[], $11::text[]) as named(number, tag)
    join resource on resource.tag = named.tag
    join resource as above on above.path @> resource.path
), permitted as (
    select distinct counted.side, asked.number
    from asked
    join covering on covering.number = asked.number
    join policy_resource on policy_resource.resource_id = covering.id
    join counted on counted.policy_id = policy_resource.policy_id
    join policy_role on policy_role.policy_id = counted.policy_id
    join permission on permission.role_id = policy_role.role_id
        and permission.service in (asked.service, '*')
        and permission.method in (asked.method, '*')
    where $12::text[] is null
       or (counted.side = 'client' and not asked.by_tag)
       or exists (select 1 from policy where policy.id = counted.policy_id and policy.name = any($12))
)
