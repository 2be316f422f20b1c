//! What the client suite of versitygw found, which is Amazon S3's way and was not ours.

use reqwest::Method;

use super::*;

async fn text(answer: Result<reqwest::Response, Refused>) -> String {
    answer.unwrap().text().await.unwrap()
}

fn refusal(status: u16, code: &str) -> Refused {
    Refused { status, code: code.to_owned() }
}

#[tokio::test]
async fn buckets_are_listed_with_their_owner_page_by_page() {
    let Fixture { store, endpoint, .. } = &fixture();
    for name in ["study-b", "study-a", "other"] {
        let made = Client::new(endpoint.address(), name, "secret").make_bucket(&[]).await.unwrap();
        assert_eq!(made.headers()["x-amz-bucket-arn"], format!("arn:aws:s3:::{name}").as_str());
    }
    let names = |list: &str| -> Vec<String> {
        let names = list.split("<Name>").skip(1);
        names.map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
    };
    let all = store.buckets(&[]).await.unwrap();
    assert_eq!(names(&all), ["other", "study-a", "study-b", "uploads"]);
    assert!(all.contains("<ID>AK</ID>") && all.contains("<CreationDate>20"), "{all}");
    let page = store.buckets(&[("prefix", "study-"), ("max-buckets", "1")]).await.unwrap();
    assert_eq!(names(&page), ["study-a"]);
    assert!(page.contains("<Prefix>study-</Prefix>"), "{page}");
    assert!(page.contains("<ContinuationToken>study-a</ContinuationToken>"), "{page}");
    let rest = store.buckets(&[("prefix", "study-"), ("continuation-token", "study-a")]).await.unwrap();
    assert_eq!(names(&rest), ["study-b"]);
    assert!(!rest.contains("ContinuationToken"), "{rest}");
    for most in ["0", "-3", "10001"] {
        let refused = store.buckets(&[("max-buckets", most)]).await.unwrap_err();
        assert_eq!(refused, refusal(400, "InvalidArgument"), "{most}");
    }
    let odd = [("x-amz-object-ownership", "nobody")];
    let refused = Client::new(endpoint.address(), "odd", "secret").make_bucket(&odd).await.unwrap_err();
    assert_eq!(refused, refusal(400, "InvalidArgument"));
}

#[tokio::test]
async fn a_bucket_of_somebody_else_is_not_touched() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let call = async |method, name, owner| store.call(method, "k", &[], &[(name, owner)], "").await;
    let expected = "x-amz-expected-bucket-owner";
    call(Method::GET, expected, "AK").await.unwrap();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let refused = call(method, expected, "123456789012").await.unwrap_err();
        assert_eq!(refused, refusal(403, "AccessDenied"));
    }
    let copy = [("x-amz-copy-source", "/uploads/k"), ("x-amz-source-expected-bucket-owner", "other")];
    let refused = store.call(Method::PUT, "copy", &[], &copy, "").await.unwrap_err();
    assert_eq!(refused, refusal(403, "AccessDenied"));
    assert_eq!(store.read("k", None).await.unwrap(), b"content");
}

#[tokio::test]
async fn a_part_of_an_object_is_206_without_its_bytes_too() {
    let Fixture { store, .. } = &fixture();
    store.call(Method::PUT, "k", &[], &[("x-amz-tagging", "a=1&b=2")], "0123456789").await.unwrap();
    let head = async |query: &[(&str, &str)], headers: &[(&str, &str)]| {
        store.call(Method::HEAD, "k", query, headers, "").await
    };
    let part = head(&[("partNumber", "1")], &[]).await.unwrap();
    assert_eq!(
        (part.status().as_u16(), &part.headers()["content-range"]),
        (206, &"bytes 0-9/10".parse().unwrap())
    );
    let range = head(&[], &[("range", "bytes=2-4")]).await.unwrap();
    assert_eq!((range.status().as_u16(), &range.headers()["content-length"]), (206, &"3".parse().unwrap()));
    let whole = head(&[], &[]).await.unwrap();
    assert_eq!(
        (whole.status().as_u16(), &whole.headers()["x-amz-storage-class"]),
        (200, &"STANDARD".parse().unwrap())
    );
    assert_eq!(whole.headers()["x-amz-tagging-count"], "2");
    assert_eq!(head(&[("partNumber", "0")], &[]).await.unwrap_err().status, 400);
    let none = store.call(Method::GET, "none", &[("partNumber", "0")], &[], "").await;
    assert_eq!(none.unwrap_err(), refusal(400, "InvalidArgument"));
}

#[tokio::test]
async fn a_bucket_is_deleted_while_its_last_object_is_read_to_the_end() {
    let Fixture { store, endpoint, .. } = &fixture();
    let study = &Client::new(endpoint.address(), "study", "secret");
    study.make_bucket(&[]).await.unwrap();
    let upload = study.create_multipart("k").await.unwrap();
    let contents = [vec![b'a'; 16 * 1024 * 1024], vec![b'b'; 10]];
    let mut parts = Vec::new();
    for (number, content) in (1..).zip(&contents) {
        let url = study.presign("k", Access::Part { upload_id: &upload, number }, HOUR, &[]);
        let answer = http().put(url).body(content.clone()).send().await.unwrap();
        parts.push(Part { number, etag: answer.headers()["etag"].to_str().unwrap().to_owned() });
    }
    study.complete_multipart("k", &upload, &parts).await.unwrap();
    let mut reading = http().get(study.presign("k", Access::Get, HOUR, &[])).send().await.unwrap();
    let mut read = reading.chunk().await.unwrap().unwrap().to_vec();
    study.delete("k").await.unwrap();
    assert_eq!(study.try_bucket(Method::DELETE).await, Some(true), "nothing is left in it");
    while let Some(piece) = reading.chunk().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    assert!(read == contents.concat(), "{} bytes", read.len());
    assert!(!store.buckets(&[]).await.unwrap().contains("study"));
}

#[tokio::test]
async fn a_document_with_another_digest_is_the_clients_mistake() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let other =
        [("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b854")];
    let delete = "<Delete><Object><Key>k</Key></Object></Delete>";
    let refused = store.call(Method::POST, "", &[], &other, delete).await.unwrap_err();
    assert_eq!(refused, refusal(400, "XAmzContentSHA256Mismatch"));
    for body in ["", "<Tagging><TagSet></TagSet></Tagging>"] {
        let refused = store.call(Method::PUT, "k", &[("tagging", "")], &other, body).await.unwrap_err();
        assert_eq!(refused, refusal(400, "XAmzContentSHA256Mismatch"), "{body}");
    }
    assert_eq!(store.read("k", None).await.unwrap(), b"content");
}

#[tokio::test]
async fn errors_of_the_library_have_texts_too() {
    let fixture = fixture();
    let forged = Client::new(fixture.endpoint.address(), "uploads", "guessed");
    let answer = fixture.http.get(forged.presign("k", Access::Get, HOUR, &[])).send().await.unwrap();
    let told = answer.text().await.unwrap();
    assert!(told.contains("<Message>The request signature we calculated does not match"), "{told}");
}

#[tokio::test]
async fn entity_tags_are_taken_without_quotes() {
    let Fixture { store, .. } = &fixture();
    store.write("k", "content").await.unwrap();
    let bare = store.head("k").await.unwrap().etag.trim_matches('"').to_owned();
    store.call(Method::GET, "k", &[], &[("if-match", &bare)], "").await.unwrap();
    let refused = store.call(Method::DELETE, "k", &[], &[("if-match", "0123")], "").await.unwrap_err();
    assert_eq!(refused, refusal(412, "PreconditionFailed"));
    let upload = store.create_multipart("k").await.unwrap();
    let url = store.presign("k", Access::Part { upload_id: &upload, number: 1 }, HOUR, &[]);
    http().put(url).body("content").send().await.unwrap();
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{bare}</ETag></Part>\
         </CompleteMultipartUpload>"
    );
    let ended = store.end_multipart("k", &upload, document).await;
    assert!(text(ended).await.contains("/uploads/k</Location>"));
}

#[tokio::test]
async fn copies_take_what_amazon_takes_along() {
    let Fixture { store, .. } = &fixture();
    let page = [("x-amz-website-redirect-location", "/there"), ("x-amz-meta-m", "1")];
    store.call(Method::PUT, "k", &[], &page, "content").await.unwrap();
    let copy = async |key: &str, more: &[(&str, &str)]| {
        let headers = [&[("x-amz-copy-source", "/uploads/k")], more].concat();
        store.call(Method::PUT, key, &[], &headers, "").await
    };
    copy("copy", &[]).await.unwrap();
    let copied = store.call(Method::HEAD, "copy", &[], &[], "").await.unwrap();
    assert_eq!(copied.headers()["x-amz-meta-m"], "1");
    assert!(!copied.headers().contains_key("x-amz-website-redirect-location"));
    for name in ["x-amz-metadata-directive", "x-amz-tagging-directive"] {
        let refused = copy("k", &[(name, "KEEP")]).await.unwrap_err();
        assert_eq!(refused, refusal(400, "InvalidArgument"), "{name}");
    }
    let nowhere = [("x-amz-website-redirect-location", "there")];
    let refused = store.call(Method::PUT, "k", &[], &nowhere, "").await.unwrap_err();
    assert_eq!(refused, refusal(400, "InvalidRedirectLocation"));
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_has_the_code_of_amazon() {
    let Fixture { store, endpoint, .. } = &fixture();
    let upload = store.create_multipart("k").await.unwrap();
    let part = Access::Part { upload_id: &upload, number: 1 };
    http().put(store.presign("k", part, HOUR, &[])).body("content").send().await.unwrap();
    let end = async |part: &str| {
        let document = format!("<CompleteMultipartUpload>{part}</CompleteMultipartUpload>");
        store.end_multipart("k", &upload, document).await.unwrap_err().code
    };
    let e_tag = "<ETag>9a0364b9e99bb480dd25e1f0284c8555</ETag>";
    let crc = "<ChecksumCRC32>%</ChecksumCRC32>";
    for (part, code) in [
        (String::new(), "MalformedXML"),
        ("<Part><PartNumber>1</PartNumber></Part>".into(), "MalformedXML"),
        (format!("<Part>{e_tag}</Part>"), "MalformedXML"),
        (format!("<Part><PartNumber>0</PartNumber>{e_tag}</Part>"), "InvalidArgument"),
        (format!("<Part><PartNumber>1</PartNumber>{e_tag}{crc}</Part>"), "InvalidArgument"),
        (format!("<Part><PartNumber>2</PartNumber>{e_tag}</Part>"), "InvalidPart"),
    ] {
        assert_eq!(end(&part).await, code, "{part}");
    }
    let missing = Client::new(endpoint.address(), "missing", "secret");
    assert_eq!(missing.abort_multipart("k", &upload).await.unwrap_err(), refusal(404, "NoSuchBucket"));
}
