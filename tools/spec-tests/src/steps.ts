import { TwinwallError } from "@twinwall/abi";
import type { Sandbox, Session } from "@twinwall/sandbox";
import { type Problem, trapProblem } from "./problem.js";
import type { Step } from "./tests.js";

/**
 * Runs the steps of a module in order, over one state.
 *
 * A call that fails ends its session, and the state is the snapshot's again. What earlier steps changed is then done
 * once more in a new session; a step that failed changes nothing that a later one can see.
 */
export function runSteps(sandbox: Sandbox, steps: readonly Step[]): Problem[] {
  const changes: string[] = [];
  let session: Session | undefined;
  try {
    return steps.map((step, index) => {
      session = session?.open === true ? session : reopen(sandbox, changes);
      const name = `#${index}`;
      const outcome = call(session, name);
      if (step.mutates === true && !(outcome instanceof TwinwallError)) changes.push(name);
      return judge(step, outcome);
    });
  } finally {
    session?.finish();
  }
}

function reopen(sandbox: Sandbox, changes: readonly string[]): Session {
  const session = sandbox.session();
  for (const name of changes) session.call(name);
  return session;
}

function call(session: Session, name: string): unknown {
  try {
    return session.call(name);
  } catch (error) {
    return TwinwallError.from(error);
  }
}

function judge(step: Step, outcome: unknown): Problem {
  if (outcome instanceof TwinwallError) {
    return step.trap === undefined ? outcome.message : trapProblem(outcome, step.trap);
  }
  if (step.trap !== undefined) return `expected the trap "${step.trap}", but the call returned`;
  return outcome === 1 ? undefined : "the result is not what is expected";
}
