/** The platform's VSIX with its own Dawn, forced onto the software adapter that scripts/integration.mjs puts into the environment. */
import { expect, test } from 'vitest';
import { hostTarget, UNIVERSAL } from '../../scripts/lib/packages.mjs';
import { ComparisonPage } from './support/comparison.ts';
import { expectGoldenKeyFigures, goldenComparison } from './support/golden.ts';
import { session } from './support/session.ts';

const { workbench, root } = session({ settings: { 'offaxis.backend': 'gpu' } });
const golden = goldenComparison(root, 'base-to-rl');
const matrices = new Map([...golden].filter(([, figures]) => typeof figures['nss'] === 'number'));
/** A software adapter compiles its kernels at first use, on a machine that may have two cores. */
const PATIENCE_MS = 900_000;

test(
  'the sample comparison runs on WebGPU, and the panel names the adapter',
  async () => {
    expect(hostTarget(), 'a platform without Dawn').not.toBe(UNIVERSAL);
    await workbench().runCommand('Offaxis: Open Sample Comparison');
    const page = new ComparisonPage(workbench());
    await page.complete(42, PATIENCE_MS);
    const backend = page.document.locator('[data-backend]').first();
    await expect.poll(() => backend.getAttribute('data-backend')).toBe('gpu');
    await expect.poll(() => backend.innerText()).toMatch(/llvmpipe|SwiftShader/i);
    // nothing failed over: then the panel would say which layers ran where
    await expect.poll(() => backend.innerText()).not.toContain('on the CPU');
    console.log(`  ${await backend.innerText()}; see ${await workbench().screenshot('gpu comparison')}`);
  },
  PATIENCE_MS + 60_000,
);

test('its figures are the golden ones', async () => {
  await expectGoldenKeyFigures(new ComparisonPage(workbench()), matrices);
});

test('the detail of a matrix says that the GPU computed it', async () => {
  const page = new ComparisonPage(workbench());
  await page.click(0.25, 0.9);
  const detail = page.document.locator('[data-matrix]');
  await expect.poll(() => detail.locator('[data-timing]').innerText()).toContain('computed on the GPU');
  console.log(`  see ${await workbench().screenshot('gpu detail')}`);
});
