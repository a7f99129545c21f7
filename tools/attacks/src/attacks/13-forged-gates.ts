import type { Attack, Context } from "../attack.js";
import { assertEnding } from "../check.js";
import { withVictims } from "../victims/index.js";
import { report } from "../victims/victim.js";

const forged = [
  "another port",
  "read of the gate",
  "wide gate",
  "forged exception",
  "in al",
  "in eax, dx",
  "insb from the gate",
  "rep insb",
  "rep insd",
  "outsw",
  "rep outsd",
  "locked gate",
  "forged exception in a shadow",
];

/** One byte to the gate's port by another encoding, which some hypervisors tell apart and others do not. */
const lookalikes = [
  "string gate",
  "repeated gate",
  "prefixed gate",
  "operand prefix",
  "stack shadow at the gate",
  "early ready",
];

async function onKvm({ tries }: Context): Promise<number> {
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < tries; round += 1) {
      for (const name of forged) {
        // A wider write to the port is told from the gate by its size; on some hypervisors it never arrives.
        assertEnding(target.attack(name).ending, ["E_BAD_REPLY"], name);
        target.expectRight(name);
      }
      for (const name of lookalikes) {
        assertEnding(target.attack(name).ending, ["OK", "E_BAD_REPLY"], name);
        for (let call = 0; call < 4; call += 1) target.expectRight(name);
      }
    }
  });
  return tries * (forged.length + lookalikes.length);
}

/** The gate from within the boot, or with the report of another operation at the end of a call. */
async function onSoft({ tries }: Context): Promise<number> {
  const operations = [0, 1, 3, 4, 5, 6, 7, 77, 2 ** 31, 2 ** 32 - 1];
  await withVictims("soft", (victim) => {
    const target = victim();
    for (let round = 0; round < tries; round += 1) {
      for (const operation of operations) {
        const { ending } = target.attack("report from the input", report({ operation }));
        assertEnding(ending, ["E_BAD_REPLY"], `the end of a call by operation ${operation}`);
        target.expectRight(`operation ${operation}`);
      }
    }
  });
  return tries * operations.length;
}

/** Exits that look like the gate. */
export const attack: Attack = {
  id: "forged-gates",
  title: "rep outsb, insb, other widths, ports, directions and prefixes; an exception report from ring 3",
  check: "counts as the gate only what is the gate: out, its port, one byte, once, ring 3",
  guarantees: ["gate-exact"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::ring3::gates::every_port_in_an_instruction_is_closed",
    "tests::ring3::gates::every_form_of_port_io_is_closed",
    "tests::hostile::another_port_is_an_attack",
    "tests::hostile::a_wide_gate_is_an_attack",
    "tests::hostile::a_repeated_gate_is_an_attack",
    "tests::hostile::a_forged_exception_is_an_attack",
  ],
};
