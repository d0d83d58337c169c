/**
 * The MCP server under the faults of inject.mjs: an assistant's call whose file fails is answered by one sentence or by a report that says
 * so, and the server goes on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
interface Run {
  answer: Answer | undefined;
  /** the same call once more, after the fault */
  again: Answer | undefined;
  status: number | null;
  stderr: string;
  hit: boolean;
  counts: Record<string, number>;
}

let root: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  root = realpathSync(mkdtempSync(join(tmpdir(), 'offaxis-mcp-faults-')));
  const weight = (first: number) => ({ dtype: 'BF16', shape: [64, 40], data: codes16(64 * 40, first) });
  for (const [i, side] of ['base', 'tuned'].entries()) {
    mkdirSync(join(root, side));
    const tensors = { 'model.layers.0.mlp.up_proj.weight': weight(0x3f80 + i) };
    writeFileSync(join(root, side, 'model.safetensors'), safetensors(tensors));
    writeFileSync(join(root, side, 'config.json'), '{"model_type":"llama","hidden_size":40}');
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CALLS: readonly [string, object][] = [
  ['offaxis_inspect_checkpoint', { path: 'base', statistics: true, scan: true }],
  ['offaxis_find_tensors', { path: 'base', name: '*up_proj*' }],
  ['offaxis_compare_checkpoints', { base: 'base', tuned: 'tuned', spectra: false }],
];

let runs = 0;
async function run(name: string, input: object, fault: object): Promise<Run> {
  const log = join(root, `${runs++}.log`);
  const child = spawn(
    process.execPath,
    ['--import', INJECT, CLI, 'mcp', '--backend', 'cpu', '--threads', '1', '--no-cache'],
    {
      cwd: root,
      env: { ...process.env, OFFAXIS_FAULT: JSON.stringify({ ...fault, folder: root }), OFFAXIS_FAULT_LOG: log },
    },
  );
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += String(text)));
  const answers = new Map<number, Answer>();
  const send = (id: number, method: string, params: object): void =>
    void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  const call = { name, arguments: input };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result } = JSON.parse(line) as {
      id: number;
      result?: { content?: { text: string }[]; isError?: boolean };
    };
    const text = (result?.content ?? []).map((one) => one.text).join('');
    answers.set(id, { text, isError: result?.isError === true });
    if (id === 1) send(2, 'tools/call', call);
    if (id === 2) send(3, 'tools/call', call);
    if (id === 3) child.stdin.end();
  });
  const clientInfo = { name: 'test', version: '1' };
  send(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  const [status] = (await once(child, 'close')) as [number | null];
  const { hit, counts } = JSON.parse(readFileSync(log, 'utf8')) as Pick<Run, 'hit' | 'counts'>;
  return { answer: answers.get(2), again: answers.get(3), status, stderr, hit, counts };
}

/** Times differ from run to run. */
const same = (answer: Answer | undefined): string => JSON.stringify(answer)?.replace(/[\d.]+ (ms|s)\b/g, '') ?? '';

/** What is wrong with a call under a fault; null: nothing. */
function wrong({ answer, again, status, stderr, hit }: Run, sound: Run): string | null {
  if (!hit) return 'the fault was never met';
  if (status !== 0 || stderr !== '') return `ended with ${status} and said ${stderr}`;
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

it.each(CALLS)('%s: each call of the system that fails', async (name, input) => {
  const sound = await run(name, input, {});
  expect(sound.answer).toMatchObject({ isError: false });
  const faults = Object.entries(sound.counts).flatMap(([operation, calls]) =>
    // the calls of the first answer: the second makes the rest
    Array.from({ length: Math.ceil(calls / 2) }, (_unused, i) => i + 1).flatMap((call) =>
      (KINDS[operation] ?? [])
        .filter((_kind, i, kinds) => call === 1 || i === call % kinds.length)
        .map((kind) => ({ operation, call, kind })),
    ),
  );
  expect(faults.length).toBeGreaterThan(8);
  const found: string[] = [];
  const worker = async (): Promise<void> => {
    for (let fault = faults.shift(); fault; fault = faults.shift()) {
      const told = wrong(await run(name, input, fault), sound);
      if (told !== null) found.push(`${fault.operation} ${fault.call}, ${fault.kind}: ${told}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(found).toEqual([]);
});

it.each(CALLS)('%s: reads that take half of what was asked change nothing', async (name, input) => {
  const sound = await run(name, input, {});
  const halved = await run(name, input, { operation: 'read', call: 'every', kind: 'short' });
  expect(halved.hit).toBe(true);
  expect(same(halved.answer)).toBe(same(sound.answer));
});
