//! Durations, told as people write them: `10 s`.

use svclint_facts::rust::BinOp;

use crate::fold::Text;

/// Units by their length in nanoseconds, the longest first.
const UNITS: [(&str, i128); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// What a constructor of `Duration` gives: `from_secs(10)`.
pub(crate) fn made(constructor: &str, number: &Text) -> Option<Text> {
    let unit = match constructor {
        "from_secs" | "from_secs_f32" | "from_secs_f64" => "s",
        "from_millis" => "ms",
        "from_micros" => "µs",
        "from_nanos" => "ns",
        "from_mins" => "min",
        "from_hours" => "h",
        _ => return None,
    };
    Some(Text { text: format!("{} {unit}", number.text), complete: number.complete })
}

/// `STEP * 3`, `LONG + Duration::from_millis(500)`.
pub(crate) fn arithmetic(op: BinOp, left: &Text, right: &Text) -> Option<Text> {
    let number = |t: &Text| t.text.parse::<i128>().ok().filter(|_| t.complete);
    let value = match (op, nanoseconds(left), nanoseconds(right)) {
        (BinOp::Add, Some(a), Some(b)) => a.checked_add(b)?,
        (BinOp::Sub, Some(a), Some(b)) => a.checked_sub(b)?,
        (BinOp::Mul, Some(a), None) => a.checked_mul(number(right)?)?,
        (BinOp::Mul, None, Some(b)) => number(left)?.checked_mul(b)?,
        (BinOp::Div, Some(a), None) => a.checked_div(number(right)?)?,
        _ => return None,
    };
    Some(Text::known(written(value)))
}

/// How long a duration is.
pub(crate) fn nanoseconds(text: &Text) -> Option<i128> {
    let (number, unit) = text.text.split_once(' ').filter(|_| text.complete)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i128>().ok()?.checked_mul(*length)
}

/// How many seconds a duration takes that is told as `10 s`, a part of one counted as a whole; `None` for any other text.
pub fn seconds(told: &str) -> Option<i64> {
    let (number, unit) = told.split_once(' ')?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let seconds = number.parse::<f64>().ok()? * (*length as f64) / 1e9;
    Some(seconds.ceil() as i64)
}

/// In the longest unit up to seconds that leaves no fraction.
fn written(nanoseconds: i128) -> String {
    let units = UNITS.iter().filter(|(name, _)| !matches!(*name, "h" | "min"));
    let mut fitting = units.filter(|(_, length)| nanoseconds % length == 0);
    fitting.next().map_or_else(
        || format!("{nanoseconds} ns"),
        |(name, length)| format!("{} {name}", nanoseconds / length),
    )
}
