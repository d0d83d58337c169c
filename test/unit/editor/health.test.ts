import { describe, expect, test } from 'vitest';
import { CheckpointHealth, type HealthServices } from '../../../src/editor/health.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import type { Digest, DigestEvent, ScanEvent } from '../../../src/protocol/health.ts';
import type { InspectorToView } from '../../../src/protocol/views.ts';

const write = (): void => undefined;
/** The engine's stream is scripted: what the host makes of it is under test. A script may wait for the signal. */
function healthFor(script: (method: string, signal: AbortSignal) => AsyncGenerator<ScanEvent | DigestEvent>): {
  health: CheckpointHealth;
  told: InspectorToView[];
  activities: (string | null)[];
  calls: { method: string; params: unknown }[];
} {
  const told: InspectorToView[] = [];
  const activities: (string | null)[] = [];
  const calls: { method: string; params: unknown }[] = [];
  const stream = (method: string, params: unknown, signal: AbortSignal): AsyncGenerator<ScanEvent | DigestEvent> => {
    calls.push({ method, params });
    return script(method, signal);
  };
  const health = new CheckpointHealth('/m', {
    engine: { stream } as unknown as HealthServices['engine'],
    log: { info: write, debug: write, warn: write, error: write },
    tell: (message) => told.push(structuredClone(message)),
    onActivity: (text) => activities.push(text),
  });
  return { health, told, activities, calls };
}
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new OffaxisError('cancelled', 'Cancelled.')), { once: true }),
  );
const finding = { severity: 'error', code: 'nan', message: 'x' } as const;
const coverage = { scanned: 1, scannedBytes: 4, notScanned: [], rules: ['NaN'], elapsedMs: 1 };
const digest: Digest = { of: 'tensor', name: 'w', sizeBytes: 4, sha256: 'ab' };

describe('a scan', () => {
  test('goes from running to done, and a later page gets what was found', async () => {
    const { health, told, activities } = healthFor(async function* () {
      yield { type: 'progress', done: 0, total: 4, secondsLeft: null };
      yield { type: 'finding', finding };
      yield { type: 'coverage', coverage };
    });
    await health.scan();
    expect(told[0]).toMatchObject({ type: 'scan', run: { state: 'running', findings: [] } });
    expect(told.at(-1)).toMatchObject({ type: 'scan', run: { state: 'done', findings: [finding], coverage } });
    expect(activities[0]).toBe('scan: 0 %');
    expect(activities.at(-1)).toBeNull();
    const later: InspectorToView[] = [];
    health.show((message) => later.push(message));
    expect(later).toEqual([told.at(-1)]);
  });
  test('runs once at a time, and keeps what it found when it is cancelled', async () => {
    let taken = (): void => undefined;
    const isTaken = new Promise<void>((resolve) => (taken = resolve));
    const { health, told, calls } = healthFor(async function* (_, signal) {
      yield { type: 'finding', finding };
      taken();
      await aborted(signal);
    });
    const run = health.scan();
    await health.scan();
    expect(calls).toHaveLength(1);
    await isTaken;
    health.cancelScan();
    await run;
    expect(told.at(-1)).toMatchObject({ run: { state: 'cancelled', findings: [finding], error: null } });
  });
  test('that finds 100,000 things tells of as many as a page lists, in messages that it can take', async () => {
    const { health, told } = healthFor(async function* () {
      for (let i = 0; i < 100_000; i++)
        yield {
          type: 'finding',
          finding: { severity: 'error', code: 'nan', message: `w${i} holds NaN`, tensor: `w${i}` },
        };
      yield { type: 'coverage', coverage };
    });
    await health.scan();
    for (const message of told) expect(JSON.stringify(message).length).toBeLessThan(500_000);
    expect(told.at(-1)).toMatchObject({ run: { state: 'done', findingsLeftOut: 98_000 } });
    const last = told.at(-1);
    expect(last?.type === 'scan' && last.run.findings.length).toBe(2000);
  });
  test('that fails says why', async () => {
    // eslint-disable-next-line require-yield
    const { health, told } = healthFor(async function* () {
      throw new OffaxisError('read-failed', 'The disk is gone.');
    });
    await health.scan();
    expect(told.at(-1)).toMatchObject({ run: { state: 'failed', error: { message: 'The disk is gone.' } } });
  });
  test('is forgotten when the file is read anew, and says nothing afterwards', async () => {
    let taken = (): void => undefined;
    const isTaken = new Promise<void>((resolve) => (taken = resolve));
    const { health, told } = healthFor(async function* (_, signal) {
      yield { type: 'finding', finding };
      taken();
      await aborted(signal);
    });
    const run = health.scan();
    await isTaken;
    health.clear();
    const before = told.length;
    await run;
    expect(told.length).toBe(before);
    const later: InspectorToView[] = [];
    health.show((message) => later.push(message));
    expect(later).toEqual([]);
  });
});

describe('a digest', () => {
  test('of a tensor asks for that alone, and is kept', async () => {
    const { health, told, calls } = healthFor(async function* () {
      yield { type: 'progress', done: 4, total: 4, secondsLeft: null };
      yield { type: 'digest', digest };
    });
    await health.digest('w');
    expect(calls).toEqual([{ method: 'digest', params: { path: '/m', files: false, tensors: ['w'] } }]);
    expect(told.at(-1)).toEqual({ type: 'digests', values: [digest], run: null });
  });
  test('that fails stays on show with its reason until the next try', async () => {
    const { health, told } = healthFor(async function* () {
      yield { type: 'failed', name: 'w', message: 'It is missing.' };
    });
    await health.digest('w');
    expect(told.at(-1)).toMatchObject({ values: [], run: { tensor: 'w', message: 'It is missing.' } });
  });
  test('of the files is cancelled', async () => {
    // eslint-disable-next-line require-yield
    const { health, told, calls } = healthFor(async function* (_, signal) {
      await aborted(signal);
    });
    const run = health.digest(null);
    health.cancelDigest();
    await run;
    expect(calls[0]?.params).toEqual({ path: '/m', files: true, tensors: [] });
    expect(told.at(-1)).toEqual({ type: 'digests', values: [], run: null });
  });
});
