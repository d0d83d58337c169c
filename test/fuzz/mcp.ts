/** Lines to the built MCP server in a process of its own: it answers what is a request, lives on, and says nothing beside the protocol. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { TOOLS } from '../../src/assistant/index.ts';
import { damagedBytes, damagedJson } from './mutate.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

/** Until the server has answered what follows a line. */
const ANSWER_MS = 20_000;
const PATHS = [
  'samples/base',
  'samples/rl',
  'samples',
  'no/such',
  '',
  '.',
  '../../..',
  '/dev/zero',
  'https://example.com/a',
  '\u0000',
  'file:///etc/passwd',
];

interface Answer {
  id?: unknown;
  error?: { code: number; message: string };
  result?: { isError?: boolean; content?: { text: string }[] };
}

class Server {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly answers: Answer[] = [];
  private wake: () => void = () => undefined;
  private said = '';
  private ended = false;
  private last = 0;

  constructor(root: string) {
    const cli = join(root, 'dist', 'cli.mjs');
    this.child = spawn(process.execPath, [cli, 'mcp', '--backend', 'cpu', '--threads', '1'], {
      cwd: join(root, 'media'),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin.on('error', () => undefined);
    this.child.stderr.on('data', (text: Buffer) => (this.said += text.toString()));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      try {
        this.answers.push(JSON.parse(line) as Answer);
      } catch {
        this.said += line;
      }
      this.wake();
    });
    this.child.once('exit', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** Everything that the server says until it has answered a ping sent behind the line; a fault if it does not. */
  async tell(line: Uint8Array): Promise<{ answers: Answer[]; fault: string | null }> {
    const id = `ping-${this.last++}`;
    this.child.stdin.write(Buffer.concat([line, Buffer.from(`\n{"jsonrpc":"2.0","id":"${id}","method":"ping"}\n`)]));
    const end = Date.now() + ANSWER_MS;
    const answered = (): boolean => this.answers.some((answer) => answer.id === id);
    // A tool's answer may come behind the ping's.
    while (!answered() && !this.ended && Date.now() < end) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, 50);
      });
    }
    const answers = this.answers.splice(0).filter((answer) => answer.id !== id);
    if (this.ended) return { answers, fault: `the server has ended: ${this.said.slice(0, 300)}` };
    if (this.said !== '') return { answers, fault: `said beside the protocol: ${this.said.slice(0, 300)}` };
    return { answers, fault: Date.now() < end ? null : `no answer within ${ANSWER_MS} ms` };
  }
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    if (!this.ended) await ended;
  }
}

export async function mcpTarget(root: string): Promise<Target> {
  const server = new Server(root);
  const hello = {
    ...{ jsonrpc: '2.0', id: 'hello', method: 'initialize' },
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'fuzz', version: '1' } },
  };
  await server.tell(new TextEncoder().encode(JSON.stringify(hello)));
  await server.tell(new TextEncoder().encode('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
  return {
    name: 'mcp',
    note: 'lines to the built server; a ping behind each',
    make(random) {
      const text = JSON.stringify(request(random));
      const kind = random.below(5);
      const line =
        kind === 0
          ? random.bytes(random.below(200))
          : kind === 1
            ? damagedBytes(random, new TextEncoder().encode(text))
            : new TextEncoder().encode(kind === 2 ? text : damagedJson(random, text));
      return line.filter((byte) => byte !== 0x0a);
    },
    async run(line) {
      const { answers, fault } = await server.tell(line);
      const rejections = answers.flatMap(({ error, result }) => {
        const text = result?.content?.map((part) => part.text).join('') ?? '';
        if (error) return [{ code: `error${error.code}`, message: error.message.replace(/\s+/g, ' ').slice(0, 300) }];
        return result?.isError ? [{ code: 'tool-error', message: text }] : [];
      });
      const large = answers.find((answer) => JSON.stringify(answer).length > 200_000);
      return {
        accepted: rejections.length === 0,
        rejections,
        fault: large ? 'an answer of over 200,000 characters' : fault,
      };
    },
    close: () => server.close(),
  };
}

let nextId = 0;
function request(random: Random): object {
  const id = nextId++;
  const { name, inputSchema } = random.pick(TOOLS);
  const input = Object.fromEntries(
    Object.keys(inputSchema.properties)
      // spectra and scans of the samples are right, and take seconds
      .filter((key) => !['spectra', 'scan', 'statistics', 'allowLong'].includes(key) && random.chance(0.6))
      .map((key) => [key, random.pick<unknown>([...PATHS, '*', 7, -1, true, null, [], {}, 'x'.repeat(5_000)])]),
  );
  if (name === 'offaxis_compare_checkpoints') input['spectra'] = false;
  return random.pick<object>([
    { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: input } },
    { jsonrpc: '2.0', id, method: 'tools/list' },
    { jsonrpc: '2.0', id, method: random.pick(['resources/list', 'prompts/get', 'x', '__proto__']), params: {} },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id - 1 } },
    { jsonrpc: '1.0', id, method: 'tools/list' },
  ]);
}
