/** What the reader wants to see of the tensors: a value that is kept, shown as chips, and compiled into one test. Pure. */
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { Matcher } from '../../../src/text/pattern/automaton.ts';
import { globAutomaton, regexAutomaton } from '../../../src/text/pattern/regex.ts';
import { problemOf } from './problem.ts';
import { parseLayers, parseShape } from './shape.ts';
import { t } from '../../shared/l10n.ts';

export type Role = TensorRow['role'];
export const ROLES: readonly Role[] = ['block', 'embedding', 'head', 'norm', 'bookkeeping', 'other'];
export const ROLE_NAMES: Record<Role, string> = {
  block: t('Block'),
  embedding: t('Embedding'),
  head: t('Head'),
  norm: t('Norm'),
  bookkeeping: t('Bookkeeping'),
  other: t('Other'),
};

/** Lists are alternatives; an empty one lets everything pass. */
export interface Filter {
  /** words that all have to be in the name, globs if they hold "*" or "?"; or one regular expression */
  text: string;
  regex: boolean;
  dtypes: readonly string[];
  roles: readonly Role[];
  modules: readonly string[];
  /** "0-11" */
  layers: string;
  /** "4096x*" */
  shape: string;
  /** only tensors that something is wrong with */
  problems: boolean;
}
export const NO_FILTER: Filter = {
  text: '',
  regex: false,
  dtypes: [],
  roles: [],
  modules: [],
  layers: '',
  shape: '',
  problems: false,
};

/** What a filter is asked about. */
export interface Subject {
  tensor: TensorRow;
  /** the name in lower case */
  lower: string;
}
export interface CompiledFilter {
  test(subject: Subject): boolean;
  /** what does not parse is left out of the test, and told where it is typed */
  errors: Partial<Record<'text' | 'layers' | 'shape', string>>;
}
type Test = (subject: Subject) => boolean;

/** `problems`: names of the tensors that something is wrong with. */
export function compileFilter(filter: Filter, problems: ReadonlySet<string>): CompiledFilter {
  const errors: CompiledFilter['errors'] = {};
  const tests: Test[] = [];
  const attempt = (field: keyof CompiledFilter['errors'], make: () => Test): void => {
    if (!filter[field].trim()) return;
    try {
      tests.push(make());
    } catch (error) {
      const problem = problemOf(error);
      if (problem === null) throw error;
      errors[field] = problem;
    }
  };
  // the cheap ones first
  if (filter.problems) tests.push(({ tensor }) => tensor.missing || problems.has(tensor.name));
  const oneOf = (list: readonly string[], of: (tensor: TensorRow) => string): void => {
    const wanted = new Set(list);
    if (wanted.size) tests.push(({ tensor }) => wanted.has(of(tensor)));
  };
  oneOf(filter.dtypes, (tensor) => tensor.dtype);
  oneOf(filter.roles, (tensor) => tensor.role);
  oneOf(filter.modules, (tensor) => tensor.module);
  attempt('layers', () => {
    const layers = parseLayers(filter.layers);
    return ({ tensor }) => layers(tensor.layer);
  });
  attempt('shape', () => {
    const shape = parseShape(filter.shape);
    return ({ tensor }) => !tensor.missing && shape(tensor.shape);
  });
  attempt('text', () => nameTest(filter));
  return { errors, test: (subject) => tests.every((test) => test(subject)) };
}
function nameTest({ text, regex }: Filter): Test {
  if (regex) {
    const matcher = new Matcher(regexAutomaton(text.trim()));
    return ({ lower }) => matcher.find(lower);
  }
  const words = text.trim().toLowerCase().split(/\s+/).map(wordTest);
  return ({ lower }) => words.every((test) => test(lower));
}
function wordTest(word: string): (lower: string) => boolean {
  if (/[*?]/.test(word)) {
    const matcher = new Matcher(globAutomaton(word));
    return (lower) => matcher.find(lower);
  }
  const parts = word.split(',').filter(Boolean);
  return (lower) => parts.length === 0 || parts.some((part) => lower.includes(part));
}

/** One removable part of the filter; `without` is what is left when it is taken away. */
export interface Chip {
  id: string;
  text: string;
  without: Filter;
}
export function chipsOf(filter: Filter): Chip[] {
  const chips: Chip[] = [];
  const add = (id: string, text: string, change: Partial<Filter>): void =>
    void chips.push({ id, text, without: { ...filter, ...change } });
  const text = filter.text.trim();
  if (text) add('text', filter.regex ? t('Name fits /{0}/', text) : t('Name: {0}', text), { text: '' });
  const list = <K extends 'dtypes' | 'roles' | 'modules'>(
    key: K,
    title: string,
    name: (value: string) => string,
  ): void => {
    for (const value of filter[key])
      add(`${key}:${value}`, `${title}: ${name(value)}`, { [key]: filter[key].filter((other) => other !== value) });
  };
  list('dtypes', t('Type'), (value) => value);
  list('roles', t('Role'), (value) => ROLE_NAMES[value as Role]);
  list('modules', t('Module'), (value) => value);
  if (filter.layers.trim()) add('layers', t('Layers: {0}', filter.layers.trim()), { layers: '' });
  if (filter.shape.trim()) add('shape', t('Shape: {0}', filter.shape.trim()), { shape: '' });
  if (filter.problems) add('problems', t('Problems only'), { problems: false });
  return chips;
}

/** What an older page or another version stored. */
export function readFilter(stored: unknown): Filter {
  if (typeof stored === 'string') return { ...NO_FILTER, text: stored };
  if (typeof stored !== 'object' || stored === null) return NO_FILTER;
  const s = stored as Partial<Record<keyof Filter, unknown>>;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
  const roles = texts(s.roles);
  return {
    text: text(s.text),
    regex: s.regex === true,
    dtypes: texts(s.dtypes),
    roles: ROLES.filter((role) => roles.includes(role)),
    modules: texts(s.modules),
    layers: text(s.layers),
    shape: text(s.shape),
    problems: s.problems === true,
  };
}
