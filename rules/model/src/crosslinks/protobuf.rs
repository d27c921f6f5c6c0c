//! Places in protobuf files, and what they mean: imported files, types, the code that implements a service.

use rustc_hash::FxHashMap;
use svclint_facts::proto::{ProtoEnum, ProtoFile, ProtoMessage};
use svclint_syntax::Span;

use super::{CrossLink, LinkKind};
use crate::place::{FileId, Place};
use crate::system::Model;

impl Model {
    /// The file that a protobuf file imports: the only one whose path ends so.
    fn imported(&self, path: &str) -> Option<FileId> {
        let ends = |file: &FileId| self.files.get(file.0 as usize).is_some_and(|own| own.ends_with(path));
        let mut ending = self.protos.iter().map(|(file, _)| *file).filter(ends);
        ending.next().filter(|_| ending.next().is_none())
    }

    pub(super) fn protobuf(&self, found: &mut Vec<CrossLink>) {
        let declarations = self.declarations();
        for (file, proto) in &self.protos {
            for import in &proto.imports {
                let Some(other) = self.imported(&import.path) else { continue };
                found.push(CrossLink {
                    kind: LinkKind::ProtoImport,
                    from: Place { file: *file, span: import.span },
                    to: Place { file: other, span: Span::at(0) },
                    back: format!("imported by `{}`", self.relative(*file).display()),
                    forth: format!("`{}`", self.relative(other).display()),
                });
            }
            self.proto_types(*file, proto, &declarations, found);
            for service in &proto.services {
                let full = if proto.package.is_empty() {
                    service.name.to_string()
                } else {
                    format!("{}.{}", proto.package, service.name)
                };
                for implementation in self.grpc_impls.iter().filter(|i| i.full_name == full) {
                    let of = format!("implemented by `{}`", implementation.of);
                    let back = format!("implements `{full}`");
                    let names = service.methods.iter().map(|m| (m.span, snake(&m.name)));
                    for (span, name) in names {
                        let function = implementation.fns.iter().find_map(|f| {
                            let function = self.functions.get(f.0 as usize)?;
                            (function.path.rsplit("::").next() == Some(&name)).then_some(function)
                        });
                        let Some(function) = function else { continue };
                        found.push(CrossLink {
                            kind: LinkKind::ContractImplementation,
                            from: Place { file: *file, span },
                            to: function.name,
                            back: back.clone(),
                            forth: format!("implemented by `{}`", function.path),
                        });
                    }
                    found.push(CrossLink {
                        kind: LinkKind::ContractImplementation,
                        from: Place { file: *file, span: service.span },
                        to: implementation.at,
                        back,
                        forth: of,
                    });
                }
            }
        }
    }

    /// From the types that fields and calls name to what declares them.
    fn proto_types(
        &self,
        file: FileId,
        proto: &ProtoFile,
        all: &Declarations<'_>,
        found: &mut Vec<CrossLink>,
    ) {
        let visible = self.visible(file);
        let mut named: Vec<(String, &str, Span, String)> = Vec::new();
        for message in &proto.messages {
            let scope = joined(&proto.package, &message.name);
            for field in &message.fields {
                let ty = field.ty.rsplit([',', '>']).find(|part| !part.is_empty()).unwrap_or(&field.ty);
                let user = format!("the type of `{}.{}`", message.name, field.name);
                named.push((scope.clone(), ty.trim(), field.ty_span, user));
            }
        }
        for service in &proto.services {
            for method in &service.methods {
                for (payload, does) in [(&method.takes, "taken"), (&method.gives, "given")] {
                    let user = format!("{does} by `{}.{}`", service.name, method.name);
                    named.push((proto.package.to_string(), &payload.message, payload.span, user));
                }
            }
        }
        for (scope, ty, span, user) in named {
            let Some((of, declared)) = declared(all, &visible, &scope, ty) else { continue };
            let (from, to) = (Place { file, span }, Place { file: of, span: declared.span() });
            let forth = format!("`{}` of `{}`", declared.text(), self.relative(of).display());
            found.push(CrossLink { kind: LinkKind::ProtoType, from, to, back: user, forth });
        }
    }

    /// A protobuf file and all that it imports, and these in their turn.
    fn visible(&self, file: FileId) -> Vec<FileId> {
        let mut seen = vec![file];
        let mut at = 0;
        while let Some(file) = seen.get(at).copied() {
            at += 1;
            let Some((_, proto)) = self.protos.iter().find(|(own, _)| *own == file) else { continue };
            for other in proto.imports.iter().filter_map(|import| self.imported(&import.path)) {
                if !seen.contains(&other) {
                    seen.push(other);
                }
            }
        }
        seen
    }

    /// The messages and enums of all files, by their full names.
    fn declarations(&self) -> Declarations<'_> {
        let mut all = Declarations::default();
        for (file, proto) in &self.protos {
            let messages = proto.messages.iter().map(|m| (&m.name, Declared::Message(m)));
            let enums = proto.enums.iter().map(|e| (&e.name, Declared::Enum(e)));
            for (name, declared) in messages.chain(enums) {
                all.entry(joined(&proto.package, name)).or_default().push((*file, declared));
            }
        }
        all
    }
}

#[derive(Clone, Copy)]
enum Declared<'m> {
    Message(&'m ProtoMessage),
    Enum(&'m ProtoEnum),
}

type Declarations<'m> = FxHashMap<String, Vec<(FileId, Declared<'m>)>>;

impl Declared<'_> {
    fn span(&self) -> Span {
        match self {
            Declared::Message(message) => message.span,
            Declared::Enum(of) => of.span,
        }
    }

    /// As a hover shows it.
    fn text(&self) -> String {
        match self {
            Declared::Message(message) => {
                let fields: Vec<String> =
                    message.fields.iter().map(|f| format!("{} {}", f.ty, f.name)).collect();
                format!("message {} {{ {} }}", message.name, fields.join("; "))
            }
            Declared::Enum(of) => {
                let values: Vec<&str> = of.values.iter().map(|(name, _)| name.as_str()).collect();
                format!("enum {} {{ {} }}", of.name, values.join(", "))
            }
        }
    }
}

/// What declares a type that is named in a message or package: in the innermost of what is around the name.
fn declared<'m>(
    all: &Declarations<'m>,
    visible: &[FileId],
    scope: &str,
    ty: &str,
) -> Option<(FileId, Declared<'m>)> {
    let at = |full: &str| all.get(full)?.iter().find(|(file, _)| visible.contains(file)).copied();
    if let Some(full) = ty.strip_prefix('.') {
        return at(full);
    }
    let mut scope = scope;
    loop {
        if let Some(found) = at(&joined(scope, ty)) {
            return Some(found);
        }
        if scope.is_empty() {
            return None;
        }
        scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
}

fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// `PlaceOrder` as generated code names it: `place_order`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let chars: Vec<char> = name.chars().collect();
    for (n, c) in chars.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|b| chars.get(b));
        let after_small = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit());
        let ends_capitals =
            before.is_some_and(|b| b.is_uppercase()) && chars.get(n + 1).is_some_and(|a| a.is_lowercase());
        if c.is_uppercase() && (after_small || ends_capitals) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
