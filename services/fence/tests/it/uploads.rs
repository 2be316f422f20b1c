//! From a signed URL to a filled record and back to the same bytes.

use std::time::{Duration, Instant};

use fence::upload_indexing::{Indexer, Outcome, Settlement, StoreSource, UploadSource as _};
use indexclient::{IndexClient as _, Record};
use serde_json::json;
use storage::{Location, ObjectStore};

use crate::world::{BUCKET, SECOND, World, answer};

async fn filled(world: &World, guid: &str) -> Record {
    let started = Instant::now();
    loop {
        let record = world.index.record(guid).unwrap();
        if record.size.is_some() {
            return record;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the record is still blank");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_uploaded_file_is_indexed_and_comes_back_byte_for_byte() {
    let mut world = World::new().await;
    let indexing = world.index_uploads();
    let token = world.token("uploader").await;
    let begin = world.post("/data/upload", &json!({ "file_name": "a b+ü.txt" })).bearer_auth(&token);
    let (status, body) = answer(begin).await;
    assert_eq!(status, 201, "{body}");
    let guid = body["guid"].as_str().unwrap();
    let blank = world.index.record(guid).unwrap();
    assert_eq!(
        (blank.uploader.as_deref(), blank.file_name.as_deref()),
        (Some("uploader"), Some("a b+ü.txt"))
    );

    let before = world.get(&format!("/data/download/{guid}")).bearer_auth(&token);
    assert_eq!(answer(before).await.0, 404, "a file that is not there yet has no location");

    let put = world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    assert_eq!(put.status(), 200);
    let record = filled(&world, guid).await;
    assert_eq!(record.size, Some(7));
    assert_eq!(record.urls, [format!("s3://{BUCKET}/{guid}/a b+ü.txt")]);
    assert_eq!(record.hashes["md5"], "9a0364b9e99bb480dd25e1f0284c8555");
    let kinds: Vec<&String> = record.hashes.keys().collect();
    assert_eq!(kinds, ["md5", "sha1", "sha256", "sha512", "crc"]);

    let (status, body) = answer(world.get(&format!("/data/download/{guid}")).bearer_auth(&token)).await;
    assert_eq!(status, 200, "{body}");
    let read = world.http.get(body["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(read.text().await.unwrap(), "content");
    indexing.stop().await;
}

#[tokio::test]
async fn a_file_in_parts_is_indexed_as_one() {
    let mut world = World::new().await;
    let indexing = world.index_uploads();
    let token = world.token("uploader").await;
    let call = async |step: &str, body: serde_json::Value| {
        answer(world.post(&format!("/data/multipart/{step}"), &body).bearer_auth(&token)).await
    };
    let (status, begun) = call("init", json!({ "file_name": "big.bin" })).await;
    assert_eq!(status, 201, "{begun}");
    let guid = begun["guid"].as_str().unwrap();
    let key = format!("{guid}/big.bin");
    let contents = [vec![1_u8; 5 * 1024 * 1024], vec![2_u8; 3]];
    let mut parts = Vec::new();
    for (number, content) in (1..).zip(&contents) {
        let body = json!({ "key": key, "uploadId": begun["uploadId"], "partNumber": number });
        let (status, part) = call("upload", body).await;
        assert_eq!(status, 200, "{part}");
        let url = part["presigned_url"].as_str().unwrap();
        let put = world.http.put(url).body(content.clone()).send().await.unwrap();
        assert_eq!(put.status(), 200);
        parts.push(json!({ "PartNumber": number, "ETag": put.headers()["etag"].to_str().unwrap() }));
    }
    parts.reverse();
    let body = json!({ "key": key, "uploadId": begun["uploadId"], "parts": parts });
    for (field, wrong, status) in [
        ("uploadId", json!("00000000000000000000000000000000"), 404),
        ("uploadId", json!("../../etc"), 404),
        ("parts", json!([]), 400),
        ("parts", json!([{ "PartNumber": 1, "ETag": "0".repeat(32) }]), 400),
        ("parts", json!([{ "PartNumber": 2_i64.pow(40), "ETag": "\u{1}" }]), 400),
    ] {
        let mut body = body.clone();
        body[field] = wrong;
        let (answered, told) = call("complete", body.clone()).await;
        assert_eq!(answered, status, "{body}: {told}");
    }
    assert_eq!(call("complete", body.clone()).await, (200, json!({ "message": "OK" })));
    let record = filled(&world, guid).await;
    assert_eq!(record.size, Some(5 * 1024 * 1024 + 3));
    // Its client may not have got the answer.
    assert_eq!(call("complete", body.clone()).await, (200, json!({ "message": "OK" })));
    let other = json!({ "key": key, "uploadId": begun["uploadId"], "parts": [parts[1]] });
    assert_eq!(call("complete", other).await.0, 404);
    // Any number is signed, as the original does; the store refuses what cannot be one.
    for number in [json!(0), json!(10_001), json!(i64::MIN), json!("-1")] {
        let body = json!({ "key": key, "uploadId": begun["uploadId"], "partNumber": number });
        let (status, part) = call("upload", body).await;
        assert_eq!(status, 200, "{number}");
        let url = part["presigned_url"].as_str().unwrap();
        assert_eq!(world.http.put(url).body("x").send().await.unwrap().status(), 400, "{number}");
    }
    indexing.stop().await;
}

#[tokio::test]
async fn parts_of_an_unfinished_upload_go_with_its_record_whoever_deletes_it() {
    let world = World::new().await;
    let token = world.token("everything").await;
    // Begins an upload, and puts a part.
    let begun = async || {
        let body = json!({ "file_name": "big.bin" });
        let (status, begun) = answer(world.post("/data/multipart/init", &body).bearer_auth(&token)).await;
        assert_eq!(status, 201, "{begun}");
        let guid = begun["guid"].as_str().unwrap().to_owned();
        let upload_id = begun["uploadId"].as_str().unwrap().to_owned();
        let part = json!({ "key": format!("{guid}/big.bin"), "uploadId": upload_id, "partNumber": 1 });
        let (_, part) = answer(world.post("/data/multipart/upload", &part).bearer_auth(&token)).await;
        let put = world.http.put(part["presigned_url"].as_str().unwrap()).body("part").send().await.unwrap();
        assert_eq!(put.status(), 200);
        (guid, upload_id)
    };
    let is_there = async |(guid, upload_id): &(String, String)| {
        let location = Location::new(BUCKET, format!("{guid}/big.bin")).unwrap();
        world.store.parts(&location, upload_id, None).await.is_ok()
    };
    let noted = async || -> i64 {
        let count = "select count(*) from commons_multipart";
        sqlx::query_scalar(count).fetch_one(&world.database.pool).await.unwrap()
    };
    let by_fence = begun().await;
    assert!(is_there(&by_fence).await);
    let path = format!("/data/{}", by_fence.0);
    assert_eq!(answer(world.request("DELETE", &path).bearer_auth(&token)).await.0, 204);
    assert!(!is_there(&by_fence).await);
    assert_eq!(noted().await, 0);

    // Somebody deletes the record in the index; another is there, and a third is there and very old.
    let (by_others, kept, old) = (begun().await, begun().await, begun().await);
    let revision = world.index.record(&by_others.0).unwrap().revision();
    world.index.delete(&indexclient::Caller::Service, &revision).await.unwrap();
    assert_eq!(world.fence.give_up_unfinished().await.unwrap(), 0, "they were begun a moment ago");
    let age = "update commons_multipart set begun_at = now() - case when upload_id = $1 \
               then interval '31 days' else interval '2 hours' end";
    sqlx::query(age).bind(&old.1).execute(&world.database.pool).await.unwrap();
    assert_eq!(world.fence.give_up_unfinished().await.unwrap(), 2);
    let there = [is_there(&by_others).await, is_there(&kept).await, is_there(&old).await];
    assert_eq!((there, noted().await), ([false, true, false], 1));

    // What is ended or given up is not kept in mind.
    let body = json!({ "key": format!("{}/big.bin", kept.0), "uploadId": kept.1 });
    assert_eq!(answer(world.post("/data/multipart/abort", &body).bearer_auth(&token)).await.0, 200);
    assert_eq!(noted().await, 0);
}

#[tokio::test]
async fn an_upload_that_was_broken_off_is_resumed_with_the_parts_that_are_there_or_given_up() {
    let world = World::new().await;
    let (token, other) = (world.token("uploader").await, world.token("other").await);
    let call = async |token: &str, step: &str, body: &serde_json::Value| {
        answer(world.post(&format!("/data/multipart/{step}"), body).bearer_auth(token)).await
    };
    let (_, begun) = call(&token, "init", &json!({ "file_name": "big.bin" })).await;
    let key = format!("{}/big.bin", begun["guid"].as_str().unwrap());
    let named = json!({ "key": key, "uploadId": begun["uploadId"] });
    let none = json!({ "uploadId": begun["uploadId"], "parts": [] });
    assert_eq!(call(&token, "parts", &named).await, (200, none));
    let mut expected = Vec::new();
    for (number, content) in [(1, vec![1_u8; 5 * 1024 * 1024]), (3, vec![2_u8; 3])] {
        let mut body = named.clone();
        body["partNumber"] = json!(number);
        let (_, part) = call(&token, "upload", &body).await;
        let size = content.len();
        let put = world.http.put(part["presigned_url"].as_str().unwrap()).body(content).send().await.unwrap();
        let etag = put.headers()["etag"].to_str().unwrap();
        expected.push(json!({ "PartNumber": number, "ETag": etag, "Size": size }));
    }
    let (status, told) = call(&token, "parts", &named).await;
    assert_eq!((status, &told["parts"]), (200, &json!(expected)));
    for step in ["parts", "abort"] {
        assert_eq!(call(&other, step, &named).await.0, 401, "{step}");
        assert_eq!(call(&token, step, &json!({ "key": key })).await.0, 400, "{step}");
        let unknown = json!({ "key": key, "uploadId": "00000000000000000000000000000000" });
        assert_eq!(call(&token, step, &unknown).await.0, 404, "{step}");
    }
    let mut end = named.clone();
    end["parts"] = told["parts"].clone();
    assert_eq!(call(&token, "complete", &end).await, (200, json!({ "message": "OK" })));

    let (_, begun) = call(&token, "init", &json!({ "file_name": "f" })).await;
    let key = format!("{}/f", begun["guid"].as_str().unwrap());
    let named = json!({ "key": key, "uploadId": begun["uploadId"] });
    assert_eq!(call(&token, "abort", &named).await, (200, json!({ "message": "OK" })));
    assert_eq!(call(&token, "parts", &named).await.0, 404);
}

#[tokio::test]
async fn uploads_that_were_finished_while_nobody_looked_are_found_at_the_next_start() {
    let mut world = World::new().await;
    let token = world.token("uploader").await;
    let (_, body) =
        answer(world.post("/data/upload", &json!({ "file_name": "f" })).bearer_auth(&token)).await;
    world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    // The notice is lost, as by a crash.
    let mut completed = world.completed.take().unwrap();
    completed.recv().await.unwrap();
    world.completed = Some(completed);
    let indexing = world.index_uploads();
    assert_eq!(filled(&world, body["guid"].as_str().unwrap()).await.size, Some(7));
    indexing.stop().await;
}

#[tokio::test]
async fn only_blank_records_are_filled() {
    let world = World::new().await;
    let indexer = Indexer::new(world.index.clone(), world.store.clone());
    let guid = "dg.1/0714aee0-0c5e-45c0-845d-8c073174242c";
    let location = Location::new(BUCKET, format!("{guid}/f")).unwrap();
    assert_eq!(indexer.index(&location).await.unwrap(), Outcome::NoRecord);
    let unrelated = Location::new(BUCKET, "no/guid").unwrap();
    assert_eq!(indexer.index(&unrelated).await.unwrap(), Outcome::NoRecord);
    world.index.put(Record { did: guid.into(), rev: "1".into(), ..Record::default() });
    assert_eq!(indexer.index(&location).await.unwrap(), Outcome::Gone, "no object");
    let url =
        world.store.presign(&location, storage::Access::Put, Duration::from_secs(60), &[]).await.unwrap();
    world.http.put(url).body("x").send().await.unwrap();
    let outcome = indexer.index(&location).await.unwrap();
    assert_eq!(outcome, Outcome::Filled { guid: guid.into(), size: 1 });
    assert_eq!(indexer.index(&location).await.unwrap(), Outcome::AlreadyFilled);
}

#[tokio::test]
async fn uploads_are_refused_precisely() {
    let world = World::new().await;
    let uploader = world.token("uploader").await;
    let status = async |token: &str, body: serde_json::Value| {
        answer(world.post("/data/upload", &body).bearer_auth(token)).await.0
    };
    assert_eq!(status(&uploader, json!({})).await, 400);
    assert_eq!(status(&uploader, json!({ "x": 1 })).await, 400);
    assert_eq!(status(&uploader, json!({ "file_name": "../x" })).await, 400);
    assert_eq!(status(&uploader, json!({ "file_name": "f", "expires_in": 0 })).await, 400);
    assert_eq!(status(&uploader, json!({ "file_name": "f", "bucket": "other" })).await, 403);
    assert_eq!(status(&uploader, json!({ "file_name": "f", "guid": "nope" })).await, 404);
    assert_eq!(status(&uploader, json!({ "file_name": "f", "authz": ["/programs/a"] })).await, 403);
    let writer = world.token("writer").await;
    assert_eq!(status(&writer, json!({ "file_name": "f" })).await, 403, "no file_upload on /data_file");
    let two = json!({ "file_name": "f", "authz": ["/programs/a", "/programs/b"] });
    assert_eq!(status(&writer, two).await, 403, "one path of two");
    assert_eq!(status(&writer, json!({ "file_name": "f", "authz": ["/programs/a/x"] })).await, 201);
    let text = world.request("POST", "/data/upload").bearer_auth(&uploader).body("{\"file_name\":\"f\"}");
    assert_eq!(answer(text).await.0, 415);
    let broken = world.request("POST", "/data/upload").bearer_auth(&uploader);
    assert_eq!(answer(broken.header("content-type", "application/json").body("{")).await.0, 400);
    let short = json!({ "file_name": "f", "expires_in": 60 });
    let (_, body) = answer(world.post("/data/upload", &short).bearer_auth(&uploader)).await;
    assert!(body["url"].as_str().unwrap().contains("X-Amz-Expires=60&"), "{body}");
}

#[tokio::test]
async fn nobody_gets_at_the_object_of_somebody_elses_record_by_naming_it() {
    let world = World::new().await;
    let (uploader, other) = (world.token("uploader").await, world.token("other").await);
    let (_, body) =
        answer(world.post("/data/upload", &json!({ "file_name": "f" })).bearer_auth(&uploader)).await;
    let guid = body["guid"].as_str().unwrap();
    let theirs = json!({ "file_name": "f", "guid": guid });
    for route in ["/data/upload", "/data/multipart/init"] {
        assert_eq!(answer(world.post(route, &theirs).bearer_auth(&other)).await.0, 401, "{route}");
        assert_eq!(answer(world.post(route, &theirs).bearer_auth(&uploader)).await.0, 201, "{route}");
    }
    let part = json!({ "key": format!("{guid}/f"), "uploadId": "u", "partNumber": 1 });
    assert_eq!(answer(world.post("/data/multipart/upload", &part).bearer_auth(&other)).await.0, 401);
    assert_eq!(answer(world.post("/data/multipart/upload", &part).bearer_auth(&uploader)).await.0, 200);
    let end = json!({ "key": format!("{guid}/f"), "uploadId": "u", "parts": [] });
    assert_eq!(answer(world.post("/data/multipart/complete", &end).bearer_auth(&other)).await.0, 401);
    let again = format!("/data/upload/{guid}?file_name=f");
    assert_eq!(answer(world.get(&again).bearer_auth(&other)).await.0, 401);
    assert_eq!(answer(world.get(&again).bearer_auth(&uploader)).await.0, 200);
}

#[tokio::test]
async fn a_record_that_names_the_object_of_another_ones_upload_cannot_delete_it() {
    let world = World::new().await;
    let (uploader, writer) = (world.token("uploader").await, world.token("writer").await);
    let (_, body) =
        answer(world.post("/data/upload", &json!({ "file_name": "f" })).bearer_auth(&uploader)).await;
    world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    let guid = body["guid"].as_str().unwrap();
    let (own, authz) = ("0714aee0-0c5e-45c0-845d-8c073174242c", vec!["/programs/a".to_owned()]);
    let urls = vec![format!("s3://{BUCKET}/{guid}/f")];
    world.index.put(Record { did: own.into(), size: Some(7), authz, urls, ..Record::default() });
    let (status, _) = answer(world.request("DELETE", &format!("/data/{own}")).bearer_auth(&writer)).await;
    assert_eq!(status, 403);
    assert_eq!(world.keys().await, [format!("{guid}/f")]);
}

#[tokio::test]
async fn nothing_is_uploaded_for_an_id_that_begins_with_another_records() {
    let world = World::new().await;
    let writer = world.token("writer").await;
    let theirs = "0714aee0-0c5e-45c0-845d-8c073174242c";
    let nested = format!("{theirs}/5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
    let authz = vec!["/programs/a".to_owned()];
    world.index.put(Record { did: nested.clone(), authz, ..Record::default() });
    let again = world.get(&format!("/data/upload/{nested}?file_name=f")).bearer_auth(&writer);
    assert_eq!(answer(again).await.0, 400);
}

#[tokio::test]
async fn deleting_removes_the_bytes_and_the_record_for_its_owner_only() {
    let mut world = World::new().await;
    let indexing = world.index_uploads();
    let (uploader, other) = (world.token("uploader").await, world.token("other").await);
    let (_, body) =
        answer(world.post("/data/upload", &json!({ "file_name": "f" })).bearer_auth(&uploader)).await;
    let guid = body["guid"].as_str().unwrap().to_owned();
    world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    filled(&world, &guid).await;
    let delete = async |token: &str| {
        answer(world.request("DELETE", &format!("/data/{guid}")).bearer_auth(token)).await
    };
    let (status, body) = delete(&other).await;
    assert_eq!(status, 403);
    assert!(body["message"].as_str().unwrap().contains("does not belong to you"));
    assert_eq!(delete(&uploader).await, (204, serde_json::Value::Null));
    assert!(world.index.record(&guid).is_none());
    assert!(world.keys().await.is_empty());
    assert_eq!(delete(&uploader).await.0, 404);
    indexing.stop().await;
}

#[tokio::test]
async fn what_was_uploaded_for_a_blank_record_goes_with_it_from_whichever_bucket_it_is_in() {
    let world = World::with(|config| {
        let bucket = config.s3_buckets[BUCKET].clone();
        config.s3_buckets.insert(SECOND.into(), bucket);
        config.allowed_data_upload_buckets = vec![SECOND.into()];
    })
    .await;
    let uploader = world.token("uploader").await;
    let begin = async |bucket: &str| {
        let asked = json!({ "file_name": "f", "bucket": bucket });
        let (status, body) = answer(world.post("/data/upload", &asked).bearer_auth(&uploader)).await;
        assert_eq!(status, 201, "{body}");
        world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
        body["guid"].as_str().unwrap().to_owned()
    };
    let there = async |bucket: &str, guid: &str| {
        world.store.head(&Location::new(bucket, format!("{guid}/f")).unwrap()).await.is_ok()
    };
    let delete = async |guid: &str| {
        answer(world.request("DELETE", &format!("/data/{guid}")).bearer_auth(&uploader)).await.0
    };
    for bucket in [BUCKET, SECOND] {
        let guid = begin(bucket).await;
        assert!(there(bucket, &guid).await);
        assert_eq!(delete(&guid).await, 204);
        assert!(!there(bucket, &guid).await, "{bucket}");
    }
    // What another record names as well is not forgotten.
    let guid = begin(SECOND).await;
    let urls = vec![format!("s3://{SECOND}/{guid}/f")];
    world.index.put(Record { did: "other".into(), size: Some(7), urls, ..Record::default() });
    assert_eq!(delete(&guid).await, 204);
    assert!(there(SECOND, &guid).await);
}

#[tokio::test]
async fn a_record_whose_bytes_are_missing_stays() {
    let world = World::new().await;
    let writer = world.token("writer").await;
    let record = |authz: &str| Record {
        did: "g".into(),
        urls: vec![format!("s3://{BUCKET}/g/missing")],
        authz: vec![authz.into()],
        size: Some(1),
        ..Record::default()
    };
    world.index.put(record("/programs/a"));
    let (status, body) = answer(world.request("DELETE", "/data/g").bearer_auth(&writer)).await;
    assert_eq!((status, body), (404, json!({ "message": "s3://uploads/g/missing does not exist" })));
    assert!(world.index.record("g").is_some());
    // Nor is half of it deleted.
    let there = Location::new(BUCKET, "g/there").unwrap();
    world.store.write(&there, bytes::Bytes::from_static(b"content")).await.unwrap();
    let both = vec![there.s3_url(), format!("s3://{BUCKET}/g/missing")];
    world.index.put(Record { urls: both, ..record("/programs/a") });
    assert_eq!(answer(world.request("DELETE", "/data/g").bearer_auth(&writer)).await.0, 404);
    assert_eq!(world.keys().await, ["g/there"]);
    world.index.put(record("/programs/b"));
    assert_eq!(answer(world.request("DELETE", "/data/g").bearer_auth(&writer)).await.0, 403);
}

#[tokio::test]
async fn an_object_is_written_by_those_who_may_write_all_of_its_records_and_by_nobody_without_one() {
    let world = World::new().await;
    let (uploader, writer) = (world.token("uploader").await, world.token("writer").await);
    let uuid = "0714aee0-0c5e-45c0-845d-8c073174242c";
    let object = |key: &str| format!("s3://{BUCKET}/{key}");
    let put = |did: &str, authz: &str, url: Option<String>| {
        world.index.put(Record {
            did: did.into(),
            size: Some(7),
            authz: vec![authz.to_owned()],
            urls: url.into_iter().collect(),
            ..Record::default()
        });
    };
    let folder = format!("study/{uuid}");
    put("theirs", "/programs/b", Some(object(&format!("{folder}/genome.bam"))));
    let parts = |key: &str| {
        [
            ("/data/multipart/upload", json!({ "key": key, "uploadId": "u", "partNumber": 1 })),
            ("/data/multipart/complete", json!({ "key": key, "uploadId": "u", "parts": [] })),
        ]
    };
    // By its own key, in any spelling; and what no record has is nobody's.
    for key in [
        format!("{folder}/genome.bam"),
        format!("/{folder}/genome.bam"),
        format!("study//{uuid}/genome.bam"),
        "study/of-nobody.bam".to_owned(),
        "of-nobody.bam".to_owned(),
        format!("{uuid}/f"),
    ] {
        for (route, body) in parts(&key) {
            let answered = answer(world.post(route, &body).bearer_auth(&uploader)).await;
            assert_eq!(answered.0, 401, "{route} {key} {}", answered.1);
        }
    }
    // By a record whose GUID is chosen so that its uploads go there.
    put(&folder, "/programs/a", None);
    let upload = async |name: &str| {
        let path = format!("/data/upload/{folder}?file_name={name}");
        answer(world.get(&path).bearer_auth(&writer)).await.0
    };
    assert_eq!(upload("other.bam").await, 200, "their own record");
    assert_eq!(upload("genome.bam").await, 401, "the object of another one");
    put("theirs", "/programs/a", Some(object(&format!("{folder}/genome.bam"))));
    assert_eq!(upload("genome.bam").await, 200, "they may write both");
}

#[tokio::test]
async fn bytes_that_another_record_has_are_not_deleted_with_ones_own() {
    let world = World::new().await;
    let writer = world.token("writer").await;
    let urls = vec![format!("s3://{BUCKET}/study/genome.bam")];
    let record = |did: &str, authz: &str, urls: &[String]| Record {
        did: did.into(),
        size: Some(7),
        authz: vec![authz.to_owned()],
        urls: urls.to_vec(),
        ..Record::default()
    };
    world.index.put(record("theirs", "/programs/b", &urls));
    world.index.put(record("mine", "/programs/a", &[format!("s3://{BUCKET}//study/genome.bam")]));
    let delete = async || answer(world.request("DELETE", "/data/mine").bearer_auth(&writer)).await.0;
    assert_eq!(delete().await, 403);
    world.index.put(record("theirs", "/programs/b", &[]));
    assert_eq!(delete().await, 404, "nothing has been put there");
}

#[tokio::test]
async fn objects_of_other_buckets_are_not_told_of() {
    let world = World::new().await;
    let (sender, completed) = tokio::sync::mpsc::channel(2);
    let mut source = StoreSource::new(world.index.clone(), world.store.clone(), BUCKET, completed);
    let uploaded = Location::new(BUCKET, "guid/f").unwrap();
    for location in [Location::new("elsewhere", "guid/f").unwrap(), uploaded.clone()] {
        sender.send(location).await.unwrap();
    }
    assert_eq!(source.next().await, Some(uploaded));
}

#[tokio::test]
async fn what_was_given_up_is_found_again_by_a_look_that_comes_soon() {
    const GUID: &str = "0c1a5a0e-5d3c-4a52-9b5e-3c7b2f1f8a11";
    let world = World::new().await;
    let (_sender, completed) = tokio::sync::mpsc::channel(2);
    world.index.put(Record { did: GUID.into(), ..Record::default() });
    let uploaded = Location::new(BUCKET, format!("{GUID}/f")).unwrap();
    world.store.write(&uploaded, "f".into()).await.unwrap();
    let mut source = StoreSource::new(world.index.clone(), world.store.clone(), BUCKET, completed);
    for _ in 0..2 {
        let told = tokio::time::timeout(Duration::from_secs(60), source.next()).await.unwrap();
        assert_eq!(told, Some(uploaded.clone()));
        source.settle(&uploaded, Settlement::GivenUp).await;
    }
}
