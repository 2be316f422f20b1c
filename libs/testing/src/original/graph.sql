-- A database as the original services leave it, written from their documented layout: tables, names, indexes and
-- constraints of the small dictionary before it had aliquots and readings, one index lost, rows with history. There
-- is no table transaction_snapshots: it has two forms (snapshots.sql, old_snapshots.sql).
CREATE TABLE node_root (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _root_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_root__props_idx ON node_root USING gin (_props);
CREATE INDEX node_root__sysan__props_idx ON node_root USING gin (_sysan, _props);
CREATE INDEX node_root__sysan_idx ON node_root USING gin (_sysan);
CREATE INDEX node_root_node_id_idx ON node_root (node_id);
CREATE TABLE node_datarelease (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _datarelease_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_datarelease__props_idx ON node_datarelease USING gin (_props);
CREATE INDEX node_datarelease__sysan__props_idx ON node_datarelease USING gin (_sysan, _props);
CREATE INDEX node_datarelease__sysan_idx ON node_datarelease USING gin (_sysan);
CREATE INDEX node_datarelease_node_id_idx ON node_datarelease (node_id);
CREATE TABLE node_program (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _program_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_program__props_idx ON node_program USING gin (_props);
CREATE INDEX node_program__sysan__props_idx ON node_program USING gin (_sysan, _props);
CREATE INDEX node_program__sysan_idx ON node_program USING gin (_sysan);
CREATE INDEX node_program_node_id_idx ON node_program (node_id);
CREATE UNIQUE INDEX index_node_program_name ON node_program ((_props ->> 'name') text_pattern_ops);
CREATE INDEX index_node_program_name_lower ON node_program (lower(_props ->> 'name') text_pattern_ops);
CREATE TABLE node_project (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _project_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_project__props_idx ON node_project USING gin (_props);
CREATE INDEX node_project__sysan__props_idx ON node_project USING gin (_sysan, _props);
CREATE INDEX node_project__sysan_idx ON node_project USING gin (_sysan);
CREATE INDEX node_project_node_id_idx ON node_project (node_id);
CREATE UNIQUE INDEX index_node_project_code ON node_project ((_props ->> 'code') text_pattern_ops);
CREATE INDEX index_node_project_code_lower ON node_project (lower(_props ->> 'code') text_pattern_ops);
CREATE TABLE node_study (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _study_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_study__props_idx ON node_study USING gin (_props);
CREATE INDEX node_study__sysan__props_idx ON node_study USING gin (_sysan, _props);
CREATE INDEX node_study__sysan_idx ON node_study USING gin (_sysan);
CREATE INDEX node_study_node_id_idx ON node_study (node_id);
CREATE INDEX index_node_study_project_id ON node_study ((_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_study_project_id_lower ON node_study (lower(_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_study_submitter_id ON node_study ((_props ->> 'submitter_id') text_pattern_ops);
CREATE INDEX index_node_study_submitter_id_lower ON node_study (lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE UNIQUE INDEX index_826fff1d_stud_project_id_submitte_id_un ON node_study (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE TABLE node_case (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _case_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_case__props_idx ON node_case USING gin (_props);
CREATE INDEX node_case__sysan__props_idx ON node_case USING gin (_sysan, _props);
CREATE INDEX node_case__sysan_idx ON node_case USING gin (_sysan);
CREATE INDEX node_case_node_id_idx ON node_case (node_id);
CREATE INDEX index_node_case_project_id ON node_case ((_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_case_project_id_lower ON node_case (lower(_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_case_submitter_id ON node_case ((_props ->> 'submitter_id') text_pattern_ops);
CREATE INDEX index_node_case_submitter_id_lower ON node_case (lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE UNIQUE INDEX index_2271f5c5_case_project_id_submitte_id_un ON node_case (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE TABLE node_demographic (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _demographic_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_demographic__props_idx ON node_demographic USING gin (_props);
CREATE INDEX node_demographic__sysan__props_idx ON node_demographic USING gin (_sysan, _props);
CREATE INDEX node_demographic__sysan_idx ON node_demographic USING gin (_sysan);
CREATE INDEX node_demographic_node_id_idx ON node_demographic (node_id);
CREATE INDEX index_node_demographic_project_id ON node_demographic ((_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_demographic_project_id_lower ON node_demographic (lower(_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_demographic_submitter_id ON node_demographic ((_props ->> 'submitter_id') text_pattern_ops);
CREATE INDEX index_c851b33d_demo_submitte_id_lower ON node_demographic (lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE UNIQUE INDEX index_c851b33d_demo_project_id_submitte_id_un ON node_demographic (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE TABLE node_diagnosis (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _diagnosis_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_diagnosis__props_idx ON node_diagnosis USING gin (_props);
CREATE INDEX node_diagnosis__sysan__props_idx ON node_diagnosis USING gin (_sysan, _props);
CREATE INDEX node_diagnosis__sysan_idx ON node_diagnosis USING gin (_sysan);
CREATE INDEX node_diagnosis_node_id_idx ON node_diagnosis (node_id);
CREATE INDEX index_node_diagnosis_project_id ON node_diagnosis ((_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_diagnosis_project_id_lower ON node_diagnosis (lower(_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_diagnosis_submitter_id ON node_diagnosis ((_props ->> 'submitter_id') text_pattern_ops);
CREATE UNIQUE INDEX index_ef360e59_diag_project_id_submitte_id_un ON node_diagnosis (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE TABLE node_sample (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    node_id TEXT NOT NULL,
    CONSTRAINT _sample_id_uc PRIMARY KEY (node_id)
);
CREATE INDEX node_sample__props_idx ON node_sample USING gin (_props);
CREATE INDEX node_sample__sysan__props_idx ON node_sample USING gin (_sysan, _props);
CREATE INDEX node_sample__sysan_idx ON node_sample USING gin (_sysan);
CREATE INDEX node_sample_node_id_idx ON node_sample (node_id);
CREATE INDEX index_node_sample_project_id ON node_sample ((_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_sample_project_id_lower ON node_sample (lower(_props ->> 'project_id') text_pattern_ops);
CREATE INDEX index_node_sample_submitter_id ON node_sample ((_props ->> 'submitter_id') text_pattern_ops);
CREATE INDEX index_node_sample_submitter_id_lower ON node_sample (lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE UNIQUE INDEX index_e23aa615_samp_project_id_submitte_id_un ON node_sample (lower(_props ->> 'project_id') text_pattern_ops, lower(_props ->> 'submitter_id') text_pattern_ops);
CREATE TABLE edge_datareleasedescribesroot (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_datarelease (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_root (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_datareleasedescribesroot_dst_id_src_id_idx ON edge_datareleasedescribesroot (src_id, dst_id);
CREATE INDEX edge_datareleasedescribesroot_dst_id ON edge_datareleasedescribesroot (dst_id);
CREATE INDEX edge_datareleasedescribesroot_src_id ON edge_datareleasedescribesroot (src_id);
CREATE TABLE edge_projectmemberofprogram (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_project (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_program (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_projectmemberofprogram_dst_id_src_id_idx ON edge_projectmemberofprogram (src_id, dst_id);
CREATE INDEX edge_projectmemberofprogram_dst_id ON edge_projectmemberofprogram (dst_id);
CREATE INDEX edge_projectmemberofprogram_src_id ON edge_projectmemberofprogram (src_id);
CREATE TABLE edge_studyperformedforproject (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_study (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_project (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_studyperformedforproject_dst_id_src_id_idx ON edge_studyperformedforproject (src_id, dst_id);
CREATE INDEX edge_studyperformedforproject_dst_id ON edge_studyperformedforproject (dst_id);
CREATE INDEX edge_studyperformedforproject_src_id ON edge_studyperformedforproject (src_id);
CREATE TABLE edge_casememberofstudy (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_case (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_study (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_casememberofstudy_dst_id_src_id_idx ON edge_casememberofstudy (src_id, dst_id);
CREATE INDEX edge_casememberofstudy_dst_id ON edge_casememberofstudy (dst_id);
CREATE INDEX edge_casememberofstudy_src_id ON edge_casememberofstudy (src_id);
CREATE TABLE edge_demographicdescribescase (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_demographic (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_case (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_demographicdescribescase_dst_id_src_id_idx ON edge_demographicdescribescase (src_id, dst_id);
CREATE INDEX edge_demographicdescribescase_dst_id ON edge_demographicdescribescase (dst_id);
CREATE INDEX edge_demographicdescribescase_src_id ON edge_demographicdescribescase (src_id);
CREATE TABLE edge_diagnosisdescribescase (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_diagnosis (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_case (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_diagnosisdescribescase_dst_id_src_id_idx ON edge_diagnosisdescribescase (src_id, dst_id);
CREATE INDEX edge_diagnosisdescribescase_dst_id ON edge_diagnosisdescribescase (dst_id);
CREATE INDEX edge_diagnosisdescribescase_src_id ON edge_diagnosisdescribescase (src_id);
CREATE TABLE edge_samplederivedfromcase (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_sample (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_case (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_samplederivedfromcase_dst_id_src_id_idx ON edge_samplederivedfromcase (src_id, dst_id);
CREATE INDEX edge_samplederivedfromcase_dst_id ON edge_samplederivedfromcase (dst_id);
CREATE INDEX edge_samplederivedfromcase_src_id ON edge_samplederivedfromcase (src_id);
CREATE TABLE edge_samplerelatedtodiagnosis (
    created TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    acl TEXT[],
    _sysan JSONB DEFAULT '{}',
    _props JSONB DEFAULT '{}',
    src_id TEXT NOT NULL,
    dst_id TEXT NOT NULL,
    PRIMARY KEY (src_id, dst_id),
    FOREIGN KEY(src_id) REFERENCES node_sample (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(dst_id) REFERENCES node_diagnosis (node_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX edge_samplerelatedtodiagnosis_dst_id_src_id_idx ON edge_samplerelatedtodiagnosis (src_id, dst_id);
CREATE INDEX edge_samplerelatedtodiagnosis_dst_id ON edge_samplerelatedtodiagnosis (dst_id);
CREATE INDEX edge_samplerelatedtodiagnosis_src_id ON edge_samplerelatedtodiagnosis (src_id);
CREATE TABLE _voided_nodes (
    key BIGSERIAL NOT NULL, node_id TEXT NOT NULL, created TIMESTAMP WITH TIME ZONE NOT NULL,
    voided TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, acl TEXT[], system_annotations JSONB, properties JSONB,
    label TEXT NOT NULL, PRIMARY KEY (key)
);
CREATE TABLE _voided_edges (
    key BIGSERIAL NOT NULL, src_id TEXT NOT NULL, dst_id TEXT NOT NULL, created TIMESTAMP WITH TIME ZONE NOT NULL,
    voided TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, acl TEXT[], system_annotations JSONB, properties JSONB,
    label TEXT NOT NULL, PRIMARY KEY (key, src_id, dst_id, label)
);
CREATE TABLE transaction_logs (
    id SERIAL NOT NULL, submitter TEXT, role TEXT NOT NULL, program TEXT NOT NULL, project TEXT NOT NULL,
    committed_by INTEGER, is_dry_run BOOLEAN NOT NULL, state TEXT NOT NULL, closed BOOLEAN NOT NULL,
    created_datetime TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, canonical_json JSONB NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX transaction_logs_program_idx ON transaction_logs (program);
CREATE INDEX transaction_logs_project_idx ON transaction_logs (project);
CREATE INDEX transaction_logs_is_dry_run_idx ON transaction_logs (is_dry_run);
CREATE INDEX transaction_logs_committed_by_idx ON transaction_logs (committed_by);
CREATE INDEX transaction_logs_closed_idx ON transaction_logs (closed);
CREATE INDEX transaction_logs_state_idx ON transaction_logs (state);
CREATE INDEX transaction_logs_submitter_idx ON transaction_logs (submitter);
CREATE INDEX transaction_logs_created_datetime_idx ON transaction_logs (created_datetime);
CREATE INDEX transaction_logs_project_id_idx ON transaction_logs (((program || '-') || project));
CREATE TABLE transaction_documents (
    id SERIAL NOT NULL, transaction_id INTEGER REFERENCES transaction_logs (id), name TEXT, doc_format TEXT NOT NULL,
    doc TEXT NOT NULL, response_json JSONB, PRIMARY KEY (id, transaction_id)
);
CREATE INDEX document_transaction_idx ON transaction_documents (transaction_id);
CREATE TABLE notifications (id SERIAL NOT NULL, message TEXT, PRIMARY KEY (id));
INSERT INTO node_root (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"schema_version": "-3459135795793"}', 'root');
INSERT INTO node_program (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"name": "P", "dbgap_accession_number": "phsP"}', '34a81724-fe37-5562-89eb-bbdb631252f7');
INSERT INTO node_project (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"code": "Q", "name": "Q", "dbgap_accession_number": "phsQ", "state": "open"}', '0445181a-82c5-54fe-b450-14fd10c8742f');
INSERT INTO node_study (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "S", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2019-05-01T10:00:00.000001+00:00", "description": "from before"}', '5d000000-0000-4000-8000-000000000001');
INSERT INTO node_case (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "C", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2020-01-02T03:04:05.678901+00:00", "age": 48, "consented": true, "tags": ["a", "b"], "sex": null}', 'ca000000-0000-4000-8000-000000000001');
INSERT INTO node_case (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "c2", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2019-05-01T10:00:00.000001+00:00"}', 'ca000000-0000-4000-8000-000000000002');
INSERT INTO node_diagnosis (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "G", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2019-05-01T10:00:00.000001+00:00", "code": "C50"}', 'd1000000-0000-4000-8000-000000000001');
INSERT INTO node_sample (created, acl, _sysan, _props, node_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "X", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2019-05-01T10:00:00.000001+00:00", "tissue": "blood"}', '5a000000-0000-4000-8000-000000000001');
INSERT INTO edge_projectmemberofprogram (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', '0445181a-82c5-54fe-b450-14fd10c8742f', '34a81724-fe37-5562-89eb-bbdb631252f7');
INSERT INTO edge_studyperformedforproject (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', '5d000000-0000-4000-8000-000000000001', '0445181a-82c5-54fe-b450-14fd10c8742f');
INSERT INTO edge_casememberofstudy (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', 'ca000000-0000-4000-8000-000000000001', '5d000000-0000-4000-8000-000000000001');
INSERT INTO edge_casememberofstudy (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', 'ca000000-0000-4000-8000-000000000002', '5d000000-0000-4000-8000-000000000001');
INSERT INTO edge_diagnosisdescribescase (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', 'd1000000-0000-4000-8000-000000000001', 'ca000000-0000-4000-8000-000000000001');
INSERT INTO edge_samplederivedfromcase (created, acl, _sysan, _props, src_id, dst_id) VALUES ('2019-05-01T10:00:00.000001+00:00', '{}', '{}', '{}', '5a000000-0000-4000-8000-000000000001', 'ca000000-0000-4000-8000-000000000001');
INSERT INTO _voided_nodes (node_id, created, voided, acl, system_annotations, properties, label) VALUES
    ('root', '2019-05-01T10:00:00.000001+00:00', '2020-01-02T03:04:05.678901+00:00', '{}', '{}', '{"schema_version": "88"}', 'root'),
    ('ca000000-0000-4000-8000-000000000001', '2019-05-01T10:00:00.000001+00:00', '2020-01-02T03:04:05.678901+00:00', '{}', '{}', '{"project_id": "P-Q", "submitter_id": "C", "state": "validated", "created_datetime": "2019-05-01T10:00:00.000001+00:00", "updated_datetime": "2019-05-01T10:00:00.000001+00:00", "age": 47}', 'case');
INSERT INTO _voided_edges (src_id, dst_id, created, voided, acl, system_annotations, properties, label) VALUES
    ('5a000000-0000-4000-8000-000000000001', 'd1000000-0000-4000-8000-000000000001', '2019-05-01T10:00:00.000001+00:00', '2020-01-02T03:04:05.678901+00:00', '{}', '{}', '{}', 'related_to');
INSERT INTO transaction_logs (submitter, role, program, project, committed_by, is_dry_run, state, closed, created_datetime,
    canonical_json) VALUES
    (NULL, 'update', 'P', 'Q', NULL, false, 'PENDING', false, '2019-05-01T10:00:00.000001+00:00', '[]'),
    ('ada', 'create', 'P', 'Q', NULL, false, 'SUCCEEDED', false, '2019-05-01T10:00:00.000001+00:00', '[{"type": "case", "submitter_id": "C"}]'),
    ('ada', 'update', 'P', 'Q', NULL, true, 'SUCCEEDED', false, '2020-01-02T03:04:05.678901+00:00',
     '[{"type": "case", "submitter_id": "dry", "studies": {"submitter_id": "S"}}]'),
    ('ada', 'create', 'P', 'Q', NULL, false, 'PENDING', false, '2020-01-02T03:04:05.678901+00:00', '[]');
INSERT INTO transaction_documents (transaction_id, name, doc_format, doc, response_json) VALUES
    (2, NULL, 'json', '[{"type": "case", "submitter_id": "C"}]', '{"success": true, "code": 201}');
