-- Snapshots as they were before 2019: the entity's id is the key.
CREATE TABLE transaction_snapshots (
    id TEXT NOT NULL, transaction_id INTEGER REFERENCES transaction_logs (id), action TEXT NOT NULL,
    old_props JSONB NOT NULL, new_props JSONB NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX snapshot_transaction_idx ON transaction_snapshots (transaction_id);
INSERT INTO transaction_snapshots (id, transaction_id, action, old_props, new_props) VALUES
    ('ca000000-0000-4000-8000-000000000001', 2, 'create', '{}', '{"submitter_id": "C", "age": 47}');
