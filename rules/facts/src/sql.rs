//! What a SQL statement does. A statement that cannot be read says nothing.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, ColumnOption, Expr, FromTable, Ident, ObjectName,
    OnConflictAction, OnInsert, Query, SetExpr, SqliteOnConflict, Statement, TableConstraint, TableFactor,
    TableObject, Visit, Visitor, visit_relations,
};
use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlStatement {
    /// What kind it is.
    pub kind: SqlKind,
    /// The table, lower case, without quotes and schema; empty where there is none or several.
    pub table: String,
    /// The further tables that it reads: joined, in sub-queries, selected from.
    pub reads: Vec<String>,
}

/// The kinds of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlKind {
    /// Reads.
    Select,
    /// Adds rows.
    Insert {
        /// Whether repeating it is harmless by its own words: `ON CONFLICT`, `ON DUPLICATE KEY`, `IGNORE`, `REPLACE`, or rows
        /// that are selected where they do not exist yet.
        repeatable: bool,
        /// The columns it names.
        columns: Vec<String>,
    },
    /// Changes rows.
    Update {
        /// The columns set to a value made from themselves: `n = n + 1`.
        relative: Vec<String>,
        /// The columns that its `WHERE` compares.
        guarded_by: Vec<String>,
    },
    /// Removes rows.
    Delete,
    /// Begins, ends or changes something else.
    Other,
}

/// A table, or an index on one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlTable {
    /// Its name, lower case, without quotes and schema.
    pub name: String,
    /// The columns of each unique key, the primary key included.
    pub unique: Vec<Vec<String>>,
}

/// The tables and unique indexes that a migration makes. A file that cannot be read as a whole is read statement by
/// statement.
pub fn sql_tables(text: &str) -> Vec<SqlTable> {
    let whole = parse(text);
    let parts = || text.split(';').filter_map(parse).flatten().collect();
    whole.unwrap_or_else(parts).iter().filter_map(table).collect()
}

fn table(statement: &Statement) -> Option<SqlTable> {
    match statement {
        Statement::CreateTable(create) => {
            let mut unique = Vec::new();
            for column in &create.columns {
                let is_unique =
                    |o: &ColumnOption| matches!(o, ColumnOption::Unique(_) | ColumnOption::PrimaryKey(_));
                if column.options.iter().any(|o| is_unique(&o.option)) {
                    unique.push(vec![lower(&column.name)]);
                }
            }
            unique.extend(create.constraints.iter().filter_map(unique_columns));
            Some(SqlTable { name: table_name(&create.name), unique })
        }
        Statement::CreateIndex(index) if index.unique => {
            let columns = index.columns.iter().map(|c| c.column.expr.to_string().to_lowercase()).collect();
            Some(SqlTable { name: table_name(&index.table_name), unique: vec![columns] })
        }
        Statement::AlterTable(alter) => {
            let added = alter.operations.iter().filter_map(|o| match o {
                sqlparser::ast::AlterTableOperation::AddConstraint { constraint, .. } => {
                    unique_columns(constraint)
                }
                _ => None,
            });
            let unique: Vec<Vec<String>> = added.collect();
            (!unique.is_empty()).then(|| SqlTable { name: table_name(&alter.name), unique })
        }
        _ => None,
    }
}

fn unique_columns(constraint: &TableConstraint) -> Option<Vec<String>> {
    let columns = match constraint {
        TableConstraint::Unique(unique) => &unique.columns,
        TableConstraint::PrimaryKey(key) => &key.columns,
        _ => return None,
    };
    Some(columns.iter().map(|c| c.column.expr.to_string().trim_matches(['"', '`']).to_lowercase()).collect())
}

fn parse(text: &str) -> Option<Vec<Statement>> {
    let dialects: [&dyn Dialect; 4] =
        [&PostgreSqlDialect {}, &MySqlDialect {}, &SQLiteDialect {}, &GenericDialect {}];
    dialects.iter().find_map(|d| Parser::parse_sql(*d, text).ok())
}

/// Reads the statements of a text in the dialects that services use. `None` when it is no SQL that svclint can read.
pub fn sql_statements(text: &str) -> Option<Vec<SqlStatement>> {
    Some(parse(text)?.iter().map(statement).collect())
}

fn statement(statement: &Statement) -> SqlStatement {
    let (kind, table) = deed(statement);
    let reads = if kind == SqlKind::Other { Vec::new() } else { reads(statement, &table) };
    SqlStatement { kind, table, reads }
}

/// The further tables that a statement speaks of: joined, in sub-queries, selected from.
fn reads(statement: &Statement, table: &str) -> Vec<String> {
    let mut named = Vec::new();
    let _ = visit_relations(statement, |name| {
        named.push(table_name(name));
        ControlFlow::<()>::Continue(())
    });
    let mut own = Named::default();
    let _ = statement.visit(&mut own);
    let mut found: Vec<String> = Vec::new();
    for name in named {
        if !name.is_empty() && name != table && !own.0.contains(&name) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The names that a statement itself gives to queries: `WITH recent AS (..)`.
#[derive(Default)]
struct Named(Vec<String>);

impl Visitor for Named {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.0.extend(query.with.iter().flat_map(|w| &w.cte_tables).map(|cte| lower(&cte.alias.name)));
        ControlFlow::Continue(())
    }
}

/// What a statement does, and to which table.
fn deed(statement: &Statement) -> (SqlKind, String) {
    match statement {
        Statement::Query(query) => match query.body.as_ref() {
            // `WITH .. INSERT ..` is a query to the parser.
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => deed(inner),
            _ => {
                let writes = query.with.iter().flat_map(|w| &w.cte_tables).find_map(|cte| {
                    match cte.query.body.as_ref() {
                        SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => {
                            Some(deed(inner))
                        }
                        _ => None,
                    }
                });
                writes.unwrap_or_else(|| (SqlKind::Select, selected_from(&query.body)))
            }
        },
        Statement::Insert(insert) => {
            let on = insert
                .on
                .as_ref()
                .is_some_and(|on| matches!(on, OnInsert::DuplicateKeyUpdate(_) | OnInsert::OnConflict(_)));
            let or = insert
                .or
                .as_ref()
                .is_some_and(|or| matches!(or, SqliteOnConflict::Ignore | SqliteOnConflict::Replace));
            let selected = insert.source.as_ref().is_some_and(|source| match source.body.as_ref() {
                SetExpr::Select(select) => select.selection.as_ref().is_some_and(has_not_exists),
                _ => false,
            });
            let table = match &insert.table {
                TableObject::TableName(name) => table_name(name),
                _ => String::new(),
            };
            // `ON CONFLICT .. DO UPDATE SET n = t.n + 1` counts a repeat as well.
            let relative = relative(conflict_assignments(insert.on.as_ref()));
            if !relative.is_empty() {
                return (SqlKind::Update { relative, guarded_by: Vec::new() }, table);
            }
            let repeatable = on || or || insert.ignore || insert.replace_into || selected;
            let columns = insert.columns.iter().map(table_name).collect();
            (SqlKind::Insert { repeatable, columns }, table)
        }
        Statement::Merge { .. } => (SqlKind::Insert { repeatable: true, columns: Vec::new() }, String::new()),
        Statement::Update(update) => {
            let mut guarded_by = Vec::new();
            if let Some(selection) = &update.selection {
                columns(selection, &mut guarded_by);
            }
            let kind = SqlKind::Update { relative: relative(&update.assignments), guarded_by };
            (kind, factor_name(&update.table.relation))
        }
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            let table = from.first().map(|t| factor_name(&t.relation)).unwrap_or_default();
            (SqlKind::Delete, table)
        }
        _ => (SqlKind::Other, String::new()),
    }
}

/// What an `INSERT` sets where the row is already there.
fn conflict_assignments(on: Option<&OnInsert>) -> &[Assignment] {
    match on {
        Some(OnInsert::DuplicateKeyUpdate(assignments)) => assignments,
        Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
            OnConflictAction::DoUpdate(update) => &update.assignments,
            OnConflictAction::DoNothing => &[],
        },
        _ => &[],
    }
}

/// The columns that are set to a value made from themselves.
fn relative(assignments: &[Assignment]) -> Vec<String> {
    let column = |a: &Assignment| match &a.target {
        AssignmentTarget::ColumnName(column) => {
            Some(table_name(column)).filter(|column| is_relative(&a.value, column))
        }
        AssignmentTarget::Tuple(_) => None,
    };
    assignments.iter().filter_map(column).collect()
}

/// The first table that a query reads.
fn selected_from(body: &SetExpr) -> String {
    match body {
        SetExpr::Select(select) => {
            select.from.first().map(|from| factor_name(&from.relation)).unwrap_or_default()
        }
        SetExpr::Query(query) => selected_from(&query.body),
        SetExpr::SetOperation { left, .. } => selected_from(left),
        _ => String::new(),
    }
}

fn table_name(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(lower).unwrap_or_default()
}

fn lower(ident: &Ident) -> String {
    ident.value.to_lowercase()
}

fn factor_name(factor: &TableFactor) -> String {
    if let TableFactor::Table { name, .. } = factor { table_name(name) } else { String::new() }
}

/// `n + 1`, `n - $1`, `n || x` for the column `n`.
fn is_relative(value: &Expr, column: &str) -> bool {
    match value {
        Expr::BinaryOp { left, op, right } => {
            let arithmetic =
                matches!(op, BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply);
            arithmetic
                && [left, right].into_iter().any(|side| is_column(side, column) || is_relative(side, column))
        }
        Expr::Nested(inner) => is_relative(inner, column),
        _ => false,
    }
}

fn is_column(value: &Expr, column: &str) -> bool {
    match value {
        Expr::Identifier(ident) => lower(ident) == column,
        Expr::CompoundIdentifier(words) => words.last().is_some_and(|w| lower(w) == column),
        Expr::Nested(inner) => is_column(inner, column),
        _ => false,
    }
}

fn columns(condition: &Expr, found: &mut Vec<String>) {
    match condition {
        Expr::BinaryOp { left, right, .. } => {
            columns(left, found);
            columns(right, found);
        }
        Expr::Nested(inner)
        | Expr::UnaryOp { expr: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner) => {
            columns(inner, found);
        }
        Expr::Identifier(ident) => found.push(lower(ident)),
        Expr::CompoundIdentifier(words) => found.extend(words.last().map(lower)),
        _ => {}
    }
}

fn has_not_exists(condition: &Expr) -> bool {
    match condition {
        Expr::Exists { negated, .. } => *negated,
        Expr::UnaryOp { expr, .. } => matches!(**expr, Expr::Exists { .. }),
        Expr::BinaryOp { left, right, .. } => has_not_exists(left) || has_not_exists(right),
        Expr::Nested(inner) => has_not_exists(inner),
        _ => false,
    }
}
