//! The dictionaries of existing commons under proof, read from the folder named by GEN3_REFERENCE (by default
//! the folder `shared` beside the repository). Skipped with its reason where they are missing, unless
//! CI_REQUIRE_REFERENCE=1.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was tried, or why nothing was, has to be seen")]

mod proof;
#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "it/running.rs"]
mod running;

use std::{env, path::PathBuf};

fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("GEN3_REFERENCE").map_or_else(beside, PathBuf::from);
    if folder.join("data/dictionaries").is_dir() {
        return Some(folder);
    }
    let reason = format!("{} has no data/dictionaries; name the folder by GEN3_REFERENCE", folder.display());
    assert!(env::var("CI_REQUIRE_REFERENCE").as_deref() != Ok("1"), "{reason}");
    println!("skipped: {reason}");
    None
}

async fn prove(name: &str) {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/dictionaries").join(name);
    let report = proof::prove(Some(folder.to_str().unwrap())).await;
    println!("{name}: {report}");
}

macro_rules! proofs {
    ($($test:ident $name:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                prove($name).await;
            }
        )*
    };
}

proofs! {
    every_type_of_dcf_takes_what_is_right_and_refuses_every_corruption_of_it "dcf";
    every_type_of_gtex_takes_what_is_right_and_refuses_every_corruption_of_it "gtex";
    every_type_of_kf_takes_what_is_right_and_refuses_every_corruption_of_it "kf";
    every_type_of_midrc_takes_what_is_right_and_refuses_every_corruption_of_it "midrc";
    every_type_of_ndh_takes_what_is_right_and_refuses_every_corruption_of_it "ndh";
}
