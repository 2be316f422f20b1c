//! Elasticsearch and OpenSearch as a `search::Engine`.
