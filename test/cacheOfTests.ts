/** Every file of tests has a cache of its own, gone afterwards: never the user's, and never one that another file of tests has filled. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'offaxis-cache-'));
process.env['OFFAXIS_CACHE'] = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
