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
  default:
    throw new Error(`no way ${way}`);
}
