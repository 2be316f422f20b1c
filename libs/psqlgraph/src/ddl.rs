//! The tables and indexes of a dictionary, as psqlgraph, gen3datamodel and datamodelutils make them.
//!
//! Pure: the caller finds out what is there already (see [`crate::migrate`]).

use std::collections::HashSet;

use dictionary::{Dictionary, Link, NodeType};
use sql::Sql;

use crate::names::{edge_table, index_name, node_primary_key, node_table};

/// A table and how to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name of the table.
    pub name: String,
    /// Tables that its foreign keys refer to.
    pub references: Vec<String>,
    /// `create table ...`.
    pub create: Sql,
}

/// An index and how to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// The name of the index.
    pub name: String,
    /// The table that it is on.
    pub table: String,
    /// Whether it is a constraint as well.
    pub unique: bool,
    /// What is indexed, without operator classes.
    pub keys: Vec<Sql>,
    /// `create [unique] index ...`.
    pub create: Sql,
}

/// Everything that a dictionary needs, in an order in which it can be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The tables of nodes, edges, history and transactions.
    pub tables: Vec<Table>,
    /// Indexes beside primary keys.
    pub indexes: Vec<Index>,
}

impl Schema {
    /// The schema of `dictionary`.
    pub fn of(dictionary: &Dictionary) -> Self {
        let mut schema = Self { tables: Vec::new(), indexes: Vec::new() };
        for node in dictionary.nodes.values() {
            schema.add_node(node);
        }
        for node in dictionary.nodes.values() {
            for link in node.all_links() {
                schema.add_edge(&node.id, link);
            }
        }
        schema.add_history();
        schema.add_transactions();
        // Two links between the same types with the same label share a table; two keys may share a member.
        let mut seen = HashSet::new();
        schema.tables.retain(|table| seen.insert(table.name.clone()));
        schema.indexes.retain(|index| seen.insert(index.name.clone()));
        schema
    }

    /// All statements as one script, each on lines of its own: for golden files and `--plan`.
    pub fn script(&self) -> String {
        let tables = self.tables.iter().map(|table| table.create.clone());
        let indexes = self.indexes.iter().map(|index| index.create.clone());
        tables.chain(indexes).map(|statement| statement.render().0 + ";\n").collect()
    }

    fn add_node(&mut self, node: &NodeType) {
        let table = node_table(&node.id);
        let create = Sql::raw("create table ")
            .then_ident(&table)
            .text(
                " (\n    created timestamp with time zone not null default now(),\n    acl text[],\n    \
                 _sysan jsonb default '{}',\n    _props jsonb default '{}',\n    node_id text not null,\n    \
                 constraint ",
            )
            .then_ident(&node_primary_key(&node.id))
            .text(" primary key (node_id)\n)");
        self.tables.push(Table { name: table.clone(), references: Vec::new(), create });

        self.add_index(&table, &format!("{table}__props_idx"), Kind::Gin, columns(&["_props"]));
        self.add_index(
            &table,
            &format!("{table}__sysan__props_idx"),
            Kind::Gin,
            columns(&["_sysan", "_props"]),
        );
        self.add_index(&table, &format!("{table}__sysan_idx"), Kind::Gin, columns(&["_sysan"]));
        self.add_index(&table, &format!("{table}_node_id_idx"), Kind::Plain, columns(&["node_id"]));
        for key in node.unique_keys.iter().filter(|key| !key.iter().any(|member| member == "id")) {
            self.add_key(&node.id, key);
        }
    }

    fn add_key(&mut self, id: &str, key: &[String]) {
        let table = node_table(id);
        let text = |member: &str| Sql::raw("(_props ->> ").literal(member).text(")");
        let lower = |member: &str| Sql::raw("lower(_props ->> ").literal(member).text(")");
        let exact = if key.len() == 1 { Kind::UniqueText } else { Kind::Text };
        for member in key {
            self.add_index(&table, &index_name(id, member), exact, vec![text(member)]);
            let name = index_name(id, &format!("{member}_lower"));
            self.add_index(&table, &name, Kind::Text, vec![lower(member)]);
        }
        if key.len() > 1 {
            let members = key.iter().map(|member| lower(member)).collect();
            let name = index_name(id, &format!("{}_uniq", key.join("_")));
            self.add_index(&table, &name, Kind::UniqueText, members);
        }
    }

    fn add_edge(&mut self, source: &str, link: &Link) {
        let table = edge_table(source, &link.label, &link.target_type);
        let foreign_key = |column: &'static str, node: &str| {
            Sql::raw(",\n    constraint ")
                .then_ident(&format!("{table}_{column}_fkey"))
                .text(" foreign key (")
                .text(column)
                .text(") references ")
                .then_ident(&node_table(node))
                .text(" (node_id) on delete cascade deferrable initially deferred")
        };
        let create = Sql::raw("create table ")
            .then_ident(&table)
            .text(
                " (\n    created timestamp with time zone not null default now(),\n    acl text[],\n    \
                 _sysan jsonb default '{}',\n    _props jsonb default '{}',\n    src_id text not null,\n    \
                 dst_id text not null,\n    constraint ",
            )
            .then_ident(&format!("{table}_pkey"))
            .text(" primary key (src_id, dst_id)")
            .then(foreign_key("src_id", source))
            .then(foreign_key("dst_id", &link.target_type))
            .text("\n)");
        let references = vec![node_table(source), node_table(&link.target_type)];
        self.tables.push(Table { name: table.clone(), references, create });
        // The name says dst first, the columns are the other way round; it has always been so.
        self.add_index(
            &table,
            &format!("{table}_dst_id_src_id_idx"),
            Kind::Plain,
            columns(&["src_id", "dst_id"]),
        );
        self.add_index(&table, &format!("{table}_dst_id"), Kind::Plain, columns(&["dst_id"]));
        self.add_index(&table, &format!("{table}_src_id"), Kind::Plain, columns(&["src_id"]));
    }

    fn add_index(&mut self, table: &str, name: &str, kind: Kind, keys: Vec<Sql>) {
        let operators = if kind.is_text() { " text_pattern_ops" } else { "" };
        let create = Sql::raw(if kind.is_unique() { "create unique index " } else { "create index " })
            .then_ident(name)
            .text(" on ")
            .then_ident(table)
            .text(if kind == Kind::Gin { " using gin " } else { " " })
            .then(Sql::join(", ", keys.iter().map(|key| key.clone().text(operators))).in_parentheses());
        let (name, table, unique) = (name.to_owned(), table.to_owned(), kind.is_unique());
        self.indexes.push(Index { name, table, unique, keys, create });
    }

    fn add_history(&mut self) {
        self.add_table("_voided_nodes", VOIDED_NODES);
        self.add_table("_voided_edges", VOIDED_EDGES);
        self.add_table("versioned_nodes", VERSIONED_NODES);
        for name in ["submitted_node_id_idx", "submitted_node_gdc_versions_idx"] {
            self.add_index("versioned_nodes", name, Kind::Plain, columns(&["node_id"]));
        }
    }

    fn add_transactions(&mut self) {
        self.add_table("transaction_logs", TRANSACTION_LOGS);
        self.add_table("transaction_snapshots", TRANSACTION_SNAPSHOTS);
        self.add_table("transaction_documents", TRANSACTION_DOCUMENTS);
        self.add_table("transactions_running", TRANSACTIONS_RUNNING);
        self.add_table("transactions_outbox", TRANSACTIONS_OUTBOX);
        let logs = [
            "program",
            "project",
            "is_dry_run",
            "committed_by",
            "closed",
            "state",
            "submitter",
            "created_datetime",
        ];
        for column in logs {
            let name = format!("transaction_logs_{column}_idx");
            self.add_index("transaction_logs", &name, Kind::Plain, columns(&[column]));
        }
        let project_id = vec![Sql::raw("((program || '-') || project)")];
        self.add_index("transaction_logs", "transaction_logs_project_id_idx", Kind::Plain, project_id);
        let others = [
            ("transaction_snapshots", "ix_transaction_snapshots_entity_id", "entity_id"),
            ("transaction_snapshots", "ix_transaction_snapshots_transaction_id", "transaction_id"),
            ("transaction_snapshots", "snapshot_transaction_idx", "transaction_id"),
            ("transaction_documents", "document_transaction_idx", "transaction_id"),
            ("transactions_outbox", "transactions_outbox_transaction_idx", "transaction_id"),
            ("transactions_outbox", "transactions_outbox_did_idx", "did"),
        ];
        for (table, name, column) in others {
            self.add_index(table, name, Kind::Plain, columns(&[column]));
        }
    }

    fn add_table(&mut self, name: &str, create: &'static str) {
        let references = Vec::new();
        self.tables.push(Table { name: name.to_owned(), references, create: Sql::raw(create) });
    }
}

/// The form of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Gin,
    /// For text and its beginnings, whatever the collation.
    Text,
    UniqueText,
}

impl Kind {
    fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::UniqueText)
    }

    fn is_unique(self) -> bool {
        self == Self::UniqueText
    }
}

fn columns(names: &[&'static str]) -> Vec<Sql> {
    names.iter().map(|name| Sql::raw(name)).collect()
}

const VOIDED_NODES: &str = "create table _voided_nodes (
    key bigserial primary key,
    node_id text not null,
    created timestamp with time zone not null,
    voided timestamp with time zone not null default now(),
    acl text[],
    system_annotations jsonb,
    properties jsonb,
    label text not null
)";

const VOIDED_EDGES: &str = "create table _voided_edges (
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
)";

/// The versions of nodes that `/submit` keeps.
const VERSIONED_NODES: &str = "create table versioned_nodes (
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
)";

const TRANSACTION_LOGS: &str = "create table transaction_logs (
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
)";

const TRANSACTION_SNAPSHOTS: &str = "create table transaction_snapshots (
    id serial primary key,
    entity_id text not null,
    transaction_id integer references transaction_logs (id),
    action text not null,
    old_props jsonb not null,
    new_props jsonb not null
)";

const TRANSACTION_DOCUMENTS: &str = "create table transaction_documents (
    id serial,
    transaction_id integer references transaction_logs (id),
    name text,
    doc_format text not null,
    doc text not null,
    response_json jsonb,
    primary key (id, transaction_id)
)";

/// A table of our own: see [`crate::running`]. It refers to no other table, so that those can be truncated
/// without it.
const TRANSACTIONS_RUNNING: &str = "create table transactions_running (
    transaction_id integer primary key,
    worker integer not null
)";

/// Another one: see [`crate::outbox`]. It is empty when nothing is under way.
const TRANSACTIONS_OUTBOX: &str = "create table transactions_outbox (
    id bigserial primary key,
    transaction_id integer not null,
    worker integer not null,
    did text not null,
    baseid text,
    patch jsonb,
    undo jsonb,
    is_relied_on boolean not null default false
)";
