//! Clients behind a lock that they do not need.

use svclint_facts::rust::ExprKind;
use svclint_knowledge::{Action, Effect, Role};

use crate::bodies::BodyId;
use crate::system::{Deed, Held, What, When};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// The locks of a body that hold a client for themselves while its answer is waited for.
pub(crate) fn locked_clients(tracer: &Tracer<'_>, body: BodyId, held: &[(At, Held)]) -> Vec<Deed> {
    let locks = tracer.calls(body).filter(|call| is_exclusive(tracer, *call));
    let deed = |call: At| {
        let held = held.iter().find(|(lock, _)| *lock == call)?.1.clone();
        let client = shared_client(tracer, tracer.receiver(call)?)?;
        Some(Deed {
            what: What::LockedClient { client, held },
            at: tracer.place(call),
            when: When::default(),
        })
    };
    locks.filter_map(deed).collect()
}

/// Whether a call takes a lock that nobody else has at the same time.
fn is_exclusive(tracer: &Tracer<'_>, call: At) -> bool {
    let locks = tracer.actions(call).iter().any(|a| matches!(a, Action::Effect(Effect::Lock)));
    let reads = |method: &str| method.starts_with("read") || method.starts_with("try_read");
    locks && matches!(tracer.kind(call), ExprKind::MethodCall { method, .. } if !reads(method))
}

/// The client that a lock holds, where its clones share what it holds: behind pointers, and in nothing else.
fn shared_client(tracer: &Tracer<'_>, lock: At) -> Option<String> {
    let view = tracer.program.names.view(tracer.module(lock.body))?;
    let mut ty = tracer.ty(lock);
    for _ in 0..8 {
        let Ty::Lib(path, args) = ty else { return None };
        let entry = view.type_entry(path)?;
        match entry.is {
            Some(Role::Pointer | Role::State) => ty = args.first()?,
            _ => {
                let one_writer = |arg: &Ty| {
                    arg.lib_path().and_then(|p| view.type_entry(p)).is_some_and(|entry| entry.one_writer)
                };
                return (entry.shared && !args.iter().any(one_writer)).then(|| shown(path));
            }
        }
    }
    None
}

/// The last word of a type's path: `Client`.
fn shown(path: &str) -> String {
    path.rsplit("::").next().unwrap_or(path).to_owned()
}
