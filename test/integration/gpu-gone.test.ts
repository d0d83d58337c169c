/** A GPU whose engine goes down again and again: the comparison ends, says so, and goes on where the reader wants it. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';

/** In the environment of this VS Code and of the engines in it: another one may run beside it. */
const MARK = { OFFAXIS_TEST_WINDOW: 'gpu-gone' };
const { workbench } = session({ settings: { 'offaxis.backend': 'gpu' }, env: MARK });
/** As gpu.test.ts. */
const PATIENCE_MS = 600_000;

/** Ids of the engines of this VS Code that run now. */
function engines(): number[] {
  const mark = Object.entries(MARK)[0]?.join('=') ?? '';
  const isEngine = (pid: string): boolean => {
    try {
      const of = (what: string): string => readFileSync(`/proc/${pid}/${what}`, 'utf8');
      return of('cmdline').includes('engine.mjs') && of('environ').split('\0').includes(mark);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isEngine(name))
    .map(Number);
}

test.runIf(process.platform === 'linux')(
  'when no engine stays up, "Use CPU" computes the rest there',
  async () => {
    await workbench().runCommand('Offaxis: Open Sample Comparison');
    const page = new ComparisonPage(workbench());
    await page.phase('running', PATIENCE_MS);
    const useCpu = page.action('use-cpu');
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end && !(await useCpu.isVisible());) {
      for (const pid of engines()) process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    console.log(`  see ${await workbench().screenshot('gpu gone')}`);
    await useCpu.click();
    await page.phase('done', PATIENCE_MS);
    const backend = page.document.locator('[data-backend]').first();
    expect(await backend.innerText()).toMatch(/CPU/);
  },
  2 * PATIENCE_MS,
);
