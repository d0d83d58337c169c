import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Site } from './support/site.ts';
import { Slurm } from './support/slurm.ts';

let site: Site;
let slurm: Slurm;
beforeAll(async () => {
  site = new Site();
  await site.compareAtOnce();
  slurm = new Slurm(site);
  await slurm.start();
});
afterEach(() => site.release());
afterAll(async () => {
  await slurm?.stop();
  site?.remove();
});

/** Submits the job of what is missing. */
async function submitted(shards: number, parts: string): Promise<{ array: string; text: string }> {
  const { file, text } = await site.job('slurm', shards, parts);
  return { array: await slurm.submit(file), text };
}
/** The state of each task, without its node. */
async function settled(array: string): Promise<Record<number, string>> {
  const states = await slurm.settled(array);
  return Object.fromEntries([...states].map(([index, state]) => [index, state.split(' ')[0] as string]));
}

describe('the array of offaxis cluster slurm', () => {
  it('makes of its parts what one run makes, bit for bit', async () => {
    const { array } = await submitted(4, 'all parts');
    expect(await settled(array)).toEqual({ 1: 'COMPLETED', 2: 'COMPLETED', 3: 'COMPLETED', 4: 'COMPLETED' });
    await site.expectSame('all parts');
    expect((await site.cluster('slurm', 4, 'all parts')).stderr).toContain("offaxis gather 'all parts'");
  });

  it('has more tasks than there are pairs, if told so', async () => {
    const { array, text } = await submitted(9, 'many parts');
    expect(text).toContain('#SBATCH --array=1-9\n');
    expect(new Set(Object.values(await settled(array)))).toEqual(new Set(['COMPLETED']));
    await site.expectSame('many parts');
  });

  it('has, the second time, the tasks that were cancelled or killed, and leaves what is done', async () => {
    for (const index of [2, 3]) site.hold(index);
    const first = await submitted(4, 'killed');
    const [, pid] = [await site.held(2), await site.held(3)];
    await slurm.run('scancel', `${first.array}_2`);
    process.kill(pid, 'SIGKILL');
    expect(await settled(first.array)).toEqual({ 1: 'COMPLETED', 2: 'CANCELLED', 3: 'FAILED', 4: 'COMPLETED' });
    const missing = await site.gather('killed');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('2 of 4 parts are missing: 2-3.');
    site.release();
    const done = [1, 4].map((index) => site.bytesOf('killed', index));
    const second = await submitted(4, 'killed');
    expect(second.text).toContain('#SBATCH --array=2-3\n');
    expect(await settled(second.array)).toEqual({ 2: 'COMPLETED', 3: 'COMPLETED' });
    expect([1, 4].map((index) => site.bytesOf('killed', index))).toEqual(done);
    await site.expectSame('killed');
  });

  it('goes on when a node is lost: Slurm starts its tasks on another', async () => {
    site.hold(2);
    const { array } = await submitted(3, 'lost');
    const pid = await site.held(2);
    const node = (await slurm.states(array)).get(2)?.split(' on ')[1] as string;
    await slurm.loseNodeOf(pid, node);
    site.release();
    const states = await slurm.settled(array);
    expect(states.get(2)).toMatch(/^COMPLETED/);
    expect(states.get(2)).not.toBe(`COMPLETED on ${node}`);
    await site.expectSame('lost');
    slurm.startNode(node);
    await slurm.ready();
  });

  it('says which part failed and why', async () => {
    // nothing can be written there
    const inTheWay = join(site.folder, 'failed', 'part-2.json');
    mkdirSync(inTheWay, { recursive: true });
    const first = await submitted(3, 'failed');
    expect(await settled(first.array)).toEqual({ 1: 'COMPLETED', 2: 'FAILED', 3: 'COMPLETED' });
    expect(readFileSync(join(site.folder, `offaxis-${first.array}_2.log`), 'utf8')).toContain(
      'part-2.json is not a regular file',
    );
    expect((await site.gather('failed')).stderr).toContain('failed/part-2.json');
    rmdirSync(inTheWay);
    const second = await submitted(3, 'failed');
    expect(second.text).toContain('#SBATCH --array=2\n');
    expect(await settled(second.array)).toEqual({ 2: 'COMPLETED' });
    await site.expectSame('failed');
  });
});
