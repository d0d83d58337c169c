import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { schemaTexts } from '../../../scripts/lib/schemas.mjs';

const root = join(import.meta.dirname, '../../..');

it('the JSON Schemas hold the figures of the catalog (npm run schemas writes them)', async () => {
  const texts = await schemaTexts(root);
  expect(texts.size).toBe(5);
  for (const [path, text] of texts) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
});
