// Writes the metric blocks of media/schema/*.json from the catalog of figures, and the schema that leads to them. usage: node scripts/schemas.mjs
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schemaTexts } from './lib/schemas.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
for (const [path, text] of await schemaTexts(root)) {
  writeFileSync(join(root, path), text);
  console.log(`schemas: ${path}`);
}
