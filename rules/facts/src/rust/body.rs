//! A function's body, lowered: an arena of expressions and patterns.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use svclint_syntax::Span;

use super::item::{Item, Lit};
use crate::Name;

/// Index of an expression in its [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExprId(pub u32);

/// Index of a pattern in its [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PatId(pub u32);

/// A lowered body: of a function, or the value of a `const` or `static`. Children come before their parents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The expressions.
    pub exprs: Vec<Expr>,
    /// The patterns.
    pub pats: Vec<Pat>,
    /// The patterns of the parameters, without the receiver.
    pub params: Vec<PatId>,
    /// The outermost expression: a block for a function.
    pub root: Option<ExprId>,
}

impl Body {
    /// The expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The pattern.
    pub fn pat(&self, id: PatId) -> &Pat {
        &self.pats[id.0 as usize]
    }

    /// All expressions with their ids, children before parents.
    pub fn iter(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(i, e)| (ExprId(i as u32), e))
    }
}

/// One expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where, relative to the chunk.
    pub span: Span,
}

/// The kinds of expressions. Parentheses and groups are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// `a`, `a::b::<T>`, `<T as Trait>::f`
    Path(Path),
    /// A literal.
    Lit(Lit),
    /// `f(a, b)`, also tuple structs and variants.
    Call {
        /// `f`
        callee: ExprId,
        /// The arguments.
        args: Box<[ExprId]>,
    },
    /// `a.f::<T>(b)`
    MethodCall {
        /// `a`
        receiver: ExprId,
        /// `f`
        method: Name,
        /// The method's name.
        method_span: Span,
        /// From the dot to the closing parenthesis.
        call_span: Span,
        /// `T`
        generics: Box<[TypeRef]>,
        /// The arguments without the receiver.
        args: Box<[ExprId]>,
    },
    /// `a.b`, `a.0`
    Field {
        /// `a`
        base: ExprId,
        /// `b`
        name: Name,
    },
    /// `a.await`
    Await(ExprId),
    /// `a?`
    Try(ExprId),
    /// `|a, b| c`
    Closure {
        /// `async |..|`
        is_async: bool,
        /// The parameters with their written types.
        params: Vec<(PatId, Option<TypeRef>)>,
        /// The written return type.
        ret: Option<TypeRef>,
        /// The body.
        body: ExprId,
    },
    /// `async { .. }`; the operand is the block.
    Async(ExprId),
    /// `{ .. }`, also `unsafe`, `const` and labelled ones.
    Block {
        /// The statements.
        stmts: Vec<Stmt>,
        /// The value: a last expression without a semicolon.
        tail: Option<ExprId>,
    },
    /// `if a { } else { }`; `if let` and chains have [`ExprKind::Let`] in the condition.
    If {
        /// The condition.
        cond: ExprId,
        /// The block.
        then: ExprId,
        /// The other block or `if`.
        otherwise: Option<ExprId>,
    },
    /// `let p = e` inside a condition.
    Let {
        /// The pattern.
        pat: PatId,
        /// The value.
        value: ExprId,
    },
    /// `match`
    Match {
        /// What is matched.
        scrutinee: ExprId,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `loop`
    Loop(ExprId),
    /// `while`
    While {
        /// The condition.
        cond: ExprId,
        /// The block.
        body: ExprId,
    },
    /// `for p in e { }`
    For {
        /// The pattern.
        pat: PatId,
        /// What is iterated.
        iter: ExprId,
        /// The block.
        body: ExprId,
    },
    /// `a = b`, and with an operator `a += b`.
    Assign {
        /// The operator in front of `=`, if any.
        op: Option<BinOp>,
        /// `a`
        left: ExprId,
        /// `b`
        right: ExprId,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinOp,
        /// `a`
        left: ExprId,
        /// `b`
        right: ExprId,
    },
    /// `!a`, `-a`, `*a`
    Unary(UnOp, ExprId),
    /// `&a`, `&mut a`
    Ref(ExprId),
    /// `S { a: b, ..c }`
    Struct {
        /// `S`
        path: Path,
        /// The fields; shorthand ones have a path expression.
        fields: Vec<(Name, ExprId)>,
        /// `c`
        rest: Option<ExprId>,
    },
    /// `(a, b)`
    Tuple(Vec<ExprId>),
    /// `[a, b]`
    Array(Vec<ExprId>),
    /// `[a; n]`
    Repeat(ExprId, ExprId),
    /// `a[i]`
    Index(ExprId, ExprId),
    /// `a..b`
    Range(Option<ExprId>, Option<ExprId>),
    /// `a as T`
    Cast(ExprId, TypeRef),
    /// `return a`
    Return(Option<ExprId>),
    /// `break a`
    Break(Option<ExprId>),
    /// `continue`
    Continue,
    /// `name!(..)`
    Macro(Box<MacroCall>),
    /// `tokio::select!` and its kin.
    Select {
        /// The macro's path.
        path: Path,
        /// The branches in order.
        branches: Vec<SelectBranch>,
    },
    /// What svclint does not look into.
    Opaque,
}

/// A macro call with the expressions that could be read from its tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MacroCall {
    /// `sqlx::query`, `format`, …
    pub path: Path,
    /// The arguments in order: for `format!`-likes the format string is the first; for `tracing` macros fields, then
    /// message, then its arguments; for `json!` the values; for a block-like macro its statements' expressions.
    pub args: Vec<ExprId>,
    /// Names written in the tokens in front of a value: `tracing` fields (`order_id = %id`), `json!` keys; index into `args`.
    pub names: Vec<(Name, u32)>,
    /// `{name}` placeholders of a format string, as path expressions, are in `args` too, after the written ones.
    pub implicit: u32,
    /// The patterns of `matches!`.
    pub pats: Vec<PatId>,
    /// Whether everything between the delimiters was understood.
    pub complete: bool,
}

/// `pat = future, if guard => handler`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectBranch {
    /// Absent for `else`, `default` and `complete`.
    pub pat: Option<PatId>,
    /// The future.
    pub future: Option<ExprId>,
    /// The condition.
    pub guard: Option<ExprId>,
    /// What runs.
    pub handler: ExprId,
}

/// An arm of a `match`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// The pattern.
    pub pat: PatId,
    /// The condition.
    pub guard: Option<ExprId>,
    /// The value.
    pub body: ExprId,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stmt {
    /// `let p: T = e else { .. };`
    Let {
        /// The pattern.
        pat: PatId,
        /// The written type.
        ty: Option<TypeRef>,
        /// The value.
        init: Option<ExprId>,
        /// The block after `else`.
        otherwise: Option<ExprId>,
        /// It is compiled in some builds only: `#[cfg(feature = "x")]`.
        gated: bool,
        /// From `let` to `;`.
        span: Span,
    },
    /// An expression followed by a semicolon, or a block-like one without.
    Expr(ExprId),
    /// An item inside the block.
    Item(Arc<Item>),
}

/// One pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pat {
    /// What it is.
    pub kind: PatKind,
    /// Where.
    pub span: Span,
}

/// The kinds of patterns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PatKind {
    /// `x`, `ref mut x`, `x @ p`
    Bind {
        /// `x`
        name: Name,
        /// `mut`
        mutable: bool,
        /// `p`
        sub: Option<PatId>,
    },
    /// `Json(x)`, `Some(a)`
    TupleStruct(Path, Vec<PatId>),
    /// `S { a, b: p, .. }`
    Struct(Path, Vec<(Name, PatId)>),
    /// `(a, b)`; `..` is a [`PatKind::Rest`].
    Tuple(Vec<PatId>),
    /// `[a, b]`
    Slice(Vec<PatId>),
    /// `&p`
    Ref(PatId),
    /// `a | b`
    Or(Vec<PatId>),
    /// `A::B`, a constant.
    Path(Path),
    /// A literal.
    Lit(Lit),
    /// `..`
    Rest,
    /// `_`
    Wild,
    /// Ranges, macros, …
    Opaque,
}

/// A path as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// `<T as ..>::`
    pub qself: Option<Box<TypeRef>>,
    /// Written with a leading `::`.
    pub global: bool,
    /// The words.
    pub segments: Vec<PathSegment>,
    /// All of it.
    pub span: Span,
}

impl Path {
    /// The last word; empty for an empty path.
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", |s| s.name.as_str())
    }

    /// The name, if the path is a single word.
    pub fn as_name(&self) -> Option<&Name> {
        match self.segments.as_slice() {
            [one] if self.qself.is_none() && !self.global => Some(&one.name),
            _ => None,
        }
    }

    /// The words joined by `::`, for messages.
    pub fn text(&self) -> String {
        self.segments.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("::")
    }
}

/// One word of a path with its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathSegment {
    /// The word: `r#` stripped; `self`, `Self`, `super`, `crate` as they are.
    pub name: Name,
    /// What stands in angle brackets; most words have none.
    pub generics: Option<Box<GenericArgs>>,
    /// The word without arguments.
    pub span: Span,
}

/// The arguments of a word in a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GenericArgs {
    /// `<A, B>`; for `Fn(A) -> B` a tuple and the return type. Lifetimes and constants left out.
    pub types: Vec<TypeRef>,
    /// `Output = T`
    pub bindings: Vec<(Name, TypeRef)>,
}

impl PathSegment {
    /// The type arguments.
    pub fn args(&self) -> &[TypeRef] {
        self.generics.as_ref().map_or(&[], |g| &g.types)
    }

    /// The named type arguments: `Output = T`.
    pub fn bindings(&self) -> &[(Name, TypeRef)] {
        self.generics.as_ref().map_or(&[], |g| &g.bindings)
    }
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TypeRef {
    /// `a::B<C>`, `T`, `Self`
    Path(Path),
    /// `&T`, `&mut T`, `*const T`
    Ref(Box<TypeRef>),
    /// `(A, B)`; `()` is empty.
    Tuple(Vec<TypeRef>),
    /// `[T]`, `[T; n]`
    Slice(Box<TypeRef>),
    /// `fn(A) -> B`
    Fn(Vec<TypeRef>, Option<Box<TypeRef>>),
    /// `impl A + B`
    Impl(Vec<Path>),
    /// `dyn A + B`
    Dyn(Vec<Path>),
    /// `!`
    Never,
    /// `_`
    Infer,
    /// Macros and the like.
    Opaque,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `& | ^ << >>`
    Bit,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnOp {
    /// `!`
    Not,
    /// `-`
    Neg,
    /// `*`
    Deref,
}
