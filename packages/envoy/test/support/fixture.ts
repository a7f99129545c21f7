import {
  connectTcp,
  type Envoy,
  envoyProblem,
  startUpstream,
  type TcpClient,
  type Upstream,
  waitFor,
} from "@twinwall/tool-envoy";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import {
  createExtProcService,
  type ExtProcOptions,
  type ExtProcService,
  type LogLine,
} from "../../src/index.js";
import { type ListenerName, PATIENCE, startProxy } from "./envoy.js";
import { Folder } from "./guests.js";

/** A service that Envoy uses, and what it logged. */
export interface Served {
  readonly service: ExtProcService;
  readonly log: LogLine[];
  /** Value of a metric, labels included; 0 where there is none. */
  metric(name: string): number;
}

/** An Envoy, an upstream that echoes, and one service at a time before them. */
export class Fixture {
  readonly folder = new Folder();
  readonly path = this.folder.file("service.sock");
  /** The guest of `test/guests/commands.wat`. */
  readonly module = this.folder.guest("commands");
  private proxy: Envoy | undefined;
  private echo: Upstream | undefined;
  private readonly closers: (() => Promise<void>)[] = [];

  get envoy(): Envoy {
    if (this.proxy === undefined) throw new Error("Envoy was not started");
    return this.proxy;
  }

  get upstream(): Upstream {
    if (this.echo === undefined) throw new Error("the upstream was not started");
    return this.echo;
  }

  async start(): Promise<void> {
    this.echo = await startUpstream();
    this.proxy = await startProxy(`unix:${this.path}`, this.echo.port);
  }

  async stop(): Promise<void> {
    await this.proxy?.stop();
    await this.echo?.[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }

  /** Makes a service of the command guest, where Envoy looks for it. Closed behind the test. */
  async serve(options: ExtProcOptions = {}): Promise<Served> {
    const log: LogLine[] = [];
    const guest = options.machine === "none" ? {} : { module: this.module };
    const service = await createExtProcService({
      ...guest,
      limits: { deadline: PATIENCE },
      log: (line) => void log.push(line),
      ...options,
    });
    this.closers.push(() => service.close({ drain: "none" }));
    await service.listen({ path: this.path });
    return { service, log, metric: (name) => metricOf(service.metrics(), name) };
  }

  /** Closes what tests left open. */
  async clear(): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
  }

  /** A client of one of the listeners. */
  connect(listener: ListenerName): Promise<TcpClient> {
    return connectTcp({ port: this.envoy.ports.get(listener) ?? 0 });
  }
}

/** The value of a metric in Prometheus text. */
export function metricOf(text: string, name: string): number {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`twinwall_envoy_${name} `));
  return line === undefined ? 0 : Number(line.split(" ")[1]);
}

/** Waits until a metric has a value. */
export async function untilMetric({ metric }: Served, name: string, value: number): Promise<void> {
  await waitFor(`${name} to be ${value}`, () => (metric(name) === value ? true : undefined), 5000);
}

/** One fixture for the tests of a file, which are skipped with the reason where there is no Envoy. */
export function useFixture(): Fixture {
  const problem = envoyProblem();
  const fixture = new Fixture();
  beforeAll(async () => {
    if (problem === undefined) await fixture.start();
  });
  beforeEach((context) => context.skip(problem !== undefined, problem));
  afterEach(() => fixture.clear());
  afterAll(() => fixture.stop());
  return fixture;
}
