//! The settings hang together and name the release that is really linked.

use twinwall_tune::{KVM_CPU_FEATURES, Machine, Profile, cpu_feature, tune};
use wasmtime::{Config, Engine};

const PROFILES: [Profile; 4] = [
    Profile { machine: Machine::Kvm, fuel: false },
    Profile { machine: Machine::Kvm, fuel: true },
    Profile { machine: Machine::Soft, fuel: false },
    Profile { machine: Machine::Soft, fuel: true },
];

#[test]
fn the_compiler_text_names_the_locked_wasmtime() {
    let lock = include_str!("../../../../../Cargo.lock");
    let version = lock
        .split("[[package]]")
        .find(|package| package.contains("\nname = \"wasmtime\"\n"))
        .and_then(|package| package.lines().find_map(|line| line.strip_prefix("version = ")))
        .map(|version| version.trim_matches('"'))
        .unwrap_or_default();
    for profile in PROFILES {
        assert!(profile.compiler().starts_with(&format!("wasmtime {version}, ")), "{}", profile.compiler());
        assert!(profile.compiler().contains(profile.machine.target()));
    }
}

#[test]
fn every_profile_has_a_compiler_text_of_its_own() {
    let texts: std::collections::BTreeSet<_> = PROFILES.iter().map(|profile| profile.compiler()).collect();
    assert_eq!(texts.len(), PROFILES.len());
}

#[test]
fn a_feature_is_found_by_the_name_that_wasmtime_asks_for() {
    let found = cpu_feature("sse4.1").map(|feature| feature.flag);
    assert_eq!(found, Some("has_sse41"));
    assert_eq!(cpu_feature("avx512f"), None);
}

#[test]
fn cpuid_bits_are_those_of_the_manual() {
    // Leaf 1 ECX with nothing but SSE4.2 (bit 20), leaf 7 EBX with nothing but BMI2 (bit 8).
    let set: Vec<_> =
        KVM_CPU_FEATURES.iter().filter(|feature| feature.is_set(1 << 8, 1 << 20)).map(|f| f.name).collect();
    assert_eq!(set, ["sse4.2", "bmi2"]);
}

#[test]
fn wasmtime_accepts_the_settings_of_every_profile() {
    for profile in PROFILES {
        let mut config = Config::new();
        tune(&mut config, profile);
        assert!(Engine::new(&config).is_ok(), "{profile:?}");
    }
}
