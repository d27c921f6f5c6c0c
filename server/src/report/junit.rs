//! JUnit XML: a file is a suite, a finding a test that failed. A run without findings is one test that passed, as some
//! readers take an empty report for a broken one.

use std::io::Write;

use quick_xml::Writer;
use quick_xml::events::BytesText;
use svclint_engine::{FileRef, Report, ReportedFinding};

use super::{Range, by_file, shown};

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let number = report.findings.len();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.create_element("testsuites")
        .with_attributes([
            ("name", "svclint"),
            ("tests", number.max(1).to_string().as_str()),
            ("failures", number.to_string().as_str()),
            ("time", seconds(report).as_str()),
        ])
        .write_inner_content(|xml| {
            if report.findings.is_empty() {
                return passed(xml);
            }
            by_file(report).into_iter().try_for_each(|(file, findings)| suite(xml, &file, &findings))
        })?;
    writeln!(out)?;
    Ok(())
}

fn suite<W: Write>(
    xml: &mut Writer<W>,
    file: &FileRef,
    findings: &[&ReportedFinding],
) -> std::io::Result<()> {
    let (path, number) = (shown(&file.path), findings.len().to_string());
    xml.create_element("testsuite")
        .with_attributes([
            ("name", path.as_str()),
            ("tests", number.as_str()),
            ("failures", number.as_str()),
            ("errors", "0"),
            ("skipped", "0"),
        ])
        .write_inner_content(|xml| findings.iter().try_for_each(|reported| case(xml, file, reported)))?;
    Ok(())
}

fn case<W: Write>(xml: &mut Writer<W>, file: &FileRef, reported: &ReportedFinding) -> std::io::Result<()> {
    let finding = &reported.finding;
    let path = shown(&file.path);
    let start = Range::of(file, finding.place.span).start;
    let name = format!("{}:{}:{}", finding.rule.id, start.line, start.column);
    let kind = finding.severity.to_string();
    let mut text = format!("{path}:{}:{}", start.line, start.column);
    text.extend(finding.help.iter().map(|help| format!("\nhelp: {help}")));
    xml.create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", path.as_str())])
        .write_inner_content(|xml| {
        xml.create_element("failure")
            .with_attributes([("type", kind.as_str()), ("message", finding.message.as_str())])
            .write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}

fn passed<W: Write>(xml: &mut Writer<W>) -> std::io::Result<()> {
    xml.create_element("testsuite")
        .with_attributes([
            ("name", "svclint"),
            ("tests", "1"),
            ("failures", "0"),
            ("errors", "0"),
            ("skipped", "0"),
        ])
        .write_inner_content(|xml| {
            xml.create_element("testcase")
                .with_attributes([("name", "no findings"), ("classname", "svclint")])
                .write_empty()?;
            Ok(())
        })?;
    Ok(())
}

fn seconds(report: &Report) -> String {
    format!("{:.3}", report.took.as_secs_f64())
}
