//! Datasets, as catalogues other than the index name what is archived: which files they are.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    archive::Archive,
    fault::Fault,
    order::{MOST_IN_SET, Selector},
    plan::Unplanned,
    store::items,
};

impl Archive {
    /// The files of a dataset: its name is the GUID of a file, that of a bundle, or a project as in
    /// `program-project`, and is looked for in this order. Of its files only those of `names`, if there are
    /// some: each is the name of a file in the dataset, or a GUID.
    ///
    /// # Errors
    /// [`Unplanned::Invalid`] for a dataset or a file that there is not.
    pub async fn dataset(&self, name: &str, names: &[String]) -> Result<Selector, Unplanned> {
        let selector = self.named_selector(name).await?.normal().map_err(Unplanned::Invalid)?;
        if names.is_empty() {
            return Ok(selector);
        }
        Ok(self.files_in(&selector, names).await?)
    }

    async fn named_selector(&self, name: &str) -> Result<Selector, Fault> {
        let name = name.to_owned();
        if !self.index.get_many(std::slice::from_ref(&name)).await?.is_empty() {
            return Ok(Selector::Guids(vec![name]));
        }
        if self.index.bundle(&name).await?.is_some() {
            return Ok(Selector::Bundle(name));
        }
        if name.contains('-') {
            return Ok(Selector::Project(name));
        }
        Err(Fault::user("there is no file, bundle or project of this name"))
    }

    async fn files_in(&self, selector: &Selector, names: &[String]) -> Result<Selector, Fault> {
        let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
        let source = self.source(selector).await?;
        let (mut guids, mut found, mut next) = (Vec::new(), HashSet::new(), None::<String>);
        loop {
            let page = self.page(&source, next.as_deref()).await?;
            for record in page.records {
                let of_record = [Some(record.did.as_str()), record.file_name.as_deref()];
                let name = of_record.into_iter().flatten().find_map(|name| wanted.get(name));
                if let Some(name) = name {
                    found.insert(*name);
                    guids.push(record.did.clone());
                }
            }
            if guids.len() > MOST_IN_SET {
                return Err(Fault::user(format!("at most {MOST_IN_SET} files are named at once")));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        if let Some(missing) = names.iter().find(|name| !found.contains(name.as_str())) {
            return Err(Fault::user(format!("it has no file {missing:?}")));
        }
        Selector::Guids(guids).normal().map_err(Fault::User)
    }

    /// How many files of these runs are in each state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts_of(&self, runs: &[Uuid]) -> Result<HashMap<Uuid, Vec<(String, i64)>>, sqlx::Error> {
        let rows = items::counts_of(&mut *self.pool.acquire().await?, runs).await?;
        let mut counts: HashMap<Uuid, Vec<(String, i64)>> = HashMap::new();
        for (run, state, files) in rows {
            counts.entry(run).or_default().push((state, files));
        }
        Ok(counts)
    }
}
