/** Against a stand-in that checks each signature by its definition; against moto, an S3 server in Python, if this machine has it. */
import { AwsV4Signer } from 'aws4fetch';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RemotePlace } from '../../../src/bytes/remote/place.ts';
import { KEYS, S3Server } from './s3Server.ts';
import { impatient } from './webServer.ts';

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 13) % 256);

let s3: S3Server;
let environment: ReturnType<typeof impatient>;
let place: RemotePlace;
beforeEach(async () => {
  s3 = await S3Server.start();
  environment = impatient();
  environment.variables = { ...KEYS, AWS_ENDPOINT_URL: s3.web.origin };
  place = new RemotePlace(environment);
});
afterEach(() => s3.web.stop());

async function read(at: RemotePlace, path: string, from: number, length: number): Promise<Uint8Array> {
  const source = await at.open(path);
  const target = new Uint8Array(length);
  await source.read(from, target);
  return target;
}

describe('an object of S3', () => {
  it('is read by signed ranges, whatever its key holds', async () => {
    for (const key of ['a/model.safetensors', "odd (1)*!'/ü +&=?#%.safetensors"]) {
      s3.put(key, BYTES);
      expect(await read(place, `s3://bucket/${key}`, 200_000, 10)).toEqual(BYTES.slice(200_000, 200_010));
    }
    expect(s3.web.requests.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
  });
  it('lies in folders, of more pages than one', async () => {
    for (let i = 0; i < 25; i++) s3.put(`run/m-${i}.safetensors`, BYTES);
    s3.put('run/sub dir/x.safetensors', BYTES);
    s3.put('run/', new Uint8Array(0));
    const names = await place.list('s3://bucket/run');
    expect(names).toHaveLength(26);
    expect(names).toContain('sub dir');
    expect(await place.kind('s3://bucket/run/sub dir')).toBe('folder');
    expect(await place.kind('s3://bucket/run/m-3.safetensors')).toBe('file');
    expect(await place.kind('s3://bucket')).toBe('folder');
    await expect(place.kind('s3://bucket/run/none')).rejects.toThrow(/does not exist/);
    await expect(place.list('s3://bucket/none')).rejects.toThrow(/holds nothing/);
    await expect(place.list('s3://other/')).rejects.toThrow(/no such bucket/);
  });
  it('of a bucket that may not be listed is found by its name', async () => {
    s3.isUnlisted = true;
    s3.put('run/m.safetensors', BYTES);
    const path = 's3://bucket/run/m.safetensors';
    expect(place.canList('s3://bucket/run')).toBe(true);
    expect(await place.kind(path)).toBe('file');
    expect(await place.stamp(path)).toMatchObject({ sizeBytes: BYTES.length });
    expect(await read(place, path, 200_000, 10)).toEqual(BYTES.slice(200_000, 200_010));
    // What else there is nobody asks again.
    expect(place.canList('s3://bucket/run')).toBe(false);
    expect(s3.web.requests.filter((request) => request.path.includes('list-type'))).toHaveLength(1);
    expect(await place.stamp('s3://bucket/run/none')).toBeNull();
    await expect(place.kind('s3://bucket/other/none')).rejects.toThrow(/403 .*AWS_ACCESS_KEY_ID/);
  });
  it('takes temporary keys', async () => {
    s3.sessionToken = 'a session';
    s3.put('a', BYTES);
    await expect(place.open('s3://bucket/a')).rejects.toThrow(/403 .*AWS_SESSION_TOKEN/);
    environment.variables = { ...environment.variables, AWS_SESSION_TOKEN: 'a session' };
    place = new RemotePlace(environment);
    expect(await read(place, 's3://bucket/a', 0, 3)).toEqual(BYTES.slice(0, 3));
  });
  it('of a public bucket is asked for unsigned if there are no keys', async () => {
    s3.isPublic = true;
    s3.put('a', BYTES);
    environment.variables = { AWS_ENDPOINT_URL: s3.web.origin };
    expect(await read(new RemotePlace(environment), 's3://bucket/a', 0, 3)).toEqual(BYTES.slice(0, 3));
    expect(s3.web.requests[0]?.headers.authorization).toBeUndefined();
  });
  it('that may not be read says what to set, and shows no key', async () => {
    s3.put('a', BYTES);
    environment.variables = { ...environment.variables, AWS_SECRET_ACCESS_KEY: 'another' };
    const error = (await new RemotePlace(environment).open('s3://bucket/a').catch((thrown: Error) => thrown)) as Error;
    expect(error.message).toMatch(/could not be read: the server answers 403 \(not allowed\)\. Set AWS_ACCESS_KEY_ID/);
    expect(error.message).not.toMatch(/another|AKIDEXAMPLE/);
  });
  it('of another region says which', async () => {
    s3.web.next.push(
      (_, response) => void response.writeHead(301, { 'x-amz-bucket-region': 'us-west-2', etag: '"1"' }).end(),
    );
    await expect(place.open('s3://bucket/a')).rejects.toThrow(/lies in the region us-west-2\. Set AWS_REGION/);
  });
  it('is asked for at AWS without AWS_ENDPOINT_URL, by the name of the bucket if that has a certificate', async () => {
    const asked: string[] = [];
    environment.variables = KEYS;
    environment.fetch = (url) => {
      asked.push((url as URL).href);
      return Promise.resolve(new Response(null, { status: 404 }));
    };
    for (const path of ['s3://bucket/a/b c', 's3://my.bucket/a'])
      await new RemotePlace(environment).open(path).catch(() => null);
    expect(asked).toEqual([
      'https://bucket.s3.eu-central-1.amazonaws.com/a/b%20c',
      'https://s3.eu-central-1.amazonaws.com/my.bucket/a',
    ]);
  });
});

const hasMoto = spawnSync('python3', ['-c', 'import moto.server']).status === 0;
describe.skipIf(!hasMoto)('an S3 server of others (moto)', () => {
  it('hands out what was put there, by ranges and by folders', { timeout: 300_000 }, async () => {
    const port = await freePort();
    const moto = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    try {
      const endpoint = `http://127.0.0.1:${port}`;
      await untilAnswers(endpoint);
      const put = async (path: string, body?: Uint8Array<ArrayBuffer>): Promise<void> => {
        const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = KEYS;
        const url = `${endpoint}/${path}`;
        const signer = new AwsV4Signer({
          url,
          method: 'PUT',
          accessKeyId,
          secretAccessKey,
          service: 's3',
          region: 'us-east-1',
        });
        const { url: signed, headers } = await signer.sign();
        expect((await fetch(signed, { method: 'PUT', headers, ...(body ? { body } : {}) })).status).toBe(200);
      };
      await put('bucket');
      await put('bucket/run/model%20(1).safetensors', BYTES);
      await put('bucket/run/sub/x', BYTES);
      environment.variables = { ...KEYS, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: endpoint };
      place = new RemotePlace(environment);
      expect(await place.list('s3://bucket/run')).toEqual(['model (1).safetensors', 'sub']);
      const path = 's3://bucket/run/model (1).safetensors';
      expect(await read(place, path, 200_000, 10)).toEqual(BYTES.slice(200_000, 200_010));
      await expect(place.kind('s3://bucket/run/none')).rejects.toThrow(/does not exist/);
      const source = await place.open(path);
      await put('bucket/run/model%20(1).safetensors', BYTES.slice().reverse());
      await expect(source.read(100_000, new Uint8Array(10))).rejects.toThrow(/has changed since it was opened/);
    } finally {
      moto.kill();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
/** A state, not a time: the test's own limit ends it. */
async function untilAnswers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 50));
}
