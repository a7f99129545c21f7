/** What init prefixes to the lines that are meant for this program. */
export const marker = "@@stock-kvm";

/**
 * @typedef {object} Watcher
 * @property {(release: string) => void} ready the machine has a /dev/kvm; its kernel's release
 * @property {(index: number) => void} start
 * @property {(line: string) => void} line output of a program
 */

/**
 * What the console said once the machine is gone.
 * @typedef {object} Outcome
 * @property {Map<number, number>} statuses exit status by program
 * @property {boolean} finished whether init reached its end
 * @property {boolean} withoutKvm the kernel came up, but has no /dev/kvm
 * @property {string[]} boot the last lines before the first program
 */

const keptBootLines = 40;

/** Parts the text of the machine's serial console into init's marks and the programs' output. */
export class ConsoleReader {
  #rest = "";
  #running = false;
  /** @type {Watcher} */
  #watcher;
  /** @type {Outcome} */
  outcome = { statuses: new Map(), finished: false, withoutKvm: false, boot: [] };

  /** @param {Watcher} watcher */
  constructor(watcher) {
    this.#watcher = watcher;
  }

  /** @param {string} text */
  push(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line.replace(/\r+$/, ""));
  }

  /** Hands over the line that was still open when the machine went. */
  close() {
    if (this.#rest) this.#line(this.#rest);
    this.#rest = "";
  }

  /** @param {string} line */
  #line(line) {
    if (line.startsWith(`${marker} `)) return this.#mark(line.slice(marker.length + 1).split(" "));
    if (this.#running) return this.#watcher.line(line);
    this.outcome.boot.push(line);
    if (this.outcome.boot.length > keptBootLines) this.outcome.boot.shift();
  }

  /** @param {string[]} words */
  #mark([kind, first, second]) {
    if (kind === "ready") this.#watcher.ready(first ?? "unknown");
    if (kind === "no-kvm") this.outcome.withoutKvm = true;
    if (kind === "finished") {
      this.outcome.finished = true;
      this.#running = false;
    }
    if (kind === "end") this.outcome.statuses.set(Number(first), Number(second));
    if (kind !== "start") return;
    this.#running = true;
    this.#watcher.start(Number(first));
  }
}
