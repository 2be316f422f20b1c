create table "node_root" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_root_id_uc" primary key (node_id)
);
create table "node_datarelease" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_datarelease_id_uc" primary key (node_id)
);
create table "node_program" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_program_id_uc" primary key (node_id)
);
create table "node_project" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_project_id_uc" primary key (node_id)
);
create table "node_study" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_study_id_uc" primary key (node_id)
);
create table "node_case" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_case_id_uc" primary key (node_id)
);
create table "node_demographic" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_demographic_id_uc" primary key (node_id)
);
create table "node_diagnosis" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_diagnosis_id_uc" primary key (node_id)
);
create table "node_sample" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_sample_id_uc" primary key (node_id)
);
create table "node_aliquot" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_aliquot_id_uc" primary key (node_id)
);
create table "node_reading" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    node_id text not null,
    constraint "_reading_id_uc" primary key (node_id)
);
create table "edge_datareleasedescribesroot" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_datareleasedescribesroot_pkey" primary key (src_id, dst_id),
    constraint "edge_datareleasedescribesroot_src_id_fkey" foreign key (src_id) references "node_datarelease" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_datareleasedescribesroot_dst_id_fkey" foreign key (dst_id) references "node_root" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_projectmemberofprogram" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_projectmemberofprogram_pkey" primary key (src_id, dst_id),
    constraint "edge_projectmemberofprogram_src_id_fkey" foreign key (src_id) references "node_project" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_projectmemberofprogram_dst_id_fkey" foreign key (dst_id) references "node_program" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_studyperformedforproject" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_studyperformedforproject_pkey" primary key (src_id, dst_id),
    constraint "edge_studyperformedforproject_src_id_fkey" foreign key (src_id) references "node_study" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_studyperformedforproject_dst_id_fkey" foreign key (dst_id) references "node_project" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_casememberofstudy" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_casememberofstudy_pkey" primary key (src_id, dst_id),
    constraint "edge_casememberofstudy_src_id_fkey" foreign key (src_id) references "node_case" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_casememberofstudy_dst_id_fkey" foreign key (dst_id) references "node_study" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_demographicdescribescase" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_demographicdescribescase_pkey" primary key (src_id, dst_id),
    constraint "edge_demographicdescribescase_src_id_fkey" foreign key (src_id) references "node_demographic" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_demographicdescribescase_dst_id_fkey" foreign key (dst_id) references "node_case" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_diagnosisdescribescase" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_diagnosisdescribescase_pkey" primary key (src_id, dst_id),
    constraint "edge_diagnosisdescribescase_src_id_fkey" foreign key (src_id) references "node_diagnosis" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_diagnosisdescribescase_dst_id_fkey" foreign key (dst_id) references "node_case" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_samplederivedfromcase" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_samplederivedfromcase_pkey" primary key (src_id, dst_id),
    constraint "edge_samplederivedfromcase_src_id_fkey" foreign key (src_id) references "node_sample" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_samplederivedfromcase_dst_id_fkey" foreign key (dst_id) references "node_case" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_samplerelatedtodiagnosis" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_samplerelatedtodiagnosis_pkey" primary key (src_id, dst_id),
    constraint "edge_samplerelatedtodiagnosis_src_id_fkey" foreign key (src_id) references "node_sample" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_samplerelatedtodiagnosis_dst_id_fkey" foreign key (dst_id) references "node_diagnosis" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_aliquotderivedfromsample" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_aliquotderivedfromsample_pkey" primary key (src_id, dst_id),
    constraint "edge_aliquotderivedfromsample_src_id_fkey" foreign key (src_id) references "node_aliquot" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_aliquotderivedfromsample_dst_id_fkey" foreign key (dst_id) references "node_sample" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_readingdatafromaliquot" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_readingdatafromaliquot_pkey" primary key (src_id, dst_id),
    constraint "edge_readingdatafromaliquot_src_id_fkey" foreign key (src_id) references "node_reading" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_readingdatafromaliquot_dst_id_fkey" foreign key (dst_id) references "node_aliquot" (node_id) on delete cascade deferrable initially deferred
);
create table "edge_readingdatafromstudy" (
    created timestamp with time zone not null default now(),
    acl text[],
    _sysan jsonb default '{}',
    _props jsonb default '{}',
    src_id text not null,
    dst_id text not null,
    constraint "edge_readingdatafromstudy_pkey" primary key (src_id, dst_id),
    constraint "edge_readingdatafromstudy_src_id_fkey" foreign key (src_id) references "node_reading" (node_id) on delete cascade deferrable initially deferred,
    constraint "edge_readingdatafromstudy_dst_id_fkey" foreign key (dst_id) references "node_study" (node_id) on delete cascade deferrable initially deferred
);
create table _voided_nodes (
    key bigserial primary key,
    node_id text not null,
    created timestamp with time zone not null,
    voided timestamp with time zone not null default now(),
    acl text[],
    system_annotations jsonb,
    properties jsonb,
    label text not null
);
create table _voided_edges (
    key bigserial,
    src_id text not null,
    dst_id text not null,
    created timestamp with time zone not null,
    voided timestamp with time zone not null default now(),
    acl text[],
    system_annotations jsonb,
    properties jsonb,
    label text not null,
    primary key (key, src_id, dst_id, label)
);
create table versioned_nodes (
    key bigserial primary key,
    label text not null,
    node_id text not null,
    project_id text not null,
    gdc_versions text[],
    created timestamp with time zone not null,
    versioned timestamp with time zone not null default now(),
    acl text[],
    system_annotations jsonb,
    properties jsonb,
    neighbors text[]
);
create table transaction_logs (
    id serial primary key,
    submitter text,
    role text not null,
    program text not null,
    project text not null,
    committed_by integer,
    is_dry_run boolean not null,
    state text not null,
    closed boolean not null,
    created_datetime timestamp with time zone not null default now(),
    canonical_json jsonb not null
);
create table transaction_snapshots (
    id serial primary key,
    entity_id text not null,
    transaction_id integer references transaction_logs (id),
    action text not null,
    old_props jsonb not null,
    new_props jsonb not null
);
create table transaction_documents (
    id serial,
    transaction_id integer references transaction_logs (id),
    name text,
    doc_format text not null,
    doc text not null,
    response_json jsonb,
    primary key (id, transaction_id)
);
create table transactions_running (
    transaction_id integer primary key,
    worker integer not null
);
create table transactions_outbox (
    id bigserial primary key,
    transaction_id integer not null,
    worker integer not null,
    did text not null,
    baseid text,
    patch jsonb,
    undo jsonb,
    is_relied_on boolean not null default false
);
create index "node_root__props_idx" on "node_root" using gin (_props);
create index "node_root__sysan__props_idx" on "node_root" using gin (_sysan, _props);
create index "node_root__sysan_idx" on "node_root" using gin (_sysan);
create index "node_root_node_id_idx" on "node_root" (node_id);
create index "node_datarelease__props_idx" on "node_datarelease" using gin (_props);
create index "node_datarelease__sysan__props_idx" on "node_datarelease" using gin (_sysan, _props);
create index "node_datarelease__sysan_idx" on "node_datarelease" using gin (_sysan);
create index "node_datarelease_node_id_idx" on "node_datarelease" (node_id);
create index "node_program__props_idx" on "node_program" using gin (_props);
create index "node_program__sysan__props_idx" on "node_program" using gin (_sysan, _props);
create index "node_program__sysan_idx" on "node_program" using gin (_sysan);
create index "node_program_node_id_idx" on "node_program" (node_id);
create unique index "index_node_program_name" on "node_program" ((_props ->> 'name') text_pattern_ops);
create index "index_node_program_name_lower" on "node_program" (lower(_props ->> 'name') text_pattern_ops);
create index "node_project__props_idx" on "node_project" using gin (_props);
create index "node_project__sysan__props_idx" on "node_project" using gin (_sysan, _props);
create index "node_project__sysan_idx" on "node_project" using gin (_sysan);
create index "node_project_node_id_idx" on "node_project" (node_id);
create unique index "index_node_project_code" on "node_project" ((_props ->> 'code') text_pattern_ops);
create index "index_node_project_code_lower" on "node_project" (lower(_props ->> 'code') text_pattern_ops);
create index "node_study__props_idx" on "node_study" using gin (_props);
create index "node_study__sysan__props_idx" on "node_study" using gin (_sysan, _props);
create index "node_study__sysan_idx" on "node_study" using gin (_sysan);
create index "node_study_node_id_idx" on "node_study" (node_id);
create index "index_node_study_project_id" on "node_study" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_study_project_id_lower" on "node_study" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_study_submitter_id" on "node_study" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_study_submitter_id_lower" on "node_study" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_826fff1d_stud_project_id_submitte_id_un" on "node_study" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_case__props_idx" on "node_case" using gin (_props);
create index "node_case__sysan__props_idx" on "node_case" using gin (_sysan, _props);
create index "node_case__sysan_idx" on "node_case" using gin (_sysan);
create index "node_case_node_id_idx" on "node_case" (node_id);
create index "index_node_case_project_id" on "node_case" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_case_project_id_lower" on "node_case" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_case_submitter_id" on "node_case" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_case_submitter_id_lower" on "node_case" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_2271f5c5_case_project_id_submitte_id_un" on "node_case" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_demographic__props_idx" on "node_demographic" using gin (_props);
create index "node_demographic__sysan__props_idx" on "node_demographic" using gin (_sysan, _props);
create index "node_demographic__sysan_idx" on "node_demographic" using gin (_sysan);
create index "node_demographic_node_id_idx" on "node_demographic" (node_id);
create index "index_node_demographic_project_id" on "node_demographic" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_demographic_project_id_lower" on "node_demographic" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_demographic_submitter_id" on "node_demographic" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_c851b33d_demo_submitte_id_lower" on "node_demographic" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_c851b33d_demo_project_id_submitte_id_un" on "node_demographic" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_diagnosis__props_idx" on "node_diagnosis" using gin (_props);
create index "node_diagnosis__sysan__props_idx" on "node_diagnosis" using gin (_sysan, _props);
create index "node_diagnosis__sysan_idx" on "node_diagnosis" using gin (_sysan);
create index "node_diagnosis_node_id_idx" on "node_diagnosis" (node_id);
create index "index_node_diagnosis_project_id" on "node_diagnosis" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_diagnosis_project_id_lower" on "node_diagnosis" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_diagnosis_submitter_id" on "node_diagnosis" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_diagnosis_submitter_id_lower" on "node_diagnosis" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_ef360e59_diag_project_id_submitte_id_un" on "node_diagnosis" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_sample__props_idx" on "node_sample" using gin (_props);
create index "node_sample__sysan__props_idx" on "node_sample" using gin (_sysan, _props);
create index "node_sample__sysan_idx" on "node_sample" using gin (_sysan);
create index "node_sample_node_id_idx" on "node_sample" (node_id);
create index "index_node_sample_project_id" on "node_sample" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_sample_project_id_lower" on "node_sample" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_sample_submitter_id" on "node_sample" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_sample_submitter_id_lower" on "node_sample" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_e23aa615_samp_project_id_submitte_id_un" on "node_sample" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_aliquot__props_idx" on "node_aliquot" using gin (_props);
create index "node_aliquot__sysan__props_idx" on "node_aliquot" using gin (_sysan, _props);
create index "node_aliquot__sysan_idx" on "node_aliquot" using gin (_sysan);
create index "node_aliquot_node_id_idx" on "node_aliquot" (node_id);
create index "index_node_aliquot_project_id" on "node_aliquot" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_aliquot_project_id_lower" on "node_aliquot" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_aliquot_submitter_id" on "node_aliquot" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_aliquot_submitter_id_lower" on "node_aliquot" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_a0d0337b_aliq_project_id_submitte_id_un" on "node_aliquot" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "node_reading__props_idx" on "node_reading" using gin (_props);
create index "node_reading__sysan__props_idx" on "node_reading" using gin (_sysan, _props);
create index "node_reading__sysan_idx" on "node_reading" using gin (_sysan);
create index "node_reading_node_id_idx" on "node_reading" (node_id);
create index "index_node_reading_project_id" on "node_reading" ((_props ->> 'project_id') text_pattern_ops);
create index "index_node_reading_project_id_lower" on "node_reading" (lower(_props ->> 'project_id') text_pattern_ops);
create index "index_node_reading_submitter_id" on "node_reading" ((_props ->> 'submitter_id') text_pattern_ops);
create index "index_node_reading_submitter_id_lower" on "node_reading" (lower(_props ->> 'submitter_id') text_pattern_ops);
create unique index "index_309c7c43_read_project_id_submitte_id_un" on "node_reading" (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
create index "edge_datareleasedescribesroot_dst_id_src_id_idx" on "edge_datareleasedescribesroot" (src_id, dst_id);
create index "edge_datareleasedescribesroot_dst_id" on "edge_datareleasedescribesroot" (dst_id);
create index "edge_datareleasedescribesroot_src_id" on "edge_datareleasedescribesroot" (src_id);
create index "edge_projectmemberofprogram_dst_id_src_id_idx" on "edge_projectmemberofprogram" (src_id, dst_id);
create index "edge_projectmemberofprogram_dst_id" on "edge_projectmemberofprogram" (dst_id);
create index "edge_projectmemberofprogram_src_id" on "edge_projectmemberofprogram" (src_id);
create index "edge_studyperformedforproject_dst_id_src_id_idx" on "edge_studyperformedforproject" (src_id, dst_id);
create index "edge_studyperformedforproject_dst_id" on "edge_studyperformedforproject" (dst_id);
create index "edge_studyperformedforproject_src_id" on "edge_studyperformedforproject" (src_id);
create index "edge_casememberofstudy_dst_id_src_id_idx" on "edge_casememberofstudy" (src_id, dst_id);
create index "edge_casememberofstudy_dst_id" on "edge_casememberofstudy" (dst_id);
create index "edge_casememberofstudy_src_id" on "edge_casememberofstudy" (src_id);
create index "edge_demographicdescribescase_dst_id_src_id_idx" on "edge_demographicdescribescase" (src_id, dst_id);
create index "edge_demographicdescribescase_dst_id" on "edge_demographicdescribescase" (dst_id);
create index "edge_demographicdescribescase_src_id" on "edge_demographicdescribescase" (src_id);
create index "edge_diagnosisdescribescase_dst_id_src_id_idx" on "edge_diagnosisdescribescase" (src_id, dst_id);
create index "edge_diagnosisdescribescase_dst_id" on "edge_diagnosisdescribescase" (dst_id);
create index "edge_diagnosisdescribescase_src_id" on "edge_diagnosisdescribescase" (src_id);
create index "edge_samplederivedfromcase_dst_id_src_id_idx" on "edge_samplederivedfromcase" (src_id, dst_id);
create index "edge_samplederivedfromcase_dst_id" on "edge_samplederivedfromcase" (dst_id);
create index "edge_samplederivedfromcase_src_id" on "edge_samplederivedfromcase" (src_id);
create index "edge_samplerelatedtodiagnosis_dst_id_src_id_idx" on "edge_samplerelatedtodiagnosis" (src_id, dst_id);
create index "edge_samplerelatedtodiagnosis_dst_id" on "edge_samplerelatedtodiagnosis" (dst_id);
create index "edge_samplerelatedtodiagnosis_src_id" on "edge_samplerelatedtodiagnosis" (src_id);
create index "edge_aliquotderivedfromsample_dst_id_src_id_idx" on "edge_aliquotderivedfromsample" (src_id, dst_id);
create index "edge_aliquotderivedfromsample_dst_id" on "edge_aliquotderivedfromsample" (dst_id);
create index "edge_aliquotderivedfromsample_src_id" on "edge_aliquotderivedfromsample" (src_id);
create index "edge_readingdatafromaliquot_dst_id_src_id_idx" on "edge_readingdatafromaliquot" (src_id, dst_id);
create index "edge_readingdatafromaliquot_dst_id" on "edge_readingdatafromaliquot" (dst_id);
create index "edge_readingdatafromaliquot_src_id" on "edge_readingdatafromaliquot" (src_id);
create index "edge_readingdatafromstudy_dst_id_src_id_idx" on "edge_readingdatafromstudy" (src_id, dst_id);
create index "edge_readingdatafromstudy_dst_id" on "edge_readingdatafromstudy" (dst_id);
create index "edge_readingdatafromstudy_src_id" on "edge_readingdatafromstudy" (src_id);
create index "submitted_node_id_idx" on "versioned_nodes" (node_id);
create index "submitted_node_gdc_versions_idx" on "versioned_nodes" (node_id);
create index "transaction_logs_program_idx" on "transaction_logs" (program);
create index "transaction_logs_project_idx" on "transaction_logs" (project);
create index "transaction_logs_is_dry_run_idx" on "transaction_logs" (is_dry_run);
create index "transaction_logs_committed_by_idx" on "transaction_logs" (committed_by);
create index "transaction_logs_closed_idx" on "transaction_logs" (closed);
create index "transaction_logs_state_idx" on "transaction_logs" (state);
create index "transaction_logs_submitter_idx" on "transaction_logs" (submitter);
create index "transaction_logs_created_datetime_idx" on "transaction_logs" (created_datetime);
create index "transaction_logs_project_id_idx" on "transaction_logs" (((program || '-') || project));
create index "ix_transaction_snapshots_entity_id" on "transaction_snapshots" (entity_id);
create index "ix_transaction_snapshots_transaction_id" on "transaction_snapshots" (transaction_id);
create index "snapshot_transaction_idx" on "transaction_snapshots" (transaction_id);
create index "document_transaction_idx" on "transaction_documents" (transaction_id);
create index "transactions_outbox_transaction_idx" on "transactions_outbox" (transaction_id);
create index "transactions_outbox_did_idx" on "transactions_outbox" (did);
