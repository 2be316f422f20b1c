//! PFB, the portable format for biomedical data: Avro files with a data model and its nodes.
