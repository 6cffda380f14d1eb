//! The share of lines that tests ran, from the two formats that nearly every tool can write: LCOV, and XML as Cobertura writes it.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Reads a report of coverage. Returns the share of lines in percent; nothing when it is no such report or counts no line.
#[must_use]
pub fn read(text: &str) -> Option<f64> {
    if text.trim_start().starts_with('<') { cobertura(text) } else { lcov(text) }
}

/// Sums the records `LF:` (lines found) and `LH:` (lines hit); where they are missing, the lines themselves, `DA:line,hits`.
fn lcov(text: &str) -> Option<f64> {
    let (mut found, mut hit) = (0_u64, 0_u64);
    let (mut lines, mut lines_hit, mut has_sums) = (0_u64, 0_u64, false);
    for line in text.lines() {
        let line = line.trim();
        if let Some(number) = line.strip_prefix("LF:") {
            found = found.saturating_add(number.trim().parse().ok()?);
            has_sums = true;
        } else if let Some(number) = line.strip_prefix("LH:") {
            hit = hit.saturating_add(number.trim().parse().ok()?);
        } else if let Some(data) = line.strip_prefix("DA:") {
            let hits: u64 = data.split(',').nth(1)?.trim().parse().ok()?;
            lines += 1;
            lines_hit += u64::from(hits > 0);
        }
    }
    if has_sums { share(hit, found) } else { share(lines_hit, lines) }
}

/// Reads the counts, or else the rate, of the element `coverage`.
fn cobertura(text: &str) -> Option<f64> {
    let mut reader = Reader::from_str(text);
    loop {
        let event = reader.read_event().ok()?;
        if matches!(event, Event::Eof) {
            return None;
        }
        if let Event::Start(tag) | Event::Empty(tag) = event
            && tag.local_name().as_ref() == "coverage"
        {
            let number = |name: &str| {
                let attribute = tag.try_get_attribute(name).ok()??;
                attribute.value.trim().parse::<f64>().ok()
            };
            if let (Some(valid), Some(covered)) = (number("lines-valid"), number("lines-covered"))
                && valid > 0.0
            {
                return bounded(covered / valid * 100.0);
            }
            return bounded(number("line-rate")? * 100.0);
        }
    }
}

fn bounded(percent: f64) -> Option<f64> {
    (0.0..=100.0).contains(&percent).then_some(percent)
}

#[expect(clippy::cast_precision_loss, reason = "nobody has that many lines")]
fn share(hit: u64, found: u64) -> Option<f64> {
    if found == 0 { None } else { bounded(hit as f64 / found as f64 * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(read(text), expect, "{text}");
        check("TN:\nSF:a.rs\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\nSF:b.rs\nLF:2\nLH:2\nend_of_record\n", Some(75.0));
        check("SF:a.rs\nDA:1,4\nDA:2,0\nDA:3,1\nDA:4,1\nend_of_record\n", Some(75.0));
        check("SF:a.rs\nLF:0\nLH:0\n", None);
        check("LF:2\nLH:3\n", None);
        check("LF:many\n", None);
        check("", None);
        check("no report\n", None);
        let xml = |attributes: &str| {
            format!("<?xml version=\"1.0\" ?>\n<!DOCTYPE coverage SYSTEM 'x'>\n<coverage {attributes}><sources/></coverage>")
        };
        check(&xml("lines-valid=\"8\" lines-covered=\"6\" line-rate=\"0.1\""), Some(75.0));
        check(&xml("line-rate=\"0.5\""), Some(50.0));
        check(&xml("line-rate=\"2\""), None);
        check(&xml("branch-rate=\"1\""), None);
        check("<report/>", None);
        check("<coverage", None);
    }
}
