use pfb::{Branch, Entity, Model, PfbError, Reader, Relation, Writer};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value, json};

use super::dictionary;

pub(super) fn file(model: &Model, entities: &[Entity]) -> Vec<u8> {
    let mut writer = Writer::begin(model, Vec::new()).unwrap();
    for entity in entities {
        let id = entity.id.as_deref().unwrap();
        writer.write(&entity.node, id, &entity.properties, &entity.relations, |_| false).unwrap();
    }
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> Vec<Entity> {
    Reader::open(file).unwrap().map(Result::unwrap).collect()
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![any::<i32>().prop_map(Value::from), (-1e9..1e9_f64).prop_map(Value::from)].prop_map(
        // Whole numbers come back without a point.
        |number| match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 => json!(whole as i64),
            _ => number,
        },
    )
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(values).prop_map(Value::from)
}

prop_compose! {
    fn sample()(
        texts in (option::of("\\PC{0,12}"), option::of(vec("\\PC{0,5}", 0..4))),
        numbers in (option::of(number()), option::of(any::<i64>()), option::of(vec(number(), 0..4))),
        a_flag in option::of(any::<bool>()),
        answers in (
            option::of(one_of(&["not reported", "1st", "x_y", "ü – 9", "Yes"])),
            option::of(one_of(&["no", "not yet"])),
            option::of(vec(one_of(&["a b", "c"]), 0..3)),
        ),
        either in option::of(prop_oneof![one_of(&["unknown", "> 89"]), any::<i32>().prop_map(Value::from)]),
        an_object in option::of(number().prop_map(|number| json!({ "deep": [number] }))),
        ids in (any::<u128>(), vec(any::<u64>(), 0..3)),
    ) -> Entity {
        let all = json!({
            "a_text": texts.0, "some_texts": texts.1, "a_number": numbers.0, "a_whole_number": numbers.1,
            "some_numbers": numbers.2, "a_flag": a_flag, "an_answer": answers.0, "a_default": answers.1,
            "some_answers": answers.2, "either": either, "an_object": an_object,
        });
        let Value::Object(mut properties) = all else { unreachable!() };
        properties.retain(|_, value| !value.is_null());
        let relation = |id: u64| Relation { id: id.to_string(), name: "study".to_owned() };
        let relations = ids.1.into_iter().map(relation).collect();
        Entity { id: Some(ids.0.to_string()), node: "sample".to_owned(), properties, relations }
    }
}

/// What comes back of what a PFB has no type for.
fn as_read(mut entity: Entity) -> Entity {
    if let Some(object) = entity.properties.get_mut("an_object") {
        *object = object.to_string().into();
    }
    entity
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn entities_come_back_as_they_were(entities in vec(sample(), 0..20)) {
        let model = Model::of(&dictionary()).unwrap();
        let found = read(&file(&model, &entities));
        let sorted = |mut entities: Vec<Entity>| {
            entities.iter_mut().for_each(|entity| entity.properties.sort_keys());
            entities
        };
        let expected: Vec<Entity> = entities.into_iter().map(as_read).collect();
        prop_assert_eq!(sorted(found), sorted(expected));
    }
}

#[test]
fn the_model_has_the_types_of_pypfb() {
    let model = Model::of(&dictionary()).unwrap();
    let sample = &model.nodes[model.position("sample").unwrap()];
    let branches = |name: &str| &sample.fields.iter().find(|field| field.name == name).unwrap().branches;
    assert_eq!(branches("a_number")[..], [Branch::Null, Branch::Double]);
    assert_eq!(branches("a_whole_number")[..], [Branch::Null, Branch::Long]);
    assert_eq!(branches("some_numbers")[..], [Branch::Null, Branch::List(Box::new(Branch::Double))]);
    let Branch::Enum { name, values } = &branches("an_answer")[1] else { panic!("no enum") };
    assert_eq!((name.as_str(), values.len()), ("sample_an_answer", 5));
    assert!(matches!(branches("a_default")[0], Branch::Enum { .. }), "the default's type is first");
    assert!(sample.fields.iter().all(|field| !["id", "type", "studies"].contains(&field.name.as_str())));
    assert!(model.position("root").is_none(), "internal types are of no use elsewhere");
}

#[test]
fn links_are_in_the_metadata() {
    let model = Model::of(&dictionary()).unwrap();
    let file = file(&model, &[]);
    let reader = Reader::open(file.as_slice()).unwrap();
    let links = reader.links("sample");
    assert_eq!((links[0].name.as_str(), links[0].target.as_str()), ("studies", "study"));
    assert_eq!(links[0].multiplicity, "MANY_TO_MANY");
    assert!(reader.nodes().iter().any(|(name, properties)| name == "sample" && properties.len() == 13));
}

#[test]
fn values_that_the_model_does_not_allow_are_refused_or_left_out() {
    let model = Model::of(&dictionary()).unwrap();
    let mut writer = Writer::begin(&model, Vec::new()).unwrap();
    let properties: Map<String, Value> =
        serde_json::from_value(json!({ "an_answer": "Maybe", "a_whole_number": 1.5, "a_text": "t" }))
            .unwrap();
    let refused = writer.write("sample", "1", &properties, &[], |_| false).unwrap_err();
    assert!(
        refused.to_string().contains("an_answer is \"Maybe\"") || refused.to_string().contains("1.5"),
        "{refused}"
    );
    let mut left_out = Vec::new();
    let misfit = |misfit: &pfb::Misfit| {
        left_out.push(misfit.property.clone());
        true
    };
    writer.write("sample", "1", &properties, &[], misfit).unwrap();
    left_out.sort();
    assert_eq!(left_out, ["a_whole_number", "an_answer"]);
    let unknown = writer.write("star", "1", &properties, &[], |_| true).unwrap_err();
    assert!(matches!(unknown, PfbError::UnknownNode(node) if node == "star"));
    let file = writer.finish().unwrap();
    let entities = read(&file);
    assert_eq!(entities.len(), 1, "what was refused is not in the file");
    assert_eq!(entities[0].properties, serde_json::from_value(json!({ "a_text": "t" })).unwrap());
}

#[test]
fn a_large_file_is_written_in_small_blocks() {
    let model = Model::of(&dictionary()).unwrap();
    let entity = |number: usize| Entity {
        id: Some(number.to_string()),
        node: "sample".to_owned(),
        properties: serde_json::from_value(json!({ "a_text": "x".repeat(1000) })).unwrap(),
        relations: Vec::new(),
    };
    let file = file(&model, &(0..1000).map(entity).collect::<Vec<_>>());
    assert!(file.len() > 1_000_000);
    assert_eq!(read(&file).len(), 1000);
}
