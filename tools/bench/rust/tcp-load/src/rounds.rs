//! Takes turns. Whatever else the machine does while it measures falls on all targets alike.

use crate::echo::{Connection, EchoError, Payload, echo_anew};
use crate::options::{Plan, Target};
use crate::random::Random;
use std::time::Duration;

/// What an echo goes over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A connection that stays open.
    Existing,
    /// A connection of its own, whose making is part of the time.
    New,
}

impl Kind {
    /// As the report has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Existing => "existing",
            Self::New => "new",
        }
    }
}

/// Times of one target, size and kind.
#[derive(Debug)]
pub struct Series {
    /// The target's name.
    pub target: String,
    /// Bytes of an echo.
    pub size: usize,
    /// What they went over.
    pub kind: Kind,
    /// Nanoseconds, round by round.
    pub rounds: Vec<Vec<u64>>,
}

/// A target while it is measured. Its connection is opened when it is first needed.
struct Open<'a> {
    target: &'a Target,
    connection: Option<Connection>,
}

/// Measures what the plan says. The first round warms up and is not in the result. Fails with the
/// name of the target that failed.
pub fn measure(plan: &Plan) -> Result<Vec<Series>, (String, EchoError)> {
    let mut random = Random::new(plan.seed);
    let mut open: Vec<Open> = plan.targets.iter().map(|target| Open { target, connection: None }).collect();
    let mut series = all_series(plan);
    let mut payloads: Vec<Payload> = plan.sizes.iter().copied().map(Payload::new).collect();
    for round in 0..=plan.rounds {
        let mut order: Vec<usize> = (0..series.len()).collect();
        random.shuffle(&mut order);
        for index in order {
            let Series { size, kind, .. } = series[index];
            let target = &mut open[index % plan.targets.len()];
            let position = plan.sizes.iter().position(|other| *other == size).unwrap_or_default();
            let times = turn(plan, target, kind, &mut payloads[position], &mut random)
                .map_err(|error| (target.target.name.clone(), error))?;
            if round > 0 {
                series[index].rounds.push(times);
            }
        }
    }
    Ok(series)
}

/// In the report's order, the targets innermost: series `i` is of target `i % targets`.
fn all_series(plan: &Plan) -> Vec<Series> {
    let kinds = [(Kind::Existing, plan.existing), (Kind::New, plan.new)];
    let mut series = Vec::new();
    for (kind, _) in kinds.into_iter().filter(|(_, count)| *count > 0) {
        for size in plan.sizes.iter().copied() {
            for target in &plan.targets {
                series.push(Series { target: target.name.clone(), size, kind, rounds: Vec::new() });
            }
        }
    }
    series
}

fn turn(
    plan: &Plan,
    open: &mut Open<'_>,
    kind: Kind,
    payload: &mut Payload,
    random: &mut Random,
) -> Result<Vec<u64>, EchoError> {
    let address = open.target.address;
    match kind {
        Kind::New => times(plan.new, || echo_anew(address, plan.wait, payload, random)),
        Kind::Existing => {
            let connection = match open.connection.take() {
                Some(connection) => connection,
                None => Connection::open(address, plan.wait)?,
            };
            let connection = open.connection.insert(connection);
            times(plan.existing, || connection.echo(payload, random))
        }
    }
}

fn times(count: usize, mut echo: impl FnMut() -> Result<Duration, EchoError>) -> Result<Vec<u64>, EchoError> {
    (0..count).map(|_| Ok(u64::try_from(echo()?.as_nanos()).unwrap_or(u64::MAX))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// An echo server that counts its connections; after `wrong_after` chunks it answers wrongly.
    fn server(wrong_after: usize) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a client");
                counter.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    let mut chunks = 0;
                    while let Ok(length @ 1..) = stream.read(&mut bytes) {
                        if chunks >= wrong_after {
                            bytes[0] ^= 0xff;
                        }
                        chunks += 1;
                        stream.write_all(&bytes[..length]).expect("a reader");
                    }
                });
            }
        });
        (address, connections)
    }

    fn plan(targets: &[(&str, SocketAddr)]) -> Plan {
        let target =
            |(name, address): &(&str, SocketAddr)| Target { name: (*name).into(), address: *address };
        Plan {
            targets: targets.iter().map(target).collect(),
            sizes: vec![1, 300],
            rounds: 3,
            existing: 4,
            new: 2,
            seed: 5,
            wait: Duration::from_secs(5),
        }
    }

    #[test]
    fn measures_every_target_size_and_kind() {
        let (one, one_connections) = server(usize::MAX);
        let (two, two_connections) = server(usize::MAX);
        let series = measure(&plan(&[("one", one), ("two", two)])).expect("right bytes");
        let keys: Vec<_> = series.iter().map(|s| (s.kind.name(), s.size, s.target.as_str())).collect();
        let expected = [
            ("existing", 1, "one"),
            ("existing", 1, "two"),
            ("existing", 300, "one"),
            ("existing", 300, "two"),
            ("new", 1, "one"),
            ("new", 1, "two"),
            ("new", 300, "one"),
            ("new", 300, "two"),
        ];
        assert_eq!(keys, expected);
        for Series { kind, rounds, .. } in &series {
            let each = if *kind == Kind::New { 2 } else { 4 };
            assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [each; 3]);
            assert!(rounds.iter().flatten().all(|time| *time > 0));
        }
        // One that stays open, and those of two sizes in four rounds.
        for connections in [one_connections, two_connections] {
            assert_eq!(connections.load(Ordering::Relaxed), 1 + 2 * 2 * 4);
        }
    }

    #[test]
    fn names_the_target_that_answers_wrongly() {
        let (right, _) = server(usize::MAX);
        let (wrong, _) = server(5);
        let (name, error) = measure(&plan(&[("right", right), ("wrong", wrong)])).expect_err("wrong bytes");
        assert_eq!(name, "wrong");
        assert!(matches!(error, EchoError::Wrong { index: 0, .. }), "{error}");
    }
}
