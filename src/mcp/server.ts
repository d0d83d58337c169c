/** The assistant's tools as an MCP server over standard input and output, with the official SDK. */
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema, type CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Analysis } from '../analysis/index.ts';
import { callTool, estimatedBudget, isTool, rootsOf, TOOLS } from '../assistant/index.ts';
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import { outputError } from '../files/index.ts';
import { forModel } from '../text/show.ts';

const INSTRUCTIONS =
  'Offaxis reads model checkpoints (safetensors) on this machine. Find tensors by name, inspect one checkpoint, or compare a base with a tuned one. It only reads, and sends nothing anywhere. Figures stand beside what noise would give: if they agree, there is no finding.';

/**
 * `folders`: what may be read; links out of them may lead into the hub's cache only. Serves until the client closes standard input or `signal` aborts. A tool that fails answers with a result marked as error, one
 * sentence; a call that the client cancels ends the engine's work. Nothing but the protocol goes to standard output.
 */
export async function serveMcp(
  analysis: Analysis,
  version: string,
  signal: AbortSignal,
  folders: readonly string[],
): Promise<void> {
  const roots = await rootsOf(folders);
  const server = new Server(
    { name: 'offaxis', title: 'Offaxis', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: TOOLS.map(({ name, title, description, inputSchema }) => ({
      name,
      title,
      description,
      inputSchema,
      annotations: { title, readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
    try {
      const { name } = params;
      if (!isTool(name)) throw new OffaxisError('bad-parameter', `There is no tool ${forModel(name)}.`);
      const text = await callTool(name, params.arguments ?? {}, {
        engine: analysis,
        resolve: absolutePath,
        roots,
        budget: estimatedBudget,
        signal: extra.signal,
      });
      return { content: [{ type: 'text', text }] };
    } catch (error) {
      const { message } = toWireError(error);
      return { content: [{ type: 'text', text: message }], isError: true };
    }
  });
  await new Promise<void>((done, fail) => {
    const close = (): void => void server.close();
    server.onclose = done;
    // The SDK's transport does not look for the end of its input.
    process.stdin.once('end', close);
    process.stdin.once('close', close);
    signal.addEventListener('abort', close, { once: true });
    process.stdout.once('error', (error: NodeJS.ErrnoException) => fail(outputError(error)));
    server.connect(new StdioServerTransport()).catch(fail);
  });
}

/** Relative to the folder that the server was started in; `file:` addresses too. */
function absolutePath(path: string): string {
  if (path.startsWith('file:')) {
    try {
      return fileURLToPath(path);
    } catch {
      throw new OffaxisError('bad-parameter', `${forModel(path)} is not the address of a file on this machine.`);
    }
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path))
    throw new OffaxisError(
      'bad-parameter',
      `${forModel(path)} is not a path on this machine. Offaxis reads local files only.`,
    );
  return isAbsolute(path) ? path : resolve(path);
}
