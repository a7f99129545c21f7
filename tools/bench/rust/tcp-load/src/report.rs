//! The result: a line of JSON per series, times in nanoseconds.

use crate::rounds::Series;
use crate::statistics::summarize;
use std::fmt::Write;

/// All series, each on a line of its own. `rounds` has the median of each round, so that two targets
/// can be compared round by round.
pub fn lines(series: &[Series]) -> String {
    series.iter().fold(String::new(), |mut text, one| {
        line(&mut text, one);
        text
    })
}

fn line(text: &mut String, Series { target, size, kind, rounds }: &Series) {
    let Some(all) = summarize(rounds.iter().flatten().copied()) else { return };
    let medians: Vec<String> = rounds
        .iter()
        .filter_map(|round| summarize(round.iter().copied()))
        .map(|round| format!("{:.0}", round.median))
        .collect();
    let times = [
        ("mean", all.mean),
        ("deviation", all.deviation),
        ("p25", all.p25),
        ("median", all.median),
        ("p75", all.p75),
        ("p99", all.p99),
    ]
    .map(|(name, time)| format!("\"{name}\":{time:.0}"))
    .join(",");
    let (kind, count, medians) = (kind.name(), all.count, medians.join(","));
    let _ = write!(text, r#"{{"target":"{target}","size":{size},"connection":"{kind}","count":{count},"#);
    let _ = writeln!(text, r#"{times},"rounds":[{medians}]}}"#);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Kind;

    #[test]
    fn writes_one_object_a_line() {
        let series = Series {
            target: "a-1".into(),
            size: 128,
            kind: Kind::New,
            rounds: vec![vec![10, 20, 30], vec![40, 50, 60]],
        };
        let expected = "{\"target\":\"a-1\",\"size\":128,\"connection\":\"new\",\"count\":6,\"mean\":35,\"deviation\":19,\
                        \"p25\":22,\"median\":35,\"p75\":48,\"p99\":60,\"rounds\":[20,50]}\n";
        assert_eq!(lines(&[series]), expected);
    }
}
