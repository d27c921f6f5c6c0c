//! Limits that are taken away, or set so high that they limit nothing.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Carries, Limit, Role};

use crate::duration::nanoseconds;
use crate::infer::{LocalId, Target};
use crate::links::Origin;
use crate::system::{LimitWay, What};
use crate::tracer::{At, Tracer};

/// A time limit of this many nanoseconds, an hour, is none for somebody who waits.
const LONG: i128 = 3_600_000_000_000;
/// As many bytes as this, a gibibyte, are none for what keeps them in memory.
const LARGE: u64 = 1 << 30;

/// What a call does to a limit by one of its actions, where that leaves none.
pub(crate) fn unlimited(tracer: &Tracer<'_>, call: At, action: &Action) -> Option<What> {
    match action {
        Action::DropLimit { limit } if is_of_interest(*limit) && !asks(tracer, call) => {
            Some(What::Unlimited { limit: *limit, to: None, value: None, way: way(tracer, call, 0) })
        }
        Action::SetLimit { limit, value: Some(value), .. } if is_of_interest(*limit) => {
            let given = tracer.arg(call, *value)?;
            let to = without_end(tracer, *limit, given)?;
            let way = way(tracer, call, *value);
            let is_request = match way {
                _ if *limit != Limit::BodySize => true,
                LimitWay::Call => is_of_request(tracer, tracer.arg(call, 0)?),
                _ => !is_of_client(tracer, call),
            };
            let value = Some(tracer.place(given));
            is_request.then_some(What::Unlimited { limit: *limit, to, value, way })
        }
        Action::ReadWhole
            if is_of_request(tracer, tracer.receiver(call).or_else(|| tracer.arg(call, 0))?) =>
        {
            Some(What::Unlimited { limit: Limit::BodySize, to: None, value: None, way: LimitWay::Call })
        }
        _ => None,
    }
}

/// Whether a call makes a layer that limits bodies.
pub(crate) fn limits_bodies(tracer: &Tracer<'_>, call: At) -> bool {
    let view = tracer.program.names.view(tracer.module(call.body));
    let entry = tracer.ty(call).lib_path().and_then(|path| view?.type_entry(path));
    entry.is_some_and(|e| e.carries == Some(Carries::BodyLimit))
}

/// A call with something in front of the limit does what it limits.
fn way(tracer: &Tracer<'_>, call: At, value: u8) -> LimitWay {
    match tracer.role(call.body, tracer.ty(call)) {
        Some(Role::Layer) => LimitWay::Layer,
        _ if value > 0 => LimitWay::Call,
        _ => LimitWay::Configuration,
    }
}

/// Whether a limit is one of answers, on the side that asks.
fn is_of_client(tracer: &Tracer<'_>, call: At) -> bool {
    let Some(receiver) = tracer.receiver(call) else { return false };
    let reads = tracer.actions(receiver).iter().any(|a| matches!(a, Action::ReadAnswer));
    let role = tracer.role(receiver.body, tracer.ty(receiver));
    reads || matches!(role, Some(Role::Client | Role::ClientBuilder | Role::Request | Role::Response))
}

fn is_of_interest(limit: Limit) -> bool {
    is_of_time(limit) || limit == Limit::BodySize
}

/// Limits of how long something is waited for.
fn is_of_time(limit: Limit) -> bool {
    use Limit::{Connect, Delivery, Handler, Head, ReadIdle, ServerHead, Statement, Tls, Total, Write};
    matches!(
        limit,
        Connect | Delivery | Handler | Head | ReadIdle | ServerHead | Statement | Tls | Total | Write
    )
}

/// A call that asks for something has the limits that it has: nobody takes one away.
fn asks(tracer: &Tracer<'_>, call: At) -> bool {
    tracer.actions(call).iter().any(|a| matches!(a, Action::Call(_) | Action::MakeClient(_)))
}

/// What a limit is set to that limits nothing; `Some(None)` for one that is taken away.
fn without_end(tracer: &Tracer<'_>, limit: Limit, value: At) -> Option<Option<String>> {
    if tracer.is_none(value) {
        return (limit != Limit::BodySize).then_some(None);
    }
    if let ExprKind::Path(path) = tracer.kind(value)
        && path.last() == "MAX"
        && path.segments.len() > 1
    {
        return Some(Some(path.text()));
    }
    let inner = match tracer.kind(value) {
        ExprKind::Call { args, .. } if args.len() == 1 => At { body: value.body, expr: *args.first()? },
        _ => value,
    };
    // `Some(Duration::MAX)`
    if inner != value && tracer.ty(inner).lib_path().is_some_and(|p| p.ends_with("Duration")) {
        return without_end(tracer, limit, inner);
    }
    let text = tracer.text(value);
    let is_long = match limit {
        Limit::BodySize => text.text.parse::<u64>().is_ok_and(|bytes| bytes >= LARGE),
        _ => nanoseconds(&text).is_some_and(|length| length >= LONG),
    };
    (is_long && text.complete).then_some(Some(text.text))
}

/// Whether a body is the one of a request that came in: taken out of it, or a parameter that nobody here gives.
fn is_of_request(tracer: &Tracer<'_>, body: At) -> bool {
    let is_request = |at: At| {
        let role = tracer.role(at.body, tracer.ty(at));
        role == Some(Role::IncomingRequest)
    };
    match tracer.kind(body) {
        ExprKind::MethodCall { receiver, .. } => is_request(At { body: body.body, expr: *receiver }),
        ExprKind::Path(_) => match tracer.types_of(body.body).targets.get(&body.expr) {
            Some(Target::Local(local)) => local_of_request(tracer, body, *local, &is_request),
            _ => false,
        },
        _ => false,
    }
}

fn local_of_request(tracer: &Tracer<'_>, at: At, local: LocalId, is_request: &dyn Fn(At) -> bool) -> bool {
    match tracer.origins(at.body, local) {
        // `let (parts, body) = request.into_parts();`
        Some([Origin::Expr(value, _)]) => tracer.receiver(*value).is_some_and(is_request),
        Some([Origin::Param(_)]) => match tracer.body(at.body).owner {
            crate::bodies::BodyOwner::Fn(function) => tracer.calls_of(function).is_empty(),
            crate::bodies::BodyOwner::Const(_) => false,
        },
        _ => false,
    }
}
