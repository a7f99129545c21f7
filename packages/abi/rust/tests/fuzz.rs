//! Damaged inputs for each reader of this crate: `npm run fuzz` gives it more of them.
#![allow(clippy::unwrap_used, reason = "a panic is a finding")]

#[path = "../../../../tools/fuzz/rust/fuzz.rs"]
mod fuzz;

use fuzz::{Outcome, fuzz};
use twinwall_abi::batch::Items;
use twinwall_abi::connection::{Chunk, Passed};
use twinwall_abi::outbox::Entries;
use twinwall_abi::{tables, values};

#[test]
fn outbox_records() {
    fuzz("abi-outbox", |bytes| {
        let entries: Result<Vec<_>, _> = Entries::new(bytes).collect();
        if let Ok(entries) = &entries {
            let data: usize = entries.iter().map(|entry| entry.data.len() + 16).sum();
            assert!(data <= bytes.len(), "records overlap");
        }
        entries.into()
    });
}

#[test]
fn batches() {
    fuzz("abi-batch", |bytes| {
        let Ok(items) = Items::new(bytes) else { return Outcome::Refused };
        let items: Result<Vec<_>, _> = items.collect();
        if let Ok(items) = &items {
            let data: usize = items.iter().map(|item| item.len() + 8).sum();
            assert!(data <= bytes.len(), "items overlap");
        }
        items.into()
    });
}

#[test]
fn connections() {
    fuzz("abi-connection", |bytes| {
        let passed = Passed::read(bytes);
        Chunk::read(bytes).map(drop).or(passed.map(drop)).into()
    });
}

#[test]
fn frames_of_values() {
    fuzz("abi-values", |bytes| {
        let image = values::image(bytes);
        assert!(image.as_ref().is_ok_and(|image| image.len() <= bytes.len()) || image.is_err());
        image.into()
    });
}

/// All that there is, as a loader reads it: whatever was verified can be read.
#[test]
fn compiled_modules() {
    fuzz("abi-artifact", |bytes| {
        let Ok(artifact) = tables::artifact(bytes) else { return Outcome::Refused };
        let mut sum = artifact.code().bytes().len();
        assert!(sum <= bytes.len(), "its code is longer than the file");
        sum += artifact.compiler().len();
        // A vector may name one table again and again: the verifier bounds how many.
        for export in artifact.exports().iter().flatten() {
            sum += export.name().len() + export.parameters().map_or(0, |list| list.len());
        }
        for import in artifact.imports().iter().flatten() {
            sum += import.name().len() + import.module().len();
        }
        std::hint::black_box(sum);
        Outcome::Read
    });
}

#[test]
fn boot_configurations() {
    fuzz("abi-boot", |bytes| {
        let Ok(boot) = tables::boot_configuration(bytes) else { return Outcome::Refused };
        let mut sum = boot.init().map_or(0, |init| init.bytes().len());
        for file in boot.files().iter().flatten() {
            sum += file.path().len();
        }
        for function in boot.host_functions().iter().flatten() {
            sum += function.name().len() + function.parameters().map_or(0, |list| list.len());
        }
        std::hint::black_box(sum);
        Outcome::Read
    });
}

#[test]
fn inputs_of_commands() {
    fuzz("abi-command", |bytes| {
        let Ok(input) = tables::command_input(bytes) else { return Outcome::Refused };
        let mut sum = input.stdin().map_or(0, |stdin| stdin.bytes().len());
        for text in input.arguments().iter().flatten().chain(input.environment().iter().flatten()) {
            sum += text.len();
        }
        std::hint::black_box(sum);
        Outcome::Read
    });
}
