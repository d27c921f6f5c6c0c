//! The variables that fields of argument parsers are read from.

use rustc_hash::{FxHashMap, FxHashSet};
use svclint_facts::rust::{AttrArg, Field, Fields, Lit, TypeRef};
use svclint_knowledge::EnvAttribute;

use crate::defs::{Adt, AdtId, Home};
use crate::impls::Key;
use crate::infer::Program;
use crate::place::Tri;
use crate::system::Setting;
use crate::ty::{Env, Ty};

/// `#[arg(env = "X", default_value = "y")]` on the fields of types that derive a parser.
pub(crate) fn derived(program: Program<'_>) -> Vec<Setting> {
    let parsers: FxHashMap<AdtId, &EnvAttribute> = (0..program.defs.adts.len() as u32)
        .filter_map(|number| Some((AdtId(number), attribute(program, AdtId(number))?)))
        .collect();
    let always = always_parsed(program, &parsers);
    let mut found = Vec::new();
    for (number, adt) in program.defs.adts.iter().enumerate() {
        let id = AdtId(number as u32);
        let Some(attribute) = parsers.get(&id) else { continue };
        for field in named_fields(adt) {
            let setting = setting(field, attribute, adt.home);
            found.extend(setting.map(|s| Setting { required: s.required && always.contains(&id), ..s }));
        }
    }
    found
}

/// What the parser that a type derives calls the attribute of its fields.
fn attribute<'a>(program: Program<'a>, id: AdtId) -> Option<&'a EnvAttribute> {
    let view = program.names.view(program.defs.adts.get(id.at())?.home.module)?;
    let traits = program.impls.library_traits(&Key::Adt(id)).iter();
    traits.filter_map(|t| view.type_entry(t)?.env_attribute.as_ref()).next()
}

fn named_fields(adt: &Adt) -> impl Iterator<Item = &Field> {
    adt.variants().flat_map(|(_, fields)| match fields {
        Fields::Named(fields) => fields.as_slice(),
        _ => &[],
    })
}

/// The types that are parsed whichever command is given: the command lines that stand in no other one, and what those have as plain
/// fields. The arguments of a subcommand, and of a part that may be left out, are asked for only with it.
fn always_parsed(program: Program<'_>, parsers: &FxHashMap<AdtId, &EnvAttribute>) -> FxHashSet<AdtId> {
    let mut inside: FxHashMap<AdtId, Vec<AdtId>> = FxHashMap::default();
    let mut part_of_another: FxHashSet<AdtId> = FxHashSet::default();
    for id in parsers.keys() {
        let Some(adt) = program.defs.adts.get(id.at()) else { continue };
        let env = Env {
            module: adt.home.module,
            generics: [Some(adt.generics()), None],
            self_ty: None,
            block: None,
        };
        for (_, fields) in adt.variants() {
            for field in fields.list() {
                let ty = program.names.ty(&env, &field.ty);
                let Some((part, plain)) = part(&ty).filter(|(part, _)| parsers.contains_key(part)) else {
                    continue;
                };
                part_of_another.insert(part);
                if plain && !adt.is_enum() {
                    inside.entry(*id).or_default().push(part);
                }
            }
        }
    }
    let is_enum = |id: &AdtId| program.defs.adts.get(id.at()).is_some_and(Adt::is_enum);
    let begins =
        |(id, attribute): &(&AdtId, &&EnvAttribute)| attribute.whole && !part_of_another.contains(id);
    let mut left: Vec<AdtId> = parsers.iter().filter(begins).map(|(id, _)| *id).collect();
    let mut always = FxHashSet::default();
    while let Some(id) = left.pop() {
        if !is_enum(&id) && always.insert(id) {
            left.extend(inside.get(&id).into_iter().flatten().copied());
        }
    }
    always
}

/// The type of the workspace that a field is made of, and whether it is there in any case.
fn part(ty: &Ty) -> Option<(AdtId, bool)> {
    match ty {
        Ty::Adt(id, _) => Some((*id, true)),
        Ty::Lib(path, args) => {
            let is_box = path.ends_with("::Box");
            part(args.first()?).map(|(id, plain)| (id, plain && is_box))
        }
        _ => None,
    }
}

fn setting(field: &Field, attribute: &EnvAttribute, home: Home) -> Option<Setting> {
    let args = field
        .attrs
        .iter()
        .filter(|a| attribute.names.iter().any(|n| n == a.path.last()))
        .flat_map(|a| &a.args);
    let (mut name, mut default, mut waived) = (None, Tri::Absent, false);
    for arg in args {
        waived |= arg_name(arg).is_some_and(|key| attribute.waives.iter().any(|w| w == key));
        match arg {
            AttrArg::Pair(key, value, _) if *key == attribute.env => name = text(value).map(Tri::Present),
            AttrArg::Nested(path, value) if path.last() == attribute.env => {
                let written = matches!(value.as_slice(), [AttrArg::Other(_)]);
                name = Some(if written { Tri::Unknown } else { Tri::Present(field.name.to_uppercase()) });
            }
            AttrArg::Pair(key, value, _) if attribute.default.contains(key) => {
                default = text(value).map_or(Tri::Unknown, Tri::Present);
            }
            AttrArg::Nested(path, _) if attribute.default.iter().any(|d| d == path.last()) => {
                default = Tri::Unknown;
            }
            _ => {}
        }
    }
    let required = default.is_absent() && !waived && !is_optional(&field.ty);
    name.map(|name| Setting {
        name,
        prefixed: false,
        default,
        fallback_at: None,
        required,
        panics: false,
        handed_on: false,
        argument: true,
        at: home.place(field.span),
    })
}

/// The key of an attribute's argument.
fn arg_name(arg: &AttrArg) -> Option<&str> {
    match arg {
        AttrArg::Pair(key, ..) => Some(key),
        AttrArg::Nested(path, _) => Some(path.last()),
        AttrArg::Lit(..) | AttrArg::Other(_) => None,
    }
}

/// Whether a field of that type may be left out: an option, a list, a flag.
fn is_optional(ty: &TypeRef) -> bool {
    match ty {
        TypeRef::Path(path) => matches!(path.last(), "Option" | "Vec" | "bool"),
        _ => true,
    }
}

fn text(lit: &Lit) -> Option<String> {
    match lit {
        Lit::Str(text) => Some(text.clone()),
        Lit::Int(Some(number)) => Some(number.to_string()),
        Lit::Float(text) => Some(text.clone()),
        Lit::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
