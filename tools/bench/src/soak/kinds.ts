import type { Sandbox } from "@twinwall/sandbox";
import { PAGES, REFUSAL } from "./guest.js";
import { Ask, HostFailure, LATER } from "./host.js";
import { expectBytes, expectFailure, expectRejection, expectSame } from "./outcome.js";

/** What calls are made on. */
export interface Target {
  /** Has time for everything. */
  readonly sandbox: Sandbox;
  /** Has a deadline of one millisecond. */
  readonly hasty: Sandbox;
  /** Bytes that are different each time. */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}

/** A way to call the guest, with the outcome that it must have. */
export interface Kind {
  readonly name: string;
  /** How many of a thousand calls. */
  readonly share: number;
  /** Calls that one run makes, which `share` is a multiple of. Default 1. */
  readonly calls?: number;
  /** Throws when the outcome is another. */
  run(target: Target): void | Promise<void>;
}

/** Calls of one session. */
const SESSION = 10;
/** Calls of one batch. */
const BATCH = 25;
/** Pages that a guest grows by: 1 MiB. */
const GROWTH = 16;
/** When a call that does not end is aborted, milliseconds. */
const ABORT_MS = 1;

/** Calls that succeed. */
const GOOD: readonly Kind[] = [
  {
    name: "clean slate",
    share: 650,
    run({ sandbox, input, output }) {
      expectSame("echo", sandbox.callInto("echo", input, output), input.length);
      expectBytes("echo", output, input);
    },
  },
  {
    name: "in a session",
    share: 100,
    calls: SESSION,
    run({ sandbox }) {
      using session = sandbox.session();
      for (let count = 1; count <= SESSION; count += 1)
        expectSame("count in a session", session.call("count"), count);
    },
  },
  {
    name: "in a batch",
    share: 50,
    calls: BATCH,
    run({ sandbox, input }) {
      const answers = sandbox.callMany("echo", new Array<Uint8Array>(BATCH).fill(input));
      expectSame("batch", answers.length, BATCH);
      for (const answer of answers) expectBytes("batch", answer, input);
    },
  },
  {
    name: "host function",
    share: 30,
    run({ sandbox, input }) {
      expectSame("ask", sandbox.call("ask", input[1]), (input[1] ?? 0) + 1);
    },
  },
  {
    name: "grows",
    share: 10,
    run({ sandbox }) {
      expectSame("grow", sandbox.call("grow", GROWTH), PAGES);
    },
  },
  {
    name: "callAsync",
    share: 100,
    async run({ sandbox, input }) {
      expectBytes("callAsync", await sandbox.callAsync("echo", input), input);
    },
  },
  {
    name: "callAsync, host function with a promise",
    share: 10,
    async run({ sandbox }) {
      expectSame("ask for later", await sandbox.callAsync("ask", [Ask.Later]), LATER);
    },
  },
];

/** Calls that fail, each behind and before calls that must be right. */
const FAILING: readonly Kind[] = [
  {
    name: "guest refuses",
    share: 15,
    run({ sandbox, input }) {
      const { message } = expectFailure("refuse", "E_GUEST_ERROR", () => sandbox.callBytes("refuse", input));
      expectSame("refuse", message.includes(REFUSAL), true);
    },
  },
  {
    name: "trap",
    share: 8,
    run: ({ sandbox }) => void expectFailure("trap", "E_TRAP", () => sandbox.call("trap")),
  },
  {
    name: "stack overflow",
    share: 2,
    run: ({ sandbox }) => void expectFailure("recurse", "E_TRAP", () => sandbox.call("recurse", 0)),
  },
  {
    name: "session that traps",
    share: 4,
    run({ sandbox }) {
      using session = sandbox.session();
      expectFailure("trap in a session", "E_TRAP", () => session.call("trap"));
      expectFailure("after it", "E_DISPOSED", () => session.call("count"));
    },
  },
  {
    name: "host function that throws",
    share: 8,
    run({ sandbox }) {
      const error = expectFailure("throw", "E_HOST_FUNCTION", () => sandbox.call("ask", Ask.Throw));
      expectSame("cause", error.cause instanceof HostFailure, true);
    },
  },
  {
    name: "callAsync, host function that rejects",
    share: 5,
    async run({ sandbox }) {
      await expectRejection("reject", "E_HOST_FUNCTION", sandbox.callAsync("ask", [Ask.Reject]));
    },
  },
  {
    name: "refused before it starts",
    share: 4,
    run: ({ sandbox }) =>
      void expectFailure("no such function", "E_NO_FUNCTION", () => sandbox.call("absent")),
  },
  {
    name: "deadline",
    share: 1,
    run: ({ hasty }) => void expectFailure("forever", "E_DEADLINE", () => hasty.call("forever")),
  },
  {
    name: "callAsync, deadline",
    share: 1,
    async run({ hasty }) {
      await expectRejection("forever", "E_DEADLINE", hasty.callAsync("forever", []));
    },
  },
  {
    name: "callAsync, aborted",
    share: 1,
    run: ({ sandbox }) => expectAborted(sandbox, "forever", []),
  },
  {
    name: "callAsync, aborted while its promise never settles",
    share: 1,
    run: ({ sandbox }) => expectAborted(sandbox, "ask", [Ask.Never]),
  },
];

/** All kinds of calls; the shares are a thousand in all. */
export const KINDS: readonly Kind[] = [...GOOD, ...FAILING];

async function expectAborted(sandbox: Sandbox, name: string, values: readonly number[]): Promise<void> {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ABORT_MS);
  const call = sandbox.callAsync(name, values, { signal: controller.signal });
  await expectRejection(`${name}, aborted`, "E_ABORTED", call);
}
