// Sets the repository's address and the addresses that follow from it in package.json.
// usage: npm run repository -- https://github.com/OWNER/NAME.git
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linksOf } from './lib/repository.mjs';

const path = join(dirname(fileURLToPath(import.meta.url)), '..', 'package.json');
const [address, ...rest] = process.argv.slice(2);
if (address === undefined || rest.length) {
  console.error('usage: npm run repository -- https://github.com/OWNER/NAME.git');
  process.exit(2);
}
try {
  const { page, fields } = linksOf(address);
  const manifest = { ...JSON.parse(readFileSync(path, 'utf8')), ...fields };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`package.json: ${page}`);
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
