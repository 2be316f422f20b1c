use pfb::{Entity, Model, PfbError, Reader};
use proptest::prelude::*;
use serde_json::json;

use super::{dictionary, round_trip::file};

fn good() -> Vec<u8> {
    let entity = |number: usize| Entity {
        id: Some(number.to_string()),
        node: "sample".to_owned(),
        properties: serde_json::from_value(
            json!({ "a_text": "t", "a_number": number, "some_texts": ["a", "b"] }),
        )
        .unwrap(),
        relations: Vec::new(),
    };
    file(&Model::of(&dictionary()).unwrap(), &(0..20).map(entity).collect::<Vec<_>>())
}

/// Reads all of it; a reader ends after an error.
fn read(file: &[u8]) -> Result<usize, PfbError> {
    let mut count = 0;
    for entity in Reader::open(file)? {
        entity?;
        count += 1;
        assert!(count <= 10_000, "an end comes");
    }
    Ok(count)
}

/// An Avro file without entities that has this schema, and these bytes as its one block.
fn with_schema(schema: &str, entities: u8, block: &[u8]) -> Vec<u8> {
    fn long(mut number: u64, bytes: &mut Vec<u8>) {
        number <<= 1;
        while number >= 0x80 {
            bytes.push((number as u8) | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
    let mut bytes = b"Obj\x01".to_vec();
    long(1, &mut bytes);
    for text in ["avro.schema", schema] {
        long(text.len() as u64, &mut bytes);
        bytes.extend(text.as_bytes());
    }
    bytes.push(0);
    bytes.extend([7; 16]);
    bytes.push(entities * 2);
    long(block.len() as u64, &mut bytes);
    bytes.extend(block);
    bytes.extend([7; 16]);
    bytes
}

#[test]
fn what_is_no_pfb_is_told() {
    let told = |file: &[u8]| read(file).unwrap_err().to_string();
    assert!(told(b"").contains("not an Avro file"));
    assert!(told(b"PK\x03\x04 a zip").contains("not an Avro file"));
    assert!(told(&with_schema(r#""string""#, 1, b"\x02a")).contains("are no records"));
    let other = r#"{"type": "record", "name": "A", "fields": [{"name": "b", "type": "long"}]}"#;
    assert!(told(&with_schema(other, 1, b"\x02")).contains("have the fields b"));
    let endless = r#"{"type": "record", "name": "Entity", "fields": [{"name": "id", "type": ["null", "string"]},
        {"name": "name", "type": "string"}, {"name": "object", "type": [
            {"type": "record", "name": "Metadata", "fields": [{"name": "again", "type": "Metadata"}]}]},
        {"name": "relations", "type": {"type": "array", "items": {"type": "record", "name": "R", "fields": [
            {"name": "dst_id", "type": "string"}, {"name": "dst_name", "type": "string"}]}}}]}"#;
    assert!(
        told(&with_schema(endless, 1, &[0; 64])).contains("no PFB has"),
        "a type within itself has no end"
    );
    let nothings = endless.replace(
        r#"{"name": "again", "type": "Metadata"}"#,
        r#"{"name": "nothings", "type": {"type": "array", "items": "null"}}"#,
    );
    assert!(told(&with_schema(&nothings, 1, &[0; 64])).contains("list of nothing"));
}

#[test]
fn a_block_that_says_it_is_huge_is_not_believed() {
    let mut file = good();
    // After the last block: one of 2^60 bytes.
    file.extend([0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    let told = read(&file).unwrap_err();
    assert!(matches!(told, PfbError::Damaged { after: 20, .. }), "{told}");
}

#[test]
fn a_file_that_is_cut_off_is_told_of() {
    let file = good();
    let whole = read(&file).unwrap();
    assert_eq!(whole, 20);
    let places = (0..file.len()).step_by(5);
    let mut silent = 0;
    for end in places {
        match read(&file[..end]) {
            Err(_) => {}
            // Between two blocks nothing shows that there were more.
            Ok(count) => {
                assert!(count < whole, "{end}");
                silent += 1;
            }
        }
    }
    assert!(silent <= 2, "{silent}");
}

#[test]
fn blocks_without_entities_are_no_end() {
    let model = Model::of(&dictionary()).unwrap();
    let file = file(&model, &[]);
    let marker = file[file.len() - 16..].to_vec();
    let mut with_empty = file.clone();
    with_empty.extend([0, 0]);
    with_empty.extend(&marker);
    assert_eq!(read(&with_empty).unwrap(), 0);
    with_empty.extend([2, 0]);
    with_empty.extend(&marker);
    assert!(read(&with_empty).is_err(), "what follows the empty block is read");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_make_it_panic(
        place in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..12),
        is_inserted in any::<bool>(),
    ) {
        let mut file = good();
        let at = place.index(file.len());
        if is_inserted {
            file.splice(at..at, bytes);
        } else {
            let end = (at + bytes.len()).min(file.len());
            file.splice(at..end, bytes);
        }
        let _ = read(&file);
    }

    #[test]
    fn any_bytes_after_a_good_beginning_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut file = good();
        file.extend(bytes);
        let _ = read(&file);
    }
}
