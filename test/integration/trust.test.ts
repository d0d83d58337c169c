import { test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session({ restricted: true });

test('the window is in Restricted Mode', async () => {
  const { page } = workbench();
  await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
});

test('a checkpoint opens and its statistics are computed', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-section="values"] svg').waitFor();
});

test('two checkpoints of the workspace are compared', async () => {
  await workbench().selectAsBase('base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('rl', 'model.safetensors'), 'Compare with Base');
  await workbench()
    .tab(/base → rl/)
    .waitFor();
  await new ComparisonPage(workbench()).complete(42);
});
