//! What becomes of the answers to requests.

use std::collections::BTreeMap;

use crate::place::{Place, Tri};

/// What becomes of the answer to a request.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What looks at its status. `Absent` only where all that is done with it could be seen.
    pub status: Tri<Place>,
    /// Where it is taken for a success.
    pub taken: Option<Taken>,
    /// Code of the request's library for fixes, by what it is for.
    pub snippets: BTreeMap<String, String>,
}

/// Where an answer is taken for a success.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The call that reads it, or what drops it.
    pub at: Place,
    /// What is done with it.
    pub how: Taking,
    /// What gives it, or an error: `request.send().await`. `None` where more stands around that.
    pub result: Option<Place>,
    /// The `?` that takes it out of that, where one stands right behind.
    pub question: Option<Place>,
}

/// How an answer is taken for a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It is read; the name of the type that it is read as, where it is one of the workspace.
    Read(Option<String>),
    /// It is read as something that tells by itself whether it is a failure, or may.
    ReadWithError,
    /// Nobody reads it: that there was one is enough.
    Dropped,
}

/// A header that tells a repeated request from a new one, with a value that is made for it.
#[derive(Clone, Debug)]
pub struct FreshKey {
    /// Its name, in lower case.
    pub header: String,
    /// The value that the header gets.
    pub value: Place,
    /// The call that makes another value every time.
    pub fresh: Place,
    /// How it could be made before a loop that tries again, where nothing of the loop has a part in it.
    pub hoist: Option<Hoist>,
}

/// A value that could be made before a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hoist {
    /// What makes it.
    pub value: Place,
    /// The statement that gives it to a variable, from `let` to `;`, where one does.
    pub statement: Option<Place>,
    /// The loop.
    pub before: Place,
}
