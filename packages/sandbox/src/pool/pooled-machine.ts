import { type AsyncCall, CallFlag } from "@twinwall/vmm";
import { Caller } from "../caller.js";

/**
 * A machine of a pool. It restores late: a call starts from the snapshot and leaves the guest as it is; whoever is next
 * finds the machine restored, by the pool when the reply is under way, or else by the next call itself.
 */
export class PooledMachine extends Caller {
  /** Calls since its guest's machine was new. */
  uses = 0;
  /** Since when it is ready, of `performance.now()`. */
  idleSince = 0;
  /** Bytes that a budget counts for it. */
  bytes = 0;
  /** Told of each call that is about to enter it. */
  onCall: () => void = () => {};

  #dirty = false;
  /** The restore behind the last asynchronous call. */
  #restored: Promise<number> | undefined;

  /** Whether a guest may have left something. */
  get dirty(): boolean {
    return this.#dirty;
  }

  override open(session: object): void {
    if (this.isOpen(this.root)) this.#clean();
    super.open(session);
    this.#dirty = true;
  }

  /** Ends the open session, if there is one; whoever used it finds it finished. */
  finishSession(): void {
    if (this.hasSession) this.finish(this.owner);
  }

  /** Restores now; waits for a restore that is under way. Returns as `Machine.restore`. */
  restoreNow(): number {
    const status = this.machine.restore();
    this.settle(status);
    return status;
  }

  /**
   * Restores, and has everything ready for the next call. Resolves as `Machine.restoreAsync`; whoever has the machine then
   * calls {@link settle}.
   */
  restoreLater(replace: boolean): Promise<number> {
    // What an asynchronous call left is being restored already.
    return (replace ? undefined : this.#restored) ?? this.machine.restoreAsync(replace);
  }

  /** Whether a restore is under way by itself. */
  get restoring(): boolean {
    return this.#restored !== undefined;
  }

  /** Takes note of how a restore ended. */
  settle(status: number): void {
    if (status < 0) return;
    this.#dirty = false;
    this.#restored = undefined;
  }

  protected override leave(): void {
    // What the session left is restored like what a call left.
  }

  protected override flagsOf(owner: object): number {
    const flags = owner === this.root ? CallFlag.RestoreAfter : super.flagsOf(owner);
    if (owner === this.root) this.#clean();
    this.#dirty = true;
    this.uses += 1;
    this.onCall();
    return flags;
  }

  protected override started({ restored }: AsyncCall): void {
    this.#restored = restored;
  }

  #clean(): void {
    if (this.#dirty) this.checkStatus(this.restoreNow());
  }
}
