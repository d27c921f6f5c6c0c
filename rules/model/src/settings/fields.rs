//! The variables that a type is read from by the names of its fields: `APP_` and `url` are `APP_URL`.

use rustc_hash::FxHashSet;
use svclint_facts::rust::{AttrArg, Field, Fields, Lit};
use svclint_knowledge::{Action, FieldWords};

use crate::bodies::BodyOwner;
use crate::defs::AdtId;
use crate::impls::Key;
use crate::place::Tri;
use crate::system::Setting;
use crate::tracer::{At, Tracer};
use crate::ty::{Env, Ty};

/// How deep fields of fields are read.
const DEPTH: u32 = 4;
/// How many variables one type may have.
const MOST: usize = 200;

/// The variables that begin with a prefix and are fields of the type that is read here.
pub(super) fn read(tracer: &Tracer<'_>, at: At, prefix: &str, joint: &str) -> Vec<Setting> {
    let Some((id, words)) = target(tracer, at) else { return Vec::new() };
    let joins = !prefix.is_empty() && !prefix.ends_with(joint);
    let prefix = if joins { format!("{prefix}{joint}") } else { prefix.to_owned() };
    let reader = Reader { tracer, words, separator: separator(tracer, at) };
    let mut found = Vec::new();
    reader.fields(id, &prefix.to_uppercase(), 0, &mut found);
    found
}

/// The only type made of what comes from outside that a body's calls of libraries give, or that its function returns.
fn target<'a>(tracer: &Tracer<'a>, at: At) -> Option<(AdtId, &'a FieldWords)> {
    let given = tracer
        .calls(at.body)
        .filter(|call| tracer.callable(*call).is_some())
        .map(|call| tracer.ty(call).clone());
    let mut found: FxHashSet<AdtId> =
        given.filter_map(|ty| adt(&ty)).filter(|id| words(tracer, *id).is_some()).collect();
    if found.is_empty()
        && let BodyOwner::Fn(function) = tracer.body(at.body).owner
    {
        let returned = tracer.program.returned(function, &[], None, &[]);
        found.extend(adt(&returned).filter(|id| words(tracer, *id).is_some()));
    }
    let only = found.iter().next().copied().filter(|_| found.len() == 1)?;
    Some((only, words(tracer, only)?))
}

/// The type behind results, futures and pointers.
fn adt(ty: &Ty) -> Option<AdtId> {
    let mut ty = ty;
    for _ in 0..4 {
        match ty {
            Ty::Adt(id, _) => return Some(*id),
            Ty::Lib(_, args) => ty = args.first()?,
            _ => return None,
        }
    }
    None
}

/// How the names of a type's fields are changed, where it is read by them.
fn words<'a>(tracer: &Tracer<'a>, id: AdtId) -> Option<&'a FieldWords> {
    let program = tracer.program;
    let view = program.names.view(program.defs.adts.get(id.at())?.home.module)?;
    let traits = program.impls.library_traits(&Key::Adt(id)).iter();
    let made = traits.filter_map(|path| view.type_entry(path).filter(|entry| entry.outside));
    made.filter_map(|entry| entry.field_words.as_ref()).next()
}

/// What the chain around a call says that stands between names; without it fields of fields are not reached.
fn separator(tracer: &Tracer<'_>, at: At) -> Option<String> {
    let mut outer = Some(at);
    for _ in 0..12 {
        let here = outer?;
        let said = tracer.actions(here).iter().find_map(|action| match action {
            Action::EnvSeparator { value } => tracer.arg(here, *value),
            _ => None,
        });
        if let Some(value) = said {
            let text = tracer.text(value);
            return text.complete.then_some(text.text);
        }
        outer = tracer.parent(here).filter(|parent| tracer.receiver(*parent) == Some(here));
    }
    None
}

struct Reader<'t, 'a> {
    tracer: &'t Tracer<'a>,
    words: &'a FieldWords,
    separator: Option<String>,
}

impl Reader<'_, '_> {
    fn fields(&self, id: AdtId, prefix: &str, depth: u32, found: &mut Vec<Setting>) {
        let program = self.tracer.program;
        let Some(adt) = program.defs.adts.get(id.at()).filter(|a| !a.is_enum()) else { return };
        let env = Env {
            module: adt.home.module,
            generics: [Some(adt.generics()), None],
            self_ty: None,
            block: None,
        };
        let named = adt.variants().filter_map(|(_, fields)| match fields {
            Fields::Named(list) => Some(list),
            _ => None,
        });
        for field in named.flatten() {
            let Some(name) = self.name(field) else { continue };
            let full = format!("{prefix}{}", name.to_uppercase());
            let inner =
                self::adt(&program.names.ty(&env, &field.ty)).filter(|id| words(self.tracer, *id).is_some());
            match (inner, &self.separator) {
                (Some(inner), Some(separator)) if depth < DEPTH => {
                    self.fields(inner, &format!("{full}{}", separator.to_uppercase()), depth + 1, found);
                }
                (Some(_), _) => {}
                (None, _) if found.len() < MOST => found.push(Setting {
                    name: Tri::Present(full),
                    prefixed: false,
                    // A file or the type itself may have one.
                    default: Tri::Unknown,
                    required: false,
                    panics: false,
                    handed_on: false,
                    argument: false,
                    fallback_at: None,
                    at: adt.home.place(field.span),
                }),
                (None, _) => {}
            }
        }
    }

    /// The name that a field is read by; `None` where it has none of its own.
    fn name(&self, field: &Field) -> Option<String> {
        let mut name = field.name.to_string();
        let own = field.attrs.iter().filter(|a| a.path.last() == self.words.attribute);
        for arg in own.flat_map(|a| &a.args) {
            match arg {
                AttrArg::Pair(key, Lit::Str(text), _) if *key == self.words.rename => name.clone_from(text),
                AttrArg::Nested(path, _) if self.words.is_unnamed(path.last()) => {
                    return None;
                }
                _ => {}
            }
        }
        Some(name)
    }
}
