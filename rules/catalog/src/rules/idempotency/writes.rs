//! What a handler writes, through all that it calls.

use rustc_hash::FxHashMap;
use svclint_model::{CallPath, Deed, FnId, Model, Role, SqlDeed, SqlKind, Tri, What, is_correlation_header};

/// What happens when a handler runs.
pub(super) struct Writes<'m> {
    /// The deeds of everything it reaches, with the function they stand in.
    pub(super) deeds: Vec<(FnId, &'m Deed)>,
    /// The way to each function.
    pub(super) ways: FxHashMap<FnId, CallPath>,
}

impl<'m> Writes<'m> {
    pub(super) fn of(model: &'m Model, handler: FnId) -> Writes<'m> {
        let ways = model.ways(&[handler], |_| true);
        let mut reached: Vec<&FnId> = ways.keys().collect();
        reached.sort();
        let deeds =
            reached.into_iter().flat_map(|id| model.function(*id).does.iter().map(|d| (*id, d))).collect();
        Writes { deeds, ways }
    }

    /// Statements of a kind, on tables that hold more than a trail of what happened.
    pub(super) fn sql(&self, kind: SqlKind) -> impl Iterator<Item = (FnId, &'m Deed, &'m SqlDeed)> {
        let of_kind = move |(id, deed): &(FnId, &'m Deed)| match &deed.what {
            What::Sql(sql) if sql.kind == kind && !is_trail(&sql.table) => Some((*id, *deed, sql)),
            _ => None,
        };
        self.deeds.iter().filter_map(of_kind)
    }

    pub(super) fn has_sql(&self, kind: SqlKind) -> bool {
        self.sql(kind).next().is_some()
    }

    /// Whether the rows of a table are removed before one is inserted: then a repeat puts it in the place of the first.
    pub(super) fn replaces(&self, model: &Model, in_fn: FnId, insert: &Deed, table: &str) -> bool {
        let always = |id: &FnId| self.ways.get(id).is_some_and(|way| !way.iter().any(|c| c.when.sometimes));
        self.sql(SqlKind::Delete).filter(|(.., sql)| sql.table == table).any(|(id, delete, _)| {
            match id == in_fn {
                true => model.function(id).course.dominates(delete.at, insert.at),
                false => !delete.when.sometimes && always(&id),
            }
        })
    }

    /// Whether a key that tells a repeat is read, or may be.
    pub(super) fn reads_key(&self) -> bool {
        self.deeds.iter().any(|(_, d)| match &d.what {
            // An id for logs and traces is new with every attempt.
            What::ReadHeader(Tri::Present(name)) => is_key(name) && !is_correlation_header(name),
            What::ReadHeader(_) => true,
            _ => false,
        })
    }
}

/// Rows that only tell what happened: doubled ones harm nobody, or are meant to be.
fn is_trail(table: &str) -> bool {
    ["log", "audit", "event", "history", "outbox", "metric", "trace", "attempt", "tombstone"]
        .iter()
        .any(|w| table.contains(w))
}

/// Names of headers and fields that tell a repeated request from a new one.
pub(super) fn is_key(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    [
        "idempot",
        "request_id",
        "requestid",
        "dedup",
        "nonce",
        "client_token",
        "external_id",
        "if_match",
        "reference",
        "correlation",
    ]
    .iter()
    .any(|w| name.contains(w))
}

/// Whether the handler's own parameters hold such a key, or an id that the caller chose.
pub(super) fn takes_key(model: &Model, handler: FnId) -> bool {
    model.function(handler).inputs.iter().any(|input| {
        let named = input.name.iter().chain(&input.types).any(|n| is_key(n));
        let is_body = matches!(input.role, Some(Role::Json | Role::Body));
        let field = |(name, ty): &(String, String)| {
            is_key(name) || is_body && (name == "id" || name.ends_with("_uuid")) && ty != "Option"
        };
        named || input.fields.iter().any(field)
    })
}

/// Whether a unique key other than a generated primary key covers a column of an `INSERT`. `Unknown` when no migration
/// tells of the table.
pub(super) fn unique_key(model: &Model, sql: &SqlDeed) -> Tri<()> {
    let Some(table) = model.tables.iter().find(|t| t.name == sql.table) else { return Tri::Unknown };
    if sql.columns.is_empty() {
        return Tri::Unknown;
    }
    let covers = |key: &Vec<String>| key.iter().all(|c| sql.columns.contains(c)) && key.as_slice() != ["id"];
    if table.unique.iter().any(covers) { Tri::Present(()) } else { Tri::Absent }
}
