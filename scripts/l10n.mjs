// Writes l10n/bundle.l10n.json, the strings to translate, from the sources. Translations lie beside it: bundle.l10n.LANGUAGE.json and
// package.nls.LANGUAGE.json. usage: node scripts/l10n.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleText, collectStrings } from './lib/strings.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const strings = collectStrings(root);
mkdirSync(join(root, 'l10n'), { recursive: true });
writeFileSync(join(root, 'l10n', 'bundle.l10n.json'), bundleText(strings.keys()));
console.log(`l10n: ${strings.size} strings in l10n/bundle.l10n.json`);
