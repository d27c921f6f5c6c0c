//! Code that nobody writes, or that a program wrote: it is read in bounded time and space, and everything beside it is still
//! seen.

use crate::support;
use std::fmt::Write;

use crate::support::check;

/// A service with something else in it: its route and its client must be seen whatever that is.
fn beside(code: &str) -> String {
    format!(
        "mod strange;\nuse axum::{{Router, routing::get}};\n\n#[tokio::main]\nasync fn main() {{\n    let listener = \
         tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    axum::serve(listener, \
         Router::new().route(\"/price\", get(price))).await.unwrap();\n}}\n\nasync fn price() -> String {{\n    \
         reqwest::get(\"http://prices\").await.unwrap().text().await.unwrap()\n}}\n//- src/strange.rs\n{code}"
    )
}

#[track_caller]
fn assert_seen(code: &str) {
    let report = check(&beside(code));
    let internal: Vec<&String> = report
        .findings
        .iter()
        .filter(|f| f.finding.rule.id == "internal-error")
        .map(|f| &f.finding.message)
        .collect();
    assert!(internal.is_empty(), "{internal:?}");
    let service = report.model.services.first().expect("the service is seen");
    assert_eq!(service.routes.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/price"]);
    assert!(report.findings.iter().any(|f| f.finding.rule.id == "http-client-without-timeout"));
}

fn repeat(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "{}", line(n));
        text
    })
}

#[test]
fn functions_that_call_each_other_in_circles() {
    assert_seen(&repeat(2_000, |n| {
        let (next, other) = ((n + 1) % 2_000, (n * 7 + 3) % 2_000);
        format!(
            "pub fn f{n}(c: reqwest::Client) -> reqwest::Client {{ if true {{ f{next}(c) }} else {{ f{other}(c.clone()) }} }}"
        )
    }));
}

#[test]
fn a_client_that_could_come_from_anywhere() {
    let mut code = repeat(300, |n| {
        format!(
            "pub fn f{n}() -> reqwest::Client {{ match 1 {{ 1 => f{}(), 2 => f{}(), _ => f{}() }} }}",
            (n + 1) % 300,
            (n + 2) % 300,
            (n + 5) % 300
        )
    });
    code.push_str("pub async fn send() { f0().get(\"http://x\").send().await.unwrap(); }\n");
    assert_seen(&code);
}

#[test]
fn a_match_of_two_thousand_arms() {
    let arms = repeat(2_000, |n| {
        format!("        {n} => {{ let x = Some({n}).map(|v| v + {n}); x.unwrap_or({n}) }}")
    });
    assert_seen(&format!("pub fn f(n: u32) -> u32 {{\n    match n {{\n{arms}        _ => 0,\n    }}\n}}\n"));
}

#[test]
fn five_hundred_levels_of_nesting() {
    let calls = format!(
        "pub fn g(n: u32) -> u32 {{ n }}\npub fn f() -> u32 {{ {}1{} }}\n",
        "g(".repeat(480),
        ")".repeat(480)
    );
    assert_seen(&calls);
    let blocks =
        format!("pub fn f() -> u32 {{ {} 1 {} }}\n", "if true { ".repeat(400), "} else { 2 }".repeat(400));
    assert_seen(&blocks);
    let modules = format!("{} pub fn f() {{}} {}\n", "pub mod m { ".repeat(400), "}".repeat(400));
    assert_seen(&modules);
    // Deeper than what is read: told, and left out.
    assert_seen(&format!("pub fn f() -> u32 {{ {}1{} }}\n", "(".repeat(5_000), ")".repeat(5_000)));
}

#[test]
fn imports_in_circles() {
    let modules = repeat(60, |n| {
        let (next, other) = ((n + 1) % 60, (n + 30) % 60);
        format!(
            "pub mod m{n} {{ pub use super::m{next}::*; pub use super::m{other}::*; pub use super::m{next}::Missing as Missing{n}; }}"
        )
    });
    assert_seen(&format!(
        "{modules}pub fn f() {{ m0::nothing(); let _: m0::Missing0 = m5::Nowhere::new(); }}\n"
    ));
}

#[test]
fn types_that_are_made_of_themselves() {
    assert_seen(
        r#"
pub type A = B;
pub type B = A;
pub type List = Vec<List>;
pub struct Tree<T>(pub Box<Tree<Tree<T>>>, pub T);
pub trait One: Two { fn one(&self) -> u32 { self.two() } }
pub trait Two: One { fn two(&self) -> u32 { self.one() } }
pub struct P; pub struct Q;
impl std::ops::Deref for P { type Target = Q; fn deref(&self) -> &Q { loop {} } }
impl std::ops::Deref for Q { type Target = P; fn deref(&self) -> &P { loop {} } }
pub const PATH: &str = OTHER;
pub const OTHER: &str = PATH;
impl Iterator for P { type Item = <P as Iterator>::Item; fn next(&mut self) -> Option<Self::Item> { None } }
pub fn f(tree: Tree<u8>, p: P, a: A, list: List) -> impl Fn() -> u32 {
    let deep = tree.0.0.0.0.0.0.0.0;
    p.missing().and(a.b).map(|x| x.y);
    for l in list { for m in l { for n in m { n.first(); } } }
    let _ = std::env::var(PATH);
    move || deep.1.one()
}
"#,
    );
}

#[test]
fn types_that_double_with_each_line() {
    let lines = repeat(200, |n| format!("    let x{} = (x{n}, x{n});", n + 1));
    assert_seen(&format!(
        "pub fn f() {{\n    let x0 = 1u8;\n{lines}    let _ = Some(x200).map(|x| x).unwrap();\n}}\n"
    ));
    let lines =
        repeat(200, |n| format!("    let x{} = std::sync::Arc::new((x{n}.clone(), x{n}.clone()));", n + 1));
    assert_seen(&format!("pub async fn f() {{\n    let x0 = vec![1u8];\n{lines}}}\n"));
}

#[test]
fn a_router_inside_of_itself() {
    assert_seen(
        r#"
use axum::{Router, routing::get};
pub fn a() -> Router { Router::new().nest("/a", b()).merge(a()) }
pub fn b() -> Router { Router::new().nest("/b", a()).route("/x", get(|| async {})) }
pub fn c(router: Router) -> Router { c(d(router.clone())).merge(router) }
pub fn d(router: Router) -> Router { let mut router = router; for _ in 0..9 { router = router.nest("/d", c(router.clone())); } router }
"#,
    );
}

#[test]
fn files_full_of_macros() {
    let mut code = String::from("macro_rules! again { ($($x:tt)*) => { again!(again!($($x)*)) } }\n");
    code.push_str(&repeat(1_500, |n| format!("again! {{ {n} => [ {n}, {{ x: {n} }} ; |a| a + {n} ] }}\npub fn f{n}() {{ again!(f{n}(), again!({n})); println!(\"{{}} {{x}}\", {n}, x = again!({n})); }}")));
    assert_seen(&code);
}

#[test]
fn closures_in_closures() {
    let code = format!(
        "pub fn f(v: Vec<u32>) {{ v.iter(){}; }}\n",
        ".map(|x| Some(x).into_iter().map(|y| y).next())".repeat(150)
    );
    assert_seen(&code);
    let nested =
        format!("pub fn f(v: Vec<u32>) {{ {}{} }}\n", "v.iter().map(|v| ".repeat(120), ")".repeat(120));
    assert_seen(&nested);
}

#[test]
fn macros_that_call_themselves_and_helpers_that_hand_a_builder_on_for_ever() {
    let mut code = String::from(
        "macro_rules! again { ($x:expr) => { again!(again!($x)) } }\n\
         macro_rules! ping { ($x:expr) => { pong!($x) } }\n\
         macro_rules! pong { ($x:expr) => { ping!($x) } }\n\
         macro_rules! broken { ($x:expr => { $x }\n}\n\
         macro_rules! odd { ($($x:expr),*) => { [$($x),*] }; () => { 1 } }\n\
         pub async fn send() {\n    let client: reqwest::Client = again!(ping!(odd!(reqwest::Client::new())));\n    \
         client.get(\"http://x\").send().await.unwrap();\n}\n",
    );
    code.push_str(&repeat(200, |n| {
        format!(
            "pub fn lend{n}(b: &mut reqwest::ClientBuilder) {{ lend{}(b); lend{}(b); lend{n}(b); }}",
            (n + 1) % 200,
            (n + 7) % 200
        )
    }));
    code.push_str(
        "pub fn build() -> reqwest::Client { let mut b = reqwest::Client::builder(); lend0(&mut b); b.build().unwrap() }\n",
    );
    assert_seen(&code);
}

/// A default that is asked of the value that it is a default for.
#[test]
fn a_default_that_asks_for_itself() {
    support::check(
        r#"//- src/main.rs
pub struct C { pub level: String }
impl Default for C { fn default() -> Self { Self { level: "info".to_string() } } }
impl C {
    fn from_env() -> Self {
        let level = std::env::var("LEVEL").unwrap_or_else(|_| C::default().level);
        Self { level }
    }
}
fn main() { let c = C::from_env(); println!("{}", c.level); }
"#,
    );
}

/// Sizes at which work that grows with the square of its input would take minutes.
#[test]
fn large_inputs_take_time_by_their_length() {
    let keys: String = (0..40_000).map(|n| format!("  key-{n}: {n}\n")).collect();
    let twice: String = (0..40_000).map(|n| format!("  key-{}: {n}\n", n % 20_000)).collect();
    let inserted = "  {{- include \"labels\" . | nindent 2 }}\n".repeat(20_000);
    let between: String =
        (0..20_000).map(|n| format!("  key-{n}: {n}\n  {{{{ if .Values.x }}}}\n  {{{{ end }}}}\n")).collect();
    let merged: String = (0..20_000).map(|n| format!("  key-{n}: {n}\n")).collect();
    let chart = "//- chart/Chart.yaml\nname: shop\nversion: 1.0.0\n//- chart/templates/a.yaml\n";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n";
    for text in [
        format!("{chart}{object}{keys}  last: {{{{ .Values.x }}}}\n"),
        format!("{chart}{object}{inserted}"),
        format!("{chart}{object}{between}"),
        format!("//- deploy/a.yaml\n{object}{twice}"),
        format!("//- deploy/a.yaml\nbase: &base\n{merged}own:\n  <<: *base\n{merged}"),
        format!("//- deploy/a.yaml\n{object}{}", "  # svclint: allow(image-tag-mutable) a\n".repeat(20_000)),
        format!(
            "//- src/main.rs\n{}fn main() {{}}\n",
            "// svclint: allow(unversioned-api) a\n".repeat(10_000)
        ),
    ] {
        check(&text);
    }
}

/// Each wrapper's text is that of what it wraps, which may be any of them.
#[test]
fn texts_that_many_types_hand_on_end() {
    let wrapper = |n: usize| {
        format!(
            "pub struct L{n}<T>(pub T);\nimpl<T: Label> Label for L{n}<T> {{ fn label(&self) -> String {{ self.0.label() }} }}\n"
        )
    };
    for last in ["std::env::args().next().unwrap_or_default()", "String::from(\"PORT\")"] {
        let wrappers: String = (0..12).map(wrapper).collect();
        let text = format!(
            "//- src/main.rs\npub trait Label {{ fn label(&self) -> String; }}\n{wrappers}pub struct End;\n\
             impl Label for End {{ fn label(&self) -> String {{ {last} }} }}\n\
             fn show<T: Label>(l: &T) -> Option<String> {{ std::env::var(l.label()).ok() }}\n\
             fn main() {{ println!(\"{{:?}}\", show(&L0(L1(End)))); }}\n"
        );
        check(&text);
    }
}
