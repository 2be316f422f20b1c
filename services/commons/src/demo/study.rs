//! The records of the demonstration study, under our own dictionary. Pure, and the same on each run.

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::random::Random;

pub(crate) const PROGRAM: &str = "DEMO";
pub(crate) const CODE: &str = "harbour";

const SEED: u64 = 20_260_101;
const SUBJECTS: usize = 1200;
const DIAGNOSES: usize = 1500;
const SAMPLES: usize = 1800;
const ALIQUOTS: usize = 2400;
const SEQUENCING_FILES: usize = 976;
const ANALYSIS_FILES: usize = 300;
const IMAGING_STUDIES: usize = 400;
const IMAGING_FILES: usize = 200;
/// Files whose bytes are uploaded.
const FILES_WITH_BYTES: usize = 24;

const COLLECTION: &str = "harbour-description";
const STUDY: &str = "harbour-study";

const DISEASES: [(&str, &str, &str); 6] = [
    ("Asthma", "J45.9", "Lung"),
    ("Chronic Kidney Disease", "N18.3", "Kidney"),
    ("Type 2 Diabetes", "E11.9", "Pancreas"),
    ("Heart Failure", "I50.9", "Heart"),
    ("Breast Cancer", "C50.9", "Breast"),
    ("Rheumatoid Arthritis", "M06.9", "Joint"),
];

/// A file with bytes.
#[derive(Debug)]
pub(crate) struct DemoFile {
    submitter_id: String,
    aliquot: String,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl DemoFile {
    /// The file's record, once its bytes have the GUID `guid`.
    pub(crate) fn record(&self, guid: &str) -> Value {
        let mut record =
            sequencing(&self.submitter_id, &self.aliquot, &self.name, self.bytes.len(), &md5(&self.bytes));
        record["object_id"] = json!(guid);
        record
    }
}

/// All records, in an order in which links point backwards.
#[derive(Debug)]
pub(crate) struct Study {
    records: Vec<(&'static str, Vec<Value>)>,
    files: Vec<DemoFile>,
}

impl Study {
    pub(crate) fn generate() -> Self {
        let mut random = Random::new(SEED);
        let r = &mut random;
        let records = vec![
            ("core_metadata_collection", vec![collection()]),
            ("study", vec![study()]),
            ("subject", many(SUBJECTS, |n| subject(r, n))),
            ("demographics", many(SUBJECTS, |n| demographics(r, n))),
            ("diagnosis", many(DIAGNOSES, |n| diagnosis(r, n))),
            ("sample", many(SAMPLES, |n| sample(r, n))),
            ("aliquot", many(ALIQUOTS, |n| aliquot(r, n))),
            ("imaging_study", many(IMAGING_STUDIES, |n| imaging_study(r, n))),
            ("sequencing_file", many(SEQUENCING_FILES, |n| sequencing_file(r, n))),
            ("analysis_file", many(ANALYSIS_FILES, |n| analysis_file(r, n))),
            ("imaging_file", many(IMAGING_FILES, |n| imaging_file(r, n))),
        ];
        let files = (0..FILES_WITH_BYTES).map(|n| file(r, n)).collect();
        Self { records, files }
    }

    pub(crate) fn records(&self) -> &[(&'static str, Vec<Value>)] {
        &self.records
    }

    pub(crate) fn files(&self) -> &[DemoFile] {
        &self.files
    }

    /// The last record that is submitted.
    pub(crate) fn last_file(&self) -> &str {
        self.files.last().map_or("", |file| &file.submitter_id)
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records.iter().map(|(_, records)| records.len()).sum::<usize>() + self.files.len()
    }
}

fn many(count: usize, make: impl FnMut(usize) -> Value) -> Vec<Value> {
    (0..count).map(make).collect()
}

fn id(kind: &str, n: usize) -> String {
    format!("{kind}-{n:04}")
}

fn link(kind: &str, n: usize) -> Value {
    json!({ "submitter_id": id(kind, n) })
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collection() -> Value {
    json!({
        "type": "core_metadata_collection",
        "submitter_id": COLLECTION,
        "projects": { "code": CODE },
        "title": "The Harbour study",
        "creator": "commons up --demo",
        "description": "Generated records without any person behind them.",
        "subject": "Chronic disease",
        "language": "en",
    })
}

fn study() -> Value {
    json!({
        "type": "study",
        "submitter_id": STUDY,
        "projects": { "code": CODE },
        "core_metadata_collections": [{ "submitter_id": COLLECTION }],
        "study_title": "The Harbour study",
        "study_description": "Six chronic diseases in the population of an invented harbour town.",
        "study_design": "Cohort",
        "disease_area": "Chronic disease",
        "number_enrolled": SUBJECTS,
        "keywords": ["demonstration", "generated"],
    })
}

fn subject(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "subject",
        "submitter_id": id("subject", n),
        "studies": [{ "submitter_id": STUDY }],
        "cohort": r.of(&["Port", "Old Town", "Island"]),
        "consent_codes": ["GRU"],
        "enrolment_year": r.between(2015, 2024),
        "lost_to_follow_up": r.of(&["Yes", "No", "No", "No", "Unknown"]),
    })
}

fn demographics(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "demographics",
        "submitter_id": id("demographics", n),
        "subjects": link("subject", n),
        "sex": r.of(&["Female", "Male", "Female", "Male", "Unknown"]),
        "race": r.of(&["Asian", "Black or African American", "White", "Multiracial", "Not Reported"]),
        "ethnicity": r.of(&["Hispanic or Latino", "Not Hispanic or Latino", "Unknown"]),
        "age_at_enrolment": r.between(18, 90),
        "vital_status": r.of(&["Alive", "Alive", "Alive", "Dead"]),
        "country_of_residence": "Nowhere",
        "body_mass_index": r.decimal(17, 41),
    })
}

fn diagnosis(r: &mut Random, n: usize) -> Value {
    let (name, code, site) = DISEASES.get(r.below(DISEASES.len())).copied().unwrap_or_default();
    json!({
        "type": "diagnosis",
        "submitter_id": id("diagnosis", n),
        "subjects": link("subject", n % SUBJECTS),
        "primary_diagnosis": name,
        "icd10_code": code,
        "anatomic_site": site,
        "severity": r.of(&["Mild", "Moderate", "Severe"]),
        "age_at_diagnosis": r.between(10, 90),
        "confirmed_in_laboratory": r.below(3) > 0,
    })
}

fn sample(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "sample",
        "submitter_id": id("sample", n),
        "subjects": link("subject", n % SUBJECTS),
        "sample_type": r.of(&["Blood", "Plasma", "Saliva", "Tissue", "Urine"]),
        "tissue_type": r.of(&["Normal", "Diseased"]),
        "days_to_collection": r.between(0, 400),
        "preservation_method": r.of(&["Fresh", "Frozen", "FFPE"]),
        "volume_ml": r.decimal(1, 10),
    })
}

fn aliquot(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "aliquot",
        "submitter_id": id("aliquot", n),
        "samples": link("sample", n % SAMPLES),
        "analyte_type": r.of(&["DNA", "RNA", "Protein"]),
        "amount_ug": r.decimal(1, 60),
        "concentration_ng_ul": r.decimal(10, 300),
        "source_center": "Harbour laboratory",
    })
}

fn imaging_study(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "imaging_study",
        "submitter_id": id("imaging_study", n),
        "subjects": link("subject", n),
        "study_modality": [r.of(&["CT", "MR", "US", "DX"])],
        "body_part_examined": r.of(&["Chest", "Abdomen", "Head"]),
        "days_to_study": r.between(0, 900),
    })
}

fn sequencing(submitter_id: &str, aliquot: &str, name: &str, size: usize, md5: &str) -> Value {
    json!({
        "type": "sequencing_file",
        "submitter_id": submitter_id,
        "aliquots": [{ "submitter_id": aliquot }],
        "file_name": name,
        "file_size": size,
        "md5sum": md5,
        "data_category": "Sequencing Reads",
        "data_type": "Unaligned Reads",
        "data_format": "FASTQ",
        "experimental_strategy": "RNA-Seq",
        "is_paired_end": false,
        "read_length": 50,
    })
}

fn sequencing_file(r: &mut Random, n: usize) -> Value {
    let name = format!("{}.fastq.gz", id("reads", n));
    sequencing(
        &id("sequencing_file", n),
        &id("aliquot", n),
        &name,
        r.between(1_000_000, 900_000_000),
        &r.hex(),
    )
}

fn analysis_file(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "analysis_file",
        "submitter_id": id("analysis_file", n),
        "sequencing_files": [link("sequencing_file", n)],
        "file_name": format!("{}.tsv", id("expression", n)),
        "file_size": r.between(10_000, 5_000_000),
        "md5sum": r.hex(),
        "data_category": "Expression",
        "data_type": "Gene Expression",
        "data_format": "TSV",
        "reference_genome": "GRCh38",
        "workflow_name": "harbour-expression",
    })
}

fn imaging_file(r: &mut Random, n: usize) -> Value {
    json!({
        "type": "imaging_file",
        "submitter_id": id("imaging_file", n),
        "imaging_studies": link("imaging_study", n),
        "file_name": format!("{}.dcm", id("image", n)),
        "file_size": r.between(100_000, 50_000_000),
        "md5sum": r.hex(),
        "data_category": "Imaging",
        "data_type": "Image",
        "data_format": "DICOM",
        "pixel_rows": 512,
        "pixel_columns": 512,
    })
}

/// Reads in FASTQ.
fn file(r: &mut Random, n: usize) -> DemoFile {
    let mut text = String::new();
    for read in 0..r.between(400, 900) {
        let bases: String = (0..50).map(|_| r.of(&["A", "C", "G", "T"])).collect();
        text.push_str(&format!("@demo.{n}.{read}\n{bases}\n+\n{}\n", "I".repeat(50)));
    }
    DemoFile {
        submitter_id: id("uploaded_file", n),
        aliquot: id("aliquot", SEQUENCING_FILES + n),
        name: format!("{}.fastq", id("uploaded", n)),
        bytes: text.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_study_is_the_same_on_each_run_and_has_about_ten_thousand_records() {
        let (one, two) = (Study::generate(), Study::generate());
        assert_eq!(one.records(), two.records());
        assert_eq!(one.files().last().map(|file| &file.bytes), two.files().last().map(|file| &file.bytes));
        assert_eq!(one.len(), 10_002);
    }

    #[test]
    fn every_record_is_valid_under_the_built_in_dictionary() {
        let dictionary = crate::dictionaries::built_in().unwrap();
        let validators = dictionary::Validators::compile(&dictionary).unwrap();
        let study = Study::generate();
        let files = study.files().iter().map(|file| ("sequencing_file", file.record("dg.1/guid")));
        let all =
            study.records().iter().flat_map(|(node, records)| records.iter().map(|r| (*node, r.clone())));
        for (node, record) in all.chain(files) {
            let violations = validators.check(node, &record);
            assert!(violations.is_empty(), "{record}: {violations:?}");
        }
    }
}
