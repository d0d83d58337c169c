/** Tools for an assistant: one implementation for VS Code's language-model tools and for MCP. */
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import { terminal, terminalReport } from '../text/show.ts';
import { compareCheckpoints } from './compare.ts';
import { TOOLS, type ToolName } from './definitions.ts';
import type { ToolContext } from './engine.ts';
import { findTensors } from './find.ts';
import { inspectCheckpoint } from './inspect.ts';
import { compareRuns, compareSteps } from './several.ts';
import { verifyTwo } from './verify.ts';

export { isPartOfCheckpoint } from '../formats/index.ts';
export { rootsOf, type Roots } from './admission.ts';
export { estimatedBudget, type TokenBudget } from './budget.ts';
export { TOOLS, type ToolDefinition, type ToolName } from './definitions.ts';
export type { AssistantEngine, ToolContext } from './engine.ts';

export function isTool(name: string): name is ToolName {
  return TOOLS.some((tool) => tool.name === name);
}

/** The result as text. Throws OffaxisError: bad-parameter, bad-file, read-failed, cancelled. */
export async function callTool(name: ToolName, input: unknown, context: ToolContext): Promise<string> {
  if (context.signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
  try {
    // Line breaks in it are the tools' own; nothing else of the kind leaves them.
    return terminalReport(await work(name, input, context));
  } catch (error) {
    const { code, message } = toWireError(error);
    throw new OffaxisError(code, terminal(message), { cause: error });
  }
}

function work(name: ToolName, input: unknown, context: ToolContext): Promise<string> {
  switch (name) {
    case 'offaxis_inspect_checkpoint':
      return inspectCheckpoint(input, context);
    case 'offaxis_compare_checkpoints':
      return compareCheckpoints(input, context);
    case 'offaxis_compare_runs':
      return compareRuns(input, context);
    case 'offaxis_compare_steps':
      return compareSteps(input, context);
    case 'offaxis_find_tensors':
      return findTensors(input, context);
    case 'offaxis_verify_checkpoints':
      return verifyTwo(input, context);
  }
}
