use pfb::Model;

use super::dictionary;

#[test]
fn a_name_that_avro_does_not_have_is_told() {
    let mut dictionary = dictionary();
    let mut node = dictionary.nodes["sample"].clone();
    node.id = "24h-sample".to_owned();
    dictionary.nodes.insert(node.id.clone(), node);
    let told = Model::of(&dictionary).unwrap_err().to_string();
    assert!(told.contains("24h-sample"), "{told}");
}

#[test]
fn types_of_enumerations_have_names_of_their_own() {
    let mut dictionary = dictionary();
    let mut node = dictionary.nodes["sample"].clone();
    // `sample_an_answer` would be the name of the property's type as well.
    node.id = "sample_an_answer".to_owned();
    dictionary.nodes.insert(node.id.clone(), node);
    assert!(Model::of(&dictionary).is_ok());
}
