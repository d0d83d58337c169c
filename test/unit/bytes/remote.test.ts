import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fresh } from '../../../src/bytes/remote/fresh.ts';
import { RemotePlace } from '../../../src/bytes/remote/place.ts';
import { impatient, rangeOf, WebServer } from './webServer.ts';

const SIZE = 3_000_000;
const BYTES = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) % 256);

let web: WebServer;
let other: WebServer;
let environment: ReturnType<typeof impatient>;
let place: RemotePlace;
let told: string[];
beforeEach(async () => {
  web = await WebServer.start();
  other = await WebServer.start();
  environment = impatient();
  place = new RemotePlace(environment);
  told = [];
  place.use({ tell: (line) => told.push(line) });
});
afterEach(async () => {
  await web.stop();
  await other.stop();
});

async function read(path: string, from: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const source = await place.open(path);
  const target = new Uint8Array(length);
  await source.read(from, target, signal);
  return target;
}
const same = (found: Uint8Array, from: number): boolean =>
  Buffer.compare(found, BYTES.subarray(from, from + found.length)) === 0;

describe('a file of a web server', () => {
  it('opens with one request for its first bytes', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    expect(source.sizeBytes).toBe(SIZE);
    const head = new Uint8Array(1000);
    await source.read(0, head);
    expect(same(head, 0)).toBe(true);
    expect(web.ranges).toEqual(['bytes=0-65535']);
    expect(web.requests[0]?.headers['accept-encoding']).toBe('identity');
  });
  it('asks for what is read, rounded to pages, and never again for what was read lately', async () => {
    const path = web.put('/a.safetensors', BYTES);
    expect(same(await read(path, 1_000_000, 100), 1_000_000)).toBe(true);
    expect(same(await read(path, 1_000_050, 60), 1_000_050)).toBe(true);
    expect(web.ranges).toEqual(['bytes=0-65535', 'bytes=983040-1048575']);
    expect(place.received).toBe(2 * 65536);
  });
  it('reads a long stretch in blocks, to the last byte', async () => {
    const path = web.put('/a.safetensors', BYTES);
    expect(same(await read(path, 5, SIZE - 5), 5)).toBe(true);
    expect(same(await read(path, SIZE - 1, 1), SIZE - 1)).toBe(true);
  });
  it('names the file if it is asked for more than there is', async () => {
    const path = web.put('/a.safetensors', BYTES);
    await expect(read(path, SIZE - 10, 20)).rejects.toThrow(`${path} ends at byte ${SIZE}, 10 bytes early`);
  });
  it('is empty if it has no bytes', async () => {
    const path = web.put('/a.safetensors', new Uint8Array(0));
    expect((await place.open(path)).sizeBytes).toBe(0);
  });
  it('is not there, or a folder that nobody lists', async () => {
    const path = `${web.origin}/none.safetensors`;
    await expect(place.open(path)).rejects.toMatchObject({
      code: 'bad-file',
      message: `${path} does not exist. Check the address.`,
    });
    expect(await place.stamp(path)).toBeNull();
    expect(await place.kind(`${web.origin}/folder/`)).toBe('folder');
    await expect(place.list(`${web.origin}/folder/`)).rejects.toThrow(/can't be listed/);
  });
  it('has another stamp once it has changed and some time has passed', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const before = await place.stamp(path);
    web.put('/a.safetensors', BYTES, '"2"');
    expect(await place.stamp(path)).toEqual(before);
    environment.time += 60_000;
    expect(await place.stamp(path)).not.toEqual(before);
  });
});

describe('a transfer that breaks', () => {
  it('goes on where it broke', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    web.next.push((request, response) => {
      const { from, to } = rangeOf(request, SIZE) ?? { from: 0, to: 0 };
      response.writeHead(206, {
        etag: '"1"',
        'content-length': to - from,
        'content-range': `bytes ${from}-${to - 1}/${SIZE}`,
      });
      response.write(BYTES.subarray(from, from + 100_000));
      // Not before some of it has come.
      const cut = (): unknown => (place.received > 65536 ? response.destroy() : setImmediate(cut));
      cut();
    });
    const target = new Uint8Array(SIZE);
    await source.read(0, target);
    expect(same(target, 0)).toBe(true);
    expect(environment.pauses).toEqual([500]);
    const starts = web.ranges.slice(1).map((range) => Number(/=(\d+)/.exec(range ?? '')?.[1]));
    expect(starts[0]).toBe(0);
    // What had come was not asked for again.
    expect(starts[1]).toBeGreaterThan(0);
    expect(web.requests.at(-1)?.headers['if-range']).toBe('"1"');
    expect(told[0]).toMatch(/the connection broke.*waiting 0\.5 s before try 2 of 6/);
  });
  it('that brings nothing for long is given up and taken up again', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    environment.stallMilliseconds = 50;
    web.next.push((_, response) => {
      response.writeHead(206, { etag: '"1"', 'content-length': 65536, 'content-range': `bytes 131072-196607/${SIZE}` });
      response.flushHeaders();
    });
    environment.wait = (milliseconds) => {
      environment.pauses.push(milliseconds);
      environment.stallMilliseconds = 600_000;
      web.next.splice(0);
      return Promise.resolve();
    };
    const target = new Uint8Array(100);
    await source.read(140_000, target);
    expect(same(target, 140_000)).toBe(true);
    expect(told[0]).toMatch(/no byte came for 0\.05 s at byte 131072/);
  });
  it('ends after six tries without a byte, and says so', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    for (let i = 0; i < 6; i++) web.next.push((_, response) => response.destroy());
    await expect(source.read(500_000, new Uint8Array(10))).rejects.toMatchObject({
      code: 'read-failed',
      message: expect.stringMatching(
        /a\.safetensors could not be read: the connection broke .* 6 times in a row/,
      ) as string,
    });
    expect(environment.pauses).toEqual([500, 1000, 2000, 4000, 8000]);
  });
  it('stops when it is cancelled, in a pause and in a body', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    const pause = new AbortController();
    environment.wait = (_, signal) => {
      pause.abort();
      return Promise.reject(signal?.reason as Error);
    };
    web.next.push((_, response) => void response.writeHead(503).end());
    await expect(source.read(500_000, new Uint8Array(10), pause.signal)).rejects.toMatchObject({ code: 'cancelled' });
    const body = new AbortController();
    web.next.push((_, response) => {
      response.writeHead(206, { etag: '"1"', 'content-range': `bytes 458752-524287/${SIZE}`, 'content-length': 65536 });
      response.write(BYTES.subarray(0, 10), () => body.abort());
    });
    await expect(source.read(500_000, new Uint8Array(10), body.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a busy server', () => {
  it.each([429, 500, 503])('that answers %i is waited for, as long as it asks', async (status) => {
    const path = web.put('/a.safetensors', BYTES);
    web.next.push((_, response) => void response.writeHead(status, { 'retry-after': '7' }).end());
    web.next.push((_, response) => void response.writeHead(status).end());
    expect(same(await read(path, 0, 10), 0)).toBe(true);
    expect(environment.pauses).toEqual([7000, 1000]);
    expect(told[0]).toContain(`the server answers ${status}`);
  });
  it('that asks for hours is not', async () => {
    const path = web.put('/a.safetensors', BYTES);
    web.next.push((_, response) => void response.writeHead(429, { 'retry-after': '7200' }).end());
    await expect(place.open(path)).rejects.toThrow(/asks for a pause of 7200 s/);
  });
  it('that refuses in the middle of a file is asked again; one that refuses from the start is not', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    web.next.push((_, response) => void response.writeHead(403).end());
    const target = new Uint8Array(10);
    await source.read(500_000, target);
    expect(same(target, 500_000)).toBe(true);
    web.next.push((_, response) => void response.writeHead(403).end());
    await expect(place.open(`${web.origin}/b.safetensors`)).rejects.toThrow(/403 \(not allowed\)/);
    expect(environment.pauses).toEqual([500]);
  });
});

describe('two versions', () => {
  it('never mix: a changed ETag is an error that names the file', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    web.put('/a.safetensors', BYTES, '"2"');
    await expect(source.read(500_000, new Uint8Array(10))).rejects.toThrow(`${path} has changed since it was opened`);
  });
  it('never mix, if the server ignores If-Range', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    web.next.push((request, response) => {
      delete request.headers['if-range'];
      web.put('/a.safetensors', BYTES, '"2"');
      web.usual(request, response);
    });
    await expect(source.read(500_000, new Uint8Array(10))).rejects.toThrow(/has changed since it was opened/);
  });
  it('never mix, if only the size tells them apart', async () => {
    const path = web.put('/a.safetensors', BYTES);
    const source = await place.open(path);
    web.put('/a.safetensors', BYTES.subarray(1), '"1"');
    await expect(source.read(500_000, new Uint8Array(10))).rejects.toThrow(/has changed since it was opened/);
  });
  it('are told apart by Last-Modified without an ETag, and a server with neither is refused', async () => {
    const path = `${web.origin}/a.safetensors`;
    const answer = (modified: Record<string, string>) => (request: IncomingMessage, response: ServerResponse) => {
      const { from, to } = rangeOf(request, SIZE) ?? { from: 0, to: 0 };
      response
        .writeHead(206, { ...modified, 'content-range': `bytes ${from}-${to - 1}/${SIZE}` })
        .end(BYTES.subarray(from, to));
    };
    const monday = { 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT' };
    web.next.push(answer(monday), answer(monday), answer({ 'last-modified': 'Tue, 03 Nov 2026 10:00:00 GMT' }));
    const source = await place.open(path);
    const target = new Uint8Array(10);
    await source.read(500_000, target);
    expect(same(target, 500_000)).toBe(true);
    await expect(source.read(900_000, target)).rejects.toThrow(/has changed since it was opened/);
    web.next.push(answer({}));
    await expect(place.open(`${web.origin}/b.safetensors`)).rejects.toThrow(/neither ETag nor Last-Modified/);
  });
});

describe('a server that does not do what it says', () => {
  it.each(['bytes 0-65535/3000000', 'bytes 500000-500009/*', 'pages 1-2/3', undefined])(
    'is not believed: Content-Range %s',
    async (range) => {
      const path = web.put('/a.safetensors', BYTES);
      const source = await place.open(path);
      web.next.push(
        (_, response) =>
          void response
            .writeHead(206, { etag: '"1"', ...(range ? { 'content-range': range } : {}) })
            .end(BYTES.subarray(0, 65536)),
      );
      await expect(source.read(500_000, new Uint8Array(10))).rejects.toThrow(/which are others/);
    },
  );
  it('is read once if it ignores Range and the file is small', async () => {
    const path = `${web.origin}/a.safetensors`;
    web.next.push((_, response) => void response.writeHead(200, { etag: '"1"', 'content-length': SIZE }).end(BYTES));
    expect(same(await read(path, 2_000_000, 900_000), 2_000_000)).toBe(true);
    expect(web.requests).toHaveLength(1);
  });
  it('is refused if it ignores Range and the file is large', async () => {
    web.next.push((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 5_000_000_000 });
      response.write(BYTES);
    });
    await expect(place.open(`${web.origin}/a.safetensors`)).rejects.toThrow(/it ignores Range.*5000000000 bytes/);
  });
  it('is refused if it packs what it sends', async () => {
    web.next.push((request, response) => {
      response.setHeader('content-encoding', 'gzip');
      web.usual(request, response);
    });
    await expect(place.open(web.put('/a.safetensors', BYTES))).rejects.toThrow(/sends it packed \(gzip\)/);
  });
});

describe('a redirect', () => {
  const to = (location: string) => (_: unknown, response: ServerResponse) =>
    void response.writeHead(302, { location }).end();

  it('to another host is followed without the login, and asked there at once the next time', async () => {
    const there = other.put('/b', BYTES);
    web.next.push(to(there), to(there));
    const path = place.admit(web.origin.replace('//', '//user:secret@') + '/a.safetensors');
    expect(same(await read(path, 0, 10), 0)).toBe(true);
    expect(same(await read(path, 500_000, 10), 500_000)).toBe(true);
    expect(same(await read(path, 900_000, 10), 900_000)).toBe(true);
    expect(web.requests).toHaveLength(2);
    for (const { headers } of web.requests)
      expect(headers.authorization).toBe(`Basic ${Buffer.from('user:secret').toString('base64')}`);
    expect(other.requests).toHaveLength(3);
    for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
  });
  it('within the host keeps the login', async () => {
    web.put('/b', BYTES);
    web.next.push(to('/b'));
    await read(place.admit(web.origin.replace('//', '//user:secret@') + '/a.safetensors'), 0, 10);
    expect(web.requests[1]?.headers.authorization).toBeDefined();
  });
  it('whose signature has run out is asked for anew', async () => {
    const there = other.put('/b', BYTES);
    web.next.push(to(there), to(there), to(`${there}?signed=again`));
    const path = `${web.origin}/a.safetensors`;
    await read(path, 500_000, 10);
    other.next.push((_, response) => void response.writeHead(403).end());
    expect(same(await read(path, 900_000, 10), 900_000)).toBe(true);
    expect(other.requests.at(-1)?.path).toBe('/b?signed=again');
  });
  it('without end, or to a host that is not asked over https, is refused', async () => {
    for (let i = 0; i < 20; i++) web.next.push(to('/again'));
    await expect(place.open(`${web.origin}/a`)).rejects.toThrow(/more than 8 times/);
    web.next.splice(0);
    web.next.push(to('http://example.invalid/a'));
    await expect(place.open(`${web.origin}/b`)).rejects.toThrow(/not https/);
    // a server elsewhere has no say in what is asked of this machine
    environment.fetch = () =>
      Promise.resolve(new Response(null, { status: 302, headers: { location: web.put('/c', BYTES) } }));
    web.requests.splice(0);
    await expect(place.open('https://example.com/b')).rejects.toThrow(/not https/);
    expect(web.requests).toEqual([]);
  });
});

describe('addresses', () => {
  it('show nothing that lets anybody in', async () => {
    web.put('/a.safetensors', BYTES);
    const path = place.admit(`${web.origin}/a.safetensors?X-Amz-Signature=topsecret&versionId=3`);
    expect(path).toMatch(/\/a\.safetensors\?versionId=3&private=[0-9a-f]{12}$/);
    await read(path, 0, 10);
    expect(web.requests[0]?.path).toBe('/a.safetensors?X-Amz-Signature=topsecret&versionId=3');
    web.next.push((_, response) => void response.writeHead(401).end());
    const failing = place.admit(`${web.origin}/b.safetensors?X-Amz-Signature=topsecret`);
    const error = await place.open(failing).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'read-failed' });
    expect(JSON.stringify([error, (error as Error).message, told])).not.toContain('topsecret');
  });
  it('say that their private part is gone in another process', async () => {
    const path = place.admit(`${web.origin}/a.safetensors?sig=1`);
    await expect(new RemotePlace(environment).open(path)).rejects.toThrow(/private part of the address/);
  });
  it("are masked whole if a server's own parameter is called as the mark is", () => {
    for (const query of ['private=1&sig=topsecret', 'private=0123456789ab&sig=topsecret', 'private=topsecret'])
      expect(place.admit(`https://example.com/a?${query}`)).toMatch(/\/a\?private=[0-9a-f]{12}$/);
    const login = place.admit('https://user:topsecret@example.com/a?private=0123456789ab');
    expect(login).toMatch(/^https:\/\/example\.com\/a\?private=[0-9a-f]{12}$/);
    // our own form stays what it is
    for (const own of [login, place.admit('https://example.com/a?version=2&sig=1')]) expect(place.admit(own)).toBe(own);
  });
  it('may hold a login that nobody encoded', async () => {
    web.put('/a', BYTES);
    await read(place.admit(web.origin.replace('//', '//user:100%@') + '/a'), 0, 10);
    expect(web.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:100%').toString('base64')}`);
  });
  it('are read over https, or on this machine', () => {
    expect(() => place.admit('http://example.com/a.safetensors')).toThrow(/not encrypted/);
    expect(place.admit('https://example.com/a.safetensors')).toBe('https://example.com/a.safetensors');
    expect(() => place.admit('https://')).toThrow(/not a URL/);
  });
});

describe('blocks that are kept beyond the process', () => {
  it('do not travel again, unless the file is of another version', async () => {
    const kept = new Map<string, Uint8Array>();
    const blocks = {
      get: (key: string) => Promise.resolve(kept.get(key) ?? null),
      put: (key: string, bytes: Uint8Array) => Promise.resolve(void kept.set(key, bytes)),
      capacityBytes: 1e9,
    };
    const again = (): RemotePlace => {
      const another = new RemotePlace(environment);
      another.use({ blocks });
      return another;
    };
    const path = web.put('/a.safetensors', BYTES);
    const readWith = async (at: RemotePlace, bytes: Uint8Array): Promise<void> => {
      const target = new Uint8Array(SIZE);
      await (await at.open(path)).read(0, target);
      expect(Buffer.compare(target, bytes)).toBe(0);
    };
    await readWith(again(), BYTES);
    expect(kept.size).toBe(3);
    web.requests.splice(0);
    await readWith(again(), BYTES);
    // One look, which tells that the file is still the same.
    expect(web.ranges).toEqual(['bytes=0-65535']);
    const other = BYTES.slice().reverse();
    web.put('/a.safetensors', other, '"2"');
    await readWith(again(), other);
    // A block that is cut short is none.
    for (const [key, bytes] of kept) kept.set(key, bytes.subarray(1));
    await readWith(again(), other);
  });
});

describe('what a server said lately', () => {
  it('is let go of when it is old, and when there is too much of it', async () => {
    let time = 0;
    const fresh = new Fresh<string>(() => time);
    const get = (key: string) => fresh.get(key, () => Promise.resolve(`${key} at ${time}`));
    await get('a');
    time = 30_000;
    await get('b');
    expect(await get('a')).toBe('a at 0');
    time = 60_000;
    // asking for another one is enough
    expect(await get('b')).toBe('b at 30000');
    expect(fresh.size).toBe(1);
    expect(await get('a')).toBe('a at 60000');
    for (let i = 0; i < 3000; i++) await get(`${i}`);
    expect(fresh.size).toBe(2048);
  });
});

it('asks for no more than eight stretches at once', async () => {
  const path = web.put('/a.safetensors', BYTES);
  const source = await place.open(path);
  let open = 0;
  let most = 0;
  const held: (() => void)[] = [];
  const hold: WebServer['usual'] = (request, response) => {
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    held.push(() => web.usual(request, response));
    // All that may come at once has come: let them go, one for one.
    if (held.length >= 8) held.shift()?.();
  };
  for (let i = 0; i < 20; i++) web.next.push(hold);
  const reads = Array.from({ length: 20 }, (_, i) => source.read((i + 2) * 131_072, new Uint8Array(10)));
  const done = Promise.all(reads);
  const drain = setInterval(() => web.next.length === 0 && held.shift()?.(), 1);
  await done;
  clearInterval(drain);
  expect(most).toBe(8);
});
