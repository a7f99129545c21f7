import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** A host name that the browser finds on this machine, but does not trust as it does `127.0.0.1`. */
export const insecureHost = "page.test";

/** Why there can be no browser here; `undefined` where there can. */
export function chromiumProblem(): string | undefined {
  return existsSync(executablePath) ? undefined : `no ${executablePath} (Debian package chromium)`;
}

/** How the browser is started: nobody on the network is asked for anything. */
const launchOptions = {
  executablePath,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`,
  ],
};

/** Starts a browser. Each of its contexts is a profile of its own, in memory. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch(launchOptions);
}

/** Starts a browser with one profile, in a folder. */
export function launchProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, launchOptions);
}
