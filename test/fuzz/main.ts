/** The long run behind `npm run fuzz`: each target in a process of its own, watched for hangs, and a table of what was tried and found. */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fuzz, type Tally } from './target.ts';
import { openTarget, TARGETS, type TargetName } from './targets.ts';

/** Parts of the time: headers are what strangers send. */
const PARTS: Readonly<Record<TargetName, number>> = {
  header: 4,
  index: 2,
  config: 1,
  rpc: 1,
  mcp: 2,
  torch: 2,
  dcp: 1,
  gguf: 1,
  numpy: 1,
  delta: 1,
  zero: 1,
  ranks: 1,
};
/** A case that takes longer hangs. */
const HANG_MS = 30_000;
/** So often a process says where it is. */
const TELL_MS = 500;

interface Report extends Omit<Tally, 'rejected' | 'known' | 'findings'> {
  note: string;
  rejected: [string, number][];
  known: [string, number][];
  findings: { index: number; fault: string; input: string }[];
  peakMb: number;
  seconds: number;
}
type Said = { at: number } | { report: Report };

/** Runs all targets for `minutes` together, or one from case `first` on; true when nothing was found. */
export async function runFuzzers(
  root: string,
  { minutes, seed, only, first }: { minutes: number; seed: number; only: TargetName | null; first: number },
): Promise<boolean> {
  const targets: readonly TargetName[] = only ? [only] : TARGETS;
  const parts = targets.reduce((sum, name) => sum + PARTS[name], 0);
  console.log(
    `Seed ${seed}, ${minutes} minutes. A finding's case is repeated by --target NAME --seed ${seed} --first CASE.\n`,
  );
  let found = 0;
  for (const name of targets) {
    const report = await watched(root, name, (minutes * 60_000 * PARTS[name]) / parts, seed, first);
    if (typeof report === 'number') {
      found++;
      console.log(`${name}: case ${report} hangs: it was ended after ${HANG_MS / 1000} s.\n`);
      continue;
    }
    found += report.findings.length;
    print(name, report);
    save(root, name, seed, report);
  }
  console.log(found ? `${found} findings; their inputs lie in test-results/fuzz.` : 'Nothing was found.');
  return found === 0;
}

/** The report, or the case that hangs. */
function watched(root: string, name: TargetName, ms: number, seed: number, first: number): Promise<Report | number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [root, name, String(ms), String(seed), String(first)]);
    let at = first;
    let heard = Date.now();
    let report: Report | undefined;
    const watch = setInterval(() => {
      if (Date.now() - heard > HANG_MS) child.kill('SIGKILL');
    }, 1_000);
    child.on('message', (said: Said) => {
      heard = Date.now();
      if ('report' in said) report = said.report;
      else at = said.at;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      if (report) resolve(report);
      else if (signal === 'SIGKILL') resolve(at);
      else reject(new Error(`The fuzzer of ${name} ended with ${code ?? signal}, near case ${at}.`));
    });
  });
}

/** What a forked process does. */
async function work([root = '', name = '', ms = '', seed = '', first = '']: string[]): Promise<void> {
  const known = TARGETS.find((one) => one === name);
  if (!known) throw new Error(`There is no target ${name}.`);
  const target = await openTarget(known, root);
  const start = Date.now();
  let told = 0;
  let peak = 0;
  const tally = await fuzz(target, {
    seed: Number(seed),
    first: Number(first),
    done: () => Date.now() - start > Number(ms),
    before(index) {
      if (Date.now() - told < TELL_MS) return;
      told = Date.now();
      peak = Math.max(peak, process.memoryUsage.rss());
      process.send?.({ at: index });
    },
  });
  await target.close();
  const report: Report = {
    ...tally,
    note: target.note,
    rejected: [...tally.rejected],
    known: [...tally.known],
    findings: tally.findings.map((finding) => ({ ...finding, input: Buffer.from(finding.input).toString('base64') })),
    peakMb: peak / 2 ** 20,
    seconds: (Date.now() - start) / 1000,
  };
  process.send?.({ report }, () => process.exit(0));
}

function print(name: string, { cases, accepted, rejected, known, findings, ...rest }: Report): void {
  const counts = (list: [string, number][]): string =>
    list
      .sort((a, b) => b[1] - a[1])
      .map(([key, n]) => `${key} ${n}`)
      .join(', ');
  console.log(`${name} (${rest.note})`);
  console.log(
    `  ${cases} cases in ${rest.seconds.toFixed(0)} s, inputs up to ${rest.largestInput} bytes; accepted ${accepted}, rejected ${cases - accepted}; slowest ${rest.slowestMs.toFixed(1)} ms, peak ${rest.peakMb.toFixed(0)} MB`,
  );
  if (rejected.length) console.log(`  rejected by code: ${counts(rejected)}`);
  if (known.length) console.log(`  known differences from the reference: ${counts(known)}`);
  for (const { index, fault } of findings) console.log(`  FOUND case ${index}: ${fault}`);
  console.log(`  found: ${findings.length}\n`);
}
function save(root: string, name: string, seed: number, { findings }: Report): void {
  if (findings.length === 0) return;
  const folder = join(root, 'test-results', 'fuzz');
  mkdirSync(folder, { recursive: true });
  for (const { index, input } of findings)
    writeFileSync(join(folder, `${name}-${seed}-${index}`), Buffer.from(input, 'base64'));
}

if (process.send) await work(process.argv.slice(2));
