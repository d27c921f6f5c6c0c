//! What library APIs do, as data: one TOML page per library under `libraries/`.
//!
//! A page says which paths exist, what each call returns (enough to type a method chain) and what it does, in the
//! vocabulary of [`Action`]. Rules and model never name a library path in code: a new library is a new page.
#![forbid(unsafe_code)]

mod action;
pub mod images;
mod limit;
mod load;
mod page;
mod template;
mod view;

pub use action::{
    Access, Action, Call, Carries, Covers, Effect, MakeClient, Protocol, Role, Signal, Switch, SwitchField,
};
pub use limit::{Limit, LimitDefault};
pub use load::{KnowledgeError, built_in, load_page, read_toml, shipped};
pub use page::{
    Attribute, Callable, EnvAttribute, FieldWords, FieldWrite, Generated, GlobalUser, Library, ListedIn,
    MacroEntry, OneOrMany, Otherwise, Page, PathSyntax, TypeEntry,
};
pub use template::{Template, TemplateError};
pub use view::{DeclaredLink, GENERATED, Knowledge, View};

#[cfg(test)]
mod tests;
