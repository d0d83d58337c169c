/**
 * The MCP server under the faults of inject.mjs: an assistant's call whose file fails is answered by one sentence or by a report that says
 * so, and the server goes on.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes16, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
const INJECT = join(import.meta.dirname, 'inject.mjs');
const KINDS: Readonly<Record<string, readonly string[]>> = {
  open: ['ENOENT', 'EMFILE', 'EIO'],
  read: ['EIO', 'end'],
  stat: ['ENOENT', 'EIO'],
  readdir: ['EMFILE', 'EIO'],
  'handle.stat': ['EIO'],
};

interface Answer {
  text: string;
  isError: boolean;
}
interface Counted {
  hit: boolean;
  counts: Record<string, number>;
}
interface Run extends Counted {
  answer: Answer | undefined;
  /** the same call once more, after the fault */
  again: Answer | undefined;
}

let root: string;
const files: string[] = [];
let versions = 1e9;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  root = realpathSync(mkdtempSync(join(tmpdir(), 'offaxis-mcp-faults-')));
  const weight = (first: number) => ({ dtype: 'BF16', shape: [64, 40], data: codes16(64 * 40, first) });
  for (const [i, side] of ['base', 'tuned'].entries()) {
    mkdirSync(join(root, side));
    const tensors = { 'model.layers.0.mlp.up_proj.weight': weight(0x3f80 + i) };
    const [weights, config] = ['model.safetensors', 'config.json'].map((name) => join(root, side, name)) as [
      string,
      string,
    ];
    writeFileSync(weights, safetensors(tensors));
    writeFileSync(config, '{"model_type":"llama","hidden_size":40}');
    files.push(weights, config);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CALLS: readonly [string, object][] = [
  ['offaxis_inspect_checkpoint', { path: 'base', statistics: true, scan: true }],
  ['offaxis_find_tensors', { path: 'base', name: '*up_proj*' }],
  ['offaxis_compare_checkpoints', { base: 'base', tuned: 'tuned', spectra: false }],
];

/** One server for all the faults of a tool, as an assistant has it. */
class Server {
  private readonly child = spawn(
    process.execPath,
    ['--import', INJECT, CLI, 'mcp', '--backend', 'cpu', '--threads', '1', '--no-cache'],
    {
      cwd: root,
      env: { ...process.env, OFFAXIS_FAULT_MESSAGES: 'yes' },
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    },
  ) as ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly closed = once(this.child, 'close') as Promise<[number | null]>;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last = 0;
  private stderr = '';

  constructor() {
    this.child.stderr.on('data', (text) => (this.stderr += String(text)));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, result } = JSON.parse(line) as {
        id: number;
        result?: { content?: { text: string }[]; isError?: boolean };
      };
      const text = (result?.content ?? []).map((one) => one.text).join('');
      this.waiting.get(id)?.({ text, isError: result?.isError === true });
      this.waiting.delete(id);
    });
  }

  /** undefined: the server ended instead. */
  ask(method: string, params: object): Promise<Answer | undefined> {
    const id = ++this.last;
    const answer = new Promise<Answer>((done) => this.waiting.set(id, done));
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return Promise.race([answer, this.closed.then(() => undefined)]);
  }
  /** What was counted so far; from here on it is this fault. */
  private async arm(fault: object): Promise<Counted> {
    const told = once(this.child, 'message') as Promise<[Counted]>;
    this.child.send({ ...fault, folder: root });
    return (await Promise.race([told, this.closed.then(() => [{ hit: false, counts: {} }])]))[0];
  }
  async run(name: string, input: object, fault: object): Promise<Run> {
    const call = { name, arguments: input };
    // What the server has kept of a file counts for no other version of it.
    for (const path of files) utimesSync(path, ++versions, versions);
    await this.arm(fault);
    const answer = await this.ask('tools/call', call);
    const counted = await this.arm({});
    return { answer, again: await this.ask('tools/call', call), ...counted };
  }
  /** Its status, and what it said on standard error all the time. */
  async end(): Promise<{ status: number | null; stderr: string }> {
    this.child.stdin.end();
    const [status] = await this.closed;
    return { status, stderr: this.stderr };
  }
}
async function started(): Promise<Server> {
  const server = new Server();
  const clientInfo = { name: 'test', version: '1' };
  await server.ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  return server;
}

/** Times differ from run to run. */
const same = (answer: Answer | undefined): string => JSON.stringify(answer)?.replace(/[\d.]+ (ms|s)\b/g, '') ?? '';

/** What is wrong with a call under a fault; null: nothing. */
function wrong({ answer, again, hit }: Run, sound: Run): string | null {
  if (!hit) return 'the fault was never met';
  if (!answer) return 'no answer';
  if (same(again) !== same(sound.answer)) return `the next call got ${again?.text}`;
  if (/\n\s+at |Cannot read|is not a function|injected/.test(answer.text)) return `says ${answer.text}`;
  if (same(answer) === same(sound.answer)) return null;
  if (answer.isError) return /^[^\n]{20,1000}$/.test(answer.text) ? null : `is not a sentence: ${answer.text}`;
  // a report in which the failure stands
  return /can't be|could not|failed|missing|unreadable|not be read/i.test(answer.text)
    ? null
    : `tells nothing: ${answer.text}`;
}

describe.each(CALLS)('%s', (name, input) => {
  let server: Server;
  let sound: Run;
  beforeAll(async () => {
    server = await started();
    sound = await server.run(name, input, {});
  });

  it('each call of the system that fails', async () => {
    expect(sound.answer).toMatchObject({ isError: false });
    const faults = Object.entries(sound.counts).flatMap(([operation, calls]) =>
      Array.from({ length: calls }, (_unused, i) => i + 1).flatMap((call) =>
        (KINDS[operation] ?? [])
          .filter((_kind, i, kinds) => call === 1 || i === call % kinds.length)
          .map((kind) => ({ operation, call, kind })),
      ),
    );
    expect(faults.length).toBeGreaterThan(8);
    const found: string[] = [];
    for (const fault of faults) {
      const told = wrong(await server.run(name, input, fault), sound);
      if (told !== null) found.push(`${fault.operation} ${fault.call}, ${fault.kind}: ${told}`);
    }
    expect(found).toEqual([]);
  });

  it('reads that take half of what was asked change nothing', async () => {
    const halved = await server.run(name, input, { operation: 'read', call: 'every', kind: 'short' });
    expect(halved.hit).toBe(true);
    expect(same(halved.answer)).toBe(same(sound.answer));
  });

  it('the server ends well, and has said nothing beside its answers', async () => {
    expect(await server.end()).toEqual({ status: 0, stderr: '' });
  });
});
