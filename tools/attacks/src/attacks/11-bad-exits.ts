import type { Attack, Context } from "../attack.js";
import { assertEnding, type Ending } from "../check.js";
import { withVictims } from "../victims/index.js";
import { report } from "../victims/victim.js";

/** Must cost the machine. */
const forbidden = [
  "hlt",
  "syscall",
  "sysexit",
  "rdmsr",
  "wrmsr",
  "write cr3",
  "cr0",
  "write cr4",
  "debug registers",
  "write debug registers",
  "lgdt",
  "lidt",
  "lldt",
  "ltr",
  "invlpg",
  "swapgs",
  "xsetbv",
  "rdpmc",
  "sysret",
  "iretq to ring 0",
  "far return to ring 0",
  "far return through the task",
  "far return through a local table",
  "int 0x80",
  "int 3",
  "int 8",
  "int 13",
  "int 14",
  "int 255",
  "into",
  "single step",
  "undefined instruction",
  "division by zero",
  "unknown operation",
  "answer to another request",
];

/** What some processors and hypervisors let pass. */
const doubtful = [
  "vmcall",
  "vmmcall",
  "vmrun",
  "vmlaunch",
  "vmxoff",
  "vmload",
  "clgi",
  "encls",
  "enclu",
  "cpuid",
  "cpuid of every leaf",
  "sgdt",
  "monitor",
  "mwait",
  "umwait",
  "wrpkru",
  "enter interrupts",
  "leave interrupts",
  "sysenter",
  "every flag",
  "alignment check",
  "trap flag at the gate",
  "stack shadow at the gate",
  "compatibility mode",
  "host data selectors",
  "gs base",
  "wrfsbase at a non-canonical address",
  "keep wide vectors",
];

async function onKvm({ tries }: Context): Promise<number> {
  const poisoned: readonly Ending[] = ["E_BAD_REPLY"];
  const any: readonly Ending[] = ["OK", "E_BAD_REPLY", "E_DEADLINE"];
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < tries; round += 1) {
      for (const [names, allowed] of [
        [forbidden, poisoned],
        [doubtful, any],
      ] as const) {
        for (const name of names) {
          target.configure({ deadlineUs: 200_000 });
          assertEnding(target.attack(name, new Uint8Array(64)).ending, allowed, name);
          target.expectRight(name);
        }
      }
    }
  });
  return tries * (forbidden.length + doubtful.length);
}

/** The soft machine has one way out, the gate: every operation, known or not, at the wrong time. */
async function onSoft({ tries }: Context): Promise<number> {
  await withVictims("soft", (victim) => {
    const target = victim();
    for (let round = 0; round < tries; round += 1) {
      for (let operation = 0; operation < 16; operation += 1) {
        for (const name of ["report from the input", "gate with the input's report"]) {
          const { ending } = target.attack(name, report({ operation }));
          const allowed = ["OK", "E_BAD_REPLY", "E_LIMIT", "E_INTERNAL"] as const;
          assertEnding(ending, allowed, `${name}: operation ${operation}`);
          target.expectRight(`${name}: operation ${operation}`);
        }
      }
    }
  });
  return 32 * tries;
}

/** Ways out that are not the gate. */
export const attack: Attack = {
  id: "bad-exits",
  title: "hlt, cpuid, MSRs, control and descriptor registers, VMX and SVM, software interrupts, ring 0",
  check: "one typed error; the machine is not used again before it is restored or replaced",
  guarantees: ["one-way-in", "gate-exact"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::ring3::attacks::ring_0_has_no_way_in",
    "tests::ring3::attacks::what_a_processor_may_allow_leaves_nothing_behind",
    "tests::ring3::state::registers_close_every_way_to_ring_0_but_the_stubs",
    "tests::ring3::random::random_code_ends_in_a_result_or_a_typed_error",
    "tests::hostile::halting_ends_the_machine",
    "tests::hostile::software_interrupts_are_closed",
  ],
};
