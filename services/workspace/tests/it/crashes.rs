//! A process that ends at any moment. What it leaves is a row, perhaps a program, perhaps a key; the next one
//! clears it away.

use std::sync::Arc;

use crate::support::World;

/// The world of a process that ended while its launch waited for the executor.
async fn killed_in_the_launch() -> World {
    let world = World::new().await;
    *world.executor.gate.lock().unwrap() = Some(Arc::new(tokio::sync::Semaphore::new(0)));
    let path = format!("/launch?id={}", world.id("Jupyter Lab").await);
    let request = world.request("POST", &path, "ada");
    let sent = actix_web::rt::spawn(request.send());
    while world.executor.of("ada").is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    sent.abort();
    world
}

#[actix_web::test]
async fn a_launch_that_nobody_works_on_any_more_is_cleared_away() {
    let world = World::new().await;
    world.launch("ada").await;
    world.set_phase("launching").await;
    assert_eq!((world.status("ada").await, world.keys.living()), ("Launching".into(), 1));
    let keeper = world.keeper();
    world.until_nothing_is_left().await;
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn an_end_that_nobody_works_on_any_more_is_brought_to_an_end() {
    let world = World::new().await;
    world.launch("ada").await;
    world.set_phase("ending").await;
    *world.keys.is_away.lock().unwrap() = true;
    let keeper = world.keeper();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(world.rows().await, 1, "without fence, the key would be forgotten");
    *world.keys.is_away.lock().unwrap() = false;
    world.until_nothing_is_left().await;
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn a_program_without_a_row_is_removed() {
    let world = World::new().await;
    world.launch("ada").await;
    world.set_phase("ending").await;
    world.forget_rows().await;
    let keeper = world.keeper();
    while world.executor.of("ada").is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    keeper.stop().await;
    world.stop().await;
}

/// A request that goes on although its client has gone is not taken for one that nobody works on.
#[actix_web::test]
async fn a_launch_that_somebody_works_on_is_left_alone() {
    let world = killed_in_the_launch().await;
    let keeper = world.keeper();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!((world.status("ada").await, world.rows().await), ("Launching".into(), 1));
    let gate = world.executor.gate.lock().unwrap().take().unwrap();
    gate.add_permits(1);
    while world.status("ada").await != "Running" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    keeper.stop().await;
    world.stop().await;
}
