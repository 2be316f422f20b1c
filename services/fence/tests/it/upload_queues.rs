//! Queues of SQS in which a store tells of uploads. Store, queue and topic are an emulator of Amazon's.

use std::time::{Duration, Instant};

use fence::{Config, QueueSettings};
use serde_json::{Value, json};
use storage::{AwsCredentials, BucketConfig};

use crate::{
    servers,
    upload_queue::filled,
    world::{World, answer},
};

const ACCOUNT: &str = "123456789012";
const AT_AMAZON: &str = "uploads-amazon";
const GUID: &str = "0714aee0-0c5e-45c0-845d-8c073174242c";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:uploads";

/// An emulator of Amazon's S3, SQS, SNS and IAM, whose buckets tell queues of new objects. It checks no
/// signatures; with `free_calls` it does after so many calls.
fn moto(free_calls: Option<u32>) -> Option<servers::Server> {
    let install = "python3 -m venv moto && moto/bin/pip install --quiet 'moto[s3]==5.2.5' flask flask-cors";
    let program = servers::program("MOTO_SERVER", "moto/bin/moto_server", &["sh", "-c", install], &[])?;
    Some(servers::started(&program, &["-H", "127.0.0.1", "-p", "PORT"], |command, _| {
        if let Some(calls) = free_calls {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", calls.to_string());
        }
    }))
}

/// The emulator, by calls that are not signed.
struct Amazon {
    endpoint: String,
    http: reqwest::Client,
}

impl Amazon {
    fn new(server: &servers::Server) -> Self {
        Self { endpoint: format!("http://{}", server.address), http: crate::world::http() }
    }

    fn queue(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.endpoint)
    }

    /// Whom a call is for stands in what would be signed.
    fn post(&self, service: &str) -> reqwest::RequestBuilder {
        let signed = format!("AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/{service}/aws4_request");
        let signed = format!("{signed}, SignedHeaders=host, Signature=x");
        self.http.post(&self.endpoint).header("authorization", signed)
    }

    async fn sqs(&self, action: &str, asked: Value) -> Value {
        let asked = self.post("sqs").header("x-amz-target", format!("AmazonSQS.{action}")).json(&asked);
        let (status, told) = answer(asked.header("content-type", "application/x-amz-json-1.0")).await;
        assert_eq!(status, 200, "{action}: {told}");
        told
    }

    async fn form(&self, service: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(service).form(fields).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{text}");
        text
    }

    /// A bucket, and a queue that is told of its new objects.
    async fn make(&self, attributes: Value) {
        self.sqs("CreateQueue", json!({ "QueueName": "uploads", "Attributes": attributes })).await;
        let bucket = format!("{}/{AT_AMAZON}", self.endpoint);
        let notices = format!(
            "<NotificationConfiguration><QueueConfiguration><Id>1</Id><Queue>{QUEUE}</Queue>\
             <Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>"
        );
        for (url, body) in [(bucket.clone(), String::new()), (format!("{bucket}?notification"), notices)] {
            let made = self.http.put(url).body(body).send().await.unwrap();
            assert_eq!(made.status(), 200);
        }
    }

    async fn send(&self, message: &Value) {
        let text = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        self.sqs("SendMessage", json!({ "QueueUrl": self.queue("uploads"), "MessageBody": text })).await;
    }

    /// How many messages a queue has, those included that somebody has just received.
    async fn waiting(&self, queue: &str) -> u64 {
        let asked = json!({ "QueueUrl": self.queue(queue), "AttributeNames": ["All"] });
        let told = self.sqs("GetQueueAttributes", asked).await;
        let count = |name: &str| told["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }

    async fn is_empty(&self, queue: &str) {
        let started = Instant::now();
        while self.waiting(queue).await > 0 {
            assert!(started.elapsed() < Duration::from_secs(20), "messages are left in {queue}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Puts uploads there, and hears its queue.
    fn hear_it(&self, config: &mut Config) {
        let key = AwsCredentials::key("AK", "secret");
        config.aws_credentials.insert("AMAZON".into(), key);
        let bucket = BucketConfig {
            cred: "AMAZON".into(),
            endpoint_url: Some(self.endpoint.clone()),
            ..BucketConfig::default()
        };
        config.s3_buckets.insert(AT_AMAZON.into(), bucket);
        config.data_upload_bucket = AT_AMAZON.into();
        let cred = Some("AMAZON".into());
        let url = self.queue("uploads").parse().unwrap();
        config.upload_indexing.queues = vec![QueueSettings { cred, ..QueueSettings::of(url) }];
    }
}

/// A file that is put; nobody but the store tells of it.
async fn uploaded(world: &World, name: &str) -> String {
    let token = world.token("uploader").await;
    let begun = world.post("/data/upload", &json!({ "file_name": name })).bearer_auth(token);
    let (status, body) = answer(begun).await;
    assert_eq!(status, 201, "{body}");
    // Not by the look that comes without any event.
    let later = sqlx::query("update commons_upload set due_at = now() + interval '1 hour' where told = 0");
    later.execute(&world.database.pool).await.unwrap();
    let put = world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    assert_eq!(put.status(), 200);
    body["guid"].as_str().unwrap().to_owned()
}

fn created(guid: &str) -> Value {
    let s3 = json!({ "bucket": { "name": AT_AMAZON }, "object": { "key": format!("{guid}/f"), "size": 7 } });
    json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": s3 }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_put_becomes_a_complete_record_by_way_of_the_queue() {
    let Some(server) = moto(None) else { return };
    let amazon = Amazon::new(&server);
    amazon.make(json!({})).await;
    let world = hearing(&amazon).await;
    // What comes of the making of the bucket, and before anybody hears.
    assert_eq!(amazon.waiting("uploads").await, 1, "the store's test");
    let indexing = world.fence.index_uploads().unwrap();
    let guid = uploaded(&world, "a b+ü.csv").await;
    let record = filled(&world, &guid).await;
    assert_eq!((record.size, record.urls), (Some(7), vec![format!("s3://{AT_AMAZON}/{guid}/a b+ü.csv")]));
    amazon.is_empty("uploads").await;

    // The same by a topic.
    let topic = amazon.form("sns", &[("Action", "CreateTopic"), ("Name", "t")]).await;
    let topic = &topic[topic.find("arn:").unwrap()..topic.find("</TopicArn>").unwrap()];
    let subscribe = [("Action", "Subscribe"), ("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    amazon.form("sns", &subscribe).await;
    let message = created(GUID).to_string();
    amazon.form("sns", &[("Action", "Publish"), ("TopicArn", topic), ("Message", &message)]).await;
    noted(&world).await;
    amazon.is_empty("uploads").await;
    indexing.stop().await;
}

/// A fence that hears the queue, and keeps what it was told of: what has no record is soon forgotten.
async fn hearing(amazon: &Amazon) -> World {
    let world = World::with(|config| amazon.hear_it(config)).await;
    for statement in [
        "create table heard (url text)",
        "create function hear() returns trigger language plpgsql as
         $$ begin insert into heard values (new.url); return null; end $$",
        "create trigger hear after insert or update of told on commons_upload for each row
         when (new.told > 0) execute function hear()",
    ] {
        sqlx::query(statement).execute(&world.database.pool).await.unwrap();
    }
    world
}

async fn heard(world: &World) -> Vec<String> {
    sqlx::query_scalar("select url from heard").fetch_all(&world.database.pool).await.unwrap()
}

/// Waits until fence has noted that the object of `GUID` is there.
async fn noted(world: &World) {
    let (started, url) = (Instant::now(), format!("s3://{AT_AMAZON}/{GUID}/f"));
    while !heard(world).await.contains(&url) {
        assert!(started.elapsed() < Duration::from_secs(10), "nothing is noted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_fences_hear_one_queue_and_miss_nothing() {
    let Some(server) = moto(None) else { return };
    let amazon = Amazon::new(&server);
    amazon.make(json!({})).await;
    let (one, other) = tokio::join!(hearing(&amazon), hearing(&amazon));
    // Each has notes of its own, so that it is seen who has heard what.
    let indexing = [one.fence.index_uploads().unwrap(), other.fence.index_uploads().unwrap()];
    let guids: Vec<String> = (0..40).map(|n| format!("0714aee0-0c5e-45c0-845d-{n:012}")).collect();
    for guid in &guids {
        amazon.send(&created(guid)).await;
    }
    amazon.is_empty("uploads").await;
    let mut told = [heard(&one).await, heard(&other).await].concat();
    told.sort();
    let expected: Vec<String> = guids.iter().map(|guid| format!("s3://{AT_AMAZON}/{guid}/f")).collect();
    assert_eq!(told, expected);
    for indexing in indexing {
        indexing.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_understands_holds_nothing_up_and_is_set_aside_by_the_queue() {
    let Some(server) = moto(None) else { return };
    let amazon = Amazon::new(&server);
    amazon.sqs("CreateQueue", json!({ "QueueName": "dead" })).await;
    let dead = format!("{}dead", QUEUE.trim_end_matches("uploads"));
    let aside = json!({ "deadLetterTargetArn": dead, "maxReceiveCount": "2" }).to_string();
    amazon.make(json!({ "VisibilityTimeout": "0", "RedrivePolicy": aside })).await;
    for odd in [json!("{"), json!("text"), json!({ "Records": 7 }), json!([])] {
        amazon.send(&odd).await;
    }
    amazon.send(&created(GUID)).await;
    let world = hearing(&amazon).await;
    let indexing = world.fence.index_uploads().unwrap();
    noted(&world).await;
    amazon.is_empty("uploads").await;
    assert_eq!(amazon.waiting("dead").await, 4);
    indexing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_queue_for_dead_letters_a_message_that_nobody_understands_does_not_come_for_ever() {
    let Some(server) = moto(None) else { return };
    let amazon = Amazon::new(&server);
    amazon.make(json!({ "VisibilityTimeout": "0" })).await;
    amazon.send(&json!("{")).await;
    let world = hearing(&amazon).await;
    let indexing = world.fence.index_uploads().unwrap();
    amazon.is_empty("uploads").await;
    indexing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_until_what_it_tells_is_noted() {
    let Some(server) = moto(None) else { return };
    let amazon = Amazon::new(&server);
    amazon.make(json!({ "VisibilityTimeout": "1" })).await;
    let world = hearing(&amazon).await;
    let pool = &world.database.pool;
    let refuse = "create function refuse() returns trigger language plpgsql as \
                  $$ begin raise exception 'no'; end $$";
    sqlx::query(refuse).execute(pool).await.unwrap();
    let told = "create trigger refuse before insert on commons_upload for each row when (new.told > 0) \
                execute function refuse()";
    sqlx::query(told).execute(pool).await.unwrap();
    let indexing = world.fence.index_uploads().unwrap();
    amazon.send(&created(GUID)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(amazon.waiting("uploads").await > 0);
    sqlx::query("drop trigger refuse on commons_upload").execute(pool).await.unwrap();
    noted(&world).await;
    amazon.is_empty("uploads").await;
    indexing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_signed_as_amazon_checks_it() {
    // The calls that make a queue with a message, and a user with a key.
    let Some(server) = moto(Some(5)) else { return };
    let amazon = Amazon::new(&server);
    amazon.sqs("CreateQueue", json!({ "QueueName": "uploads" })).await;
    amazon.send(&created(GUID)).await;
    let user = ("UserName", "fence");
    amazon.form("iam", &[("Action", "CreateUser"), user]).await;
    let key = amazon.form("iam", &[("Action", "CreateAccessKey"), user]).await;
    let text = |name: &str| {
        let (_, rest) = key.split_once(&format!("<{name}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage*"], "Resource": "*",
    }] })
    .to_string();
    let policy =
        [("Action", "PutUserPolicy"), user, ("PolicyName", "p"), ("PolicyDocument", policy.as_str())];
    amazon.form("iam", &policy).await;
    let (id, secret) = (text("AccessKeyId"), text("SecretAccessKey"));
    let queue = |id: &str, secret: &str| {
        let (id, secret) = (id.to_owned(), secret.to_owned());
        let source = aws::Source::Keys(aws::Keys { id, secret, token: None });
        let settings = aws::Settings { source, region: Some("us-east-1".into()), ..aws::Settings::default() };
        aws::Queue::new(amazon.queue("uploads").parse().unwrap(), settings, amazon.http.clone())
    };
    let refused = queue(&id, "another").receive().await.unwrap_err();
    assert!(matches!(refused, aws::QueueError::Refused { status: 403, .. }), "{refused}");
    let queue = queue(&id, &secret);
    let messages = queue.receive().await.unwrap();
    assert_eq!((messages.len(), messages[0].times), (1, 1));
    queue.delete(&messages).await.unwrap();
}
