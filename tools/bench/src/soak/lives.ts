import { type MachineName, Pool, Sandbox, type SandboxOptions } from "@twinwall/sandbox";
import { soakHost } from "./host.js";
import { expectFailure, expectRejection, expectSame } from "./outcome.js";

/** What sandboxes are made from. */
export interface Source {
  readonly machine: MachineName;
  readonly module: Uint8Array;
  /** A snapshot of the same module. */
  readonly snapshot: Uint8Array;
}

/** One life of a sandbox, from its creation to its end. */
type Life = (source: Source) => Promise<void>;

const recycled: Life = (source) => liveOnce(source, {});
const taken: Life = (source) => liveOnce(source, { recycle: false });
/** Boots by itself. */
const booted: Life = (source) => liveOnce(source, { snapshot: "own" });

/** Twenty lives, which are lived in turn. */
const LIVES: readonly Life[] = [
  ...new Array<Life>(8).fill(recycled),
  ...new Array<Life>(5).fill(taken),
  booted,
  loaded,
  closedInCall,
  closedInSession,
  trapped,
  pooled,
  refused,
];
/** Has no divisor in common with their number. */
const STRIDE = 7;

/** Makes, uses and closes sandboxes in all ways by turns. */
export class Lives {
  #lived = 0;

  constructor(private readonly source: Source) {}

  /**
   * Lives `count` lives, one after the other.
   *
   * @throws WrongOutcomeError when one of them goes another way than it must.
   */
  async run(count: number): Promise<void> {
    for (let life = 0; life < count; life += 1) {
      await LIVES[(this.#lived * STRIDE) % LIVES.length]?.(this.source);
      this.#lived += 1;
    }
  }
}

/** Options of a sandbox of the soak. */
export function optionsOf({ machine, module }: Source): SandboxOptions {
  return { machine, module, host: soakHost(), limits: { deadline: "60s" } };
}

async function liveOnce(source: Source, changes: Partial<SandboxOptions>): Promise<void> {
  await using sandbox = await Sandbox.create({ ...optionsOf(source), ...changes });
  expectSame("a new sandbox", sandbox.call("count"), 1);
}

/** Starts from a snapshot that was saved. */
async function loaded({ machine, snapshot }: Source): Promise<void> {
  await using sandbox = await Sandbox.from(snapshot, { machine, host: soakHost() });
  expectSame("a sandbox from a snapshot", sandbox.call("count"), 1);
}

async function closedInCall(source: Source): Promise<void> {
  const sandbox = await Sandbox.create(optionsOf(source));
  const call = expectRejection("closed in a call", "E_DISPOSED", sandbox.callAsync("forever", []));
  sandbox.close();
  await call;
}

async function closedInSession(source: Source): Promise<void> {
  const sandbox = await Sandbox.create(optionsOf(source));
  const session = sandbox.session();
  expectSame("a session to be closed", session.call("count"), 1);
  sandbox.close();
  expectFailure("closed in a session", "E_DISPOSED", () => session.call("count"));
}

/** Ends with a machine that its guest poisoned. */
async function trapped(source: Source): Promise<void> {
  await using sandbox = await Sandbox.create(optionsOf(source));
  expectFailure("the last call", "E_TRAP", () => sandbox.call("trap"));
}

/** Several machines, for calls beside each other. */
async function pooled(source: Source): Promise<void> {
  await using pool = await Pool.create({ ...optionsOf(source), min: 2, max: 2 });
  const counts = await Promise.all([1, 2, 3].map(() => pool.callAsync("count", [])));
  for (const count of counts) expectSame("a call of a pool", count, 1);
}

/** Never comes to be. */
async function refused(source: Source): Promise<void> {
  const creation = Sandbox.create({ ...optionsOf(source), host: {} });
  await expectRejection("a sandbox without its host function", "E_IMPORT", creation);
}
