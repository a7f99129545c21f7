import { type MachineName, Sandbox } from "@twinwall/sandbox";

/** Something that returns the bytes it gets. */
export interface Echo extends Disposable {
  /** Writes the answer to `output` and returns its length, bytes. */
  callInto(input: Uint8Array, output: Uint8Array): number;
}

/** The guest in a machine, in one session: its state is kept from call to call. */
export async function openSession(module: Uint8Array, machine: MachineName): Promise<Echo> {
  const sandbox = await Sandbox.create({ module, machine });
  const session = sandbox.session();
  return {
    callInto: (input, output) => session.callInto("echo", input, output),
    [Symbol.dispose]: () => sandbox.close(),
  };
}

/** The guest in a machine, with a clean slate after each call. */
export async function openCleanSlate(module: Uint8Array, machine: MachineName): Promise<Echo> {
  const sandbox = await Sandbox.create({ module, machine });
  return {
    callInto: (input, output) => sandbox.callInto("echo", input, output),
    [Symbol.dispose]: () => sandbox.close(),
  };
}
