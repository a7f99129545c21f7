// What the guest does: calls, one behind the other, and behind them data that their arguments may point to.
//
// An input is the guest's memory from INPUT_ADDRESS on, so all of it can be pointed to, and calls may change those that
// come after them. The number of calls in four bytes, four bytes of nothing; then for each call its function in four
// bytes, four of nothing, and nine arguments of eight.
import { mutate, type Random } from "../../mutate.js";
import { functionAt, type Parameter, wasiFunctions } from "./functions.js";

/** Memory of the guest, bytes: all that it may have. */
export const MEMORY_BYTES = 65_536;

/** Where an input lies. Zero would be no memory. */
export const INPUT_ADDRESS = 16;

/** Longest input, bytes. */
export const INPUT_BYTES = 8192;

/** Bytes of the head of an input, and of a call in front of its arguments. */
export const HEAD_BYTES = 8;

const ARGUMENTS = 9;
export const CALL_BYTES = HEAD_BYTES + 8 * ARGUMENTS;

/** Most calls of an input; the guest makes no more. */
export const MOST_CALLS = 12;

/** A call. */
export interface Call {
  readonly function: number;
  /** Nine of them, as unsigned numbers. */
  readonly arguments: readonly bigint[];
}

/** An input, taken apart. */
export interface Script {
  readonly calls: readonly Call[];
  readonly data: Uint8Array;
}

/** The input as the guest gets it: not longer than it may be, and with a head. */
export function clip(bytes: Uint8Array): Uint8Array {
  const input = new Uint8Array(Math.max(HEAD_BYTES, Math.min(bytes.length, INPUT_BYTES)));
  input.set(bytes.subarray(0, input.length));
  return input;
}

/** The call that lies at that place of memory, which is the guest's own. */
export function callAt(memory: Uint8Array, index: number): Call {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const at = INPUT_ADDRESS + HEAD_BYTES + index * CALL_BYTES;
  return {
    function: view.getUint32(at, true),
    arguments: Array.from({ length: ARGUMENTS }, (_, number) =>
      view.getBigUint64(at + HEAD_BYTES + 8 * number, true),
    ),
  };
}

/** The script of whatever bytes. */
export function parseScript(bytes: Uint8Array): Script {
  const memory = new Uint8Array(INPUT_ADDRESS + INPUT_BYTES + CALL_BYTES);
  const input = clip(bytes);
  memory.set(input, INPUT_ADDRESS);
  const count = Math.min(new DataView(memory.buffer).getUint32(INPUT_ADDRESS, true), MOST_CALLS);
  const whole = Math.min(count, Math.floor((input.length - HEAD_BYTES) / CALL_BYTES));
  return {
    calls: Array.from({ length: whole }, (_, index) => callAt(memory, index)),
    data: input.slice(HEAD_BYTES + whole * CALL_BYTES),
  };
}

/** A script as an input. */
export function formatScript({ calls, data }: Script): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + calls.length * CALL_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, calls.length, true);
  calls.forEach((call, index) => {
    const at = HEAD_BYTES + index * CALL_BYTES;
    view.setUint32(at, call.function, true);
    call.arguments.forEach((value, number) => {
      view.setBigUint64(at + HEAD_BYTES + 8 * number, value, true);
    });
  });
  bytes.set(data, HEAD_BYTES + calls.length * CALL_BYTES);
  return bytes;
}

/** Where the data of a script lies in memory. */
export function dataAddress(calls: number): number {
  return INPUT_ADDRESS + HEAD_BYTES + calls * CALL_BYTES;
}

const U32 = 2n ** 32n;

/** Descriptors that there are, that there may be, and the limits of the table. */
const descriptors = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 1023n, 1024n, 0x7fff_ffffn, U32 - 1n];

/** Lengths, counts and flags: small ones, those of paths and vectors, and those whose products leave 32 bits. */
const numbers = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 8n, 15n, 16n, 64n, 1024n, 1025n, 4096n, 4097n, 65_535n, 65_536n, 65_537n],
  ...[89_478_486n, 0x1000_0000n, 0x2000_0000n, 0x7fff_f000n, 0x7fff_ffffn, 0x8000_0000n, U32 - 8n, U32 - 1n],
];

const wides = [
  ...[0n, 1n, 2n, 5n, 0xffn, 0x7fff_ffffn, U32 - 1n, U32, U32 + 2n, U32 + 16n, 2n ** 53n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n],
];

function pointer(calls: number, data: number, random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return BigInt(MEMORY_BYTES - random.below(72));
    case 1:
      return BigInt(INPUT_ADDRESS + random.below(HEAD_BYTES + calls * CALL_BYTES));
    case 2:
      return random.pick([0n, 1n, BigInt(MEMORY_BYTES), U32 - 1n, U32 - 8n, 0x8000_0000n, U32 + 16n]);
    case 3:
      return BigInt(32_768 + random.below(16_384));
    default:
      return BigInt(dataAddress(calls) + random.below(data + 1));
  }
}

/** Another value for a parameter. */
function value(parameter: Parameter | undefined, script: Script, random: Random): bigint {
  switch (parameter) {
    case "descriptor":
      return random.pick(descriptors);
    case "pointer":
      return pointer(script.calls.length, script.data.length, random);
    case "wide":
      return random.pick(wides);
    default:
      return random.pick(numbers);
  }
}

type Edit = (script: Script, other: Script, random: Random) => Script;

const withCall = (script: Script, index: number, ...calls: Call[]): Script => ({
  ...script,
  calls: [...script.calls.slice(0, index), ...calls, ...script.calls.slice(index + 1)],
});

/** One argument of one call. */
const changeArgument: Edit = (script, _, random) => {
  const index = random.below(script.calls.length);
  const call = script.calls[index] as Call;
  const { parameters } = functionAt(call.function);
  const at = random.below(Math.max(parameters.length, 1));
  const given = call.arguments.map((old, number) => {
    if (number !== at) return old;
    const near = BigInt.asUintN(64, old + BigInt(random.below(17) - 8));
    return random.below(4) === 0 ? near : value(parameters[at], script, random);
  });
  return withCall(script, index, { ...call, arguments: given });
};

/** Another function, with arguments of its own. */
const changeFunction: Edit = (script, _, random) => {
  const number = random.below(wasiFunctions.length);
  const { parameters } = functionAt(number);
  const given = Array.from({ length: ARGUMENTS }, (_, at) => value(parameters[at], script, random));
  return withCall(script, random.below(script.calls.length), { function: number, arguments: given });
};

/** A call of another script, or one again, behind one. What it points to is somewhere else here. */
const addCall: Edit = (script, other, random) => {
  if (script.calls.length >= MOST_CALLS) return script;
  const index = random.below(script.calls.length);
  const from = random.below(2) === 0 && other.calls.length > 0 ? other : script;
  return withCall(script, index, script.calls[index] as Call, random.pick(from.calls));
};

const dropCall: Edit = (script, _, random) =>
  script.calls.length < 2 ? script : withCall(script, random.below(script.calls.length));

const changeData: Edit = (script, other, random) => ({
  ...script,
  data: mutate(script.data, other.data, random),
});

const edits: readonly Edit[] = [
  changeArgument,
  changeArgument,
  changeArgument,
  changeFunction,
  addCall,
  dropCall,
  changeData,
];

/** Where the function that waits stands in the table. */
const poll = wasiFunctions.findIndex(({ name }) => name === "poll_oneoff");
const SUBSCRIPTION_BYTES = 48;

/** Most waits are short: nobody has time for all of the others. */
function shortenWaits(script: Script, random: Random): Script {
  if (random.below(64) === 0) return script;
  const data = script.data.slice();
  const start = dataAddress(script.calls.length);
  for (const call of script.calls) {
    if (call.function % wasiFunctions.length !== poll) continue;
    const at = Number((call.arguments[0] ?? 0n) % U32) - start;
    for (let index = 0; index < 8; index++) {
      // All but three bytes of the timeout: 16 ms.
      const timeout = at + index * SUBSCRIPTION_BYTES + 24;
      for (let byte = timeout + 3; byte < timeout + 8; byte++) {
        if (byte >= 0 && byte < data.length) data[byte] = 0;
      }
    }
  }
  return { ...script, data };
}

/** Damages an input: its calls, their arguments, and what they point to. */
export function damageScript(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let script = parseScript(bytes);
  const donor = parseScript(other);
  for (let times = 1 + random.below(4); times > 0 && script.calls.length > 0; times--) {
    script = random.pick(edits)(script, donor, random);
  }
  return formatScript(shortenWaits(script, random));
}
