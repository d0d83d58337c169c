/** The built command line as a process of its own, with what the system says of it as it ends. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const CLI = resolve('dist/cli.mjs');
const REPORT = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));`,
)}`;

export interface Measured {
  status: number | null;
  cpuSeconds: number;
  peakBytes: number;
  stdout: string;
  stderr: string;
}

export async function measured(...argv: string[]): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', REPORT, CLI, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts = ['', '', ''];
  [child.stdout, child.stderr, child.stdio[3]].forEach((stream, i) =>
    stream?.on('data', (text) => (texts[i] += String(text))),
  );
  const status = await new Promise<number | null>((done) => child.on('close', done));
  const [stdout = '', stderr = '', report = ''] = texts;
  const usage = JSON.parse(report) as NodeJS.ResourceUsage;
  return {
    status,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    peakBytes: usage.maxRSS * 1024,
    stdout,
    stderr,
  };
}
