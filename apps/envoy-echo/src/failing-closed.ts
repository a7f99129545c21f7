import { type CloseKind, connectTcp } from "@twinwall/tool-envoy";
import { echo } from "./echoes.js";

/** The guest traps at a chunk that begins with this. */
const BAD_CHUNK = "trap: this text must not come back";

/** How Envoy closed the connection whose guest had trapped. */
export interface FailingClosed {
  readonly closed: CloseKind;
  readonly bytesPassedOn: number;
}

/**
 * Lets the guest trap, and makes sure that its connection is closed, and that one that was open before and one that is
 * made after it work on.
 *
 * @throws Error when one of them does not.
 */
export async function showFailingClosed(port: number): Promise<FailingClosed> {
  using before = await connectTcp({ port });
  await echo(before, 100);
  using bad = await connectTcp({ port });
  await echo(bad, 100);
  await bad.send(BAD_CHUNK);
  const { bytes, closed } = await bad.readToEnd();
  await echo(before, 100);
  using after = await connectTcp({ port });
  await echo(after, 100);
  return { closed, bytesPassedOn: bytes.length };
}
