import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InspectorSession } from '../../../src/editor/session.ts';
import type { InspectorToView } from '../../../src/protocol/views.ts';
import { createHarness, type Harness } from '../engine/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await createHarness();
});
afterEach(() => harness.close());

function sessionFor(
  path: string,
  mayDownload = (): Promise<boolean> => Promise.resolve(true),
): { session: InspectorSession; activities: (string | null)[] } {
  const activities: (string | null)[] = [];
  const write = (): void => undefined;
  const session = new InspectorSession(path, {
    engine: harness.client(['x']),
    log: { info: write, debug: write, warn: write, error: write },
    watchFolder: () => ({ dispose: write }),
    baseSelected: () => '/m/base',
    mayDownload,
    onActivity: (text) => activities.push(text),
  });
  return { session, activities };
}
function statistics(messages: InspectorToView[]): string[] {
  return messages.flatMap((message) => (message.type === 'statistics' ? message.values.map(({ name }) => name) : []));
}

describe('InspectorSession', () => {
  test('facts, statistics as they are asked for, and everything again for a second page', async () => {
    const { session } = sessionFor('good');
    const first: InspectorToView[] = [];
    await session.attach((message) => first.push(message));
    expect(first[0]).toMatchObject({ type: 'facts', baseSelected: '/m/base', facts: { path: 'good' } });
    session.requestStatistics(['x', 'y']);
    await expect.poll(() => statistics(first).length === 2).toBe(true);
    session.requestStatistics(['x', 'y', 'crash', 'z']);
    await expect.poll(() => statistics(first).length === 3).toBe(true);
    expect(statistics(first)).toEqual(['x', 'y', 'z']);
    expect(first.filter((message) => message.type === 'failed')).toMatchObject([{ name: 'crash' }]);
    const second: InspectorToView[] = [];
    await session.attach((message) => second.push(message));
    expect(statistics(second)).toEqual(['x', 'y', 'z']);
    session.dispose();
  });
  test('the engine starts while the files are looked at', async () => {
    const asked: string[] = [];
    const write = (): void => undefined;
    const real = harness.client(['x']);
    const session = new InspectorSession('good', {
      engine: {
        wake: () => void asked.push('wake'),
        call: (method, params, signal) => (asked.push(method), real.call(method, params, signal)),
        stream: (method, params, signal) => real.stream(method, params, signal),
        allowRestart: write,
      },
      log: { info: write, debug: write, warn: write, error: write },
      watchFolder: () => ({ dispose: write }),
      baseSelected: () => null,
      mayDownload: () => Promise.resolve(true),
      onActivity: write,
    });
    session.prepare();
    expect(asked).toEqual(['wake']);
    await session.attach(write);
    expect(asked).toEqual(['wake', 'open']);
    session.dispose();
  });
  test('the newest wish for statistics goes first', async () => {
    const { session } = sessionFor('good');
    const seen: InspectorToView[] = [];
    await session.attach((message) => seen.push(message));
    session.requestStatistics(['a']);
    session.requestStatistics(['b']);
    session.requestStatistics(['c']);
    await expect.poll(() => statistics(seen).includes('c')).toBe(true);
    expect(statistics(seen)).not.toContain('b');
    session.dispose();
  });
  test('of a remote one the page is told so, and nothing large is downloaded against the reader', async () => {
    const asked: number[] = [];
    const { session } = sessionFor('https://host.example/large', (bytes?: number) => {
      asked.push(bytes ?? 0);
      return Promise.resolve(false);
    });
    const seen: InspectorToView[] = [];
    await session.attach((message) => seen.push(message));
    expect(seen[0]).toMatchObject({ type: 'facts', remote: true });
    await session.requestSpectra([]);
    await session.scan();
    await session.digest('m1');
    expect(asked).toEqual([3e9, 3e9, 1e9]);
    expect(seen).toHaveLength(1);
    session.dispose();
  });
  test('what cannot be opened is an error on the page, and Retry tries again', async () => {
    const { session } = sessionFor('bad');
    const seen: InspectorToView[] = [];
    await session.attach((message) => seen.push(message));
    expect(seen).toMatchObject([{ type: 'error', error: { code: 'bad-file', message: 'bad is not a checkpoint.' } }]);
    await session.reload();
    expect(seen).toHaveLength(2);
    session.dispose();
  });
  test('spectra of all block matrices can be cancelled', async () => {
    const { session, activities } = sessionFor('good');
    const seen: InspectorToView[] = [];
    await session.attach((message) => seen.push(message));
    void session.requestSpectra([]);
    await expect.poll(() => seen.some((message) => message.type === 'spectra')).toBe(true);
    session.cancel();
    await expect.poll(() => seen.some((message) => message.type === 'cancelled')).toBe(true);
    await expect.poll(() => seen.at(-1)?.type === 'progress').toBe(true);
    expect(seen.at(-1)).toEqual({ type: 'progress', progress: null });
    expect(activities.at(-1)).toBeNull();
    session.dispose();
  });
});
