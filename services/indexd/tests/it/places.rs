//! How much is in which store.

use indexd::{Held, places};
use serde_json::json;

use crate::support::{Running, record};

#[tokio::test(flavor = "multi_thread")]
async fn each_place_has_the_records_that_have_a_url_there_and_their_bytes() {
    let indexd = Running::new().await;
    // So many bytes as the number says above a hundred.
    let urls = [
        json!(["s3://b/1", "s3://b/again/1", "gs://g/1"]),
        json!(["s3://b/cold/2"]),
        json!(["s3://b/colder"]),
        json!(["az://host/box/4", "az://host/other/4"]),
        json!(["no url"]),
        json!([]),
    ];
    for (number, urls) in urls.into_iter().enumerate() {
        indexd.create(record(number + 1, json!({ "urls": urls }))).await;
    }
    let wanted = ["s3://b/", "s3://b/cold/", "s3://none/"].map(str::to_owned);
    let found =
        places(&indexd.database.pool, Some(crate::layouts::layout()), &wanted).await.expect("a count");
    let held = |records, bytes| Held { records, bytes };
    assert_eq!(found.wanted, [held(2, 204), held(1, 102), held(0, 0)]);
    let others: Vec<(&str, Held)> =
        found.others.iter().map(|(place, held)| (place.as_str(), *held)).collect();
    let expected = [
        ("", held(1, 105)),
        ("az://host/box/", held(1, 104)),
        ("az://host/other/", held(1, 104)),
        ("gs://g/", held(1, 101)),
    ];
    assert_eq!(others, expected);
    assert_eq!((found.nowhere, found.has_more), (held(1, 106), false));
    indexd.stop().await;
}
