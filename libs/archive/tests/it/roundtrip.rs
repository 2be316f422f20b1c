//! Archived, verified, the source deleted, brought back, and equal.

use archive::{ARCHIVE, DUE, RETRIEVE, VERIFY};
use serde_json::json;
use workqueue::State;

use crate::world::{World, all};

async fn there_and_back(tier: &str) {
    let world = World::new().await;
    let files = world.files().await;
    let process = world.process();
    let project = json!({"project": "P-x"});
    let order = json!({"selector": project, "tier": tier, "delete_source": "after_verification"});
    let run = process.run(ARCHIVE, order.clone()).await;
    assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all("archived", 5)), "{run:?}");
    let rows = process.archive.report(run.id, 0, 10).await.unwrap();
    for ((guid, bytes), row) in files.iter().zip(&rows) {
        let record = world.record(guid);
        let target = row.target.clone().unwrap();
        assert_eq!(record.urls, [row.source.clone().unwrap(), target.clone()]);
        assert!(record.is_archived(&target) && !record.is_archived(&record.urls[0]));
        assert_eq!(
            row.expected.as_deref(),
            Some(format!("sha256:{}", row.actual.as_ref().unwrap()).as_str())
        );
        assert_eq!(world.read(&record.urls[0]).await.as_ref(), Some(bytes), "the source is still there");
    }
    // The grace is over: a second run finds that, and nothing is copied again.
    let run = process.run(ARCHIVE, order).await;
    assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all("deleted", 5)), "{run:?}");
    for (guid, _) in &files {
        let record = world.record(guid);
        assert!(record.urls.len() == 1 && record.is_archived(&record.urls[0]), "{record:?}");
        assert_eq!(world.read(&format!("s3://data/{guid}/file.bin")).await, None);
    }
    let run = process.run(VERIFY, json!({"selector": {"query": {"authz": "/programs/P/projects/x"}}})).await;
    assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all("verified", 5)), "{run:?}");
    // Somebody who may retrieve only.
    let back = json!({"selector": {"authz": "/programs/P"}, "days": 3});
    let run = process.ask_as(RETRIEVE, back, Some("rita")).await;
    let run = process.ended(run.id).await;
    assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all("retrieved", 5)), "{run:?}");
    for (guid, bytes) in &files {
        let record = world.record(guid);
        assert_eq!(record.urls.len(), 2);
        assert_eq!(record.urls_metadata[&record.urls[0]]["state"], "available-until");
        assert_eq!(world.read(&record.urls[0]).await.as_ref(), Some(bytes));
    }
    // After its days the copy goes again, and not before.
    assert_eq!(process.run(DUE, json!({})).await.result.unwrap()["deleted"], 0);
    world.sql("update archive_copy set until = now() - interval '1 second'").await;
    assert_eq!(process.run(DUE, json!({})).await.result.unwrap()["deleted"], 5);
    for (guid, _) in &files {
        assert_eq!(world.record(guid).urls.len(), 1);
        assert_eq!(world.read(&format!("s3://data/{guid}/file.bin")).await, None);
    }
    process.worker.stop().await;
}

#[tokio::test]
async fn files_go_to_a_bucket_and_come_back() {
    there_and_back("cold").await;
}

#[tokio::test]
async fn files_go_to_a_folder_and_come_back() {
    there_and_back("folder").await;
}

#[tokio::test]
async fn files_go_into_tar_files_and_come_back() {
    there_and_back("tape").await;
}

#[tokio::test]
async fn tar_files_are_such_that_others_read_them_without_us() {
    let world = World::new().await;
    let files = world.files().await;
    let process = world.process();
    let run = process.run(ARCHIVE, json!({"selector": {"project": "P-x"}, "tier": "tape"})).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    let blocks = world.tape().join("blocks");
    let mut found = std::collections::BTreeMap::new();
    let (mut tars, mut indices) = (0, 0);
    for entry in std::fs::read_dir(blocks).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().unwrap() == "json" {
            let index: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            indices += index["members"].as_array().unwrap().len();
            continue;
        }
        tars += 1;
        let mut tar = tar::Archive::new(std::fs::File::open(path).unwrap());
        for member in tar.entries().unwrap() {
            let mut member = member.unwrap();
            let name = member.path().unwrap().display().to_string();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
            found.insert(name, bytes);
        }
    }
    assert_eq!(found, files.into_iter().collect());
    assert_eq!((tars, indices), (3, 5), "the large one has a tar file of its own");
    process.worker.stop().await;
}
