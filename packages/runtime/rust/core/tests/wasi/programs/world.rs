//! Prints everything that a WASI command can find out about its world.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() {
    println!("arguments {:?}", std::env::args().collect::<Vec<_>>());
    println!("environment {:?}", std::env::vars().collect::<Vec<_>>());
    println!("lines {:?}", io::stdin().lines().map(Result::unwrap).collect::<Vec<_>>());
    println!("terminals {} {}", io::stdin().is_terminal(), io::stdout().is_terminal());
    files();
    changes();
    time();
    println!("random {}", (0..100).collect::<HashSet<_>>().len());
    eprintln!("to stderr");
    print!("no newline");
    io::stdout().flush().unwrap();
    std::process::exit(7);
}

fn files() {
    println!("absolute {:?}", fs::read_to_string("/hello.txt"));
    println!("relative {:?}", fs::read_to_string("data/deep/er/leaf"));
    println!("dotted {:?}", fs::read_to_string("./data/../hello.txt"));
    println!("missing {:?}", fs::read("missing").map_err(|error| error.kind()));
    println!("metadata {:?}", fs::metadata("/data/numbers.txt").map(|it| (it.is_file(), it.len())));
    println!("directory {:?}", fs::metadata("data").map(|it| it.is_dir()));
    println!("exists {} {}", fs::exists("/data").unwrap(), fs::exists("/nothing").unwrap());
    let mut names: Vec<_> = fs::read_dir("/data")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    println!("entries {names:?}");
    let mut file = File::open("/data/numbers.txt").unwrap();
    file.seek(SeekFrom::End(-4)).unwrap();
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    println!("end {rest:?} at {}", file.stream_position().unwrap());
}

fn changes() {
    println!("create {:?}", File::create("new").map(|_| ()).map_err(|error| error.kind()));
    println!("write {:?}", fs::write("hello.txt", "x").map_err(|error| error.kind()));
    println!(
        "append {:?}",
        File::options().append(true).open("hello.txt").map(|_| ()).map_err(|error| error.kind())
    );
    println!("mkdir {:?}", fs::create_dir_all("data/deep").map_err(|error| error.kind()));
    println!("mkdir {:?}", fs::create_dir("made").map_err(|error| error.kind()));
    println!("remove {:?}", fs::remove_file("hello.txt").map_err(|error| error.kind()));
    println!("rename {:?}", fs::rename("hello.txt", "other").map_err(|error| error.kind()));
}

fn time() {
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let slept = before.elapsed();
    println!("slept {}", slept >= Duration::from_millis(20) && slept < Duration::from_secs(20));
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    println!("seconds {}", wall.as_secs());
}
