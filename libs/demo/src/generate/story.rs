//! Makes the study plausible under the default dictionary: people of an age, with diseases of that age,
//! samples after their enrolment, and so on. The dictionary may take or leave every value.

use serde_json::{Map, Value, json};

use super::schema::number;
use crate::{
    dice::Dice,
    settings::{Condition, Settings},
};

const DAYS_OF_YEAR: f64 = 365.25;
/// The oldest people are easy to recognise, so ages above 89 are given as 90.
const OLDEST: i64 = 90;

/// What is known of a record before it has values.
pub(super) struct Scene<'b> {
    /// The record's name.
    pub(super) name: &'b str,
    /// Position among the records of its type with the same parent.
    pub(super) ordinal: usize,
    /// The type and the values of each record that it links or belongs to, at any distance, nearest first.
    pub(super) related: Vec<(&'b str, &'b Map<String, Value>)>,
}

impl<'b> Scene<'b> {
    /// The nearest related record of a type.
    fn related(&self, node: &str) -> Option<&'b Map<String, Value>> {
        self.related.iter().find(|(other, _)| *other == node).map(|(_, record)| *record)
    }

    fn text(&self, node: &str, property: &str) -> &'b str {
        self.related(node).and_then(|record| record.get(property)).and_then(Value::as_str).unwrap_or("")
    }

    /// Describes what a file is made from, in the words of the records.
    pub(super) fn origin(&self) -> String {
        format!(
            "{} {}",
            self.text("sequencing_file", "experimental_strategy"),
            self.text("aliquot", "analyte_type")
        )
    }
}

/// A person of the study. The same name is always the same person.
struct Person<'s> {
    sex: &'static str,
    age_in_days: i64,
    lost: bool,
    conditions: Vec<&'s Condition>,
}

impl<'s> Person<'s> {
    fn new(settings: &'s Settings, name: &str, cohort: &str) -> Self {
        let mut dice = Dice::of(settings.seed, &format!("person {name}"));
        let sex = dice.word(&[("Female", 520.0), ("Male", 475.0), ("Intersex", 1.0), ("Not Reported", 4.0)]);
        let is_in_comparison = matches!(cohort, "Case" | "Control");
        let age = if is_in_comparison {
            dice.normal(66.0, 9.0, 40.0, 90.5)
        } else {
            dice.normal(54.0, 15.0, 18.0, 90.5)
        };
        let lost = dice.chance(0.06);
        let is_studied = |condition: &Condition| condition.icd10 == "J44.9";
        let conditions =
            settings.conditions.iter().filter(|condition| match (cohort, is_studied(condition)) {
                ("Case", true) => true,
                ("Control", true) => false,
                _ => dice.chance(condition.prevalence(age, sex == "Female") / 100.0),
            });
        let conditions = conditions.collect();
        Self { sex, age_in_days: (age * DAYS_OF_YEAR) as i64, lost, conditions }
    }

    fn age_after(&self, days: i64) -> i64 {
        (((self.age_in_days + days) as f64 / DAYS_OF_YEAR) as i64).clamp(0, OLDEST)
    }
}

/// The number of records of a type that belong to another one, if the story decides it.
pub(super) fn count(
    settings: &Settings,
    node: &str,
    parent: &str,
    record: &Map<String, Value>,
) -> Option<usize> {
    (node == "diagnosis" && parent == "subject").then(|| {
        let text = |property: &str| record.get(property).and_then(Value::as_str).unwrap_or("");
        Person::new(settings, text("submitter_id"), text("cohort")).conditions.len()
    })
}

/// Values for a record.
pub(super) fn tell(settings: &Settings, node: &str, scene: &Scene<'_>) -> Vec<(&'static str, Value)> {
    let mut dice = Dice::of(settings.seed, &format!("story {}", scene.name));
    let person =
        || Person::new(settings, scene.text("subject", "submitter_id"), scene.text("subject", "cohort"));
    match node {
        "study" => enrolled(settings),
        "subject" => subject(settings, scene, &mut dice),
        "demographics" => demographics(&person(), &mut dice),
        "diagnosis" => diagnosis(&person(), scene.ordinal, &mut dice),
        "sample" => sample(scene, &mut dice),
        "aliquot" => aliquot(scene.text("sample", "sample_type"), &mut dice),
        "imaging_study" => imaging_study(&mut dice),
        "imaging_file" => imaging_file(scene, &mut dice),
        "sequencing_file" => sequencing_file(scene.text("aliquot", "analyte_type"), &mut dice),
        _ => Vec::new(),
    }
}

fn enrolled(settings: &Settings) -> Vec<(&'static str, Value)> {
    let total = |node: &str| settings.records.get(node).and_then(|amount| amount.total);
    match (total("subject"), total("study")) {
        (Some(subjects), Some(studies)) if studies > 0 && subjects % studies == 0 => {
            vec![("number_enrolled", json!(subjects / studies))]
        }
        _ => Vec::new(),
    }
}

fn subject(settings: &Settings, scene: &Scene<'_>, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let is_comparison = scene.text("study", "study_design") == "Case-Control";
    let cohort = if is_comparison {
        dice.word(&[("Case", 50.0), ("Control", 50.0)])
    } else {
        dice.word(&[("First wave", 40.0), ("Second wave", 35.0), ("Third wave", 25.0)])
    };
    let year = match cohort {
        "First wave" => dice.between(2014, 2016),
        "Second wave" => dice.between(2017, 2019),
        "Third wave" => dice.between(2020, 2022),
        _ => dice.between(2018, 2023),
    };
    let lost = Person::new(settings, scene.name, cohort).lost;
    vec![
        ("cohort", json!(cohort)),
        ("enrolment_year", json!(year)),
        ("lost_to_follow_up", json!(if lost { "Yes" } else { "No" })),
    ]
}

fn demographics(person: &Person<'_>, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let age = person.age_after(0);
    let death = 0.01 * ((age as f64 - 50.0) / 14.0).exp();
    let alive = match (person.lost, dice.chance(death.min(0.5))) {
        (true, _) => "Unknown",
        (false, true) => "Dead",
        (false, false) => "Alive",
    };
    let race = dice.word(&[
        ("White", 66.0),
        ("Black or African American", 14.0),
        ("Asian", 9.0),
        ("Multiracial", 4.0),
        ("American Indian or Alaska Native", 1.0),
        ("Native Hawaiian or Other Pacific Islander", 0.5),
        ("Other", 2.5),
        ("Not Reported", 3.0),
    ]);
    let ethnicity =
        dice.word(&[("Not Hispanic or Latino", 78.0), ("Hispanic or Latino", 17.0), ("Not Reported", 5.0)]);
    let mut values = vec![
        ("sex", json!(person.sex)),
        ("race", json!(race)),
        ("ethnicity", json!(ethnicity)),
        ("age_at_enrolment", json!(age)),
        ("vital_status", json!(alive)),
        ("country_of_residence", json!("Exampleland")),
    ];
    if dice.chance(0.96) {
        values.extend(measured("body_mass_index", dice.normal(27.2, 4.8, 15.5, 58.0), 1));
    }
    values
}

fn diagnosis(person: &Person<'_>, ordinal: usize, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let Some(condition) = person.conditions.get(ordinal) else { return Vec::new() };
    let was_found_later = dice.chance(0.12);
    let days = if was_found_later {
        dice.between(1, 2_500)
    } else {
        let since_youth = (person.age_in_days - (15.0 * DAYS_OF_YEAR) as i64).max(1);
        let years_ago = -6.0 * (1.0 - dice.unit()).ln();
        -((years_ago * DAYS_OF_YEAR) as i64).min(since_youth)
    };
    let severity = dice.weighted(&[44.0, 37.0, 16.0, 3.0]);
    let mut values = vec![
        ("primary_diagnosis", json!(condition.name)),
        ("icd10_code", json!(condition.icd10)),
        ("anatomic_site", json!(condition.site)),
        ("days_to_diagnosis", json!(days)),
        ("age_at_diagnosis", json!(person.age_after(days))),
        ("severity", json!(["Mild", "Moderate", "Severe", "Unknown"][severity])),
        ("confirmed_in_laboratory", json!(dice.chance(0.7))),
    ];
    // The severer, the later the stage, more or less.
    let stage = (severity.min(2) * condition.stages.len() / 3 + dice.index(2))
        .min(condition.stages.len().saturating_sub(1));
    values.extend(condition.stages.get(stage).map(|stage| ("stage", json!(stage))));
    values
}

fn sample(scene: &Scene<'_>, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let kind = dice.word(&[
        ("Blood", 48.0),
        ("Plasma", 14.0),
        ("Serum", 10.0),
        ("Saliva", 12.0),
        ("Urine", 6.0),
        ("Buccal Swab", 3.0),
        ("Tissue", 7.0),
    ]);
    let preservation = match kind {
        "Tissue" => dice.word(&[("FFPE", 55.0), ("Frozen", 35.0), ("OCT", 10.0)]),
        "Blood" | "Saliva" => dice.word(&[("Stabilized", 60.0), ("Frozen", 40.0)]),
        _ => "Frozen",
    };
    let mut values = vec![
        ("sample_type", json!(kind)),
        ("preservation_method", json!(preservation)),
        ("days_to_collection", json!(dice.between(0, 90) + 365 * dice.weighted(&[80.0, 15.0, 5.0]) as i64)),
        ("is_pooled", json!(dice.chance(0.004))),
    ];
    values.extend(match kind {
        "Tissue" => measured("weight_mg", dice.normal(120.0, 60.0, 15.0, 600.0), 0),
        "Buccal Swab" => None,
        "Blood" => measured("volume_ml", dice.normal(8.0, 1.5, 2.0, 12.0), 1),
        "Urine" => measured("volume_ml", dice.normal(50.0, 15.0, 10.0, 100.0), 0),
        _ => measured("volume_ml", dice.normal(2.0, 0.6, 0.5, 5.0), 1),
    });
    if kind == "Tissue" {
        let site = scene.text("diagnosis", "anatomic_site");
        let is_diseased = !site.is_empty() && dice.chance(0.8);
        values.push(("tissue_type", json!(if is_diseased { "Diseased" } else { "Normal" })));
        values.push(("anatomic_site", json!(if site.is_empty() { "Lung" } else { site })));
    }
    values
}

fn aliquot(sample_type: &str, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let analyte = match sample_type {
        "Blood" | "Tissue" => dice.word(&[("DNA", 65.0), ("RNA", 35.0)]),
        "Plasma" | "Serum" => dice.word(&[("Protein", 70.0), ("Metabolites", 30.0)]),
        "Urine" => "Metabolites",
        _ => "DNA",
    };
    let (concentration, method) = match analyte {
        "DNA" => (dice.normal(85.0, 30.0, 8.0, 250.0), "Column, DNA"),
        "RNA" => (dice.normal(60.0, 25.0, 5.0, 200.0), "Column, RNA"),
        "Protein" => (dice.normal(900.0, 250.0, 100.0, 2_000.0), "Lysis and precipitation"),
        _ => (dice.normal(20.0, 8.0, 1.0, 60.0), "Methanol extraction"),
    };
    let microlitres = dice.normal(60.0, 15.0, 20.0, 120.0);
    let mut values = vec![
        ("analyte_type", json!(analyte)),
        ("extraction_method", json!(method)),
        ("source_center", json!(dice.word(&[("Laboratory North", 60.0), ("Laboratory South", 40.0)]))),
    ];
    values.extend(measured("concentration_ng_ul", concentration, 1));
    values.extend(measured("amount_ug", concentration * microlitres / 1_000.0, 2));
    if analyte == "RNA" {
        values.extend(measured("rna_integrity_number", dice.normal(8.1, 1.0, 2.0, 10.0), 1));
    }
    values
}

fn imaging_study(dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let modality = dice.word(&[("DX", 55.0), ("CT", 35.0), ("MR", 10.0)]);
    vec![
        ("study_uid", json!(uid(dice))),
        ("study_modality", json!([modality])),
        ("body_part_examined", json!("Chest")),
        ("days_to_study", json!(dice.between(0, 400))),
        ("study_description", json!(format!("{modality} of the chest"))),
    ]
}

fn imaging_file(scene: &Scene<'_>, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let examination = scene.related("imaging_study");
    let modality =
        examination.and_then(|study| study.get("study_modality")?.get(0)?.as_str()).unwrap_or("OT");
    let mut values = vec![
        ("modality", json!(modality)),
        ("series_uid", json!(uid(dice))),
        ("manufacturer", json!("Institute of Examples")),
        ("contrast_agent", json!(if modality == "CT" && dice.chance(0.3) { "Yes" } else { "No" })),
    ];
    values.extend(match modality {
        "CT" => measured("slice_thickness_mm", 1.25, 2),
        "MR" => measured("slice_thickness_mm", 4.0, 1),
        _ => None,
    });
    values
}

fn sequencing_file(analyte: &str, dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let strategy = match analyte {
        "RNA" => "RNA-Seq",
        _ => dice.word(&[("WGS", 50.0), ("WXS", 35.0), ("Targeted Sequencing", 15.0)]),
    };
    vec![("experimental_strategy", json!(strategy))]
}

fn measured(property: &'static str, value: f64, digits: i32) -> Option<(&'static str, Value)> {
    Some((property, number(value, digits)?))
}

/// A DICOM identifier made from a random number, below the root that everybody may use.
fn uid(dice: &mut Dice) -> String {
    let number = u128::from(dice.bits()) << 64 | u128::from(dice.bits());
    format!("2.25.{number}")
}
