/** Reports of pairs that differ in one way each, through the whole engine: the sentences of the answer, whole HTML, no script, no network. */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { sentencesOf } from '../../../src/answer/render.ts';
import { english } from '../../../src/protocol/say.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { reportFormat, reportText, type Reported } from '../../../src/report/index.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { html, markdownText } from '../../../src/text/show.ts';
import { writePair, type PairName } from '../casePairs.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

const SAMPLES = resolve('media/samples');
const folder = temporaryFolder();
let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(async () => analysis.dispose());

async function reported(base: string, tuned: string, twin = true): Promise<Reported> {
  const parameters = { ...DEFAULT_PARAMETERS, twin };
  const found = new Accumulator(false);
  const { signal } = new AbortController();
  for await (const event of analysis.compare({ runId: 'report', base, tuned, parameters }, signal)) found.add(event);
  const { plan, result, coverage, answer } = {
    plan: found.plan,
    result: found.result(parameters),
    coverage: found.coverage(),
    answer: found.answer(),
  };
  if (!plan || !coverage || !answer) throw new Error('no plan');
  const inputs = await analysis.inputs({ base, tuned, includeEmbeddings: false, tensors: null }, signal);
  return { plan, result, coverage, answer, inputs, version: '0.0.0', command: 'offaxis report a b -o c.md' };
}
const sample = (name: string): Promise<Reported> => reported(join(SAMPLES, 'base'), join(SAMPLES, name));
async function made(name: PairName): Promise<Reported> {
  const { base, tuned } = writePair(name, SAMPLES, join(folder.path, name));
  return reported(base, tuned);
}

const VOID = new Set(['meta']);
/** Names of elements that are not closed in their order, or are not known to a report. */
function misplaced(document: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = document.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/g, '');
  for (const [, closing, name = '', rest = ''] of body.matchAll(/<(\/?)([^\s>/]*)((?:[^>"]|"[^"]*")*)>/g)) {
    if (!/^(?:\s+[\w-]+="[^"<>]*")*\s*\/?$/.test(rest)) wrong.push(`${name}${rest}`);
    if (closing) {
      if (open.pop() !== name) wrong.push(`/${name}`);
    } else if (!VOID.has(name) && !rest.endsWith('/')) open.push(name);
  }
  // what is left of "<" is no element, and "&" begins an entity
  const text = body.replace(/<(?:[^>"]|"[^"]*")*>/g, '');
  if (/[<>]/.test(text) || /&(?!#\d+;)/.test(text)) wrong.push('text');
  return [...wrong, ...open];
}
/** Of a whole document: nothing runs, nothing is loaded. */
function expectHarmless(document: string, markdown: string): void {
  expect(misplaced(document)).toEqual([]);
  for (const text of [document, markdown]) {
    expect(text).not.toMatch(/<script|<img|<iframe|<link|<object|javascript:|\son\w+=/i);
    expect(text).not.toMatch(/\w+:\/\/|url\(|@import|src=|href=/i);
  }
  // every image and every link of the Markdown lies in the document itself
  expect([...markdown.matchAll(/\]\(/g)].length).toBe(
    [...markdown.matchAll(/\]\(data:image\/svg\+xml,%3Csvg/g)].length,
  );
}

const CASES: readonly [name: string, make: () => Promise<Reported>, code: string][] = [
  ['identical', () => made('same'), 'nothing-changed'],
  ['cast only', () => made('cast'), 'only-cast'],
  ['like reinforcement learning', () => sample('rl'), 'spectrum-further'],
  ['like supervised fine-tuning', () => sample('sft'), 'size'],
  ['noise', () => made('noise'), 'all-like-noise'],
  ['an adapter', () => sample('rl-lora'), 'adapter'],
  ['unrelated', () => made('unrelated'), 'lineage'],
  ['NaN', () => made('null'), 'nothing-finite'],
];

describe('a report', () => {
  it.each(CASES)(
    'of a pair that is %s says the sentences of the answer, runs nothing and loads nothing',
    async (_, make, code) => {
      const given = await make();
      const codes = given.answer.sentences.flat().map((clause) => clause.code);
      expect(codes).toContain(code);
      const [document, markdown] = [reportText(given, 'html'), reportText(given, 'md')];
      const sentences = sentencesOf(given.answer, english);
      expect(sentences.length).toBeGreaterThan(0);
      for (const sentence of sentences) {
        expect(document).toContain(`<p>${html(sentence, Infinity)}</p>`);
        expect(markdown).toContain(`\n\n${markdownText(sentence)}\n\n`);
      }
      // between the heading and the next one there is nothing else
      const said = /<h2>The answer<\/h2>\n([^]*?)<h2>/.exec(document)?.[1] ?? '';
      expect([...said.matchAll(/<p>/g)]).toHaveLength(sentences.length);
      expectHarmless(document, markdown);
    },
    600_000,
  );

  it('has a cell for every matrix, with its state, and a row for every module beside its noise', async () => {
    const rl = reportText(await sample('rl'), 'html');
    const maps = rl.split('<svg').slice(1);
    expect(maps).toHaveLength(3);
    for (const map of maps) expect([...map.matchAll(/<title>layer \d, \w+: [^<]*\d/g)]).toHaveLength(42);
    expect([...rl.matchAll(/<tr><td>v<\/td>/g)]).toHaveLength(3);
    expect(rl).toContain('<th>noise</th>');
    const same = reportText(await made('same'), 'html');
    expect([...same.matchAll(/<title>layer \d, \w+: unchanged<\/title>/g)]).toHaveLength(126);
    const nan = reportText(await made('null'), 'html');
    expect([...nan.matchAll(/<title>layer \d, \w+: not finite<\/title>/g)]).toHaveLength(126);
    // an adapter of q, v and down: 6 layers, 3 maps
    const lora = await sample('rl-lora');
    const { pairs } = lora.plan;
    const changed = pairs.filter(({ layer, spectral }) => layer !== null && spectral).length;
    expect(changed).toBeLessThan(42);
    expect([...reportText(lora, 'html').matchAll(/<title>layer/g)]).toHaveLength(3 * changed);
  });

  it('says what was left out, and what it was made from', async () => {
    const lora = await sample('rl-lora');
    const text = reportText(lora, 'html');
    expect(lora.result.skipped.length).toBeGreaterThan(20);
    expect(text).toContain(`${lora.result.skipped.length} tensors were left out:`);
    expect(text).toContain(`and ${lora.result.skipped.length - 20} more`);
    for (const { file, sampleSha256 } of [...lora.inputs.base, ...lora.inputs.tuned]) {
      expect(text).toContain(`<td>${file}</td>`);
      expect(text).toContain(sampleSha256);
    }
    expect(text).toContain('<code>offaxis report a b -o c.md</code>');
    expect(text).toContain('Offaxis 0.0.0');
    for (const name of Object.keys(lora.result.parameters)) expect(text).toContain(`<td>${name}</td>`);
  });

  it('escapes what comes from files', async () => {
    const given = await sample('rl');
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>](https://a.example/) \`|\n# 'b' www.a.example &amp; \u202e`;
    const hostile: Reported = {
      ...given,
      plan: {
        ...given.plan,
        pairs: given.plan.pairs.map((pair, at) => (at % 2 ? pair : { ...pair, module: `${evil}${pair.module}` })),
        problems: [{ severity: 'info', code: 'pairing-prefix', message: evil }],
      },
      result: {
        ...given.result,
        base: evil,
        tuned: evil,
        tensors: given.result.tensors,
        skipped: [{ name: evil, reason: evil }],
        unpaired: { baseOnly: [evil], tunedOnly: [evil] },
      },
      coverage: {
        ...given.coverage,
        weights: { compared: 1, all: 2 },
        missing: [{ name: evil, reason: evil }],
      },
      inputs: { base: [{ file: evil, sizeBytes: 1, sampleSha256: '0' }], tuned: [] },
      command: evil,
    };
    const [document, markdown] = [reportText(hostile, 'html'), reportText(hostile, 'md')];
    expect(misplaced(document)).toEqual([]);
    // all of it is there, as text
    expect([...document.matchAll(/&#60;script&#62;alert\(1\)/g)].length).toBeGreaterThan(8);
    for (const text of [document, markdown]) expect(text).not.toContain('\u202e');
    // outside the fence, which holds the command line as it is
    const [before = '', fenced = '', after = ''] = markdown
      .replace(/\(data:image\/svg\+xml,[^\s()]*\)/g, '(data:)')
      .split(/^`{3,}$/m);
    expect(fenced).toContain('<script>');
    for (const text of [document, before, after]) expect(text).not.toMatch(/<script|<img/i);
    for (const text of [before, after]) {
      expect(text).not.toMatch(/:\/\/|www\.|^# 'b'/m);
      expect([...text.matchAll(/\]\((?!data:)/g)]).toEqual([]);
    }
  });

  it('takes its format from the ending of its name', () => {
    expect(['a.md', 'b.HTML', 'c.txt', 'html', ''].map(reportFormat)).toEqual(['md', 'html', null, null, null]);
  });
});
