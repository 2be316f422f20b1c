use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use demo::{Record, Settings, Study};
use dictionary::{Dictionary, LinkItem, Validators};
use serde_json::{Map, Value, json};

pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary");

pub(crate) async fn dictionary() -> Dictionary {
    Dictionary::load(FOLDER).await.unwrap()
}

/// The study is the same each time, so it is made once.
async fn study() -> &'static (Dictionary, Study) {
    static STUDY: OnceLock<(Dictionary, Study)> = OnceLock::new();
    let dictionary = dictionary().await;
    STUDY.get_or_init(|| {
        let study = Study::generate(&dictionary, &Settings::built_in().unwrap()).unwrap();
        (dictionary, study)
    })
}

fn of<'s>(study: &'s Study, node: &str) -> Vec<&'s Record> {
    study.records.iter().filter(|record| record.node == node).collect()
}

fn targets(record: &Record, link: &str) -> Vec<Value> {
    match record.document.get(link) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(targets)) => targets.clone(),
        Some(target) => vec![target.clone()],
    }
}

#[tokio::test]
async fn every_value_that_was_thought_of_fits_the_default_dictionary() {
    let (_, study) = study().await;
    assert_eq!(study.unfit, []);
    assert_eq!(study.skipped, []);
}

#[tokio::test]
async fn every_record_is_valid() {
    let (dictionary, study) = study().await;
    let validators = Validators::compile(dictionary).unwrap();
    for record in &study.records {
        let mut document = record.document.clone();
        if record.file.is_some() {
            document.insert("object_id".to_owned(), json!("dg.TEST/6f7a9c0e-0000-4000-8000-000000000000"));
        }
        let document = Value::Object(document);
        assert_eq!(validators.check(&record.node, &document), [], "{document}");
    }
    let mut project = study.project.clone();
    project.insert("programs".to_owned(), json!({"name": study.program_name}));
    assert_eq!(validators.check("project", &Value::Object(project)), []);
    assert_eq!(validators.check("program", &Value::Object(study.program.clone())), []);
}

#[tokio::test]
async fn there_are_about_ten_thousand_records_of_all_types() {
    let (dictionary, study) = study().await;
    let count = study.records.len();
    assert!((9_500..10_500).contains(&count), "{count}");
    let made: HashSet<&str> = study.records.iter().map(|record| record.node.as_str()).collect();
    let apart = ["root", "data_release", "program", "project"];
    let missing: Vec<&String> = dictionary
        .nodes
        .keys()
        .filter(|id| !made.contains(id.as_str()) && !apart.contains(&id.as_str()))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[tokio::test]
async fn names_are_unique_over_all_types() {
    let (_, study) = study().await;
    let mut seen = HashSet::new();
    let repeated: Vec<&str> = study
        .records
        .iter()
        .map(Record::submitter_id)
        .filter(|name| !seen.insert(name.to_lowercase()))
        .collect();
    assert_eq!(repeated, Vec::<&str>::new());
}

#[tokio::test]
async fn links_point_to_earlier_records_of_the_right_type_and_number() {
    let (dictionary, study) = study().await;
    let mut seen: HashMap<&str, &str> = HashMap::new();
    let mut sources: HashSet<(String, String, String)> = HashSet::new();
    for record in &study.records {
        let node = &dictionary.nodes[&record.node];
        for link in node.all_links() {
            let targets = targets(record, &link.name);
            assert!(!link.required || !targets.is_empty(), "{} has no {}", record.submitter_id(), link.name);
            assert!(!link.multiplicity.one_target() || targets.len() <= 1, "{}", record.submitter_id());
            for target in targets {
                if link.target_type == "project" {
                    assert_eq!(target, json!({"code": study.project_code}));
                    continue;
                }
                let name = target["submitter_id"].as_str().unwrap();
                assert_eq!(seen.get(name).copied(), Some(link.target_type.as_str()), "{name}");
                let source = (record.node.clone(), link.name.clone(), name.to_owned());
                assert!(
                    sources.insert(source) || !link.multiplicity.one_source(),
                    "{name} has two {}",
                    record.node
                );
            }
        }
        for item in &node.links {
            let LinkItem::Group(group) = item else { continue };
            let used = group
                .members
                .iter()
                .flat_map(LinkItem::flatten)
                .filter(|link| !targets(record, &link.name).is_empty());
            let used = used.count();
            assert!(
                (!group.required || used > 0) && (!group.exclusive || used < 2),
                "{}",
                record.submitter_id()
            );
        }
        seen.insert(record.submitter_id(), &record.node);
    }
}

#[tokio::test]
async fn the_same_settings_give_the_same_study_and_another_seed_another() {
    let (dictionary, study) = study().await;
    let mut settings = Settings::built_in().unwrap();
    let again = Study::generate(dictionary, &settings).unwrap();
    assert_eq!(again.records, study.records);
    settings.seed += 1;
    assert_ne!(Study::generate(dictionary, &settings).unwrap().records, study.records);
}

#[tokio::test]
async fn files_are_real_and_their_records_describe_them() {
    let (_, study) = study().await;
    let files: Vec<&Record> = study.records.iter().filter(|record| record.file.is_some()).collect();
    assert!((24..100).contains(&files.len()), "{}", files.len());
    let mut names = HashSet::new();
    for record in files {
        let file = record.file.as_ref().unwrap();
        let document = &record.document;
        assert!(names.insert(file.name.clone()), "{} is there twice", file.name);
        assert_eq!(document["file_name"], json!(file.name));
        assert_eq!(document["file_size"], json!(file.bytes.len()));
        assert_eq!(document["md5sum"], json!(file.md5));
        assert!(
            (1_000..1_000_000).contains(&file.bytes.len()),
            "{} has {} bytes",
            file.name,
            file.bytes.len()
        );
        let begins: &[u8] = match document["data_format"].as_str().unwrap() {
            "PNG" => b"\x89PNG\r\n\x1a\n",
            "FASTQ" => b"\x1f\x8b\x08",
            "VCF" => b"##fileformat=VCFv4.3\n",
            "TSV" => b"gene_name\t",
            other => panic!("nobody makes {other}"),
        };
        assert!(file.bytes.starts_with(begins), "{}", file.name);
    }
}

#[tokio::test]
async fn people_are_plausible() {
    let (_, study) = study().await;
    let subjects: HashMap<&str, &Map<String, Value>> =
        of(study, "subject").into_iter().map(|record| (record.submitter_id(), &record.document)).collect();
    let ages: HashMap<String, i64> = of(study, "demographics")
        .into_iter()
        .map(|record| {
            let subject = targets(record, "subjects")[0]["submitter_id"].as_str().unwrap().to_owned();
            (subject, record.document["age_at_enrolment"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(ages.len(), subjects.len());
    let mean = ages.values().sum::<i64>() as f64 / ages.len() as f64;
    assert!((50.0..70.0).contains(&mean), "{mean}");
    let mut studied: HashSet<String> = HashSet::new();
    for diagnosis in of(study, "diagnosis") {
        let subject = targets(diagnosis, "subjects")[0]["submitter_id"].as_str().unwrap().to_owned();
        let age = diagnosis.document["age_at_diagnosis"].as_i64().unwrap();
        let days = diagnosis.document["days_to_diagnosis"].as_i64().unwrap();
        let expected = ages[&subject] + days.div_euclid(365);
        assert!(
            (age - expected).abs() <= 1 || age == 90,
            "{}: {age}, not {expected}",
            diagnosis.submitter_id()
        );
        if diagnosis.document["icd10_code"] == json!("J44.9") {
            studied.insert(subject);
        }
    }
    for (name, subject) in subjects {
        match subject["cohort"].as_str().unwrap() {
            "Case" => assert!(studied.contains(name), "{name} is a case without the disease"),
            "Control" => assert!(!studied.contains(name), "{name} is a control with the disease"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_sample_belongs_to_the_subject_of_its_diagnosis() {
    let (_, study) = study().await;
    let subject =
        |record: &Record| targets(record, "subjects")[0]["submitter_id"].as_str().unwrap().to_owned();
    let of_diagnosis: HashMap<&str, String> =
        of(study, "diagnosis").into_iter().map(|record| (record.submitter_id(), subject(record))).collect();
    let mut linked = 0;
    for sample in of(study, "sample") {
        for diagnosis in targets(sample, "diagnoses") {
            assert_eq!(of_diagnosis[diagnosis["submitter_id"].as_str().unwrap()], subject(sample));
            linked += 1;
        }
    }
    assert!(linked > 300, "{linked}");
}

#[tokio::test]
async fn a_study_says_how_many_subjects_it_has() {
    let (_, study) = study().await;
    for record in of(study, "study") {
        let is_here = |subject: &&Record| {
            targets(subject, "studies")[0]["submitter_id"] == json!(record.submitter_id())
        };
        let enrolled = of(study, "subject").into_iter().filter(is_here).count();
        assert_eq!(record.document["number_enrolled"], json!(enrolled));
    }
}

#[tokio::test]
async fn a_dictionary_without_our_properties_gets_a_smaller_study() {
    let mut files = dictionary::read_files(FOLDER).await.unwrap();
    let subject = files.get_mut("subject.yaml").unwrap();
    subject["properties"].as_object_mut().unwrap().shift_remove("cohort");
    subject["properties"]["tall"] = json!({"enum": ["yes", "no"]});
    subject["required"].as_array_mut().unwrap().push(json!("tall"));
    let changed = Dictionary::from_files(files).unwrap();
    let study = Study::generate(&changed, &Settings::built_in().unwrap()).unwrap();
    let unfit: Vec<(&str, &str)> =
        study.unfit.iter().map(|unfit| (unfit.node.as_str(), unfit.property.as_str())).collect();
    assert_eq!(unfit, [("subject", "cohort")]);
    assert!(of(&study, "subject").iter().all(|subject| subject.document["tall"].is_string()));
}

#[tokio::test]
async fn what_can_be_there_once_is_made_once() {
    let mut files = dictionary::read_files(FOLDER).await.unwrap();
    files.get_mut("study.yaml").unwrap()["links"][0]["multiplicity"] = json!("one_to_one");
    let changed = Dictionary::from_files(files).unwrap();
    let study = Study::generate(&changed, &Settings::built_in().unwrap()).unwrap();
    assert_eq!(of(&study, "study").len(), 1);
    let skipped: Vec<(&str, &str)> =
        study.skipped.iter().map(|skipped| (skipped.node.as_str(), skipped.reason.as_str())).collect();
    assert_eq!(skipped, [("study", "nothing is there for the link projects")]);
}
