//! The day that a member's name tells: `…/2026/03/02/…`, `2026-03-02.jsonl`, `y=2026/m=03/d=02`, `20260302T0010Z`.
//!
//! Members are read oldest day first, so that what several folders of one source hold is read side by side and not one
//! folder's year after another's. A name without a day is read before those with one.

/// Year, month and day as one number, 20260302; 0 when the name tells none.
pub(super) fn name_day(name: &str) -> u32 {
    let groups: Vec<(usize, &str)> = digit_groups(name);
    for (i, (at, digits)) in groups.iter().enumerate() {
        let together = digits.get(..8).filter(|_| digits.len() == 8 || digits.len() == 12 || digits.len() == 14);
        if let Some(day) = together.and_then(|day| valid(day.get(..4)?, day.get(4..6)?, day.get(6..)?)) {
            return day;
        }
        let (Some((m_at, month)), Some((d_at, day))) = (groups.get(i + 1), groups.get(i + 2)) else { continue };
        let joins = |end: usize, start: usize| name.get(end..start).is_some_and(|text| SEPARATORS.contains(&text));
        if digits.len() == 4
            && joins(at + 4, *m_at)
            && joins(m_at + month.len(), *d_at)
            && let Some(day) = valid(digits, month, day)
        {
            return day;
        }
    }
    0
}

/// What may stand between the parts of a day.
const SEPARATORS: &[&str] = &["-", "/", "_", ".", "/m=", "/d=", "/month=", "/day="];

/// Each run of digits with its place.
fn digit_groups(name: &str) -> Vec<(usize, &str)> {
    let mut groups = Vec::new();
    let mut rest = 0;
    while let Some(start) = name.get(rest..).and_then(|text| text.find(|c: char| c.is_ascii_digit())) {
        let start = rest + start;
        let length = name.get(start..).map_or(0, |text| text.bytes().take_while(u8::is_ascii_digit).count());
        groups.extend(name.get(start..start + length).map(|digits| (start, digits)));
        rest = start + length;
    }
    groups
}

fn valid(year: &str, month: &str, day: &str) -> Option<u32> {
    let number = |text: &str, digits: usize| text.parse::<u32>().ok().filter(|_| text.len() == digits);
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let is_day = (1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then_some(year * 10_000 + month * 100 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_day() {
        let cases = [
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_x_20260303T0010Z_a.json.gz",
                20_260_302,
            ),
            ("checkout/2026-03-02.jsonl.gz", 20_260_302),
            ("resourceId=/x/y=2026/m=03/d=02/h=10/m=00/PT1H.json", 20_260_302),
            ("app.20260302.log", 20_260_302),
            ("app-20260302T101112.log", 20_260_302),
            ("2026-03-02-10-11-12-ABCDEF0123456789", 20_260_302),
            ("part-00012.json", 0),
            ("2026/13/02/x", 0),
            ("order-11112222.json", 0),
            ("", 0),
        ];
        for (name, day) in cases {
            assert_eq!(name_day(name), day, "{name}");
        }
    }
}
