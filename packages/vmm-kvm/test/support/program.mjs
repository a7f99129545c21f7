// A program that makes asynchronous calls and ends in one way or another.
// Usage: node program.mjs WAY IMAGE GUEST, the last being the numbers of the guest's functions as JSON
import { callAsync, endlessCalls, machineOf } from "./calls.mjs";

const [, , way, image, functions] = process.argv;
const guest = JSON.parse(functions);

switch (way) {
  // Nothing but the call keeps the process alive; nothing does when it is over.
  case "reply": {
    const machine = machineOf(image, 300_000);
    callAsync(machine, guest.Loop, [1]).reply.then(({ status }) => console.log(`status ${status}`));
    break;
  }
  case "close": {
    const machine = machineOf(image);
    const { reply } = callAsync(machine, guest.Ask, [1], () => new Promise(() => {}));
    reply.then(({ status }) => console.log(`status ${status}`));
    setTimeout(() => machine.close(), 50);
    break;
  }
  case "exit": {
    endlessCalls(image, guest);
    setTimeout(() => process.exit(3), 50);
    break;
  }
  case "throw": {
    endlessCalls(image, guest);
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 50);
    break;
  }
  // Run with --expose-gc: which machines are collected, closed and left, though their handlers reach them?
  case "collect": {
    const used = async (count) => {
      const machine = machineOf(image, 0, (holder) => () => (holder.machine === undefined ? -1 : -2));
      await callAsync(machine, guest.Echo, [1]).reply;
      if (count % 2 === 0) machine.close();
      return new WeakRef(machine);
    };
    const machines = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(used));
    for (let round = 0; round < 10; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      globalThis.gc();
    }
    console.log(`${machines.filter((machine) => machine.deref() !== undefined).length} left`);
    break;
  }
  default:
    throw new Error(`no way ${way}`);
}
