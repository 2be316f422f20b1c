-- Snapshots as they have been since 2019.
CREATE TABLE transaction_snapshots (
    id SERIAL NOT NULL, entity_id TEXT NOT NULL, transaction_id INTEGER REFERENCES transaction_logs (id),
    action TEXT NOT NULL, old_props JSONB NOT NULL, new_props JSONB NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX ix_transaction_snapshots_entity_id ON transaction_snapshots (entity_id);
CREATE INDEX ix_transaction_snapshots_transaction_id ON transaction_snapshots (transaction_id);
CREATE INDEX snapshot_transaction_idx ON transaction_snapshots (transaction_id);
INSERT INTO transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) VALUES
    ('ca000000-0000-4000-8000-000000000001', 2, 'create', '{}', '{"submitter_id": "C", "age": 47}');
