//! Roles, by a token service that is played over a real socket: what it is asked, and what its answer does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use aws::{Keys, Role, Sessions, Settings, Source, shared_config};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

const ANSWER: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role secret</SecretAccessKey>
<SessionToken>role token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"#;

/// Answers every request alike, and tells of its bodies.
async fn token_service() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let mut length = 0;
            // The form comes last, and ends with the version.
            while !String::from_utf8_lossy(&request[..length]).contains("Version=2011-06-15") {
                length += socket.read(&mut request[length..]).await.unwrap();
            }
            told.send(String::from_utf8_lossy(&request[..length]).into_owned()).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", ANSWER.len());
            socket.write_all((head + ANSWER).as_bytes()).await.unwrap();
        }
    });
    (url, requests)
}

fn settings(url: String) -> Settings {
    Settings {
        source: Source::Keys(Keys { id: "AKIABASE".into(), secret: "base secret".into(), token: None }),
        region: Some("eu-central-1".into()),
        role: Some(Role {
            arn: "arn:aws:iam::123456789012:role/reader".into(),
            external_id: Some("their-id".into()),
            session: Duration::from_secs(3600),
            endpoint_url: Some(url),
        }),
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_role_is_assumed_with_the_keys_and_once_for_many() {
    let (url, mut requests) = token_service().await;
    let config = shared_config(&settings(url)).await;
    let sessions = Sessions::of(&config).unwrap();
    for _ in 0..3 {
        let found = sessions.living(Duration::from_secs(3600)).await.unwrap();
        assert_eq!((found.access_key_id(), found.session_token()), ("ASIAROLE", Some("role token")));
    }
    let asked = requests.recv().await.unwrap();
    for part in [
        "Credential=AKIABASE/",
        "/eu-central-1/sts/aws4_request",
        "Action=AssumeRole",
        "DurationSeconds=3600",
        "ExternalId=their-id",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader",
        "RoleSessionName=gen3-commons",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(requests.try_recv().is_err(), "one session for all");
}

#[tokio::test]
async fn a_session_is_never_shorter_than_the_token_service_allows() {
    let (url, mut requests) = token_service().await;
    let mut settings = settings(url);
    settings.role.as_mut().unwrap().session = Duration::from_secs(1);
    let sessions = Sessions::of(&shared_config(&settings).await).unwrap();
    sessions.living(Duration::from_secs(1)).await.unwrap();
    assert!(requests.recv().await.unwrap().contains("DurationSeconds=900"));
}

#[tokio::test]
async fn a_token_service_that_cannot_be_reached_is_an_error_and_tells_no_secret() {
    let config = shared_config(&settings("http://127.0.0.1:9".into())).await;
    let error = Sessions::of(&config).unwrap().living(Duration::from_secs(60)).await.unwrap_err();
    let told = format!("{error:?} {}", aws::DisplayErrorContext(&error));
    assert!(!told.contains("base secret"), "{told}");
    assert!(!format!("{:?}", settings(String::new())).contains("base secret"));
}
