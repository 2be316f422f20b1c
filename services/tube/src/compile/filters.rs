//! Filters whose fields are known.

use crate::{
    Form,
    grammar::{Comparison, Filter, Word},
    ir::Condition,
};

/// Turns a filter into a condition; `field` looks up a property and reports it if there is none.
pub(super) fn condition(
    filter: &Filter,
    form: Form,
    field: &mut impl FnMut(&Word, Comparison) -> Option<String>,
) -> Option<Condition> {
    let condition = tree(filter, field)?;
    Some(match form {
        Form::Right => condition,
        Form::Compat => without_parentheses(&condition),
    })
}

fn tree(filter: &Filter, field: &mut impl FnMut(&Word, Comparison) -> Option<String>) -> Option<Condition> {
    let mut all = |filters: &[Filter]| -> Vec<Condition> {
        filters.iter().filter_map(|filter| tree(filter, field)).collect()
    };
    Some(match filter {
        Filter::And(filters) => Condition::And(all(filters)),
        Filter::Or(filters) => Condition::Or(all(filters)),
        Filter::Is { prop, comparison, value } => {
            Condition::Is { field: field(prop, *comparison)?, comparison: *comparison, value: value.clone() }
        }
    })
}

/// The original writes nested filters one after the other, where `and` binds stronger than `or`.
fn without_parentheses(condition: &Condition) -> Condition {
    let (mut ands, mut alternatives) = (Vec::new(), Vec::new());
    let mut line = Vec::new();
    write(condition, &mut line);
    for piece in line {
        match piece {
            Piece::Is(condition) => ands.push(condition),
            Piece::And => {}
            Piece::Or => alternatives.push(Condition::And(std::mem::take(&mut ands))),
        }
    }
    alternatives.push(Condition::And(ands));
    Condition::Or(alternatives)
}

enum Piece {
    Is(Condition),
    And,
    Or,
}

fn write(condition: &Condition, line: &mut Vec<Piece>) {
    let (parts, is_and) = match condition {
        Condition::And(parts) => (parts, true),
        Condition::Or(parts) => (parts, false),
        Condition::Is { .. } => return line.push(Piece::Is(condition.clone())),
    };
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            line.push(if is_and { Piece::And } else { Piece::Or });
        }
        write(part, line);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn without_parentheses_and_binds_stronger() {
        let is = |name: &str| Condition::Is {
            field: name.to_owned(),
            comparison: Comparison::Equal,
            value: Value::Null,
        };
        let tree = Condition::And(vec![Condition::Or(vec![is("a"), is("b")]), is("c")]);
        let Condition::Or(alternatives) = without_parentheses(&tree) else { panic!("not an or") };
        let sizes: Vec<usize> = alternatives
            .iter()
            .map(|part| if let Condition::And(parts) = part { parts.len() } else { 0 })
            .collect();
        assert_eq!(sizes, [1, 2], "a or (b and c)");
    }
}
