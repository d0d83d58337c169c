import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Ray } from './support/ray.ts';
import { lineOf, nameOf, Site } from './support/site.ts';

let site: Site;
let ray: Ray;
beforeAll(async () => {
  site = new Site();
  await site.compareAtOnce();
  ray = new Ray(site);
  await ray.start();
});
afterEach(() => site.release());
afterAll(async () => {
  await ray?.stop();
  site?.remove();
});

/** Kills Ray's worker, which has started the shell that has started offaxis. */
function killWorkerOf(pid: number): void {
  const worker = lineOf(pid).find((one) => nameOf(one).startsWith('ray::'));
  expect(worker).toBeDefined();
  process.kill(worker as number, 'SIGKILL');
}

describe('the driver of offaxis cluster ray', () => {
  it('makes of its parts what one run makes, bit for bit, also of more than there are pairs', async () => {
    const { file } = await site.job('ray', 9, 'all parts');
    expect(await ray.run(file)).toMatchObject({ status: 0 });
    await site.expectSame('all parts');
    expect((await site.cluster('ray', 9, 'all parts')).stderr).toContain("offaxis gather 'all parts'");
  });

  it('names the part whose worker dies each time, and has it alone the second time', async () => {
    site.hold(2);
    const first = ray.run((await site.job('ray', 4, 'killed')).file);
    // the first time and twice again, as max_retries says
    for (let times = 0; times < 3; times++) killWorkerOf(await site.held(2));
    const ran = await first;
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stderr).toMatch(/^parts that failed: \[2\]$/m);
    expect((await site.gather('killed')).stderr).toContain('1 of 4 parts are missing: 2.');
    site.release();
    const done = [1, 3, 4].map((index) => site.bytesOf('killed', index));
    const { file, text } = await site.job('ray', 4, 'killed');
    expect(text).toContain('for index in [2]]');
    expect(await ray.run(file)).toMatchObject({ status: 0 });
    expect([1, 3, 4].map((index) => site.bytesOf('killed', index))).toEqual(done);
    await site.expectSame('killed');
  });

  it('goes on when a node is lost: Ray starts its task on another', async () => {
    site.hold(2);
    const driver = ray.run((await site.job('ray', 3, 'lost')).file);
    const pid = await site.held(2);
    const node = await ray.loseNodeOf(pid);
    site.release();
    expect(await driver).toMatchObject({ status: 0 });
    await site.expectSame('lost');
    await ray.startNode(node);
    await ray.ready(2);
  });

  it('names the part that failed, and says why', async () => {
    // nothing can be written there
    const inTheWay = join(site.folder, 'failed', 'part-2.json');
    mkdirSync(inTheWay, { recursive: true });
    const ran = await ray.run((await site.job('ray', 3, 'failed')).file);
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stderr).toMatch(/^parts that failed: \[2\]$/m);
    expect(ran.stdout + ran.stderr).toContain('part-2.json is not a regular file');
    expect((await site.gather('failed')).stderr).toContain('failed/part-2.json');
    rmdirSync(inTheWay);
    const { file, text } = await site.job('ray', 3, 'failed');
    expect(text).toContain('for index in [2]]');
    expect(await ray.run(file)).toMatchObject({ status: 0 });
    await site.expectSame('failed');
  });
});
