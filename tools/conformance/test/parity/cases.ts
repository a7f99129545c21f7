import { hostFunction, type Sandbox, type SandboxOptions, t } from "@twinwall/sandbox";
import { assemble, bytes, command, hosts, memories, nesting, numbers } from "./modules.js";

/** One behaviour, to be the same on every machine. */
export interface ParityCase {
  readonly name: string;
  readonly options: Omit<SandboxOptions, "machine">;
  /** Called one after the other; what each comes to is compared, and so are the figures behind it. */
  readonly acts: readonly ((sandbox: Sandbox) => unknown)[];
  /** What must have happened, so that not all machines are wrong alike: values as text, or error codes. */
  readonly expected: readonly unknown[];
}

/** Stands for any value, where only the comparison counts. */
export const any = Symbol("any value");

/** Stands for any error. */
export const anyError = Symbol("any error");

/** Fuel is counted in all cases, so that it is compared too. */
const fuel = 20_000_000;
const seed = new Uint8Array(32).fill(7);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (input: Uint8Array): string => new TextDecoder().decode(input);

const withNumbers = { module: numbers, limits: { fuel, memory: "512KiB" } } as const;
const withBytes = { module: bytes, limits: { fuel } } as const;

const host = {
  mix: hostFunction(
    { params: [t.i32, t.i64, t.f32, t.f64], result: t.f64 },
    (a, b, c, d) => a + Number(b) + c + d,
  ),
  upper: hostFunction({ params: [t.bytes], result: t.bytes }, (input) => utf8(textOf(input).toUpperCase())),
  log: hostFunction({ params: [t.bytes], deferred: true }, () => {}),
};
const withHosts = { module: hosts, host, limits: { fuel } } as const;

function call(name: string, ...values: (number | bigint)[]) {
  return (sandbox: Sandbox): unknown => sandbox.call(name, ...values);
}

function callBytes(name: string, input: Uint8Array = new Uint8Array(0)) {
  return (sandbox: Sandbox): unknown => sandbox.callBytes(name, input);
}

function refusing(error: () => never): Record<string, ReturnType<typeof hostFunction>> {
  return { ...host, mix: hostFunction({ params: [t.i32, t.i64, t.f32, t.f64], result: t.f64 }, error) };
}

const results: readonly ParityCase[] = [
  {
    name: "numbers of all kinds",
    options: withNumbers,
    acts: [
      call("add", 2147483647, 1),
      call("add64", 9223372036854775807n, 1n),
      call("half", 5),
      call("half", Number.NaN),
      call("root", 2),
      call("root", -1),
      call("nearest", 2.5),
      call("nearest", -0.4),
      call("saturate", 1e30),
      call("saturate", Number.NaN),
      call("swap", -1, 5n),
      call("nothing"),
      call("lanes", -7),
      call("tail", 1000, 1n),
    ],
    expected: [
      "-2147483648",
      -9223372036854775808n,
      "2.5",
      "NaN",
      "1.4142135623730951",
      "NaN",
      "2",
      "-0",
      -1n,
      0n,
      [5n, "-1"],
      undefined,
      "-21",
      500501n,
    ],
  },
  {
    name: "a long computation",
    options: withNumbers,
    acts: [call("work", 100_000), call("work", 1)],
    expected: [any, 0n],
  },
  {
    name: "memory and tables",
    options: withNumbers,
    acts: [
      call("load", 65532),
      call("grow", 3),
      call("grow", 4),
      call("grow", 65536),
      call("size"),
      call("grow_table", 4),
      call("grow_table", 5),
      call("fill", 0, 255, 65536),
      call("copy", 100, 0, 65436),
      call("pick", 0),
    ],
    expected: ["0", "1", "-1", "-1", "1", "4", "-1", undefined, undefined, "1"],
  },
  {
    name: "growth up to the cap",
    options: { module: numbers, limits: { fuel, memory: "192KiB" } },
    acts: [call("grow", 1), call("grow", 2), call("grow", 3)],
    expected: ["1", "-1", "-1"],
  },
  {
    name: "tables up to the cap, growing bit by bit",
    options: { module: numbers, limits: { fuel: 2_000_000_000, memory: "16MiB" } },
    acts: [call("hoard"), call("hoard"), (sandbox) => sandbox.callAsync("hoard", [])],
    expected: [any, any, any],
  },
  {
    name: "two memories",
    options: { module: memories, limits: { fuel, memory: "1MiB" } },
    acts: [call("grow", 1), call("mark", 37), call("grow", 12), call("grow", 100)],
    expected: [["1", "2"], "42", ["1", "-1"], ["-1", "-1"]],
  },
  {
    name: "bytes",
    options: withBytes,
    acts: [
      callBytes("echo", utf8("hello")),
      callBytes("echo"),
      callBytes("echo", new Uint8Array(60_000).fill(3)),
      callBytes("empty", utf8("x")),
      callBytes("whole"),
      (sandbox) => sandbox.callMany("echo", [utf8("a"), new Uint8Array(0), utf8("ccc")]),
      (sandbox) => sandbox.callInto("echo", utf8("12345678"), new Uint8Array(8)),
      (sandbox) => sandbox.callAsync("echo", utf8("later")),
    ],
    expected: ["68656c6c6f", "", any, "", any, ["61", "", "636363"], "8", "6c61746572"],
  },
  {
    name: "host functions",
    options: withHosts,
    acts: [
      call("mix", -1, 2n, 0.5, 0.25),
      callBytes("upper", utf8("äbc")),
      call("mixes", 100),
      call("logs", 50),
      (sandbox) => sandbox.callAsync("mix", [1, 2n, 3, 4]),
    ],
    expected: ["1.75", "c3844243", undefined, undefined, "10"],
  },
  {
    name: "sessions",
    options: withNumbers,
    acts: [
      (sandbox) => {
        using session = sandbox.session();
        session.call("store", 8, 99);
        return [
          session.call("count"),
          session.call("count"),
          session.call("load", 8),
          session.call("grow", 1),
        ];
      },
      call("load", 8),
      call("count"),
      async (sandbox) => {
        using session = sandbox.session();
        return [session.call("count"), await session.callAsync("count", []), session.call("count")];
      },
    ],
    expected: [["1", "2", "99", "1"], "0", "1", ["1", "2", "3"]],
  },
  {
    name: "a command",
    options: { module: command, seed, limits: { fuel } },
    acts: [(sandbox) => sandbox.run({ name: "me", args: ["one", "two"] }), (sandbox) => sandbox.run()],
    expected: [any, any],
  },
];

const failures: readonly ParityCase[] = [
  {
    name: "traps",
    options: withNumbers,
    acts: [
      call("divide", 1, 0),
      call("divide", -2147483648, -1),
      call("outer", 0),
      call("truncate", Number.NaN),
      call("truncate", 1e10),
      call("unreachable"),
      call("load", 65533),
      call("load", -1),
      call("load64", 65530),
      call("store", 65536, 1),
      call("fill", 65536, 0, 1),
      call("copy", 0, 65535, 2),
      call("pick", 1),
      call("pick", 3),
      call("pick", 4),
      call("recurse", 0),
      call("add", 40, 2),
    ],
    expected: [...Array.from({ length: 16 }, () => "E_TRAP"), "42"],
  },
  {
    name: "a trap ends a session",
    options: withNumbers,
    acts: [
      (sandbox) => {
        const session = sandbox.session();
        session.call("count");
        try {
          session.call("unreachable");
        } catch {}
        return session.call("count");
      },
      call("count"),
    ],
    expected: ["E_DISPOSED", "1"],
  },
  {
    name: "fuel",
    options: { module: numbers, limits: { fuel: 5000 } },
    acts: [call("forever"), call("work", 100_000), call("recurse", 0), call("work", 10)],
    expected: ["E_FUEL", "E_FUEL", "E_FUEL", any],
  },
  {
    name: "the deadline",
    options: { module: numbers, limits: { deadline: "30ms" } },
    acts: [call("forever"), (sandbox) => sandbox.callAsync("forever", []), call("add", 40, 2)],
    expected: ["E_DEADLINE", "E_DEADLINE", "42"],
  },
  {
    name: "failures of bytes functions",
    options: withBytes,
    acts: [
      callBytes("outside"),
      callBytes("echo", new Uint8Array(70_000)),
      callBytes("refuse", utf8("no thanks")),
      callBytes("refuse", new Uint8Array([0xff, 0x0a, 0x1b])),
      (sandbox) => sandbox.callInto("echo", utf8("12345678"), new Uint8Array(7)),
      (sandbox) => sandbox.callBytes("wrong", utf8("x")),
      (sandbox) => sandbox.callBytes("nobody"),
      (sandbox) => sandbox.call("memory"),
      (sandbox) => sandbox.callMany("outside", [utf8("x")]),
    ],
    expected: [
      "E_BAD_REPLY",
      "E_MEMORY",
      "E_GUEST_ERROR",
      "E_GUEST_ERROR",
      "E_LIMIT",
      "E_TYPE",
      "E_NO_FUNCTION",
      "E_NO_FUNCTION",
      "E_BAD_REPLY",
    ],
  },
  {
    name: "limits on sizes",
    options: { module: bytes, limits: { fuel, resultBytes: "1KiB", memory: "128KiB" } },
    acts: [
      callBytes("whole"),
      callBytes("echo", new Uint8Array(1024)),
      callBytes("echo", new Uint8Array(1025)),
      callBytes("echo", new Uint8Array(200_000)),
    ],
    expected: ["E_LIMIT", any, "E_LIMIT", "E_LIMIT"],
  },
  {
    name: "limits on host calls and logs",
    options: { ...withHosts, limits: { fuel, hostCalls: 10, logBytes: "1KiB" } },
    acts: [call("mixes", 10), call("mixes", 11), call("logs", 8), call("logs", 100), call("mixes", 1)],
    expected: [undefined, "E_LIMIT", undefined, "E_LIMIT", undefined],
  },
  {
    name: "a host function that throws",
    options: {
      ...withHosts,
      host: refusing(() => {
        throw new Error("no database");
      }),
    },
    acts: [
      call("mix", 1, 2n, 3, 4),
      (sandbox) => sandbox.callAsync("mix", [1, 2n, 3, 4]),
      callBytes("upper"),
    ],
    expected: ["E_HOST_FUNCTION", "E_HOST_FUNCTION", ""],
  },
  {
    name: "a host function that answers with something else",
    options: { ...withHosts, host: refusing(() => "text" as never) },
    acts: [call("mix", 1, 2n, 3, 4), callBytes("upper", utf8("ok"))],
    expected: ["E_TYPE", "4f4b"],
  },
  {
    name: "an allocator that calls the host for ever",
    options: { module: nesting, host: { upper: host.upper }, limits: { fuel } },
    acts: [callBytes("echo", utf8("x")), callBytes("echo")],
    expected: [anyError, ""],
  },
  {
    name: "after closing",
    options: withNumbers,
    acts: [
      (sandbox) => {
        sandbox.close();
        return sandbox.call("add", 1, 2);
      },
    ],
    expected: ["E_DISPOSED"],
  },
];

/** Modules that do not become a sandbox. */
export const refusals: readonly { name: string; options: Omit<SandboxOptions, "machine">; code: string }[] = [
  {
    name: "a start function that traps",
    options: { module: assemble("(module (func $f unreachable) (start $f))") },
    code: "E_TRAP",
  },
  {
    name: "a start function without end",
    options: {
      module: assemble("(module (func $f (loop (br 0))) (start $f))"),
      limits: { deadline: "10ms" },
    },
    code: "E_DEADLINE",
  },
  {
    name: "more memory than the cap",
    options: { module: assemble("(module (memory 100))"), limits: { memory: "1MiB" } },
    code: "E_MEMORY",
  },
  {
    name: "a table larger than the cap",
    options: { module: assemble("(module (table 1000000 funcref))"), limits: { memory: "1MiB" } },
    code: "E_MEMORY",
  },
  {
    name: "data outside memory",
    options: { module: assemble('(module (memory 1) (data (i32.const 65535) "ab"))') },
    code: "E_TRAP",
  },
  { name: "an import that nobody gives", options: { module: hosts }, code: "E_IMPORT" },
  {
    name: "an import of another shape",
    options: { module: hosts, host: { ...host, mix: host.upper } },
    code: "E_TYPE",
  },
  { name: "no module", options: { module: Uint8Array.of(1, 2, 3) }, code: "E_BAD_MODULE" },
  { name: "a module cut short", options: { module: numbers.slice(0, 300) }, code: "E_BAD_MODULE" },
  { name: "init that nobody takes", options: { module: numbers, init: utf8("x") }, code: "E_BAD_MODULE" },
  {
    name: "an unknown limit",
    options: { module: numbers, limits: { memroy: "1MiB" } as never },
    code: "E_OPTION",
  },
];

export const cases: readonly ParityCase[] = [...results, ...failures];
