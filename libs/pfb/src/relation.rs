//! What entities are linked to.

/// What an entity is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relation {
    /// The id of the other entity.
    pub id: String,
    /// Its node type; some writers put the name of the link here.
    pub name: String,
}
