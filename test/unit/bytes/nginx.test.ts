/**
 * A real nginx (Debian's) in front of a file: that the stand-in of the other tests answers as servers do. OFFAXIS_NGINX names its program;
 * without it, or "nginx" on the PATH, the title says that it was not there.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RemotePlace } from '../../../src/bytes/remote/place.ts';
import { impatient } from './webServer.ts';

const program = process.env['OFFAXIS_NGINX'] || 'nginx';
const isThere = spawnSync(program, ['-v']).status === 0;
const SIZE = 3_000_000;
const BYTES = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) % 256);

let folder: string;
let server: ChildProcess;
let origin: string;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

const title = isThere ? 'nginx' : 'nginx was not there: OFFAXIS_NGINX names its program';
describe.runIf(isThere)(title, { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'offaxis-nginx-'));
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files', 'a.safetensors'), BYTES);
    const of = (name: string): string => join(folder, name);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${of(kind)};`,
    );
    writeFileSync(
      of('nginx.conf'),
      `daemon off; master_process off; pid ${of('pid')}; error_log ${of('error.log')};
      events {}
      http {
        access_log off; ${temporary.join(' ')}
        server {
          listen 127.0.0.1:${port};
          root ${of('files')};
          location /slow/ { alias ${of('files')}/; limit_rate 2m; }
          location /moved/ { return 302 /a.safetensors; }
          location /whole/ { alias ${of('files')}/; max_ranges 0; }
          location /packed/ { alias ${of('files')}/; gzip on; gzip_types *; }
          location /gone/ { return 404; }
        }
      }`,
    );
    server = spawn(program, ['-c', of('nginx.conf'), '-p', folder, '-e', of('error.log')], { stdio: 'ignore' });
    for (let tries = 600; ; tries--) {
      const answers = await fetch(origin).then(
        () => true,
        () => false,
      );
      if (answers) return;
      if (tries === 0) throw new Error('nginx does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  async function read(path: string): Promise<{ bytes: Uint8Array; place: RemotePlace }> {
    const place = new RemotePlace(impatient());
    const source = await place.open(origin + path);
    const bytes = new Uint8Array(source.sizeBytes);
    await source.read(0, bytes);
    return { bytes, place };
  }

  it.each(['/a.safetensors', '/slow/a.safetensors', '/moved/', '/whole/a.safetensors', '/packed/a.safetensors'])(
    'hands out the same bytes at %s',
    async (path) => {
      const { bytes } = await read(path);
      expect(Buffer.compare(bytes, BYTES)).toBe(0);
    },
  );
  it('is asked for no more than is read', async () => {
    const place = new RemotePlace(impatient());
    const source = await place.open(`${origin}/a.safetensors`);
    await source.read(2_000_000, new Uint8Array(100));
    expect(place.received).toBe(2 * 65536);
  });
  it('says what is not there', async () => {
    await expect(read('/gone/a.safetensors')).rejects.toThrow(/does not exist/);
  });
});
