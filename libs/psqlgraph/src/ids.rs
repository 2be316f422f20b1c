//! Identifiers of programs and projects, which follow from their names.

use uuid::Uuid;

const PROGRAM_NAMESPACE: Uuid = Uuid::from_u128(0x85b0_8c6a_56a6_4474_9c30_b65a_bfd2_14a8);
const PROJECT_NAMESPACE: Uuid = Uuid::from_u128(0x249b_4405_2c69_45d9_96bc_7410_333d_5d80);

/// The node id of the program called `name` (UUID version 5).
pub fn program_id(name: &str) -> Uuid {
    Uuid::new_v5(&PROGRAM_NAMESPACE, name.as_bytes())
}

/// The node id of the project with this `code` (UUID version 5). The program takes no part in it, so a code
/// is unique in the whole commons.
pub fn project_id_uuid(code: &str) -> Uuid {
    Uuid::new_v5(&PROJECT_NAMESPACE, code.as_bytes())
}

/// `<program>-<code>`, the value of the property `project_id` of all nodes of a project.
pub fn project_id(program: &str, code: &str) -> String {
    format!("{program}-{code}")
}

/// Program name and project code of a `project_id`, split at the first hyphen. `None` without a hyphen.
pub fn split_project_id(project_id: &str) -> Option<(&str, &str)> {
    project_id.split_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_sheepdog() {
        assert_eq!(program_id("CGCI").to_string(), "d339a424-ad52-5351-a499-493973249414");
        assert_eq!(project_id_uuid("BLGSP").to_string(), "daa208a7-f57a-562c-a04a-7a7c77542c98");
    }

    #[test]
    fn a_project_id_is_split_at_the_first_hyphen() {
        assert_eq!(split_project_id("CGCI-BLGSP-X"), Some(("CGCI", "BLGSP-X")));
        assert_eq!(split_project_id("CGCI"), None);
    }
}
