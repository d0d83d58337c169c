/**
 * The Indexed Job by its environment: nothing here is a cluster. Its YAML is read by a real parser and held to Kubernetes' own schemas; each
 * index is run as its container would be, in a folder that stands for the volume.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PYTHON } from './support/ray.ts';
import { Site, type Run } from './support/site.ts';

interface Job {
  metadata: { generateName: string };
  spec: {
    completions: number;
    completionMode: string;
    template: {
      spec: {
        containers: { command: string[]; args: string[]; workingDir: string; volumeMounts: { mountPath: string }[] }[];
      };
    };
  };
}
/** `backoffLimitPerIndex` came with 1.28. */
const VERSIONS = ['1.28', '1.31', '1.34', '1.37'];
const READ = `import json, sys, yaml, kubernetes_validate
job = yaml.safe_load(open(sys.argv[1]))
for version in sys.argv[2:]:
    try:
        kubernetes_validate.validate(job, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise SystemExit(f"{version}: {error.message}")
print(json.dumps(job))`;

let site: Site;
beforeAll(async () => {
  site = new Site();
  await site.compareAtOnce();
});
afterEach(() => site.release());
afterAll(() => site?.remove());

const read = (file: string): Promise<Run> => site.run(PYTHON, ['-c', READ, file, ...VERSIONS]);
async function job(shards: number, parts: string): Promise<{ job: Job; text: string }> {
  const { file, text } = await site.job('kubernetes', shards, parts);
  const { stdout, stderr } = await read(file);
  expect(stderr).toBe('');
  return { job: JSON.parse(stdout) as Job, text };
}
/** As the kubelet starts the container of an index; the volume lies where the site's folder is. */
function runIndex({ spec }: Job, index: number): Promise<Run> {
  const container = spec.template.spec.containers[0] as Job['spec']['template']['spec']['containers'][number];
  expect(container.workingDir).toBe(container.volumeMounts[0]?.mountPath);
  const [program, ...argv] = [...container.command, ...container.args];
  return site.run(program as string, argv, { JOB_COMPLETION_INDEX: `${index}` });
}

describe('the Indexed Job of offaxis cluster kubernetes', () => {
  it('holds to the schemas of Kubernetes, which see a mistake', async () => {
    const { text } = await job(3, 'checked parts');
    const wrong = join(site.folder, 'wrong.yaml');
    for (const [right, mistake] of [
      ['completions: 3', 'completions: three'],
      ['parallelism', 'paralelism'],
      ['workingDir', 'workingDirectory'],
    ] as const) {
      writeFileSync(wrong, text.replace(right, mistake));
      expect((await read(wrong)).stderr).toMatch(/^1\.28: /);
    }
  });

  it('makes of its indexes what one run makes, bit for bit, also of more than there are pairs', async () => {
    const { job: all } = await job(9, 'its parts');
    expect(all.spec).toMatchObject({ completions: 9, completionMode: 'Indexed' });
    for (let index = 0; index < 9; index++) expect(await runIndex(all, index)).toMatchObject({ status: 0, stderr: '' });
    await site.expectSame('its parts');
  });

  it('has, the second time, the indexes that were killed, and leaves what is done', async () => {
    for (const part of [2, 4]) site.hold(part);
    const { job: all } = await job(4, 'killed');
    const running = [0, 1, 2, 3].map((index) => runIndex(all, index));
    for (const part of [2, 4]) process.kill(await site.held(part), 'SIGKILL');
    const statuses = (await Promise.all(running)).map(({ status }) => status);
    expect(statuses).toEqual([0, null, 0, null]);
    expect((await site.gather('killed')).stderr).toContain('2 of 4 parts are missing: 2,4.');
    site.release();
    const done = [1, 3].map((part) => site.bytesOf('killed', part));
    const { job: rest } = await job(4, 'killed');
    expect(rest.spec.completions).toBe(2);
    for (const index of [0, 1]) expect(await runIndex(rest, index)).toMatchObject({ status: 0, stderr: '' });
    expect([1, 3].map((part) => site.bytesOf('killed', part))).toEqual(done);
    await site.expectSame('killed');
  });
});
