//! Checkstyle XML.

use std::io::Write;

use quick_xml::Writer;
use svclint_engine::Report;

use super::{Range, by_file, shown};

pub(crate) fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.create_element("checkstyle").with_attribute(("version", "4.3")).write_inner_content(|xml| {
        for (file, findings) in by_file(report) {
            xml.create_element("file")
                .with_attribute(("name", shown(&file.path).as_str()))
                .write_inner_content(|xml| {
                    for reported in findings {
                        let finding = &reported.finding;
                        let start = Range::of(&file, finding.place.span).start;
                        xml.create_element("error")
                            .with_attributes([
                                ("line", start.line.to_string().as_str()),
                                ("column", start.column.to_string().as_str()),
                                ("severity", finding.severity.to_string().as_str()),
                                ("message", finding.message.as_str()),
                                ("source", format!("svclint.{}", finding.rule.id).as_str()),
                            ])
                            .write_empty()?;
                    }
                    Ok(())
                })?;
        }
        Ok(())
    })?;
    writeln!(out)?;
    Ok(())
}
