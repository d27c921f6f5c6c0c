//! Dockerfiles.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use svclint_facts::docker::{Command, Flow, Form, InstructionKind, dockerfile};

fn first(text: &str) -> InstructionKind {
    let file = dockerfile(&format!("FROM debian\n{text}"));
    file.stages[0].instructions.first().expect("an instruction").kind.clone()
}

fn command(text: &str) -> Command {
    match first(text) {
        InstructionKind::Run(c) | InstructionKind::Cmd(c) | InstructionKind::Entrypoint(c) => c,
        InstructionKind::Healthcheck(Some(c)) => c,
        other => panic!("no command: {other:?}"),
    }
}

fn texts(command: &Command) -> Vec<Vec<String>> {
    command.commands.iter().map(|c| c.words.iter().map(|w| w.text.clone()).collect()).collect()
}

#[test]
fn scripts_are_taken_apart() {
    let script = command(
        "RUN --mount=type=cache,target=/c set -e; \\\n  # a comment\n\n  A=1 cargo build \\\n --release > log 2>&1 && if [ \"$X\" = y ]; then cp a b; fi | tee x\n",
    );
    let words = texts(&script);
    assert_eq!(
        words,
        [
            vec!["set", "-e"],
            vec!["cargo", "build", "--release"],
            vec!["[", "$X", "=", "y", "]"],
            vec!["cp", "a", "b"],
            vec!["fi"],
            vec!["tee", "x"]
        ]
    );
    assert_eq!(script.flow, Flow::Other);
    assert_eq!(script.commands[1].sets[0].name, "A");
}

#[test]
fn forms_and_flows_are_told_apart() {
    for (text, flow, exec) in [
        ("CMD ./shop --port 80", Flow::Plain, false),
        ("CMD shop $PORT", Flow::Single, false),
        ("CMD shop > log", Flow::Single, false),
        ("CMD a && b", Flow::List, false),
        ("CMD a | b", Flow::Other, false),
        ("CMD [\"shop\", \"a b\"]", Flow::Plain, true),
        ("CMD [\"sh\", \"-c\", \"a && b\"]", Flow::List, true),
        ("CMD [\"shop\", ]", Flow::Single, false),
        ("CMD ['shop']", Flow::Single, false),
        ("HEALTHCHECK --interval=5s CMD curl -f x || exit 1", Flow::List, false),
    ] {
        let command = command(text);
        assert_eq!((command.flow, matches!(command.form, Form::Exec(_))), (flow, exec), "{text}");
    }
}

#[test]
fn places_are_those_of_the_text() {
    let text = "FROM debian\nCMD [\"sh\", \"-c\", \"exec shop\"]\nRUN cargo \\\n  build\n";
    let file = dockerfile(text);
    let InstructionKind::Cmd(cmd) = &file.stages[0].instructions[0].kind else { panic!("a CMD") };
    assert_eq!(cmd.commands[0].words[0].span.text(text), "shop");
    let InstructionKind::Run(run) = &file.stages[0].instructions[1].kind else { panic!("a RUN") };
    assert_eq!(run.commands[0].words[1].span.text(text), "build");
    assert_eq!(file.stages[0].instructions[1].span.text(text), "RUN cargo \\\n  build");
}

#[test]
fn variables_get_their_values() {
    let file = dockerfile(
        "ARG V=1.96\nARG D=bookworm\nFROM rust:${V}-$D AS a\nARG V\nENV P=8080 Q=\"$V x\"\nEXPOSE $P $R ${S:-9}\n\
         FROM a AS b\nEXPOSE $P\nARG T\nUSER $T\nCOPY --from=a '$P' $P/\nFROM $U\n",
    );
    let [a, b, c] = file.stages.as_slice() else { panic!("three stages") };
    assert_eq!(a.image.known(), Some("rust:1.96-bookworm"));
    let exposed = |stage: &svclint_facts::docker::Stage| {
        stage
            .instructions
            .iter()
            .find_map(|i| match &i.kind {
                InstructionKind::Expose(words) => Some(words.clone()),
                _ => None,
            })
            .expect("EXPOSE")
    };
    let ports: Vec<_> = exposed(a).iter().map(|w| w.value.clone()).collect();
    assert_eq!(ports, [Some("8080".to_owned()), None, Some("9".to_owned())]);
    assert_eq!(exposed(a)[1].unset, ["R"]);
    assert_eq!((b.base, exposed(b)[0].known()), (Some(0), Some("8080")));
    let InstructionKind::User(user) = &b.instructions[2].kind else { panic!("USER") };
    assert!(user.value.is_none() && user.unset.is_empty(), "given when the image is built");
    let InstructionKind::Copy(copy) = &b.instructions[3].kind else { panic!("COPY") };
    assert_eq!((copy.from_stage, copy.sources[0].known()), (Some(0), Some("$P")));
    assert_eq!(copy.destination.as_ref().and_then(|d| d.known()), Some("8080/"));
    assert!(c.image.value.is_none());
}

#[test]
fn heredocs_are_scripts() {
    let run = command("RUN <<EOF\nset -e\ncargo build --release\nEOF\n");
    assert_eq!(texts(&run), [vec!["set", "-e"], vec!["cargo", "build", "--release"]]);
    let file = dockerfile("FROM debian\nCOPY <<EOF /etc/x\nUSER root\nEOF\nUSER 1\n");
    assert_eq!(file.stages[0].instructions.len(), 2, "what stands in a heredoc is no instruction");
}

#[test]
fn what_is_broken_is_told() {
    assert!(!dockerfile("FROM a\nRUN x\n").broken);
    let file = dockerfile("FROM a\nRUN x\nFRMO b\nUSER c\n");
    assert!(file.broken && file.stages[0].broken);
}

#[test]
fn what_stays_out_of_a_build() {
    use svclint_facts::docker::ignore_file;
    let text = "\u{feff}# Comment\r\n  /target/ \r\n\r\n! ./src/../keep\r\n.\r\n #odd\n**/*.md";
    let lines = ignore_file(text);
    let told: Vec<_> = lines.iter().map(|l| (l.pattern.as_str(), l.keeps, l.span.text(text))).collect();
    assert_eq!(
        told,
        [
            ("target", false, "/target/"),
            ("keep", true, "! ./src/../keep"),
            ("#odd", false, "#odd"),
            ("**/*.md", false, "**/*.md"),
        ]
    );
}
