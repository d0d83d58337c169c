/**
 * A comparison as a document that needs nothing beside it: what was compared and what was left out, the answer in the sentences of
 * src/answer, a map and a table for each question, what weights cannot tell, and all that it takes to do it again. Pure.
 */
import type { Answer } from '../answer/clause.ts';
import { middle } from '../answer/noise.ts';
import { sentencesOf } from '../answer/render.ts';
import { subjectOf, type Matrix, type Subject } from '../answer/subject.ts';
import { adapterSaid } from '../metrics/adapter.ts';
import { coverageSaid, coverageWarning, pairingNotes } from '../metrics/coverage.ts';
import { lineageWarning } from '../metrics/lineage.ts';
import { quantisationSaid } from '../metrics/quantisation.ts';
import { english } from '../protocol/say.ts';
import type { ComparisonPlan, Coverage } from '../protocol/engine.ts';
import { pushTo } from '../protocol/lists.ts';
import { bytes, count, integer, num, percent } from '../protocol/format.ts';
import type { InputFile, Inputs } from '../protocol/part.ts';
import type { ComparisonResult } from '../protocol/results.ts';
import { cut, NAME_LENGTH } from '../text/show.ts';
import type { Block, ReportDocument } from './blocks.ts';
import { mapSvg, type MapCell } from './map.ts';
import { PUBLISHED } from './published.ts';
import { questionsOf, type Question } from './questions.ts';

export interface Reported {
  /** with base and tuned as they were named */
  result: ComparisonResult;
  plan: ComparisonPlan;
  coverage: Coverage;
  answer: Answer;
  inputs: Inputs;
  /** of Offaxis */
  version: string;
  /** that makes this document again */
  command: string;
}

/** Names, modules and cells that are written out: a document is opened whole. */
const MOST = { names: 20, modules: 200, cells: 20_000 };
const shown = (name: string): string => cut(name, NAME_LENGTH);

/** What no figure of weights says. */
const CANNOT_TELL = [
  'Whether anything was forgotten, or what the model does better: that takes running it.',
  'Which objective was trained (reinforcement learning, supervised fine-tuning, distillation): different ones can leave the same traces, and the learning rate, the number of steps and the optimizer weigh as much.',
  'Which data it was trained on.',
  'Why one matrix moved further than another.',
];

export function reportOf(given: Reported): ReportDocument {
  const { result, plan, answer } = given;
  const subject = subjectOf({
    plan,
    tensors: new Map(result.tensors.map((tensor) => [tensor.name, tensor])),
    summary: result.summary,
  });
  return {
    title: `What training did: ${shown(result.base)} → ${shown(result.tuned)}`,
    blocks: [
      ...comparedBlocks(given),
      { kind: 'heading', text: 'The answer' },
      ...sentencesOf(answer, english).map((text): Block => ({ kind: 'text', text })),
      ...questionsOf(subject).flatMap((question) => questionBlocks(question, subject, given)),
      { kind: 'heading', text: 'What weights cannot tell' },
      { kind: 'list', items: CANNOT_TELL },
      ...publishedBlocks(given),
      ...againBlocks(given),
    ],
  };
}

function comparedBlocks({ result, plan, coverage }: Reported): Block[] {
  const { summary: s } = result;
  const lineage = lineageWarning(s.lineage);
  const warning = coverageWarning(coverage, percent, shown);
  const adapter = adapterSaid(plan, (scale) => num(scale), shown);
  const left = [
    ...s.failed.map(({ name, error }) => ({ name, why: error.message })),
    ...result.skipped.map(({ name, reason }) => ({ name, why: reason })),
    ...result.unpaired.baseOnly.map((name) => ({ name, why: 'only in the base' })),
    ...result.unpaired.tunedOnly.map((name) => ({ name, why: 'only in the tuned checkpoint' })),
  ];
  return [
    { kind: 'heading', text: 'What was compared' },
    ...(lineage ? [warningOf(english(lineage))] : []),
    ...(warning ? [warningOf(english(warning))] : []),
    {
      kind: 'list',
      items: [
        `base: ${shown(result.base)}`,
        `tuned: ${shown(result.tuned)}`,
        ...(adapter ? [`${english(adapter)}; the rest is the base, and every figure is of what is changed`] : []),
        `${count(s.weights)} weights; ${english(coverageSaid(coverage, percent))}`,
        `spectra of ${integer(s.matrices.done)} of ${integer(s.matrices.planned)} matrices; ${integer(s.elementwiseOnly.length)} tensors elementwise only`,
        ...(s.quantisation ? [english(quantisationSaid(s.quantisation))] : []),
        ...pairingNotes(plan.problems).map(({ message }) => message),
      ],
    },
    ...(left.length === 0
      ? [{ kind: 'text', text: 'Nothing was left out.' } as const]
      : [
          { kind: 'text', text: `${integer(left.length)} tensors were left out:` } as const,
          {
            kind: 'table',
            head: ['tensor', 'why'],
            rows: [
              ...left.slice(0, MOST.names).map(({ name, why }) => [shown(name), why]),
              ...(left.length > MOST.names ? [[`and ${integer(left.length - MOST.names)} more`, '']] : []),
            ],
            isText: true,
          } as const,
        ]),
  ];
}
const warningOf = (text: string): Block => ({ kind: 'warning', text });

function questionBlocks(question: Question, subject: Subject, { result, plan }: Reported): Block[] {
  const head: Block = { kind: 'heading', text: question.question };
  const { matrices, label } = subject;
  const byModule = groupedBy(matrices, ({ module }) => module);
  const modules = subject.modules.slice(0, MOST.modules);
  const blocks = plan.pairs.filter(({ layer, reason }) => layer !== null && reason === undefined);
  if (blocks.length === 0) return [head, { kind: 'text', text: 'There are no matrices of layers to show.' }];
  const layers = [...new Set(blocks.flatMap(({ layer }) => layer ?? []))].sort((a, b) => a - b);
  const caption = `${question.figure}, by layer and module. Without a cell: not compared.`;
  const figure: Block =
    layers.length * modules.length > MOST.cells
      ? { kind: 'text', text: 'There are too many layers and modules for a map in a document.' }
      : {
          kind: 'figure',
          caption,
          svg: mapSvg({
            title: `${question.question} ${caption}`,
            layers,
            modules: modules.map((id) => ({ id, label: label(id) })),
            scale: question.scale,
            cell: cellsOf(question, { matrices, blocks, failed: result.summary.failed }),
            write: question.write,
          }),
        };
  const rows = modules.flatMap((id) => {
    const members = byModule.get(id);
    return members ? [[label(id), ...question.columns.map(({ of }) => of(members))]] : [];
  });
  const more = subject.modules.length - modules.length;
  return [
    head,
    figure,
    ...(rows.length
      ? [{ kind: 'table', head: ['module', ...question.columns.map(({ head: text }) => text)], rows } as const]
      : []),
    { kind: 'text', text: question.reading },
    ...(more > 0 ? [{ kind: 'text', text: `${integer(more)} more modules are not shown.` } as const] : []),
  ];
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) pushTo(groups, keyOf(item), item);
  return groups;
}

/** The median of the matrices at a place, or the state that they are in. */
function cellsOf(
  { of, write }: Question,
  {
    matrices,
    blocks,
    failed,
  }: {
    matrices: readonly Matrix[];
    blocks: ComparisonPlan['pairs'];
    failed: ComparisonResult['summary']['failed'];
  },
): (layer: number, module: string) => MapCell | null {
  const key = (layer: number | null, module: string): string => `${layer} ${module}`;
  const here = groupedBy(matrices, ({ layer, module }) => key(layer, module));
  const planned = groupedBy(blocks, ({ layer, module }) => key(layer, module));
  const hasFailed = new Set(failed.map(({ name }) => name));
  return (layer, module) => {
    const pairs = planned.get(key(layer, module));
    if (!pairs) return null;
    const found = here.get(key(layer, module));
    if (!found) return { state: pairs.every(({ name }) => hasFailed.has(name)) ? 'failed' : 'nan' };
    const changed = found.filter(({ metrics }) => metrics.updateNorm !== 0);
    if (changed.length === 0) return { state: 'same' };
    const value = middle(changed, of);
    return value === null ? { state: 'none' } : { state: 'value', value, text: write(value) };
  };
}

function publishedBlocks({ result: { summary } }: Reported): Block[] {
  if (PUBLISHED.length === 0) return [];
  return [
    { kind: 'heading', text: 'Published values, for orientation' },
    {
      kind: 'table',
      head: ['of', 'unchanged in bf16', 'source'],
      rows: [
        ['this comparison', percent(summary.unchangedBf16), ''],
        ...PUBLISHED.map(({ of, value, source }) => [of, percent(value), source]),
      ],
      isText: true,
    },
    {
      kind: 'text',
      text: 'Another model, method, learning rate or number of steps gives another value: being near a published one, or far from it, proves nothing.',
    },
  ];
}

/** All that it takes to do it again. */
function againBlocks({ result, inputs, version, command }: Reported): Block[] {
  const { backend, parameters } = result;
  const files = (side: string, list: readonly InputFile[]): string[][] =>
    list.map(({ file, sizeBytes, sampleSha256 }) => [side, shown(file), bytes(sizeBytes), sampleSha256]);
  const value = (one: string | number | boolean | null): string => (one === null ? 'default' : String(one));
  return [
    { kind: 'heading', text: 'To do it again' },
    { kind: 'code', text: command },
    {
      kind: 'text',
      text: `Offaxis ${version}; ${backend.name}, ${backend.precision}, ${integer(backend.threads)} threads. METRICS.md of Offaxis defines every figure.`,
    },
    {
      kind: 'table',
      head: ['parameter', 'value'],
      rows: Object.entries(parameters).map(([name, one]: [string, string | number | boolean | null]) => [
        name,
        value(one),
      ]),
      isText: true,
    },
    {
      kind: 'table',
      head: ['side', 'file', 'size', 'SHA-256 of a sample'],
      rows: [...files('base', inputs.base), ...files('tuned', inputs.tuned)],
      isText: true,
    },
    {
      kind: 'text',
      text: 'The sample of a file is its size, its first and last MiB and 64 blocks of 4 KiB between; a file of up to 2.25 MiB is taken whole.',
    },
  ];
}
