//! What counts tell of documents that the caller may not read.

use actix_web::rt::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{config, data, engine, guppy, of_tier, subject};

/// The limit of the configuration of the tests.
const LIMIT: u64 = 10;

#[derive(Debug, Clone)]
struct Patient {
    project: &'static str,
    gender: Option<&'static str>,
    year: Option<i64>,
    code: Option<&'static str>,
}

impl Patient {
    fn document(&self) -> Value {
        let mut document = json!({});
        if self.project != "none" {
            document["auth_resource_path"] = json!(format!("/programs/p/projects/{}", self.project));
        }
        for (field, value) in
            [("gender", json!(self.gender)), ("year", json!(self.year)), ("codes", json!(self.code))]
        {
            if !value.is_null() {
                document[field] = value;
            }
        }
        document
    }

    /// `ada` may read project `a` only.
    fn is_hidden(&self) -> bool {
        self.project != "a"
    }
}

fn patients() -> impl Strategy<Value = Vec<Patient>> {
    let project = prop_oneof![4 => Just("a"), 3 => Just("b"), 1 => Just("c"), 1 => Just("none")];
    let gender = prop_oneof![3 => Just(Some("male")), 1 => Just(Some("female")), 1 => Just(None)];
    let year = proptest::option::weighted(0.8, 1950_i64..1990);
    let code = prop_oneof![Just(Some("GRU")), Just(Some("HMB")), Just(None)];
    let patient = (project, gender, year, code).prop_map(|(project, gender, year, code)| Patient {
        project,
        gender,
        year,
        code,
    });
    proptest::collection::vec(patient, 0..60)
}

const QUERY: &str = "{_aggregation {subject(accessibility: ACCESS, nestedAggFields: NESTED) {
    _totalCount gender {_totalCount _cardinalityCount
        histogram {key count termsFields {count terms {key count}}
    missingFields {count}}}
    year {_totalCount whole: histogram {min max avg sum count}
        steps: histogram(rangeStep: 10) {key min sum count}
    bins: histogram(binCount: 3) {key min sum count} asTextHistogram {key count}}}}}";

/// `-1` for a group of which nothing may be told.
fn guarded(all: u64, hidden: u64) -> Value {
    if (1..LIMIT).contains(&hidden) { json!(-1) } else { json!(all) }
}

struct Checked<'p> {
    patients: Vec<&'p Patient>,
}

impl Checked<'_> {
    /// How many there are with a property, and how many of them the caller may not read.
    fn count(&self, has: impl Fn(&Patient) -> bool) -> Value {
        let all = self.patients.iter().filter(|patient| has(patient));
        let hidden = all.clone().filter(|patient| patient.is_hidden()).count() as u64;
        guarded(all.count() as u64, hidden)
    }

    fn check(&self, counts: &Value) {
        assert_eq!(counts["_totalCount"], self.count(|_| true));
        let gender = &counts["gender"];
        assert_eq!(gender["_totalCount"], self.count(|patient| patient.gender.is_some()));
        if self.count(|patient| patient.gender.is_some()) == json!(-1) {
            assert_eq!(gender["_cardinalityCount"], json!(-1));
        }
        for bucket in gender["histogram"].as_array().unwrap() {
            let is = |patient: &Patient| match bucket["key"].as_str() {
                Some("no data") => patient.gender.is_none(),
                key => patient.gender == key,
            };
            assert_eq!(bucket["count"], self.count(is));
            self.check_subs(bucket, is);
        }
        let year = &counts["year"];
        assert_eq!(year["_totalCount"], self.count(|patient| patient.year.is_some()));
        self.check_bucket(&year["whole"][0], |_| true);
        for bucket in year["asTextHistogram"].as_array().unwrap() {
            let key: i64 = bucket["key"].as_str().unwrap().parse().unwrap();
            assert_eq!(bucket["count"], self.count(|patient| patient.year == Some(key)));
        }
        for bins in ["steps", "bins"] {
            for bucket in year[bins].as_array().unwrap() {
                let bound = |place: usize| bucket["key"][place].as_f64();
                let is = |year: i64| {
                    let year = year as f64;
                    bound(0).is_none_or(|lower| year >= lower - 1e-6)
                        && bound(1).is_none_or(|upper| year < upper - 1e-6)
                };
                self.check_bucket(bucket, is);
            }
        }
        if self.count(|patient| patient.year.is_some()) == json!(-1) {
            // Edges that are made of the values would tell of them.
            assert_eq!(year["bins"], json!([{"key": [null, null], "min": null, "sum": null, "count": -1}]));
        }
    }

    /// Of a hidden bucket nothing is told.
    fn check_bucket(&self, bucket: &Value, is: impl Fn(i64) -> bool) {
        let wanted = self.count(|patient| patient.year.is_some_and(&is));
        assert_eq!(bucket["count"], wanted, "{bucket}");
        if wanted == json!(-1) {
            let figures = bucket
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "key" | "count"));
            assert!(figures.clone().all(|(_, figure)| figure.is_null()), "{bucket}");
        }
    }

    fn check_subs(&self, bucket: &Value, is: impl Fn(&Patient) -> bool) {
        if bucket["count"] == json!(-1) {
            assert_eq!((&bucket["termsFields"], &bucket["missingFields"]), (&Value::Null, &Value::Null));
            return;
        }
        let Some(field) = bucket["termsFields"].get(0) else { return };
        let mut sum = 0;
        for term in field["terms"].as_array().unwrap() {
            let Some(key) = term["key"].as_str() else { continue };
            let wanted = self.count(|patient| is(patient) && patient.code == Some(key));
            assert_eq!(term["count"], wanted);
            sum = if sum < 0 || wanted == json!(-1) { -1 } else { sum + wanted.as_i64().unwrap() };
        }
        assert_eq!(field["count"], json!(sum));
        let missing = self.count(|patient| is(patient) && patient.code.is_none());
        assert_eq!(bucket["missingFields"][0]["count"], missing);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_count_tells_of_a_group_below_the_limit(
        patients in patients(),
        only_others in any::<bool>(),
        with_subs in any::<bool>(),
    ) {
        System::new().block_on(async {
            let engine = engine(patients.iter().map(Patient::document)).await;
            let guppy = guppy(config("regular", json!({})), engine).await;
            let codes = "{termsFields: [\"codes\"], missingFields: [\"codes\"]}";
            let subs = if with_subs { codes } else { "null" };
            let access = if only_others { "unaccessible" } else { "all" };
            let query = QUERY.replace("ACCESS", access).replace("NESTED", subs);
            let found = data(&guppy, "ada", &query).await;
            let shown = patients.iter().filter(|patient| !only_others || patient.is_hidden());
            Checked { patients: shown.collect() }.check(&found["_aggregation"]["subject"]);
        });
    }

    #[test]
    fn counts_of_a_private_index_are_those_of_what_the_caller_may_read(patients in patients()) {
        System::new().block_on(async {
            let engine = engine(patients.iter().map(Patient::document)).await;
            let private = guppy(config("private", json!({})), engine).await;
            let own = patients.iter().filter(|patient| !patient.is_hidden()).map(Patient::document);
            let open = guppy(config("libre", json!({})), crate::support::engine(own).await).await;
            for access in ["all", "unaccessible", "accessible"] {
                let query = QUERY.replace("ACCESS", access).replace("NESTED", "null");
                assert_eq!(data(&private, "ada", &query).await, data(&open, "", &query).await);
            }
        });
    }
}

#[actix_web::test]
async fn accessibility_changes_nothing_where_everything_is_open() {
    let guppy = of_tier("libre").await;
    let counts = async |access: &str| {
        let arguments = format!(
            "{{_aggregation {{subject(accessibility: {access}) {{gender {{histogram {{key count}}}}}}}}}}"
        );
        data(&guppy, "", &arguments).await
    };
    let all = counts("all").await;
    assert_eq!((counts("accessible").await, counts("unaccessible").await), (all.clone(), all));
}

#[actix_web::test]
async fn the_condition_of_access_stays_whatever_a_filter_leaves_out() {
    let query = "{_aggregation {subject(filterSelf: false, filter: {eq: {auth_resource_path: \"x\"}}) {
        auth_resource_path {histogram {key count}}}}}";
    let private = data(&of_tier("private").await, "ada", query).await;
    let own = json!([{"key": "/programs/p/projects/a", "count": 40}]);
    assert_eq!(private["_aggregation"]["subject"]["auth_resource_path"]["histogram"], own);
}

#[actix_web::test]
async fn whoever_arborist_says_nothing_of_sees_no_small_group() {
    let guppy = of_tier("regular").await;
    let query = "{_aggregation {subject(filter: {eq: {project_id: \"p-c\"}}) {_totalCount}
        all: subject {_totalCount} own: subject(accessibility: accessible) {_totalCount}
        others: subject(accessibility: unaccessible) {_totalCount}}}";
    for user in ["", "forged", "down", "stranger"] {
        let found = data(&guppy, user, query).await;
        let total = |key: &str| found["_aggregation"][key]["_totalCount"].clone();
        let totals = [total("subject"), total("all"), total("own"), total("others")];
        assert_eq!(totals, [json!(10), json!(100), json!(0), json!(100)], "{user}");
    }
    let small = "{_aggregation {subject(filter: {in: {submitter_id: [\"s009\", \"s019\"]}}) {_totalCount}}}";
    for user in ["", "forged", "down"] {
        assert_eq!(data(&guppy, user, small).await["_aggregation"]["subject"]["_totalCount"], json!(-1));
    }
}

#[actix_web::test]
async fn values_of_the_whitelist_are_never_hidden() {
    let more = json!({"enable_encrypt_whitelist": true, "encrypt_whitelist": ["No Data", "unknown"]});
    let guppy = guppy(config("regular", more), engine((0..20).map(subject)).await).await;
    let query = "{_aggregation {subject {gender {histogram {key count}}}}}";
    let found = data(&guppy, "ada", query).await;
    let hidden = |key: &str| {
        let buckets = found["_aggregation"]["subject"]["gender"]["histogram"].as_array().unwrap();
        buckets.iter().find(|bucket| bucket["key"] == key).unwrap()["count"] == json!(-1)
    };
    assert_eq!(["male", "female", "unknown", "no data"].map(hidden), [true, true, false, false]);
}

/// The example of the original's documents: 100 records, 55 of which the caller may not read, 15 of these
/// sensitive; 5 of the others are sensitive, too.
#[actix_web::test]
async fn sensitive_records_are_left_out_of_the_counts_of_others() {
    let document = |number: usize| {
        let project = if number < 55 { "b" } else { "a" };
        let sensitive = !(15..95).contains(&number);
        let resource = format!("/programs/p/projects/{project}");
        json!({"auth_resource_path": resource, "sensitive": sensitive.to_string()})
    };
    let more = json!({"tier_access_sensitive_record_exclusion_field": "sensitive"});
    let engine = engine((0..100).map(document)).await;
    let guppy_of = async |more: Value| guppy(config("regular", more), engine.clone()).await;
    let query =
        "{_aggregation {all: subject {_totalCount} own: subject(accessibility: accessible) {_totalCount}
        others: subject(accessibility: unaccessible) {_totalCount}}}";
    let found = data(&guppy_of(more).await, "ada", query).await;
    let total = |key: &str| found["_aggregation"][key]["_totalCount"].as_u64().unwrap();
    assert_eq!([total("all"), total("own"), total("others")], [85, 45, 40]);
    // A field that is not there can exclude nothing, so nothing is told.
    let wrong = json!({"tier_access_sensitive_record_exclusion_field": "secret"});
    let (status, body) = crate::support::ask(&guppy_of(wrong).await, "ada", query).await;
    assert_eq!((status, &body["data"]["_aggregation"]["all"]["_totalCount"]), (200, &Value::Null));
}

#[actix_web::test]
async fn a_document_of_several_resources_is_hidden_if_one_of_them_is() {
    let document = |number: usize| {
        let projects: &[&str] = if number < 20 { &["a"] } else { &["a", "b"] };
        let visits = projects.iter().map(|p| json!({"site": format!("/programs/p/projects/{p}")}));
        json!({"submitter_id": format!("s{number}"), "visits": visits.collect::<Vec<_>>()})
    };
    let more = json!({"auth_filter_field": "visits.site"});
    let engine = engine((0..25).map(document)).await;
    let guppy = guppy(config("regular", more), engine).await;
    let query =
        "{_aggregation {all: subject {_totalCount} own: subject(accessibility: accessible) {_totalCount}
        others: subject(accessibility: unaccessible) {_totalCount}}}";
    let found = data(&guppy, "ada", query).await;
    let total = |key: &str| found["_aggregation"][key]["_totalCount"].clone();
    assert_eq!([total("all"), total("own"), total("others")], [json!(-1), json!(25), json!(-1)]);
}
