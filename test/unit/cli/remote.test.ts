import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HubServer, TOKEN } from '../bytes/hubServer.ts';
import { KEYS, S3Server } from '../bytes/s3Server.ts';
import { WebServer } from '../bytes/webServer.ts';
import { f32, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
const BASE = 'media/samples/base/model.safetensors';
const TUNED = 'media/samples/rl/model.safetensors';
const TIMEOUT = { timeout: 120_000 };

let directory: string;
let web: WebServer;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  directory = mkdtempSync(join(tmpdir(), 'offaxis-remote-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(async () => {
  web = await WebServer.start();
});
afterEach(() => web.stop());

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}
/** Not spawnSync: the server answers in this process. */
function offaxis(...argv: string[]): Promise<Ended> {
  return offaxisWith({}, ...argv);
}
function offaxisWith(variables: Record<string, string>, ...argv: string[]): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [CLI, ...argv], {
      env: { ...process.env, OFFAXIS_CACHE: join(directory, 'cache'), ...variables },
    });
    const ended: Ended = { status: null, stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => (ended.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (ended.stderr += data.toString()));
    child.on('error', fail);
    child.on('close', (status) => done({ ...ended, status }));
  });
}
/** A result without what differs between two runs: names of files and times. */
function without(json: string, ...paths: string[]): Record<string, unknown> {
  const named = paths.reduce(
    (text, path) => text.replaceAll(JSON.stringify(path), '"PATH"'),
    readFileSync(json, 'utf8'),
  );
  return JSON.parse(named.replace(/"(elapsedMs|seconds)":[\d.e-]+/g, '"$1":0')) as Record<string, unknown>;
}

describe('a remote file on the command line', () => {
  it('is listed by its header alone', TIMEOUT, async () => {
    const path = web.put('/models/model.safetensors', readFileSync(BASE));
    const [far, near] = [join(directory, 'far.json'), join(directory, 'near.json')];
    const run = await offaxis('inspect', path, '--json', far);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    await offaxis('inspect', BASE, '--json', near);
    const [a, b] = [without(far, path), without(near, BASE)];
    expect(a['tensors']).toEqual(b['tensors']);
    const asked = web.ranges.filter((range) => range !== 'bytes=0-65535');
    expect(asked).toEqual([]);
  });
  it('is checked', TIMEOUT, async () => {
    const path = web.put('/model.safetensors', readFileSync(BASE));
    const run = await offaxis('check', path);
    expect(run.stdout).toContain(`${path}\n`);
    expect(run.status).toBe(0);
  });
  it(
    'is a side of a comparison, with the same figures as from disk; how much comes is said before',
    TIMEOUT,
    async () => {
      const base = web.put('/base/model.safetensors', readFileSync(BASE));
      const tuned = web.put('/rl/model.safetensors', readFileSync(TUNED));
      const [far, near] = [join(directory, 'a.json'), join(directory, 'b.json')];
      const run = await offaxis('compare', base, tuned, '--json', far, '--threads', '1');
      const [, said] = /^offaxis: up to about ([\d.]+) MB will be downloaded\n$/.exec(run.stderr) ?? [];
      expect(run.status).toBe(0);
      const asked = web.ranges.map((range) => /^bytes=(\d+)-(\d+)$/.exec(range ?? ''));
      const most = asked.reduce((sum, range) => sum + Number(range?.[2]) + 1 - Number(range?.[1]), 0);
      // Beside what is said: the first looks, at headers and at what is not there, and a page at either end of what is read of each file.
      const looks = web.ranges.filter((range) => range === 'bytes=0-65535').length;
      expect(most).toBeLessThanOrEqual(Number(said) * 1e6 + 65536 * (looks + 2 * 2));
      await offaxis('compare', BASE, TUNED, '--json', near, '--threads', '1');
      expect(without(far, base, tuned)).toEqual(without(near, resolve(BASE), resolve(TUNED)));
      expect((JSON.parse(readFileSync(far, 'utf8')) as { base: string }).base).toBe(base);
    },
  );
  it('opens by its index, shard by shard beside it', TIMEOUT, async () => {
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } });
    const shard = Buffer.alloc(8 + header.length + 8);
    shard.writeBigUInt64LE(BigInt(header.length));
    shard.write(header, 8);
    web.put('/m/model-00001-of-00002.safetensors', shard);
    const index = {
      metadata: {},
      weight_map: { w: 'model-00001-of-00002.safetensors', v: 'model-00002-of-00002.safetensors' },
    };
    const path = web.put('/m/model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
    const run = await offaxis('inspect', path);
    expect(run.stdout).toContain('w ');
    expect(run.stdout).toContain('in missing shards: 1 tensor');
  });
  it('never shows what is private in its address', TIMEOUT, async () => {
    const path = web.put('/model.safetensors', readFileSync(BASE));
    const json = join(directory, 'private.json');
    const run = await offaxis('inspect', `${path}?X-Amz-Signature=topsecret`, '--json', json);
    expect(run.status).toBe(0);
    expect(web.requests[0]?.path).toContain('topsecret');
    const failed = await offaxis('compare', `${path}?sig=topsecret`, `${web.origin}/none?sig=topsecret`);
    expect(failed.stderr).toContain('/none?private=');
    expect(failed.status).toBe(1);
    expect([run.stdout, run.stderr, readFileSync(json, 'utf8'), failed.stdout, failed.stderr].join()).not.toContain(
      'topsecret',
    );
  });
  it(
    'is refused over http from elsewhere, and a folder that no server lists is, with one sentence',
    TIMEOUT,
    async () => {
      const http = await offaxis('inspect', 'http://example.com/model.safetensors');
      expect(http.stderr).toMatch(/^offaxis: http:\/\/example\.com is not encrypted: .*\n$/);
      expect(http.status).toBe(2);
      const folder = await offaxis('inspect', `${web.origin}/models/`);
      expect(folder.stderr).toMatch(/can't be listed/);
      expect(folder.status).toBe(1);
    },
  );
});

it(
  'a model of the Hub is a side of a comparison at the commit of its branch, whose token nobody sees',
  TIMEOUT,
  async () => {
    const hub = await HubServer.start();
    try {
      hub.isPrivate = true;
      hub.commit('org/model', {
        'model.safetensors': readFileSync(TUNED),
        'config.json': readFileSync('media/samples/rl/config.json'),
      });
      const json = join(directory, 'hub.json');
      const variables = { HF_ENDPOINT: hub.origin, HF_TOKEN: TOKEN };
      const run = await offaxisWith(
        variables,
        'compare',
        'media/samples/base',
        'hf://org/model',
        '--no-spectra',
        '--json',
        json,
      );
      expect(run.stderr).toMatch(/^offaxis: up to about [\d.]+ MB will be downloaded\n$/);
      expect(run.status).toBe(0);
      const { tuned } = JSON.parse(readFileSync(json, 'utf8')) as { tuned: string };
      expect(tuned).toBe(`hf://org/model@${hub.head('org/model')}`);
      expect(readFileSync(json, 'utf8') + run.stdout).not.toContain(TOKEN);
      expect(hub.storage.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
      const none = await offaxisWith({ HF_ENDPOINT: hub.origin }, 'inspect', 'hf://org/model');
      expect(none.stderr).toMatch(/^offaxis: hf:\/\/org\/model could not be read: .*HF_TOKEN.*\n$/);
      expect(none.status).toBe(1);
    } finally {
      await hub.stop();
    }
  },
);

it('a job of a cluster is not made of an address that only one process can read', TIMEOUT, async () => {
  const secret = `${web.origin}/model.safetensors?sig=topsecret`;
  const run = await offaxis('cluster', 'slurm', '--shards', '2', BASE, secret);
  expect(run.stderr).toMatch(/^offaxis: .*\?private=.*no machine of the job could read it\. Name a path.*\n$/);
  expect(run.stderr).not.toContain('topsecret');
  expect(run.stdout).toBe('');
  expect(run.status).toBe(2);
});

it('what is found in a folder of S3 is named by its address', TIMEOUT, async () => {
  const s3 = await S3Server.start();
  try {
    const values = Array.from({ length: 64 }, (_, i) => (i === 10 ? NaN : i - 20.5));
    const weights = safetensors({ w: { dtype: 'F32', shape: [8, 8], data: f32(...values) } });
    s3.put('run/model.safetensors', weights);
    const variables = { ...KEYS, AWS_ENDPOINT_URL: s3.web.origin };
    const run = await offaxisWith(variables, 'check', 's3://bucket/run', '--sarif', '-');
    expect(run.stdout).toContain('"uri":"s3://bucket/run/model.safetensors"');
  } finally {
    await s3.web.stop();
  }
});

it('a folder of S3 opens', TIMEOUT, async () => {
  const s3 = await S3Server.start();
  try {
    s3.put('run/model.safetensors', readFileSync(BASE));
    s3.put('run/config.json', readFileSync('media/samples/base/config.json'));
    const run = await offaxisWith({ ...KEYS, AWS_ENDPOINT_URL: s3.web.origin }, 'inspect', 's3://bucket/run');
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('57 tensors');
    expect(run.status).toBe(0);
  } finally {
    await s3.web.stop();
  }
});
