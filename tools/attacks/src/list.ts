import type { Attack } from "./attack.js";
import { attack as malformedReply } from "./attacks/01-malformed-reply.js";
import { attack as oversizeLengths } from "./attacks/02-oversize-lengths.js";
import { attack as timeOfCheck } from "./attacks/03-time-of-check.js";
import { attack as infiniteLoops } from "./attacks/04-infinite-loops.js";
import { attack as stackOverflow } from "./attacks/05-stack-overflow.js";
import { attack as pageFaultStorm } from "./attacks/06-page-fault-storm.js";
import { attack as hostCallFlood } from "./attacks/07-host-call-flood.js";
import { attack as memoryBomb } from "./attacks/08-memory-bomb.js";
import { attack as lifetime } from "./attacks/09-lifetime.js";
import { attack as secretLeak } from "./attacks/10-secret-leak.js";
import { attack as badExits } from "./attacks/11-bad-exits.js";
import { attack as maliciousModule } from "./attacks/12-malicious-module.js";
import { attack as forgedGates } from "./attacks/13-forged-gates.js";
import { attack as pendingAccess } from "./attacks/14-pending-access.js";
import { attack as splitLocks } from "./attacks/15-split-locks.js";
import { attack as lateExceptions } from "./attacks/16-late-exceptions.js";
import { attack as isolation } from "./attacks/17-isolation.js";
import { attack as refusingHost } from "./attacks/18-refusing-host.js";
import { attack as noDevice } from "./attacks/19-no-device.js";
import { attack as soak } from "./attacks/20-soak.js";
import { attack as guestText } from "./attacks/21-guest-text.js";

/** All attacks; the first twelve are those that the project set out with. */
export const attacks: readonly Attack[] = [
  malformedReply,
  oversizeLengths,
  timeOfCheck,
  infiniteLoops,
  stackOverflow,
  pageFaultStorm,
  hostCallFlood,
  memoryBomb,
  lifetime,
  secretLeak,
  badExits,
  maliciousModule,
  forgedGates,
  pendingAccess,
  splitLocks,
  lateExceptions,
  isolation,
  refusingHost,
  noDevice,
  soak,
  guestText,
];
