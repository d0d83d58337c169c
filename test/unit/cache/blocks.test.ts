/** Blocks of remote files on disk, met through the place that reads them: what travels, and what does not any more. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RemotePlace } from '../../../src/bytes/remote/place.ts';
import { cacheFacts, CachedBlocks, clearCache, ContentCache } from '../../../src/cache/index.ts';
import { impatient, rangeOf, WebServer, type Answer } from '../bytes/webServer.ts';

const MIB = 1024 * 1024;
const bytesOf = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 3 * MIB + 5 }, (_, i) => (i * 7 + (i >> 8) + seed) % 256);
const BYTES = bytesOf(0);

let web: WebServer;
let folder: string;
let path: string;
beforeEach(async () => {
  web = await WebServer.start();
  folder = mkdtempSync(join(tmpdir(), 'offaxis-blocks-'));
  path = web.put('/model.safetensors', BYTES);
});
afterEach(async () => {
  await web.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As another process has it: nothing but the folder in common. */
function opened(maxBytes = 1e9): { place: RemotePlace; cache: ContentCache } {
  const place = new RemotePlace(impatient());
  const cache = new ContentCache({ folder, maxBytes, warn: (line) => expect.fail(line) });
  place.use({ blocks: new CachedBlocks(cache, maxBytes) });
  return { place, cache };
}
/** The whole file in one process; what of it travelled, without the first look. */
async function readWhole(maxBytes?: number): Promise<{ bytes: Uint8Array; blocks: number }> {
  const { place, cache } = opened(maxBytes);
  const source = await place.open(path);
  const looked = place.received;
  const bytes = new Uint8Array(source.sizeBytes);
  await source.read(0, bytes);
  await cache.flush();
  return { bytes, blocks: Math.ceil((place.received - looked) / MIB) };
}
const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const entries = (): string[] =>
  readdirSync(folder).flatMap((part) => readdirSync(join(folder, part)).map((name) => join(folder, part, name)));

describe('what was downloaded', () => {
  it('does not travel again in another process, and is told from another version', async () => {
    expect((await readWhole()).blocks).toBe(4);
    const again = await readWhole();
    expect(again.blocks).toBe(0);
    expect(isSame(again.bytes, BYTES)).toBe(true);
    web.put('/model.safetensors', bytesOf(1), '"2"');
    const other = await readWhole();
    expect(other.blocks).toBe(4);
    expect(isSame(other.bytes, bytesOf(1))).toBe(true);
  });
  it('travels again if its file on disk is torn, and only that', async () => {
    await readWhole();
    const [file = ''] = entries();
    const whole = readFileSync(file);
    // any of them comes first, the short end of the file, too: their names are hashes of an address with another port each time
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    const again = await readWhole();
    expect(again.blocks).toBe(1);
    expect(isSame(again.bytes, BYTES)).toBe(true);
  });
  it('is counted and removed with the results, and names no address on disk', async () => {
    await readWhole();
    expect((await cacheFacts(folder)).sizeBytes).toBeGreaterThan(3 * MIB);
    expect(entries().join()).not.toContain('model.safetensors');
    await clearCache(folder);
    expect((await readWhole()).blocks).toBe(4);
  });
  it('takes half of the cap at most: of a larger file the first blocks stay', async () => {
    await readWhole(5 * MIB);
    // two whole ones, and the end of the file
    expect(entries()).toHaveLength(3);
    expect((await readWhole(5 * MIB)).blocks).toBe(1);
  });
  it('comes whole to two processes that read it at once', async () => {
    const both = await Promise.all([readWhole(), readWhole()]);
    expect(both.every(({ bytes }) => isSame(bytes, BYTES))).toBe(true);
    expect((await readWhole()).blocks).toBe(0);
  });
});

/** The usual answer, by another name of the version. */
const named =
  (headers: Record<string, string>): Answer =>
  (request, response) => {
    const { from, to } = rangeOf(request, BYTES.length) ?? { from: 0, to: BYTES.length };
    const range = { 'content-length': to - from, 'content-range': `bytes ${from}-${to - 1}/${BYTES.length}` };
    response.writeHead(206, { ...headers, ...range }).end(BYTES.subarray(from, to));
  };
it.each([
  ['a weak ETag', { etag: 'W/"1"' }],
  ['a date', { 'last-modified': 'Mon, 30 Nov 2026 00:00:00 GMT' }],
])('of a file that its server knows by %s alone nothing is kept', async (_, headers) => {
  web.otherwise = named(headers);
  const { bytes, blocks } = await readWhole();
  expect([isSame(bytes, BYTES), blocks]).toEqual([true, 4]);
  expect(entries()).toEqual([]);
});
