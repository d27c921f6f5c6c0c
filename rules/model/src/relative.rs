//! Updates that count: a column whose new value is made from its old one, written with a query builder.

use svclint_facts::rust::{BinOp, ExprId, ExprKind};
use svclint_knowledge::Action;

use crate::bodies::children;
use crate::trace::Step;
use crate::tracer::{At, Tracer};

/// Whether a column only tells versions apart: `SET version = version + 1 .. WHERE version = $1` refuses a repeat by
/// itself, and one that only counts changes harms nobody.
pub(crate) fn is_guard(column: &str) -> bool {
    ["version", "revision", "etag", "updated_at", "lock_version"].iter().any(|g| column.contains(g))
}

/// Whether the steps of a statement set some column to its old value plus something, and no version guards it.
pub(crate) fn counts(tracer: &Tracer<'_>, steps: &[Step]) -> bool {
    let columns: Vec<String> = steps.iter().flat_map(|step| relative(tracer, step.at)).collect();
    !columns.is_empty() && !columns.iter().any(|column| is_guard(column))
}

/// The columns that a call sets to a value made from themselves.
fn relative(tracer: &Tracer<'_>, call: At) -> Vec<String> {
    let mut found = Vec::new();
    for action in tracer.actions(call) {
        let Action::Assigns { column, value, pair } = action else { continue };
        let Some(value) = tracer.arg(call, *value) else { continue };
        match (column, pair) {
            (Some(column), _) => {
                let column = tracer.arg(call, *column).and_then(|at| column_name(tracer, at));
                found.extend(column.filter(|column| is_made_from(tracer, value, column)));
            }
            (None, Some(pair)) => pairs(tracer, value, pair, &mut found),
            (None, None) => {}
        }
    }
    found
}

/// `balance.eq(balance + amount)`, or a tuple with such.
fn pairs(tracer: &Tracer<'_>, at: At, pair: &str, found: &mut Vec<String>) {
    match tracer.kind(at) {
        ExprKind::Tuple(parts) => {
            parts.iter().for_each(|part| pairs(tracer, At { expr: *part, ..at }, pair, found));
        }
        ExprKind::MethodCall { receiver, method, args, .. } if method == pair => {
            let column = column_name(tracer, At { expr: *receiver, ..at });
            let value = args.first().map(|value| At { expr: *value, ..at });
            if let (Some(column), Some(value)) = (column, value) {
                found.extend(is_made_from(tracer, value, &column).then_some(column));
            }
        }
        _ => {}
    }
}

/// The name of a column as query builders write it: `balance`, `accounts::balance`, `Column::Balance`.
fn column_name(tracer: &Tracer<'_>, at: At) -> Option<String> {
    match tracer.kind(at) {
        ExprKind::Path(path) => Some(path.last().to_lowercase()),
        _ => None,
    }
}

/// Whether a value is computed with a column: `balance + amount`, `Expr::col(Column::Balance).add(1)`.
fn is_made_from(tracer: &Tracer<'_>, value: At, column: &str) -> bool {
    let here = |expr: ExprId| At { expr, ..value };
    match tracer.kind(value) {
        ExprKind::Binary { op: BinOp::Add | BinOp::Sub | BinOp::Mul, left, right } => {
            speaks_of(tracer, here(*left), column) || speaks_of(tracer, here(*right), column)
        }
        // The operators' methods of `std::ops`.
        ExprKind::MethodCall { receiver, method, .. } if matches!(method.as_str(), "add" | "sub" | "mul") => {
            speaks_of(tracer, here(*receiver), column)
        }
        _ => false,
    }
}

fn speaks_of(tracer: &Tracer<'_>, at: At, column: &str) -> bool {
    if column_name(tracer, at).is_some_and(|name| name == column) {
        return true;
    }
    let mut found = false;
    children(tracer.kind(at), &mut |expr| found = found || speaks_of(tracer, At { expr, ..at }, column));
    found
}
