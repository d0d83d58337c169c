/** The question before a tool runs. VS Code is stood in for by its translations alone; the integration test asks a real one. */
import { beforeAll, describe, expect, it, vi } from 'vitest';

interface Prepared {
  invocationMessage: string;
  confirmationMessages: { title: string; message: string };
}
interface Tool {
  prepareInvocation(options: { input: Record<string, unknown> }): Prepared;
}
let tools: ReadonlyMap<string, Tool>;
vi.mock('vscode', () => ({
  l10n: {
    t: (message: string, ...args: string[]) => message.replace(/\{(\d)\}/g, (_, i: string) => args[Number(i)] ?? ''),
  },
}));
beforeAll(async () => {
  const { checkpointTools } = await import('../../../src/tools/checkpointTools.ts');
  tools = checkpointTools({} as never, {} as never) as unknown as ReadonlyMap<string, Tool>;
});
const ask = (name: string, input: Record<string, unknown>): Prepared => {
  const prepared = tools.get(name)?.prepareInvocation({ input });
  if (!prepared) throw new Error(`${name} does not ask`);
  return prepared;
};

describe('the question before a tool reads', () => {
  const HOSTILE = '/m/`code` **bold** [click](command:evil) <img src=x> _a_\n\n# Heading\r\n- item\u2028x';

  it.each([
    ['offaxis_inspect_checkpoint', { path: HOSTILE }],
    ['offaxis_inspect_checkpoint', { path: HOSTILE, spectra: true, scan: true }],
    ['offaxis_compare_checkpoints', { base: HOSTILE, tuned: '/m/tuned' }],
    ['offaxis_compare_checkpoints', { base: '/m/base', tuned: HOSTILE, spectra: false }],
    ['offaxis_find_tensors', { path: HOSTILE }],
    ['offaxis_verify_checkpoints', { a: HOSTILE, b: '/m/b' }],
    ['offaxis_compare_runs', { base: '/m/base', tuned: ['/m/one', HOSTILE] }],
    ['offaxis_compare_steps', { base: HOSTILE, steps: ['/m/steps'], spectra: false }],
  ])('%s: a path cannot draw anything, nor make lines of its own', (name, input) => {
    const { invocationMessage, confirmationMessages } = ask(name, input);
    for (const text of [invocationMessage, confirmationMessages.message]) {
      expect(text).toContain('/m/');
      expect(text).toContain('click');
      expect(text).not.toMatch(/[\r\n\u2028\u2029]/);
      // every mark of Markdown is escaped
      expect(text).not.toMatch(/(?<!\\)[`*_[\]<>]/);
    }
  });
  it('names the path as it is if it has nothing to escape, and is bounded if it is long', () => {
    expect(ask('offaxis_find_tensors', { path: '/models/base-7b' }).confirmationMessages.message).toBe(
      'Read the headers of the checkpoint /models/base-7b?',
    );
    const long = ask('offaxis_find_tensors', { path: `/m/${'x'.repeat(100_000)}` });
    expect(long.confirmationMessages.message.length).toBeLessThan(2_000);
  });
  it('says what is read, and that spectra take time', () => {
    expect(ask('offaxis_inspect_checkpoint', { path: '/m', scan: true }).confirmationMessages.message).toMatch(
      /scan of every weight/,
    );
    expect(ask('offaxis_compare_checkpoints', { base: '/a', tuned: '/b' }).confirmationMessages.message).toMatch(
      /compute their spectra/,
    );
  });
});
