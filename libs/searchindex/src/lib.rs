//! The engine that is part of the program: documents in a folder, searched by tantivy.
