//! The types of a body's expressions. Many are alike: each is kept once.

use rustc_hash::FxHashMap;
use svclint_facts::rust::ExprId;

use crate::ty::Ty;

/// The types of all expressions of a body.
#[derive(Default)]
pub(crate) struct ExprTypes {
    distinct: Box<[Ty]>,
    /// By expression: which of them.
    of: Box<[u32]>,
}

impl ExprTypes {
    pub(crate) fn new(types: Vec<Ty>) -> ExprTypes {
        let mut numbers: FxHashMap<Ty, u32> = FxHashMap::default();
        let mut distinct = Vec::new();
        let number = |ty: Ty| {
            *numbers.entry(ty).or_insert_with_key(|ty| {
                distinct.push(ty.clone());
                distinct.len() as u32 - 1
            })
        };
        let of = types.into_iter().map(number).collect();
        ExprTypes { of, distinct: distinct.into() }
    }

    pub(crate) fn get(&self, id: ExprId) -> &Ty {
        let number = self.of.get(id.0 as usize);
        number.and_then(|n| self.distinct.get(*n as usize)).unwrap_or(&Ty::Unknown)
    }

    /// Every type that some expression has, once.
    pub(crate) fn distinct(&self) -> &[Ty] {
        &self.distinct
    }
}
