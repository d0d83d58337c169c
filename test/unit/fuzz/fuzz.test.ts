/** A few seconds of every fuzzer, from fixed seeds. `npm run fuzz -- MINUTES` goes on from there, from a seed of its own. */
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { openTarget, TARGETS } from '../../fuzz/targets.ts';
import { fuzz } from '../../fuzz/target.ts';

const CASES = {
  header: 4_000,
  index: 4_000,
  config: 4_000,
  rpc: 1_000,
  mcp: 150,
  torch: 500,
  dcp: 500,
  gguf: 500,
  numpy: 500,
  delta: 2_000,
  zero: 500,
  ranks: 200,
};

it.each(TARGETS)(
  '%s: no crash, no hang, no memory beyond the input, and a bounded sentence for every rejection',
  async (name) => {
    const target = await openTarget(name, resolve());
    try {
      for (const seed of [1, 2]) {
        const tally = await fuzz(target, { seed, done: (cases) => cases >= CASES[name] / 2 });
        const findings = tally.findings.map(
          ({ index, fault, input }) =>
            `case ${index}: ${fault}: ${Buffer.from(input).toString('latin1').slice(0, 400)}`,
        );
        expect(findings).toEqual([]);
        expect(tally.cases).toBe(CASES[name] / 2);
        // Both ways are gone: a fuzzer whose every case is refused at once tries nothing.
        expect(tally.accepted).toBeGreaterThan(tally.cases / 50);
        expect(tally.accepted).toBeLessThan(tally.cases);
      }
    } finally {
      await target.close();
    }
  },
);
