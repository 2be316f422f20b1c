//! What the service does.

use chrono::Utc;

use crate::{
    access::Owner,
    error::Error,
    folder::{File, Kind},
    input, names,
    service::Manifests,
};

impl Manifests {
    /// All files of one kind, oldest first.
    ///
    /// # Errors
    /// 400 when there are too many: an answer is whole or refused, and never cut.
    pub(crate) async fn list(&self, owner: &Owner, kind: Kind) -> Result<Vec<File>, Error> {
        let files = self.files(owner, kind).await?;
        if files.len() > self.config.most_files {
            return Err(Error::bad(format!("there are more than {} files", self.config.most_files)));
        }
        Ok(files)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// 400 for a name that does not end in `json`, 404.
    pub(crate) async fn text(&self, owner: &Owner, kind: Kind, name: &str) -> Result<String, Error> {
        if !name.ends_with("json") {
            return Err(Error::bad(
                "Incorrect usage. You can only use this pathway to request files of type JSON.",
            ));
        }
        if !names::is_file_name(name) {
            return Err(Error::NotFound("there is no such file"));
        }
        Ok(input::answered(self.read(owner, kind, name).await?))
    }

    /// Writes a new file and returns its name, which tells the time.
    ///
    /// # Errors
    /// 400 when there are enough files.
    pub(crate) async fn keep(&self, owner: &Owner, kind: Kind, text: String) -> Result<String, Error> {
        self.make_sure_of_room(owner, kind).await?;
        let name = kind.file_name(Utc::now());
        self.write(owner, kind, &name, text).await?;
        Ok(name)
    }

    /// Notes the GUID of a cohort.
    ///
    /// # Errors
    /// 400 when there are enough of them.
    pub(crate) async fn keep_cohort(&self, owner: &Owner, guid: &str) -> Result<(), Error> {
        self.make_sure_of_room(owner, Kind::Cohort).await?;
        self.write(owner, Kind::Cohort, guid, String::new()).await
    }

    async fn make_sure_of_room(&self, owner: &Owner, kind: Kind) -> Result<(), Error> {
        let most = self.config.most_files;
        if self.files(owner, kind).await?.len() >= most {
            return Err(Error::bad(format!("there are {most} files already")));
        }
        Ok(())
    }
}
