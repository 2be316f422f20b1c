//! Page after page: by position, and all at once while others write.

use futures_util::StreamExt;
use search::{AliasChange, Definition, Engine, Hit, Operation, Query, Search, Sort, Source};
use serde_json::json;

use super::{
    asking::{done, filled},
    chance::Chance,
    documents::{definition, document},
    questions, same,
};

const INDEX: &str = "suite_paging";
const SPREAD: &str = "suite_paging_spread";

pub(super) async fn cases(engine: &dyn Engine, seed: u64) -> usize {
    let mut chance = Chance(seed ^ 0xA11);
    let documents: Vec<_> = (0..60).map(|place| (place.to_string(), document(&mut chance))).collect();
    let oracle = filled(engine, INDEX, &documents).await;
    let all = Search { size: 1000, ..Search::new(Query::All) };
    let mut cases = 0;
    for _ in 0..12 {
        let sort: Vec<_> = (0..chance.below(3)).map(|_| questions::sort(&mut chance)).collect();
        let search = Search { sort, ..all.clone() };
        let right = done(oracle.search(INDEX, &search).await, "the oracle").hits;
        let size = chance.below(20) as u64 + 1;
        compare(&by_position(engine, INDEX, &search, size).await, &right, &search);
        let pages = engine.pages(INDEX, &search.query, &search.sort, &search.source, size as usize).await;
        let mut own = whole(done(pages, "pages")).await;
        if search.sort.is_empty() {
            // The documents in any order that the engine likes.
            own.sort_by_key(|hit| hit.id.parse::<u64>().ok());
        }
        compare(&own, &right, &search);
        cases += 2;
    }
    while_writing(engine).await;
    spread(engine).await;
    cases + 3
}

fn compare(own: &[Hit], right: &[Hit], search: &Search) {
    if let Some(difference) = same::hits(own, right) {
        panic!("{difference}\n--- in pages: {search:#?}");
    }
}

async fn by_position(engine: &dyn Engine, index: &str, search: &Search, size: u64) -> Vec<Hit> {
    let mut all: Vec<Hit> = Vec::new();
    loop {
        let after = all.last().map(|hit| hit.position.clone());
        let page = Search { size, after, ..search.clone() };
        let hits = done(engine.search(index, &page).await, "a page").hits;
        assert!(hits.len() as u64 <= size, "a page is not larger than asked");
        if hits.is_empty() {
            return all;
        }
        all.extend(hits);
        assert!(all.len() < 10_000, "pages come to an end");
    }
}

async fn whole(mut pages: search::Pages) -> Vec<Hit> {
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = done(page, "a page");
        assert!(!page.is_empty(), "no page is empty");
        all.extend(page);
    }
    all
}

fn puts(ids: impl Iterator<Item = usize>, word: &str) -> Vec<Operation> {
    let put = |id: usize| Operation::Put {
        id: Some(id.to_string()),
        body: json!({"k": word, "n": id % 7}).to_string(),
    };
    ids.map(put).collect()
}

/// What is written after a walk began is not in it, and what was there is.
async fn while_writing(engine: &dyn Engine) {
    let index = "suite_paging_writing";
    done(engine.create(index, &definition()).await, "making an index");
    done(engine.write(index, puts(0..300, "old")).await, "writing");
    done(engine.refresh(index).await, "making visible");
    for sort in [vec![], vec![Sort { field: "n".into(), nested: None, descending: true }]] {
        let mut pages = done(engine.pages(index, &Query::All, &sort, &Source::All, 50).await, "pages");
        let first = pages.next().await.map(|page| done(page, "a page")).unwrap_or_default();
        let mut operations = puts(0..100, "new");
        operations.extend(puts(300..400, "new"));
        operations.extend((100..200).map(|id| Operation::Delete { id: id.to_string() }));
        done(engine.write(index, operations).await, "writing");
        done(engine.refresh(index).await, "making visible");
        let rest = whole(pages).await;
        let mut ids: Vec<usize> = first.iter().chain(&rest).filter_map(|hit| hit.id.parse().ok()).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..300).collect::<Vec<_>>(), "the documents are those of the beginning");
        assert!(first.iter().chain(&rest).all(|hit| hit.source["k"] == "old"), "as they were");
        // And back.
        let mut operations = puts(0..300, "old");
        operations.extend((300..400).map(|id| Operation::Delete { id: id.to_string() }));
        done(engine.write(index, operations).await, "writing");
        done(engine.refresh(index).await, "making visible");
    }
    // A walk that nobody ends.
    let mut pages = done(engine.pages(index, &Query::All, &[], &Source::None, 10).await, "pages");
    assert_eq!(pages.next().await.map(|page| done(page, "a page").len()), Some(10));
    drop(pages);
    done(engine.change_aliases(&[AliasChange::DeleteIndex { index: index.into() }]).await, "taking away");
}

/// On several shards, where an engine has such, nothing is lost and nothing comes twice.
async fn spread(engine: &dyn Engine) {
    let settings = json!({"index": {"number_of_shards": 3, "number_of_replicas": 0}});
    let settings = settings.as_object().cloned().unwrap_or_default();
    let definition = Definition { settings, ..definition() };
    done(engine.create(SPREAD, &definition).await, "making an index with settings");
    done(engine.write(SPREAD, puts(0..500, "word")).await, "writing");
    done(engine.refresh(SPREAD).await, "making visible");
    for sort in [vec![], vec![Sort { field: "n".into(), nested: None, descending: false }]] {
        for size in [7, 100] {
            let search = Search { sort: sort.clone(), ..Search::new(Query::All) };
            let by_position = by_position(engine, SPREAD, &search, size).await;
            let pages = engine.pages(SPREAD, &Query::All, &sort, &Source::All, size as usize).await;
            let pages = whole(done(pages, "pages")).await;
            for all in [by_position, pages] {
                let mut ids: Vec<usize> = all.iter().filter_map(|hit| hit.id.parse().ok()).collect();
                let order: Vec<_> = all.iter().map(|hit| hit.source["n"].as_u64()).collect();
                assert!(sort.is_empty() || order.is_sorted(), "they are sorted");
                ids.sort_unstable();
                assert_eq!(ids, (0..500).collect::<Vec<_>>(), "each document comes once, {sort:?}, {size}");
            }
        }
    }
    done(engine.change_aliases(&[AliasChange::DeleteIndex { index: SPREAD.into() }]).await, "taking away");
}
