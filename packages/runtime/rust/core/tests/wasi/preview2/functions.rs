//! All functions that do something, with the bytes that WASI's types give their parameters and results.

use crate::harness::Host;
use crate::wasi::preview2;

const ENVIRONMENT: &str = "wasi:cli/environment";
const FILES: &str = "wasi:filesystem/types";
const MONOTONIC: &str = "wasi:clocks/monotonic-clock";
const STREAMS: &str = "wasi:io/streams";

pub(crate) const FUNCTIONS: &[(&str, &str, usize, usize)] = &[
    (ENVIRONMENT, "get-environment", 0, 8),
    (ENVIRONMENT, "get-arguments", 0, 8),
    (ENVIRONMENT, "initial-cwd", 0, 12),
    ("wasi:cli/exit", "exit", 1, 0),
    ("wasi:cli/exit", "exit-with-code", 1, 0),
    ("wasi:cli/stdin", "get-stdin", 0, 4),
    ("wasi:cli/stdout", "get-stdout", 0, 4),
    ("wasi:cli/stderr", "get-stderr", 0, 4),
    ("wasi:cli/terminal-stdin", "get-terminal-stdin", 0, 8),
    ("wasi:cli/terminal-stdout", "get-terminal-stdout", 0, 8),
    ("wasi:cli/terminal-stderr", "get-terminal-stderr", 0, 8),
    (MONOTONIC, "now", 0, 8),
    (MONOTONIC, "resolution", 0, 8),
    (MONOTONIC, "subscribe-instant", 8, 4),
    (MONOTONIC, "subscribe-duration", 8, 4),
    ("wasi:clocks/wall-clock", "now", 0, 16),
    ("wasi:clocks/wall-clock", "resolution", 0, 16),
    ("wasi:filesystem/preopens", "get-directories", 0, 8),
    (FILES, "filesystem-error-code", 4, 2),
    (FILES, "[method]descriptor.read-via-stream", 16, 8),
    (FILES, "[method]descriptor.write-via-stream", 16, 8),
    (FILES, "[method]descriptor.append-via-stream", 4, 8),
    (FILES, "[method]descriptor.advise", 32, 2),
    (FILES, "[method]descriptor.sync-data", 4, 2),
    (FILES, "[method]descriptor.get-flags", 4, 2),
    (FILES, "[method]descriptor.get-type", 4, 2),
    (FILES, "[method]descriptor.set-size", 16, 2),
    (FILES, "[method]descriptor.set-times", 56, 2),
    (FILES, "[method]descriptor.read", 24, 16),
    (FILES, "[method]descriptor.write", 24, 16),
    (FILES, "[method]descriptor.read-directory", 4, 8),
    (FILES, "[method]descriptor.sync", 4, 2),
    (FILES, "[method]descriptor.create-directory-at", 12, 2),
    (FILES, "[method]descriptor.stat", 4, 104),
    (FILES, "[method]descriptor.stat-at", 16, 104),
    (FILES, "[method]descriptor.set-times-at", 64, 2),
    (FILES, "[method]descriptor.link-at", 28, 2),
    (FILES, "[method]descriptor.open-at", 20, 8),
    (FILES, "[method]descriptor.readlink-at", 12, 12),
    (FILES, "[method]descriptor.remove-directory-at", 12, 2),
    (FILES, "[method]descriptor.rename-at", 24, 2),
    (FILES, "[method]descriptor.symlink-at", 20, 2),
    (FILES, "[method]descriptor.unlink-file-at", 12, 2),
    (FILES, "[method]descriptor.is-same-object", 8, 1),
    (FILES, "[method]descriptor.metadata-hash", 4, 24),
    (FILES, "[method]descriptor.metadata-hash-at", 16, 24),
    (FILES, "[method]directory-entry-stream.read-directory-entry", 4, 20),
    ("wasi:io/error", "[method]error.to-debug-string", 4, 8),
    ("wasi:io/poll", "poll", 8, 8),
    ("wasi:io/poll", "[method]pollable.ready", 4, 1),
    ("wasi:io/poll", "[method]pollable.block", 4, 0),
    (STREAMS, "[method]input-stream.read", 16, 12),
    (STREAMS, "[method]input-stream.blocking-read", 16, 12),
    (STREAMS, "[method]input-stream.skip", 16, 16),
    (STREAMS, "[method]input-stream.blocking-skip", 16, 16),
    (STREAMS, "[method]input-stream.subscribe", 4, 4),
    (STREAMS, "[method]output-stream.check-write", 4, 16),
    (STREAMS, "[method]output-stream.write", 12, 12),
    (STREAMS, "[method]output-stream.blocking-write-and-flush", 12, 12),
    (STREAMS, "[method]output-stream.flush", 4, 12),
    (STREAMS, "[method]output-stream.blocking-flush", 4, 12),
    (STREAMS, "[method]output-stream.subscribe", 4, 4),
    (STREAMS, "[method]output-stream.write-zeroes", 16, 12),
    (STREAMS, "[method]output-stream.blocking-write-zeroes-and-flush", 16, 12),
    (STREAMS, "[method]output-stream.splice", 16, 16),
    (STREAMS, "[method]output-stream.blocking-splice", 16, 16),
    ("wasi:random/random", "get-random-bytes", 8, 8),
    ("wasi:random/random", "get-random-u64", 0, 8),
    ("wasi:random/insecure", "get-insecure-random-bytes", 8, 8),
    ("wasi:random/insecure", "get-insecure-random-u64", 0, 8),
    ("wasi:random/insecure-seed", "insecure-seed", 0, 16),
];

#[test]
fn every_function_is_known_by_its_type() {
    for (interface, name, parameters, result) in FUNCTIONS {
        let (_, known_parameters, known_result) =
            preview2::known::<Host>(interface, name).unwrap_or_else(|| panic!("{interface} {name}"));
        let known = (usize::from(known_parameters), usize::from(known_result));
        assert_eq!(known, (*parameters, *result), "{interface} {name}");
    }
}

#[test]
fn interfaces_are_those_of_wasi_0_2() {
    for (name, interface) in [
        ("wasi:io/streams@0.2.0", Some("wasi:io/streams")),
        ("wasi:http/types@0.2.12", Some("wasi:http/types")),
        ("wasi:sockets/tcp@0.2.999", Some("wasi:sockets/tcp")),
        ("wasi:io/streams", None),
        ("wasi:io/streams@0.2", None),
        ("wasi:io/streams@0.2.", None),
        ("wasi:io/streams@0.2.0-rc-2023-12-05", None),
        ("wasi:io/streams@0.3.0", None),
        ("wasi:io/streams@1.0.2", None),
        ("wasi:keyvalue/store@0.2.0", None),
        ("example:io/streams@0.2.0", None),
        ("wasi:io@0.2.0", None),
    ] {
        assert_eq!(preview2::interface(name), interface, "{name}");
    }
}
