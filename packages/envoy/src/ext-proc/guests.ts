import { ON_DATA, TwinwallError } from "@twinwall/abi";
import { Sandbox, type SandboxOptions, type Session } from "@twinwall/sandbox";

/** What a connection's data goes through. */
export interface Guest {
  /** Calls `on_data`; returns the length of what was written to `output`. */
  onData(input: Uint8Array, output: Uint8Array): number;
  /** Gives the machine back; the guest's state is gone. */
  release(): void;
}

/** Where connections get their guest from. */
export interface Guests {
  /**
   * A guest for a connection, or the promise of one where its machine must be made first.
   *
   * @returns `undefined` when all machines are taken.
   */
  take(): Guest | Promise<Guest> | undefined;
  readonly machines: number;
  readonly idleMachines: number;
  /** Closes all machines. */
  close(): void;
}

/** Passes everything through: what the rest of the service costs. */
export class NoGuests implements Guests {
  readonly machines = 0;
  readonly idleMachines = 0;

  private readonly guest: Guest = {
    onData(input, output) {
      output.set(input);
      output[0] = 0;
      return input.length;
    },
    release() {},
  };

  take(): Guest {
    return this.guest;
  }

  close(): void {}
}

/** One machine for all connections: each chunk starts from the snapshot, so there is nothing to keep apart. */
export class SharedGuest implements Guests {
  readonly machines = 1;
  readonly idleMachines = 0;

  private readonly guest: Guest;

  constructor(private readonly sandbox: Sandbox) {
    this.guest = {
      onData: (input, output) => sandbox.callInto(ON_DATA, input, output),
      release() {},
    };
  }

  take(): Guest {
    return this.guest;
  }

  close(): void {
    this.sandbox.close();
  }
}

/** Idle machines that are kept beyond those made ahead: connections come and go. */
const SPARE_MACHINES = 8;

/** A machine for each connection that is open. */
export class GuestPool implements Guests {
  private readonly idle: Sandbox[] = [];
  private readonly taken = new Set<Sandbox>();
  /** Machines that are being made. */
  private making = 0;
  private closed = false;

  /**
   * @param options The same for each machine, so that only the first boots.
   * @param warm Machines made ahead.
   * @param most Machines at once.
   * @param report Gets what kept a machine made ahead from being made.
   */
  constructor(
    private readonly options: SandboxOptions,
    private readonly warm: number,
    private readonly most: number,
    private readonly report: (error: TwinwallError) => void,
  ) {}

  /** Takes a machine that exists already, and makes the others of those made ahead. */
  async start(first: Sandbox): Promise<void> {
    this.idle.push(first);
    while (this.idle.length < this.warm) this.idle.push(await Sandbox.create(this.options));
  }

  get machines(): number {
    return this.idle.length + this.taken.size + this.making;
  }

  get idleMachines(): number {
    return this.idle.length;
  }

  take(): Guest | Promise<Guest> | undefined {
    const sandbox = this.idle.pop();
    if (sandbox !== undefined) {
      const guest = this.lend(sandbox);
      this.refill();
      return guest;
    }
    return this.machines < this.most ? this.make().then((made) => this.lend(made)) : undefined;
  }

  close(): void {
    this.closed = true;
    for (const sandbox of [...this.idle, ...this.taken]) sandbox.close();
    this.idle.length = 0;
    this.taken.clear();
  }

  private lend(sandbox: Sandbox): Guest {
    this.taken.add(sandbox);
    const session = sandbox.session();
    return {
      onData: (input, output) => session.callInto(ON_DATA, input, output),
      release: () => this.giveBack(sandbox, session),
    };
  }

  private giveBack(sandbox: Sandbox, session: Session): void {
    if (!this.taken.delete(sandbox)) return;
    try {
      session.finish();
    } catch (error) {
      // It could not be restored, so nobody gets it any more.
      this.report(TwinwallError.from(error));
      sandbox.close();
      this.refill();
      return;
    }
    if (this.idle.length < this.warm + SPARE_MACHINES) this.idle.push(sandbox);
    else sandbox.close();
  }

  private async make(): Promise<Sandbox> {
    this.making += 1;
    try {
      const sandbox = await Sandbox.create(this.options);
      if (!this.closed) return sandbox;
      sandbox.close();
      throw new TwinwallError("E_DISPOSED", "the service is closed");
    } finally {
      this.making -= 1;
    }
  }

  /** Makes machines ahead while connections go on. One at a time: what is made now delays who waits now. */
  private refill(): void {
    if (this.closed || this.making > 0 || this.idle.length >= this.warm || this.machines >= this.most) return;
    this.make().then(
      (sandbox) => {
        this.idle.push(sandbox);
        this.refill();
      },
      (error: unknown) => {
        if (!this.closed) this.report(TwinwallError.from(error));
      },
    );
  }
}
