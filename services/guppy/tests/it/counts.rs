//! Counts by value and by bins.

use serde_json::{Value, json};

use crate::support::{ask, config, data, engine, guppy, of_tier, subject};

async fn counts(query: &str) -> Value {
    let guppy = of_tier("libre").await;
    data(&guppy, "", &format!("{{_aggregation {{subject {{{query}}}}}}}")).await["_aggregation"]["subject"]
        .take()
}

#[actix_web::test]
async fn values_come_with_the_most_frequent_first_and_the_missing_last() {
    let found = counts(
        "gender {a: histogram {key count} _totalCount _cardinalityCount
                 n: _cardinalityCount(precision_threshold: null)}
         consented {histogram {key count}}
         visits {site {histogram {k: key c: count __typename} _totalCount}}
         codes {histogram {key count} _totalCount}",
    )
    .await;
    let bucket = |key: &str, count: u64| json!({ "key": key, "count": count });
    // Ties are in descending order of the key.
    let genders = [bucket("male", 27), bucket("female", 27), bucket("unknown", 26), bucket("no data", 20)];
    assert_eq!(found["gender"]["a"], json!(genders));
    assert_eq!(
        (&found["gender"]["_totalCount"], &found["gender"]["_cardinalityCount"]),
        (&json!(80), &json!(3))
    );
    assert_eq!((&found["gender"]["n"], &found["visits"]["site"]["_totalCount"]), (&json!(3), &json!(150)));
    assert_eq!(found["consented"]["histogram"], json!([bucket("true", 50), bucket("false", 50)]));
    let site =
        |key: &str, count: u64| json!({"k": key, "c": count, "__typename": "BucketsForNestedStringAgg"});
    assert_eq!(found["visits"]["site"]["histogram"], json!([site("home", 100), site("clinic", 50)]));
    let codes = json!([bucket("GRU", 66), bucket("HMB", 33), bucket("no data", 34)]);
    assert_eq!((&found["codes"]["histogram"], &found["codes"]["_totalCount"]), (&codes, &json!(99)));
}

#[actix_web::test]
async fn missing_values_have_the_name_of_the_configuration_or_none() {
    let engine = engine((0..10).map(subject)).await;
    for (more, wanted) in [
        (json!({"missing_data_alias": "nichts"}), Some("nichts")),
        (json!({"aggs_include_missing_data": false}), None),
    ] {
        let guppy = guppy(config("libre", more), engine.clone()).await;
        let query = "{_aggregation {subject {gender {histogram {key}}}}}";
        let found = data(&guppy, "", query).await;
        let buckets = found["_aggregation"]["subject"]["gender"]["histogram"].as_array().unwrap().clone();
        assert_eq!(buckets.get(3).map(|bucket| bucket["key"].as_str().unwrap()), wanted);
    }
}

#[actix_web::test]
async fn numbers_are_counted_whole_by_steps_and_by_bins() {
    let found = counts(
        "year {whole: histogram {key min max avg sum count} steps: histogram(rangeStep: 20) {key count}
               from: histogram(rangeStart: 1965, rangeStep: 20) {key count}
               bins: histogram(binCount: 4) {key min max count}
               none: histogram(rangeStart: 3000) {key min sum count}
               empty: histogram(rangeStart: 3000, binCount: 3) {key}
               texts: asTextHistogram {key}}
         visits {weight {histogram(rangeStart: 70, rangeEnd: 71) {count}}}",
    )
    .await;
    let year = &found["year"];
    let whole =
        json!([{"key": [1950, 1989], "min": 1950, "max": 1989, "avg": 1967.5, "sum": 196750, "count": 100}]);
    assert_eq!(year["whole"], whole);
    let bin = |lower: u64, upper: u64, count: u64| json!({"key": [lower, upper], "count": count});
    assert_eq!(year["steps"], json!([bin(1940, 1960, 30), bin(1960, 1980, 50), bin(1980, 2000, 20)]));
    assert_eq!(year["from"], json!([bin(1965, 1985, 45), bin(1985, 2005, 10)]));
    let bins: Vec<u64> =
        year["bins"].as_array().unwrap().iter().map(|bin| bin["count"].as_u64().unwrap()).collect();
    assert_eq!((bins, &year["bins"][0]["key"]), (vec![30, 30, 20, 20], &json!([1950, 1960])));
    let nothing = json!([{"key": [3000, null], "min": null, "sum": 0, "count": 0}]);
    assert_eq!((&year["none"], &year["empty"]), (&nothing, &json!([])));
    assert_eq!(year["texts"][0], json!({ "key": "1950" }));
    // The limits choose documents: their other visits count, too.
    assert!(found["visits"]["weight"]["histogram"][0]["count"].as_u64().unwrap() > 0);
}

#[actix_web::test]
async fn within_buckets_other_fields_are_counted() {
    let guppy = of_tier("libre").await;
    let query =
        "{_aggregation {subject(nestedAggFields: {termsFields: [\"codes\", \"nope\"], missingFields: \
                 [\"bmi\"]}) { gender {histogram {key count termsFields {field count terms {key count}} \
                 missingFields {field count}}} year {histogram(rangeStep: 100) {termsFields {count}}}
                 codes {histogram {missingFields {count}}}}}}";
    let found = data(&guppy, "", query).await;
    let counts = &found["_aggregation"]["subject"];
    let first = &counts["gender"]["histogram"][0];
    // Without the two options that other counts have, ties ascend and the missing are left out.
    assert_eq!((&first["key"], &first["count"]), (&json!("female"), &json!(27)));
    assert_eq!(first["termsFields"][0]["field"], json!("codes"));
    assert_eq!(
        first["termsFields"][1],
        json!({"field": "nope", "count": 0, "terms": [{"key": null, "count": 0}]})
    );
    assert_eq!(first["missingFields"], json!([{"field": "bmi", "count": 7}]));
    assert_eq!(counts["gender"]["histogram"].as_array().unwrap().len(), 3);
    assert_eq!(counts["year"]["histogram"][0]["termsFields"][0]["count"], json!(99));
}

#[actix_web::test]
async fn histograms_that_cannot_be_are_refused() {
    let guppy = of_tier("libre").await;
    for (arguments, message) in [
        ("rangeStep: 0", "Invalid rangeStep 0"),
        ("rangeStep: -5", "Invalid rangeStep -5"),
        ("rangeStep: null", "Invalid rangeStep null"),
        ("binCount: 0", "Invalid binCount 0"),
        ("rangeStart: 5, rangeEnd: 4", "Invalid rangeStart (5) > rangeEnd (4)"),
        ("rangeStep: 1, binCount: 1", "Invalid to set \"rangeStep\" and \"binCount\" at same time"),
        ("binCount: 1000000000", "Invalid binCount 1000000000: there are more than 10000 buckets"),
    ] {
        let query = format!("{{_aggregation {{subject {{year {{histogram({arguments}) {{key}}}}}}}}}}");
        let (status, body) = ask(&guppy, "", &query).await;
        let error = &body["errors"][0];
        assert_eq!((status, &error["message"]), (200, &json!(message)));
        assert_eq!(error["extensions"]["code"], json!("BAD_USER_INPUT"));
        assert_eq!(error["path"], json!(["_aggregation", "subject", "year", "histogram"]));
    }
    for field in ["notes", "created"] {
        let query = format!("{{_aggregation {{subject {{{field} {{histogram {{key}} _totalCount}}}}}}}}");
        let (status, body) = ask(&guppy, "", &query).await;
        let code = &body["errors"][1]["extensions"]["code"];
        assert_eq!((status, code), (200, &json!("BAD_USER_INPUT")), "{field}");
    }
    let mut far = subject(1);
    far["year"] = json!(2_000_000_000);
    let guppy = crate::support::guppy(config("libre", json!({})), engine([subject(0), far]).await).await;
    let query = "{_aggregation {subject {year {histogram(rangeStep: 2) {key}}}}}";
    let (_, body) = ask(&guppy, "", query).await;
    let message = "Invalid rangeStep 2: there are more than 10000 buckets";
    assert_eq!(body["errors"][0]["message"], json!(message));
    let query = "{_aggregation {subject {year {histogram(rangeStart: 5, rangeEnd: 5, binCount: 3) {key}}}}}";
    let same = data(&guppy, "", query).await;
    assert_eq!(same["_aggregation"]["subject"]["year"]["histogram"], json!([]));
}
