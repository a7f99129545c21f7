//! Real modules in real machines.

#[path = "../../../test-support/compile.rs"]
mod compile;
mod modules;
mod support;

use modules::CONNECTION;
use support::{Recorder, fails, module, options, program};
use twinwall_host::{CallError, CompiledModule, ErrorCode, Image, Limits, ModuleError, NoHost, Program};

#[test]
fn a_damaged_foreign_or_other_module_is_refused() {
    let wasm = wat::parse_str(modules::ECHO).expect("a module");
    let good = compile::artifact(&wasm, "kvm", false);
    assert!(CompiledModule::read(&good).is_ok());
    assert_eq!(CompiledModule::read(&wasm), Err(ModuleError::Foreign));
    assert_eq!(CompiledModule::read(&[]), Err(ModuleError::Foreign));
    for cut in [8, 40, good.len() / 2, good.len() - 1] {
        assert_eq!(CompiledModule::read(&good[..cut]), Err(ModuleError::Checksum), "{cut}");
    }
    for at in (8..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert_eq!(CompiledModule::read(&bad), Err(ModuleError::Checksum), "{at}");
    }
    let soft = compile::artifact(&wasm, "soft", false);
    assert_eq!(CompiledModule::read(&soft), Err(ModuleError::Machine));
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn a_call_starts_clean_and_a_session_goes_on() {
    let program = program(modules::COUNTER, &options());
    let count = program.bytes_function("count").expect("the function");
    let mut instance = program.instance().expect("a machine");
    let mut output = Vec::new();
    for _ in 0..3 {
        let length = instance.call_bytes(count, b"", &mut NoHost, &mut output).expect("a call");
        assert_eq!(output[..length], [1]);
    }
    for expected in 1..=3 {
        let length = instance.call_bytes_in_session(count, b"", &mut NoHost, &mut output).expect("a call");
        assert_eq!(output[..length], [expected]);
    }
    assert!(instance.in_session());
    instance.finish();
    let length = instance.call_bytes_in_session(count, b"", &mut NoHost, &mut output).expect("a call");
    assert_eq!(output[..length], [1]);
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn host_functions_are_called_with_what_the_guest_gives() {
    let program = program(CONNECTION, &options());
    let function = program.bytes_function("ask").expect("the function");
    let mut instance = program.instance().expect("a machine");
    let mut host = Recorder::default();
    let mut output = Vec::new();
    let length = instance.call_bytes(function, b"name", &mut host, &mut output).expect("a call");
    assert_eq!(output[..length], *b"answer to name");
    assert_eq!(
        host.records,
        [(0, b"name".to_vec()), (1, [7_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat())]
    );
    assert_eq!(instance.statistics().host_calls, 1);
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn failures_have_the_codes_of_the_public_api() {
    let limits = Limits { deadline: 20_000_000, output_bytes: 4096, ..Limits::default() };
    let program = program(modules::HOSTILE, &support::limited(limits));
    let mut instance = program.instance().expect("a machine");
    for (name, code) in [
        ("trap", ErrorCode::Trap),
        ("spin", ErrorCode::Deadline),
        ("wide", ErrorCode::Limit),
        ("outside", ErrorCode::BadReply),
    ] {
        let function = program.bytes_function(name).expect("the function");
        let error = instance.call_bytes(function, b"x", &mut NoHost, &mut Vec::new()).expect_err(name);
        assert_eq!(error.code, code, "{name}: {error}");
        // The instance serves the next call.
        let echo = program.bytes_function("echo").expect("the function");
        let mut output = [0; 1];
        assert_eq!(instance.call_bytes(echo, b"x", &mut NoHost, &mut output), Ok(1), "after {name}");
        let small = instance.call_bytes(echo, b"xy", &mut NoHost, &mut output);
        assert_eq!(small.expect_err("no room").code, ErrorCode::Limit);
    }
    assert_eq!(program.bytes_function("none").expect_err("none").code, ErrorCode::NoFunction);
    assert_eq!(program.bytes_function("memory").expect_err("a memory").code, ErrorCode::NoFunction);
    assert_eq!(program.bytes_function("twinwall_allocate").expect_err("a type").code, ErrorCode::Type);
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn boots_fail_with_a_reason() {
    let code = |error: CallError| error.code;
    assert_eq!(fails(modules::IMPORTS, &options(), code), ErrorCode::Import);
    let small = support::limited(Limits { memory_bytes: 64 << 10, ..Limits::default() });
    assert_eq!(fails(modules::BIG, &small, code), ErrorCode::Memory);
    let fuel = support::limited(Limits { fuel: 1000, ..Limits::default() });
    assert_eq!(fails(modules::ECHO, &fuel, code), ErrorCode::BadModule);
    let fueled = module(modules::ECHO, true);
    let booted = Program::boot(support::image(), &fueled, &options(), &mut NoHost);
    assert_eq!(booted.expect_err("fuel").code, ErrorCode::BadModule);
    assert!(Program::boot(support::image(), &fueled, &fuel, &mut NoHost).is_ok());
    assert!(Image::load(b"no image").is_err());
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn a_function_is_one_of_its_program() {
    let (one, other) = (program(modules::COUNTER, &options()), program(modules::COUNTER, &options()));
    let function = one.bytes_function("count").expect("the function");
    let mut instance = other.instance().expect("a machine");
    let error = instance.call_bytes(function, b"", &mut NoHost, &mut Vec::new()).expect_err("not its own");
    assert_eq!(error.code, ErrorCode::NoFunction);
    let mut own = one.clone().instance().expect("a machine");
    assert!(own.call_bytes(function, b"", &mut NoHost, &mut Vec::new()).is_ok());
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn an_instance_whose_machine_is_gone_says_so_and_serves_on() {
    let limits = Limits { deadline: 20_000_000, ..Limits::default() };
    let program = program(modules::HOSTILE, &support::limited(limits));
    let mut instance = program.instance().expect("a machine");
    assert!(!instance.is_spent());
    let mut call = |name: &str| {
        let function = program.bytes_function(name).expect("the function");
        let failed = instance.call_bytes(function, b"x", &mut NoHost, &mut Vec::new()).is_err();
        (failed, instance.is_spent())
    };
    assert_eq!([call("trap"), call("spin"), call("echo")], [(true, false), (true, true), (false, false)]);
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn initial_data_is_there_before_the_snapshot() {
    let with_data = twinwall_host::ProgramOptions { init: b"hello".to_vec(), ..options() };
    let program = program(modules::INIT, &with_data);
    let function = program.bytes_function("greeting").expect("the function");
    let mut instance = program.instance().expect("a machine");
    let mut output = Vec::new();
    let length = instance.call_bytes(function, b"", &mut NoHost, &mut output).expect("a call");
    assert_eq!(output[..length], *b"hello");
}

#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn a_native_image_has_functions_by_number() {
    let elf = std::fs::read(support::ECHO_IMAGE).expect("the image");
    let image = Image::load(&elf).expect("an image").into();
    let program = Program::boot_native(image, &options(), &mut NoHost).expect("it boots");
    assert_eq!(program.bytes_function("echo").expect_err("no names").code, ErrorCode::NoFunction);
    let mut instance = program.instance().expect("a machine");
    let mut output = Vec::new();
    let mut call = |number, input: &[u8]| {
        let function = program.numbered_function(number);
        let length = instance.call_bytes(function, input, &mut NoHost, &mut output)?;
        Ok::<_, CallError>(output[..length].to_vec())
    };
    assert_eq!(call(0, &[3, 1, 2]), Ok(vec![3, 1, 2]));
    assert_eq!(call(1, &[3, 1, 2]), Ok(vec![0, 1, 2]));
    assert_eq!(call(1, &[]), Ok(vec![]));
    assert_eq!(call(2, &[]).expect_err("no such function").code, ErrorCode::NoFunction);
}
