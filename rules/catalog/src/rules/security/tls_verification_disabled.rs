//! `tls-verification-disabled`

use svclint_model::{Deed, Function, Place, What};
use svclint_syntax::Span;

use crate::edit::replace;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports clients that are told to take any certificate, or one for any host name, whatever the configuration says. A
    /// flag that turns verification off, or a branch that does, is left alone: somebody decides there.
    ///
    /// ## Why it matters
    /// Without verification TLS hides the traffic from nobody who can stand in the way: any host in the network can say that it
    /// is the peer, read what is sent, tokens included, and change the answers.
    ///
    /// ## Example
    /// ```bad
    /// pub fn client() -> reqwest::Client {
    ///     reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap()
    /// }
    ///
    /// fn main() {
    ///     client();
    /// }
    /// ```
    /// ```good
    /// pub fn client(authority: &[u8]) -> reqwest::Client {
    ///     let authority = reqwest::Certificate::from_pem(authority).unwrap();
    ///     reqwest::Client::builder().add_root_certificate(authority).build().unwrap()
    /// }
    ///
    /// fn main() {
    ///     client(&std::fs::read("/etc/shop/ca.pem").unwrap());
    /// }
    /// ```
    ///
    /// ## Fix
    /// Lets certificates be checked again. Unsafe: a peer whose certificate nobody vouches for is then refused. For one of
    /// your own, add the authority that signed it: `add_root_certificate`.
    ///
    /// ## References
    /// - CWE-295, "Improper Certificate Validation"
    /// - Ponce, Soldani, Astudillo and Brogi, "Smells and refactorings for microservices security"
    pub(crate) TLS_VERIFICATION_DISABLED {
        id: "tls-verification-disabled",
        category: Security,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    for (number, function) in cx.model.functions.iter().enumerate() {
        for deed in function.does.iter().filter(|d| d.what == What::TrustAny) {
            if !is_chosen(cx, number as u32) {
                findings.push(finding(cx, function, deed));
            }
        }
    }
}

/// Whether something decides if a function is called: all its calls stand in branches.
fn is_chosen(cx: &Context<'_>, number: u32) -> bool {
    let all = cx.model.functions.iter().flat_map(|f| &f.calls);
    let mut calls = all.filter(|c| c.to.0 == number).peekable();
    calls.peek().is_some() && calls.all(|c| c.when.sometimes)
}

fn finding(cx: &Context<'_>, function: &Function, deed: &Deed) -> Finding {
    let message = "certificates are not checked here: any host can say that it is the peer, and read and change all traffic";
    Finding::new(&TLS_VERIFICATION_DISABLED, deed.at, message.into())
        .help(
            "check certificates; for a peer with a certificate of your own, add the authority that signed it",
        )
        .label("takes any certificate")
        .subject(&function.path)
        .fix("Check certificates", Applicability::Unsafe, checked(cx, deed.at))
}

/// The call is left out of a chain; where it stands alone, it is turned.
fn checked(cx: &Context<'_>, call: Place) -> Vec<Edit> {
    let text = cx.sources.text(call.file);
    let after = text.get(call.span.end as usize..).unwrap_or("").trim_start();
    if after.starts_with('.') {
        let before = text.get(..call.span.start as usize).unwrap_or("").trim_end();
        let span = Span::new(before.len() as u32, call.span.end);
        return replace(Place { file: call.file, span }, "");
    }
    let turned = cx.text(call).replace("true", "false").replace("NONE", "PEER");
    replace(call, turned)
}
