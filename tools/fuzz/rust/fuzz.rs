//! Damaged inputs for readers in Rust: the twin of `src/run.ts` and `src/mutate.ts` in `tools/fuzz`, and shared by the tests
//! of the crates that have such readers.
//!
//! `TWINWALL_FUZZ_CASES` is the number of inputs, `TWINWALL_FUZZ_SEED` where the numbers begin, `TWINWALL_FUZZ_TARGETS` the
//! targets to run (all, when it is not set), `TWINWALL_FUZZ_FINDINGS` the folder for inputs that were neither read nor
//! refused. Each target says what became of it in one line: `fuzz TARGET READ REFUSED SECONDS [FINDING]`.

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Cases of each target where nobody asks for another number.
const CASES: u64 = 2000;

/// Most time for one input. Reading takes microseconds, but machines pause.
const SLOW: Duration = Duration::from_secs(2);

/// What became of an input; a finding is a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Read,
    /// It was refused, by the reader's own error.
    Refused,
}

impl<Value, Error> From<Result<Value, Error>> for Outcome {
    fn from(result: Result<Value, Error>) -> Self {
        if result.is_ok() { Self::Read } else { Self::Refused }
    }
}

/// Numbers from a seed: the same ones each time.
pub struct Random(u32);

impl Random {
    fn of_case(seed: u64, case: u64) -> Self {
        let mixed = (seed as u32).wrapping_mul(0x9e37_79b1) ^ (case as u32 + 1).wrapping_mul(0x85eb_ca6b);
        let mut random = Self(if mixed == 0 { 1 } else { mixed });
        for _ in 0..8 {
            random.below(2);
        }
        random
    }

    /// A whole number from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end
    }
}

/// Numbers at which readers of offsets and lengths go wrong.
const NUMBERS: [u32; 16] = [
    0,
    1,
    2,
    4,
    8,
    32,
    100,
    0x7f,
    0xff,
    0xfff,
    0x1000,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffc,
    0xffff_ffff,
];

/// Damages bytes in one to four places; `other` lends pieces.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            2..=4 => set_number(bytes, at & !3, random),
            5 => bytes.truncate(at),
            6 => bytes.resize(bytes.len() + 1 + random.below(64), 0),
            _ => {
                let from = random.below(other.len() + 1) & !3;
                let length = (4 + 4 * random.below(16)).min(bytes.len() - (at & !3)).min(other.len() - from);
                bytes[at & !3..][..length].copy_from_slice(&other[from..][..length]);
            }
        }
    }
}

/// Sets an aligned number to one that is near to it, or to one of [`NUMBERS`].
fn set_number(bytes: &mut [u8], at: usize, random: &mut Random) {
    let Some(place) = bytes[at..].first_chunk_mut::<4>() else { return };
    let near = u32::from_le_bytes(*place).wrapping_add(random.below(17) as u32).wrapping_sub(8);
    let number = if random.below(2) == 0 { near } else { NUMBERS[random.below(NUMBERS.len())] };
    *place = number.to_le_bytes();
}

/// Runs a target's corpus as it is, then damaged inputs.
///
/// # Panics
/// When an input is neither read nor refused, or takes too long.
pub fn fuzz(target: &str, run: impl FnMut(&[u8]) -> Outcome) {
    fuzz_share(target, 1, run);
}

/// The same with one case in `share` of those asked for: of what takes milliseconds for each.
pub fn fuzz_share(target: &str, share: u64, mut run: impl FnMut(&[u8]) -> Outcome) {
    if !is_wanted(target) {
        return;
    }
    let corpus = read_corpus(target);
    let (cases, seed) =
        (number("TWINWALL_FUZZ_CASES", CASES).div_ceil(share), number("TWINWALL_FUZZ_SEED", 6));
    let (mut read, mut refused) = (0_u64, 0_u64);
    let start = Instant::now();
    let damaged =
        (0..cases).map(|case| (format!("case {case} of seed {seed}"), input_of(&corpus, seed, case)));
    for (name, input) in corpus.iter().cloned().chain(damaged) {
        let began = Instant::now();
        // Whatever a reader has when it panics is dropped, and a finding ends the target.
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&input)));
        let finding = match outcome {
            Ok(_) if began.elapsed() > SLOW => format!("it took {:?}", began.elapsed()),
            Ok(Outcome::Read) => {
                read += 1;
                continue;
            }
            Ok(Outcome::Refused) => {
                refused += 1;
                continue;
            }
            Err(_) => "it panicked".into(),
        };
        let place = save(target, &name, &input);
        let finding = format!("{name}: {finding}; input: {place}");
        tell(target, read, refused, start, Some(&finding));
        panic!("{target}: {finding}");
    }
    tell(target, read, refused, start, None);
    assert!(cases < 100 || (read > 0 && refused > 0), "{target}: {read} were read, {refused} refused");
}

fn tell(target: &str, read: u64, refused: u64, start: Instant, finding: Option<&str>) {
    let seconds = start.elapsed().as_secs_f64();
    let finding = finding.map(|finding| format!("\t{finding}")).unwrap_or_default();
    println!("\nfuzz\t{target}\t{read}\t{refused}\t{seconds:.3}{finding}");
}

fn is_wanted(target: &str) -> bool {
    env::var("TWINWALL_FUZZ_TARGETS").map_or(true, |names| names.split(',').any(|name| name == target))
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn input_of(corpus: &[(String, Vec<u8>)], seed: u64, case: u64) -> Vec<u8> {
    let mut random = Random::of_case(seed, case);
    let mut bytes = corpus[random.below(corpus.len())].1.clone();
    let other = random.below(corpus.len());
    mutate(&mut bytes, &corpus[other].1, &mut random);
    bytes
}

/// The inputs of the repository, by name.
fn read_corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    // Two crates include this file, at different depths.
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.ancestors().find(|folder| folder.join("tools/fuzz").is_dir());
    let folder = root.expect("the repository").join("tools/fuzz/corpus").join(target);
    let mut corpus: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .expect("a corpus")
        .map(|entry| {
            let entry = entry.expect("a file of the corpus");
            let name = format!("corpus file {}", entry.file_name().to_string_lossy());
            (name, fs::read(entry.path()).expect("a file of the corpus"))
        })
        .collect();
    corpus.sort();
    corpus
}

fn save(target: &str, name: &str, input: &[u8]) -> String {
    let Some(folder) = env::var_os("TWINWALL_FUZZ_FINDINGS").map(PathBuf::from) else {
        return input.iter().map(|byte| format!("{byte:02x}")).collect();
    };
    let file = folder.join(format!("{target}-{}.bin", name.replace(' ', "-")));
    let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input));
    kept.map_or_else(|error| error.to_string(), |()| file.display().to_string())
}
