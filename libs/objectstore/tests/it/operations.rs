//! Conditions, copies, tags, batches, and what is asked about parts.

use reqwest::Method;

use super::*;

async fn text(answer: Result<reqwest::Response, Refused>) -> String {
    answer.unwrap().text().await.unwrap()
}

async fn code(answer: Result<reqwest::Response, Refused>) -> String {
    answer.unwrap_err().code
}

#[tokio::test]
async fn a_write_may_depend_on_what_is_there() {
    let Fixture { store, .. } = &fixture();
    let put = async |headers: &[(&str, &str)]| store.call(Method::PUT, "k", &[], headers, "x").await;
    put(&[("if-none-match", "*")]).await.unwrap();
    assert_eq!(code(put(&[("if-none-match", "*")]).await).await, "PreconditionFailed");
    let etag = store.head("k").await.unwrap().etag;
    put(&[("if-match", &etag)]).await.unwrap();
    assert_eq!(code(put(&[("if-match", "\"0\"")]).await).await, "PreconditionFailed");
    let delete = async |etag: &str| store.call(Method::DELETE, "k", &[], &[("if-match", etag)], "").await;
    assert_eq!(code(delete("\"0\"").await).await, "PreconditionFailed");
    delete(&etag).await.unwrap();
    assert_eq!(code(put(&[("if-match", &etag)]).await).await, "NoSuchKey");
}

#[tokio::test]
async fn what_a_request_demands_is_done_or_the_request_is_refused() {
    let Fixture { store, .. } = &fixture();
    let put = async |headers: &[(&str, &str)]| store.call(Method::PUT, "k", &[], headers, "content").await;
    put(&[]).await.unwrap();
    for (name, value) in [
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-write-offset-bytes", "7"),
    ] {
        assert_eq!(code(put(&[(name, value)]).await).await, "NotImplemented", "{name}");
    }
    let long = "v".repeat(2048);
    assert_eq!(code(put(&[("x-amz-meta-m", &long)]).await).await, "MetadataTooLarge");
    assert_eq!(code(put(&[("x-amz-checksum-sha512", "AAAA")]).await).await, "NotImplemented");
    let of_version = |version| [("versionId", version)];
    for method in [Method::GET, Method::HEAD] {
        let refused = store.call(method, "k", &of_version("3HL4kqtJlcpXroDTDmJ"), &[], "").await.unwrap_err();
        assert_eq!(refused.status, 404);
    }
    // What is not there needs no deleting (Amazon S3).
    store.call(Method::DELETE, "k", &of_version("3HL4kqtJlcpXroDTDmJ"), &[], "").await.unwrap();
    assert_eq!(
        code(store.call(Method::GET, "k", &of_version("a_b"), &[], "").await).await,
        "InvalidArgument"
    );
    assert_eq!(
        code(store.call(Method::PUT, "k", &of_version("null"), &[], "").await).await,
        "InvalidArgument"
    );
    store.call(Method::GET, "k", &of_version("null"), &[], "").await.unwrap();
    let delete =
        async |name: &str, value: &str| store.call(Method::DELETE, "k", &[], &[(name, value)], "").await;
    let time = "x-amz-if-match-last-modified-time";
    assert_eq!(code(delete("x-amz-if-match-size", "6").await).await, "PreconditionFailed");
    assert_eq!(code(delete(time, "Sat, 01 Jan 2000 00:00:00 GMT").await).await, "PreconditionFailed");
    let batch = async |condition: &str| {
        let object = format!("<Object><Key>k</Key>{condition}</Object>");
        let body = format!("<Delete>{object}</Delete>");
        text(store.call(Method::POST, "", &[], &[], body).await).await
    };
    assert!(batch("<VersionId>1</VersionId>").await.contains("<VersionId>1</VersionId>"));
    assert!(batch("<VersionId>a_b</VersionId>").await.contains("InvalidArgument"));
    assert!(batch("<Size>6</Size>").await.contains("PreconditionFailed"));
    assert_eq!(store.read("k", None).await.unwrap(), b"content", "it is still there");
    delete("x-amz-if-match-size", "7").await.unwrap();
    put(&[]).await.unwrap();
    assert!(batch("<Size>7</Size><VersionId>null</VersionId>").await.contains("<Deleted>"));
    assert_eq!(code(delete("x-amz-if-match-size", "7").await).await, "NoSuchKey");
}

#[tokio::test]
async fn of_many_writers_who_want_to_be_the_first_one_is() {
    let Fixture { store, .. } = &fixture();
    let first = (0..16).map(|writer| {
        store.call(Method::PUT, "k", &[], &[("if-none-match", "*")], format!("writer {writer}"))
    });
    let outcomes = futures_util::future::join_all(first).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_read_may_depend_on_what_is_there() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let etag = store.head("k").await.unwrap().etag;
    let get = async |name: &str, value: &str| {
        let url = store.presign("k", Access::Get, HOUR, &[]);
        http().get(url).header(name, value).send().await.unwrap().status().as_u16()
    };
    let (past, future) = ("Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
    for (name, value, status) in [
        ("if-match", etag.as_str(), 200),
        ("if-match", "\"0\"", 412),
        ("if-none-match", &etag, 304),
        ("if-none-match", "\"0\"", 200),
        ("if-modified-since", past, 200),
        ("if-modified-since", future, 304),
        ("if-unmodified-since", past, 412),
        ("if-unmodified-since", future, 200),
    ] {
        assert_eq!(get(name, value).await, status, "{name}: {value}");
    }
}

#[tokio::test]
async fn an_object_is_copied_with_or_without_what_is_known_of_it() {
    let Fixture { store, .. } = &fixture();
    let attributes = [("content-type", "text/x-a"), ("x-amz-meta-m", "1"), ("x-amz-tagging", "t=1")];
    store.call(Method::PUT, "a/ä b", &[], &attributes, "content").await.unwrap();
    let source = "/uploads/a/%C3%A4%20b";
    let copy = async |key: &str, headers: &[(&str, &str)]| {
        let all = [&[("x-amz-copy-source", source)], headers].concat();
        store.call(Method::PUT, key, &[], &all, "").await
    };
    assert!(text(copy("a", &[]).await).await.contains("9a0364b9e99bb480dd25e1f0284c8555"));
    assert_eq!(store.read("a", None).await.unwrap(), b"content");
    let known = async |key: &str| {
        let answer = http().get(store.presign(key, Access::Get, HOUR, &[])).send().await.unwrap();
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (header("content-type"), header("x-amz-meta-m"), header("x-amz-tagging-count"))
    };
    assert_eq!(known("a").await, (Some("text/x-a".into()), Some("1".into()), Some("1".into())));
    let replaced = [
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("content-type", "text/x-b"),
    ];
    copy("b", &replaced).await.unwrap();
    assert_eq!(known("b").await, (Some("text/x-b".into()), None, None));
    for (headers, wanted) in [
        (&[("x-amz-copy-source-if-match", "\"0\"")][..], "PreconditionFailed"),
        (
            &[("x-amz-copy-source-if-none-match", "\"9a0364b9e99bb480dd25e1f0284c8555\"")],
            "PreconditionFailed",
        ),
    ] {
        assert_eq!(code(copy("c", headers).await).await, wanted);
    }
    let none = [("x-amz-copy-source", "/uploads/none")];
    assert_eq!(code(store.call(Method::PUT, "c", &[], &none, "").await).await, "NoSuchKey");
    let itself = [("x-amz-copy-source", "/uploads/a")];
    assert_eq!(code(store.call(Method::PUT, "a", &[], &itself, "").await).await, "InvalidRequest");
}

#[tokio::test]
async fn tags_are_written_read_and_deleted() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let etag = store.head("k").await.unwrap().etag;
    let tagging = [("tagging", "")];
    let document = |key: &str| {
        format!("<Tagging><TagSet><Tag><Key>{key}</Key><Value>1</Value></Tag></TagSet></Tagging>")
    };
    store.call(Method::PUT, "k", &tagging, &[], document("study")).await.unwrap();
    assert!(text(store.call(Method::GET, "k", &tagging, &[], "").await).await.contains("<Key>study</Key>"));
    let long = store.call(Method::PUT, "k", &tagging, &[], document(&"k".repeat(129))).await;
    assert_eq!(code(long).await, "InvalidTag");
    store.call(Method::DELETE, "k", &tagging, &[], "").await.unwrap();
    assert!(!text(store.call(Method::GET, "k", &tagging, &[], "").await).await.contains("study"));
    assert_eq!(code(store.call(Method::GET, "none", &tagging, &[], "").await).await, "NoSuchKey");
    assert_eq!(store.read("k", None).await.unwrap(), b"content");
    assert_eq!(store.head("k").await.unwrap().etag, etag);
}

#[tokio::test]
async fn parts_may_have_gaps_and_be_read_one_by_one_or_copied_from_objects() {
    let Fixture { store, .. } = &fixture();
    store.write("source", "0123456789").await.unwrap();
    let upload = store.create_multipart("k").await.unwrap();
    let big = vec![b'a'; 5 * 1024 * 1024];
    let mut parts = Vec::new();
    for (number, body) in [(10_000, b"last".to_vec()), (3, big.clone())] {
        let url = store.presign("k", Access::Part { upload_id: &upload, number }, HOUR, &[]);
        let answer = http().put(url).body(body).send().await.unwrap();
        parts.insert(0, Part { number, etag: answer.headers()["etag"].to_str().unwrap().to_owned() });
    }
    let query = [("partNumber", "4000"), ("uploadId", upload.as_str())];
    let from = |range| [("x-amz-copy-source", "/uploads/source"), ("x-amz-copy-source-range", range)];
    let beyond = store.call(Method::PUT, "k", &query, &from("bytes=2-10"), "").await;
    assert_eq!(code(beyond).await, "InvalidArgument");
    let copied = text(store.call(Method::PUT, "k", &query, &from("bytes=2-4"), "").await).await;
    assert!(copied.contains("289dff07669d7a23de0ef88d2f7129e7"), "{copied}");
    let listed = text(store.call(Method::GET, "k", &[("uploadId", &upload)], &[], "").await).await;
    let numbers: Vec<&str> =
        listed.split("<PartNumber>").skip(1).map(|rest| &rest[..rest.find('<').unwrap()]).collect();
    assert_eq!(numbers, ["3", "4000", "10000"]);
    store.complete_multipart("k", &upload, &parts).await.unwrap();
    assert_eq!(store.read("k", None).await.unwrap(), [&big[..], b"last"].concat());
    let size = big.len() as u64;
    assert_eq!(store.read("k", Some(size - 1..size + 2)).await.unwrap(), b"ala");
    let part = store.call(Method::GET, "k", &[("partNumber", "2")], &[], "").await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.headers()["x-amz-mp-parts-count"].to_str().unwrap()),
        (206, "2")
    );
    assert_eq!(part.text().await.unwrap(), "last");
    let third = store.call(Method::GET, "k", &[("partNumber", "3")], &[], "").await;
    assert_eq!(third.unwrap_err().status, 416);
}

#[tokio::test]
async fn the_signer_of_a_url_may_choose_headers_of_the_answer() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let chosen =
        [("response-content-disposition", "attachment; filename=a"), ("response-content-type", "text/x")];
    let answer = http().get(store.presign("k", Access::Get, HOUR, &chosen)).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=a");
    assert_eq!(answer.headers()["content-type"], "text/x");
}
