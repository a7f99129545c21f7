import type { CompiledModule } from "@twinwall/compiler";

/** What became of a compilation, as it can be sent from page to test. */
export interface Outcome {
  readonly bytes?: number[];
  readonly fromCache?: boolean;
  readonly code?: string;
  readonly message?: string;
}

/** Waits for a compilation, well or badly ended. */
export async function outcomeOf(compilation: Promise<CompiledModule>): Promise<Outcome> {
  try {
    const { bytes, fromCache } = await compilation;
    return { bytes: [...bytes], fromCache };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === undefined ? { message } : { code, message };
  }
}
