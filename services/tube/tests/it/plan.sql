c (case), 14 fields, lists ["tags", "description", "code", "tissues", "file_name"]
-- roots
select n."node_id", r."project_id", r."sex", r."age", r."age", r."tags" from "node_case" n join lateral jsonb_to_record(n._props) as r("project_id" jsonb, "sex" jsonb, "age" jsonb, "tags" jsonb) on true where n."node_id" > $1 order by n."node_id" limit $2
-- parents
select p.n, e0."dst_id", e1."dst_id", n0._props -> 'description', n1._props -> 'code' from unnest($1::text[]) with ordinality as p(id, n) left join "edge_casememberofstudy" e0 on e0."src_id" = p.id left join "node_study" n0 on n0."node_id" = e0."dst_id" left join "edge_studyperformedforproject" e1 on e1."src_id" = e0."dst_id" left join "node_project" n1 on n1."node_id" = e1."dst_id" order by p.n, e0."dst_id", e1."dst_id"
-- flattened
select p.n, e0."src_id", n0._props -> 'updated_datetime' from unnest($1::text[]) with ordinality as p(id, n) join "edge_diagnosisdescribescase" e0 on e0."dst_id" = p.id join "node_diagnosis" n0 on n0."node_id" = e0."src_id" order by p.n, e0."src_id"
-- count samples
select p.n, count(e0."src_id") from unnest($1::text[]) with ordinality as p(id, n) left join "edge_samplederivedfromcase" e0 on e0."dst_id" = p.id group by p.n
-- count aliquots
select p.n, count(e1."src_id") from unnest($1::text[]) with ordinality as p(id, n) join "edge_samplederivedfromcase" e0 on e0."dst_id" = p.id left join "edge_aliquotderivedfromsample" e1 on e1."dst_id" = e0."src_id" group by p.n
-- aggregated
select p.n, e0."src_id", n0._props -> 'tissue', n0._props -> 'submitter_id' from unnest($1::text[]) with ordinality as p(id, n) join "edge_samplederivedfromcase" e0 on e0."dst_id" = p.id join "node_sample" n0 on n0."node_id" = e0."src_id" order by p.n, e0."src_id"
-- for the filter
select p.n, e0."src_id", n0._props -> 'code' from unnest($1::text[]) with ordinality as p(id, n) join "edge_diagnosisdescribescase" e0 on e0."dst_id" = p.id join "node_diagnosis" n0 on n0."node_id" = e0."src_id" order by p.n, e0."src_id"
-- joined, down from case
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."src_id" from p join "edge_diagnosisdescribescase" e on e."dst_id" = p.id union all select 1::bigint, p.n, e."src_id" from p join "edge_samplederivedfromcase" e on e."dst_id" = p.id
-- joined, down from diagnosis
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."src_id" from p join "edge_samplerelatedtodiagnosis" e on e."dst_id" = p.id
-- joined, down from sample
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."src_id" from p join "edge_aliquotderivedfromsample" e on e."dst_id" = p.id
-- joined, down from aliquot
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."src_id" from p join "edge_readingdatafromaliquot" e on e."dst_id" = p.id
-- joined reading
select n."node_id", n._props -> 'file_name' from "node_reading" n where n."node_id" = any($1)
f (file), 12 fields, lists ["consent_codes", "_case_id", "tags", "project_code", "program_name"]
-- leaves
select u.t, u."node_id" from (select 0 as t, n."node_id" from "node_reading" n) u where u."node_id" > $1 order by u."node_id" limit $2
-- leaves reading
select n."node_id", n._props -> 'file_name', n._props -> 'file_size', n._props -> 'consent_codes' from "node_reading" n where n."node_id" = any($1)
-- up from reading
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_readingdatafromaliquot" e on e."src_id" = p.id union all select 1::bigint, p.n, e."dst_id" from p join "edge_readingdatafromstudy" e on e."src_id" = p.id
-- up from aliquot
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_aliquotderivedfromsample" e on e."src_id" = p.id
-- up from sample
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_samplederivedfromcase" e on e."src_id" = p.id union all select 1::bigint, p.n, e."dst_id" from p join "edge_samplerelatedtodiagnosis" e on e."src_id" = p.id
-- up from diagnosis
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_diagnosisdescribescase" e on e."src_id" = p.id
-- up from case
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_casememberofstudy" e on e."src_id" = p.id
-- up from study
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_studyperformedforproject" e on e."src_id" = p.id
-- up from project
with p as (select * from unnest($1::text[]) with ordinality as p(id, n)) select 0::bigint, p.n, e."dst_id" from p join "edge_projectmemberofprogram" e on e."src_id" = p.id
-- injected case
select n."node_id", n._props -> 'tags' from "node_case" n where n."node_id" = any($1)
-- injected study
select n."node_id", n._props -> 'submitter_id' from "node_study" n where n."node_id" = any($1)
-- injected project
select n."node_id", n._props -> 'code' from "node_project" n where n."node_id" = any($1)
-- injected program
select n."node_id", n._props -> 'name' from "node_program" n where n."node_id" = any($1)
