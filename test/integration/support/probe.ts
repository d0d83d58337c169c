/** An extension that exists for one test lies beside ours: the way to VS Code's API, where no hand of a user reaches. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from './install.ts';

/**
 * The installation with one more extension, whose module is `source` (CommonJS). Its commands appear in the palette as
 * "Test Probe: Run" for `offaxisProbe.run`.
 */
export function withProbe(installation: Installation, source: string, commands: readonly string[]): Installation {
  const name = commands[0]?.toLowerCase().replace(/\W+/g, '-') ?? 'probe';
  // An extensions folder without a list of its own takes up what lies in it.
  const extensions = join(installation.folder, `extensions-with-${name}`);
  const probe = join(extensions, `offaxis-test.${name}-0.0.1`);
  mkdirSync(probe, { recursive: true });
  const title = (command: string): string => (command.split('.')[1] ?? command).replace(/^./, (c) => c.toUpperCase());
  const manifest = {
    name,
    publisher: 'offaxis-test',
    version: '0.0.1',
    engines: { vscode: '^1.101.0' },
    main: './probe.js',
    contributes: { commands: commands.map((command) => ({ command, title: title(command), category: 'Test Probe' })) },
  };
  writeFileSync(join(probe, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(probe, 'probe.js'), source);
  const ours = readdirSync(installation.extensions).find((entry) => entry.startsWith('offaxis.offaxis'));
  if (ours === undefined) throw new Error('the extension is not installed');
  symlinkSync(join(installation.extensions, ours), join(extensions, ours));
  return { ...installation, extensions };
}
