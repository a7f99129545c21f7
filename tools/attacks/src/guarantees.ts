/** A promise of the wall, and what stands behind it besides the attacks that name it. */
export interface Guarantee {
  readonly title: string;
  readonly promise: string;
  /** Tests of the crate `twinwall-vmm-kvm` that no attack names, by full name. */
  readonly core: readonly string[];
  /** Tests of other packages: file below the root, and a part of the test's name. */
  readonly tests: readonly (readonly [file: string, name: string])[];
}

/** Folder of the crate `twinwall-walled`. */
const walled = "packages/vmm-kvm/rust/walled";

/** What the wall promises, in the order of SECURITY.md. */
export const guarantees = {
  "gate-exact": {
    title: "The gate is exact",
    promise:
      "One byte to one port, once, from ring 3, is the only way out. Exception reports count from ring 0 " +
      "alone. Any other exit ends the virtual machine: nothing that was pending in it is completed later.",
    core: ["tests::hostile::reading_the_gate_is_an_attack"],
    tests: [["packages/vmm-soft/test/hostile.test.ts", "ends the call, typed, and the next one is right"]],
  },
  "one-way-in": {
    title: "Ring 0 has one way in",
    promise:
      "The exception stubs. No syscall, no sysenter, no local descriptor table, no performance counters, no " +
      "protection keys, no instructions that set FS and GS bases where the processor can forbid them; XCR0 " +
      "has x87, SSE and AVX. No page-table entry names an address without memory, and none is writable and " +
      "executable.",
    core: [
      "tests::hostile::system_calls_are_closed",
      "tests::hostile::model_specific_registers_are_closed",
      "tests::hostile::page_tables_are_closed",
      "tests::paging::nothing_is_writable_and_executable",
      "tests::paging::an_entry_that_is_present_never_changes",
    ],
    tests: [],
  },
  "clean-slate": {
    title: "A clean slate is complete",
    promise:
      "A restore puts back every byte that the guest could write, by the host's own list of them or by KVM's log of " +
      "written pages, where that passed its test; and all " +
      "registers: general, segment, control, debug, vector, mask, x87, model-specific.",
    core: [
      "tests::restore::a_session_keeps_state_until_its_restore",
      "tests::dirty_log::ten_thousand_logged_restores_leave_nothing",
      "tests::dirty_log::strategies_may_take_turns",
      "tests::dirty_log::large_pages_are_logged_page_by_page",
      "contents::tests::puts_back_data_and_zeros",
      "tests::ring3::leftovers::opened_pages_do_not_carry_data",
    ],
    tests: [
      ["packages/vmm-soft/test/leftovers.test.ts", "leaves nothing to another machine"],
      [
        "packages/vmm-soft/test/leftovers.test.ts",
        "is zero %s, whatever a guest wrote to it while it was closed",
      ],
      [
        "packages/vmm-soft/test/hostile.test.ts",
        "that writes everywhere leaves nothing of it in what a restore covers",
      ],
      ["packages/vmm-soft/test/restore.test.ts", "rebuild memory exactly, whatever it holds"],
      ["packages/sandbox/test/limits.test.ts", "grown memory is gone after the call"],
    ],
  },
  "trust-domain": {
    title: "Machines are recycled within one trust domain",
    promise:
      "A virtual machine, and the snapshot behind it, serve sandboxes of one domain: by default the " +
      "module's hash and the options that shape the snapshot.",
    core: [],
    tests: [
      ["packages/sandbox/test/snapshots.test.ts", "are kept for the next sandbox when the first has closed"],
      ["packages/sandbox/test/snapshots.test.ts", "of a boot that asked the host are never shared"],
      [
        "packages/compiler/test/cache.test.ts",
        "module, machine, fuel and domain each have entries of their own",
      ],
    ],
  },
  "fresh-per-call": {
    title: "Fresh per call, from the host",
    promise:
      "A random seed, the wall clock, a monotonic clock that starts over. Nothing of one run (arguments, " +
      "environment, stdin, cursors of files) is there in the next.",
    core: [],
    tests: [
      ["packages/sandbox/test/snapshots.test.ts", "are fresh in each call"],
      ["packages/sandbox/test/run.test.ts", "gets nothing of one run in the next"],
    ],
  },
  "host-copies": {
    title: "The host copies",
    promise:
      "What the guest wrote is copied once, and the copy is checked. Callbacks never see guest memory. " +
      "Lengths and cursors are the host's. Buffers that others can change or shrink are refused.",
    core: [],
    tests: [
      ["packages/sandbox/test/host-functions.test.ts", "get a copy, and may keep it"],
      [
        "packages/abi/test/wit/values-codec.test.ts",
        "that were damaged anywhere are values or refused, and nothing else",
      ],
      ["packages/abi/test/wit/values-codec.test.ts", "with few bytes for many objects are refused"],
      ["tools/fuzz/test/fuzz.test.ts", "reads or refuses damaged inputs"],
      ["tools/fuzz/test/wasi.test.ts", "knows every function that the runtime has, with its parameters"],
    ],
  },
  "guest-text": {
    title: "Text from the guest is bounded, escaped and counted",
    promise:
      "Error messages, logs and names of a guest fit one line of plain text. A host's error text stays with " +
      "the host.",
    core: [],
    tests: [
      ["packages/abi/test/text.test.ts", "is cut, and the cut is told"],
      ["packages/abi/test/error.test.ts", "skip lines of another shape, escape names, and end"],
      ["packages/compiler/test/bad-input.test.ts", "text from the module is bounded and escaped"],
    ],
  },
  "trusted-code": {
    title: "Code from the compiler is trusted code",
    promise:
      "Compilation is bounded in time, memory and output. Cached code lies in a folder of its owner alone " +
      "and is verified when it is read. Damaged code does not run. A compiled module of somebody else's " +
      "waives the inner wall.",
    core: [],
    tests: [
      [
        "packages/compiler/test/cache.test.ts",
        "the folder is made for its owner alone, and so are the entries",
      ],
      ["packages/compiler/test/cache.test.ts", "a folder that others may use is refused"],
      ["packages/compiler/test/cache.test.ts", "a link in place of an entry is not followed"],
      ["packages/compiler/test/compiler.test.ts", "ends a compilation at the deadline and can be used again"],
      [
        "packages/compiler/test/compiler.test.ts",
        "ends a compilation that takes too much memory and can be used again",
      ],
      ["packages/compiler/test/artifact.test.ts", "every changed byte is refused"],
      ["packages/compiler/test/bad-input.test.ts", "a result that is too large is refused"],
    ],
  },
  "private-memory": {
    title: "Memory and descriptors are this process's alone",
    promise:
      "Guest memory is left out of children, core files and page merging; descriptors are closed on exec.",
    core: [],
    tests: [],
  },
  signals: {
    title: "Signals harm nobody else",
    promise:
      "Deadlines use a real-time signal that was free. Late ticks end no later call; timers and threads go " +
      "with their owners.",
    core: [],
    tests: [
      ["packages/vmm-kvm/test/async-environments.test.ts", "takes its calls along, however it ends"],
      ["packages/vmm-kvm/test/async-environments.test.ts", "may exit while calls run"],
    ],
  },
  deadlines: {
    title: "Deadlines are finite by default",
    promise:
      "A call ends at its deadline whatever the guest does; with callAsync also when a host function never answers.",
    core: ["tests::remote::an_answer_that_never_comes_ends_the_call_at_its_deadline"],
    tests: [
      ["packages/abi/test/quantity.test.ts", "have the documented defaults"],
      ["packages/sandbox/test/host-functions.test.ts", "the deadline covers host functions"],
      [
        "packages/sandbox/test/async.test.ts",
        "that never settle end at the deadline; what comes later is nobody's",
      ],
      ["packages/compiler/test/prepare.test.ts", "a deadline ends it, and it can be tried again"],
    ],
  },
  "soft-honest": {
    title: "The soft machine promises what it can keep",
    promise:
      "Inline deadlines are a budget of fuel, and may be late; callAsync ends the Worker. A restore covers " +
      "all that the guest sees. Memory that grew far is thrown away.",
    core: [],
    tests: [
      [
        "packages/vmm-soft/test/hostile.test.ts",
        "cannot keep a Worker: the deadline ends it, and the next call is right",
      ],
      [
        "packages/vmm-soft/test/hostile.test.ts",
        "that grows its memory behind the host's back goes on, or is replaced",
      ],
      [
        "packages/vmm-soft/test/workers.test.ts",
        "that die fail their call with a typed error and are replaced",
      ],
    ],
  },
  "process-wall": {
    title: "The process wall, where it is asked for, leaves nothing to open",
    promise:
      "A worker process has one machine and may do nothing but enter it; what it says is bounded, checked and counted " +
      "by its parent, which it does not outlive. It is had as asked for, or creation fails.",
    core: [],
    tests: [
      [`${walled}/src/worker/tests.rs`, "who_takes_a_worker_over_can_do_nothing_with_it"],
      [`${walled}/src/worker/tests.rs`, "machines_are_made_before_guests_run"],
      [`${walled}/src/worker/tests.rs`, "other_ways_into_the_kernel_are_shut"],
      [`${walled}/src/wire/tests.rs`, "damaged_frames_are_refused_or_read_within_their_bounds"],
      [`${walled}/tests/machines/processes.rs`, "a_worker_has_no_rights_while_guests_run"],
      [`${walled}/tests/machines/processes.rs`, "a_worker_holds_its_machine_and_its_socket_only"],
      [`${walled}/tests/machines/processes.rs`, "only_who_may_do_all_looks_into_a_worker"],
      [`${walled}/tests/machines/hostile.rs`, "what_breaks_the_protocol_ends_the_worker"],
      [`${walled}/tests/machines/hostile.rs`, "limits_hold_without_the_worker"],
      [`${walled}/tests/machines/hostile.rs`, "silence_ends_with_the_deadline"],
      [`${walled}/tests/machines/hostile.rs`, "states_are_checked"],
      [`${walled}/tests/leaks/main.rs`, "nothing_is_left_of_many_machines"],
      ["packages/sandbox/test/isolation.test.ts", "ends the session that it kept, and no other"],
      ["packages/sandbox/test/isolation-processes.test.ts", "end with their parent, whatever they do"],
      ["packages/sandbox/test/isolation-processes.test.ts", "are refused where there is no KVM"],
    ],
  },
} as const satisfies Readonly<Record<string, Guarantee>>;

/** Name of a guarantee. */
export type GuaranteeId = keyof typeof guarantees;
