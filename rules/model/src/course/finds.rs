//! Whether a condition holds when what was asked for is there.

use svclint_facts::rust::{BinOp, Body, ExprId, ExprKind, Lit, UnOp};

/// By the last word of a pattern.
pub(super) fn by_pattern(word: &str) -> Option<bool> {
    match word {
        "Some" => Some(true),
        "None" => Some(false),
        _ => None,
    }
}

/// By an expression: `row.is_some()`, `!exists`, `count == 0`.
pub(super) fn finds(body: &Body, condition: ExprId) -> Option<bool> {
    match &body.expr(condition).kind {
        ExprKind::MethodCall { receiver, method, .. } => match method.as_str() {
            "is_some" => Some(true),
            "is_none" | "is_empty" => Some(false),
            "unwrap_or" | "unwrap_or_default" | "unwrap" | "expect" => finds(body, *receiver),
            _ => None,
        },
        ExprKind::Unary(UnOp::Not, inner) => finds(body, *inner).map(|found| !found),
        // A truth value that has a name, or that a call gave.
        ExprKind::Path(_) => Some(true),
        ExprKind::Await(inner) | ExprKind::Try(inner) => match &body.expr(*inner).kind {
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => Some(true),
            _ => finds(body, *inner),
        },
        ExprKind::Binary { op, right, .. } => {
            let ExprKind::Lit(Lit::Int(Some(number))) = &body.expr(*right).kind else { return None };
            match (op, number) {
                (BinOp::Eq, 0) | (BinOp::Lt, 1) => Some(false),
                (BinOp::Gt | BinOp::Ne, 0) | (BinOp::Ge, 1) => Some(true),
                _ => None,
            }
        }
        _ => None,
    }
}
