/** Real processes that share one folder, killed in the middle of whatever they are doing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFacts, ContentCache, cacheKey } from '../../../src/cache/index.ts';

const KEYS = 40;
const MOST_BYTES = 12e6;
const contentOf = (n: number): Buffer => Buffer.alloc(1 + ((n * 48_271) % 700_000), `content of ${n};`);

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-crash-'));
  const contents = `
    import { cacheKey, ContentCache } from './src/cache/index.ts';
    const contentOf = (n) => Buffer.alloc(1 + ((n * 48_271) % 700_000), \`content of \${n};\`);
    const cache = new ContentCache({ folder: process.argv[2], maxBytes: ${MOST_BYTES}, warn: (line) => console.error(line) });
    let step = Number(process.argv[3]);
    for (;;) {
      const n = (step = (step * 7919 + 13) % ${KEYS * 1009}) % ${KEYS};
      const known = await cache.get(cacheKey('crash', n));
      if (known && !contentOf(n).equals(known)) console.error('wrong content of ' + n);
      await cache.put(cacheKey('crash', n), contentOf(n));
      console.log('kept ' + n);
    }`;
  const stdin = { contents, resolveDir: process.cwd() };
  const { outputFiles } = buildSync({ stdin, bundle: true, write: false, platform: 'node', format: 'esm' });
  program = join(folder, 'writer.mjs');
  writeFileSync(program, outputFiles[0]?.text ?? '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Kills it after so many entries, in the middle of the next one. Returns what it complained of. */
async function killedAfter(child: ChildProcess, lines: number): Promise<string> {
  let told = '';
  child.stderr?.on('data', (text) => (told += String(text)));
  const closed = once(child, 'close');
  let kept = 0;
  child.stdout?.on('data', (text) => {
    kept += String(text).split('\n').length - 1;
    if (kept >= lines) child.kill('SIGKILL');
  });
  await closed;
  expect(kept).toBeGreaterThanOrEqual(lines);
  return told;
}

test(
  'two processes that write, read and evict, and are killed at that, leave whole entries or none',
  { timeout: 300_000 },
  async () => {
    const results = join(folder, 'results');
    for (let round = 0; round < 5; round++) {
      const writers = [1, 2].map((i) =>
        killedAfter(spawn(process.execPath, [program, results, String(round * 10 + i)]), 12 + 9 * i + round),
      );
      expect(await Promise.all(writers)).toEqual(['', '']);
      const cache = new ContentCache({ folder: results, maxBytes: MOST_BYTES, warn: (line) => expect.fail(line) });
      let whole = 0;
      for (let n = 0; n < KEYS; n++) {
        const known = await cache.get(cacheKey('crash', n));
        if (!known) continue;
        expect(contentOf(n).equals(known), `content of ${n}`).toBe(true);
        whole++;
      }
      // every entry that is there under its name is whole
      const { entries, sizeBytes } = await cacheFacts(results);
      expect(entries).toBe(whole);
      expect(whole).toBeGreaterThan(0);
      // each process counts what it writes itself, and looks again now and then: together they may be over by what two have in hand
      expect(sizeBytes).toBeLessThanOrEqual(2 * MOST_BYTES);
      // looking has removed what the dead had begun
      const leftovers = readdirSync(results, { recursive: true }).filter((name) => String(name).endsWith('.part'));
      expect(leftovers).toEqual([]);
    }
  },
);
