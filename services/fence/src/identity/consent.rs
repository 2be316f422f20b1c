//! The proof that a user lets a client act for them.

use crate::{provider::authorization::Asked, store::users::User};

/// What a user said when they were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Yes,
    No,
    /// They have not been asked yet.
    Nothing,
}

/// Proof that a user lets a client act for them, as far as the client asked. Only [`decide`] makes one.
pub(crate) struct MayActFor {
    asked: Asked,
    user: User,
}

impl MayActFor {
    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(crate) fn user(&self) -> &User {
        &self.user
    }
}

/// What follows from a request and what the user said about it.
pub(crate) enum Decision {
    Granted(MayActFor),
    Refused(Asked),
    /// The user has to be asked, if the request allows that.
    Open(Asked, User),
}

/// Decides for a user who is logged in. For clients of the commons itself nobody is asked.
pub(crate) fn decide(asked: Asked, user: User, word: Word) -> Decision {
    match word {
        _ if asked.client.is_auto_approved => Decision::Granted(MayActFor { asked, user }),
        Word::Yes => Decision::Granted(MayActFor { asked, user }),
        Word::No => Decision::Refused(asked),
        Word::Nothing => Decision::Open(asked, user),
    }
}
