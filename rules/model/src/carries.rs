//! What middleware does for the requests that pass it.

use svclint_knowledge::{Action, Carries};

use crate::tracer::{At, Tracer};
use crate::ty::Ty;

impl Tracer<'_> {
    /// What a layer or middleware does for the requests that pass: told by its type, or by the calls that made it.
    pub(crate) fn carries(&self, at: At) -> Option<Carries> {
        self.all_carried(at).into_iter().next()
    }

    /// The same, for stacks of layers.
    pub(crate) fn all_carried(&self, at: At) -> Vec<Carries> {
        let view = self.program.names.view(self.module(at.body));
        let of_type = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.carries);
        let mut found: Vec<Carries> = of_type(self.ty(at)).into_iter().collect();
        let trace = self.trace(at, &|_| false);
        for step in &trace.steps {
            found.extend(of_type(self.ty(step.at)));
            for action in self.actions(step.at) {
                match action {
                    Action::Carries(carries) => found.push(*carries),
                    Action::Layer { value, .. } => {
                        let layer = self.arg(step.at, *value).filter(|a| *a != at);
                        found.extend(layer.and_then(|a| of_type(self.ty(a))));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}
