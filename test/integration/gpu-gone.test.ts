/** A GPU whose engine goes down again and again: the comparison ends, says so, and goes on where the reader wants it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';

const { workbench } = session({ settings: { 'offaxis.backend': 'gpu' } });
/** As gpu.test.ts. */
const PATIENCE_MS = 600_000;

/** Ids of the engines of this installation that run now. */
function engines(): number[] {
  const extensions = join(inject('installation').folder, 'extensions');
  const isEngine = (pid: string): boolean => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes(extensions) && command.includes('engine.mjs');
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
