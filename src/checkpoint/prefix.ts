/** One constant part of the names that only one of two checkpoints has: a prefix, another prefix, or a wrapper inside the names. */
import type { TensorRow } from '../protocol/engine.ts';
import { normalizeName } from '../families/index.ts';
import { pushTo } from '../protocol/lists.ts';

/** Names of the base that are looked for on the other side, and candidates that are tried on all names. */
const SAMPLES = 12;
const TRIED = 8;
/** Names that agree under a candidate must agree in shape, but for this share: a vocabulary may be resized. */
const SAME_SHAPE = 0.9;
/** A part inside the names is a wrapper if this share of the side's names has it. */
const CONSTANT = 0.8;
const LAYER = /(^|\.)(layers?|h|blocks?)\.\d+(\.|$)/;

/**
 * What is taken out of a side's names, and what is put in its place; `inside`: anywhere, else at the start only. Parts of a path, without
 * the dot behind; or a start that ends as it stands, "net_" or "net/".
 */
export interface Change {
  side: 'base' | 'tuned';
  take: string;
  put: string;
  inside: boolean;
}
/** How a prefix that is no part of a path ends. */
const GLUED = /[_/:|-]$/;

/**
 * The change under which most names of two lists agree, with their shapes; null if there is none, or two are as good. Once changed they
 * are compared without known wrappers and prefixes, and at least half of `tensors`, the smaller side's, must agree. Linear in the number of tensors.
 */
export function constantChange(
  base: readonly TensorRow[],
  tuned: readonly TensorRow[],
  tensors: number,
): Change | null {
  if (base.length === 0 || tuned.length === 0) return null;
  const left = namesOf(base);
  const right = namesOf(tuned);
  let best: { change: Change; pairs: Pairs } | null = null;
  let most = 0;
  for (const change of candidates(left.full, right.full)) {
    const pairs = agreeing(change, left, right);
    // Two ways to bring the same tensors together are one.
    if (pairs.size === most && best && !sameOf(pairs, best.pairs)) best = null;
    if (pairs.size <= most) continue;
    best = { change, pairs };
    most = pairs.size;
  }
  return best && most >= tensors / 2 ? best.change : null;
}

/** A name after the change, or null if it has not what is taken. */
export function changedName(name: string, { take, put, inside }: Change): string | null {
  const dotted = GLUED.test(take) ? take : `${take}.`;
  const at = inside ? `.${name}`.indexOf(`.${dotted}`) : name.startsWith(dotted) || take === '' ? 0 : -1;
  if (at < 0) return null;
  const rest = name.slice(at + (take === '' ? 0 : dotted.length));
  return `${name.slice(0, at)}${put === '' ? '' : `${put}.`}${rest}`;
}

type Names = ReadonlyMap<string, TensorRow>;
interface Side {
  full: Names;
  /** by the name without known wrappers and prefixes */
  normalized: Names;
}
function namesOf(rows: readonly TensorRow[]): Side {
  return {
    full: new Map(rows.map((row) => [row.name, row])),
    normalized: new Map(rows.map((row) => [normalizeName(row.name), row])),
  };
}

/** Tensors of the base to those of the tuned side. */
type Pairs = ReadonlyMap<TensorRow, TensorRow>;

function sameOf(one: Pairs, other: Pairs): boolean {
  return one.size === other.size && [...one].every(([base, tuned]) => other.get(base) === tuned);
}

/** Those whose names agree, with their shapes; none if too many shapes differ. */
function agreeing(change: Change, left: Side, right: Side): Pairs {
  const [from, to] = change.side === 'base' ? [left, right] : [right, left];
  const same = new Map<TensorRow, TensorRow>();
  let other = 0;
  for (const [name, row] of from.full) {
    const changed = changedName(name, change);
    const partner = changed === null ? undefined : to.normalized.get(normalizeName(changed));
    if (!partner) continue;
    if (isOpaque(row) || isOpaque(partner) || sameSides(row.shape, partner.shape)) {
      if (change.side === 'base') same.set(row, partner);
      else same.set(partner, row);
    } else other++;
  }
  return same.size >= SAME_SHAPE * (same.size + other) ? same : new Map();
}

/** Its shape is that of codes, not that of the weight. */
const isOpaque = ({ quantised }: TensorRow): boolean => quantised !== undefined && quantised.reason !== null;

/** The same numbers of the same sides: a matrix may be stored [in, out] on one side. */
function sameSides(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((side, i) => side === b[i]) || (a.length === 2 && a[0] === b[1] && a[1] === b[0]);
}

/** From some names of the base: what stands between the ends that they share with each name of the other side. */
function candidates(left: Names, right: Names): Change[] {
  const votes = new Map<string, { change: Difference; votes: number }>();
  const names = [...left.keys()];
  const alike = new Map<string, string[]>();
  for (const [name, { shape }] of right) pushTo(alike, likeness(name, shape), name);
  const step = Math.max(1, Math.floor(names.length / SAMPLES));
  for (let i = 0; i < names.length && i < step * SAMPLES; i += step) {
    const name = names[i] as string;
    const { shape } = left.get(name) as TensorRow;
    const found = new Map<string, Difference>();
    for (const other of alike.get(likeness(name, shape)) ?? []) {
      const change = between(name, other);
      if (change) found.set(JSON.stringify([change.take, change.put, change.side, change.inside]), change);
    }
    for (const [key, change] of found) votes.set(key, { change, votes: (votes.get(key)?.votes ?? 0) + 1 });
  }
  const tunedNames = [...right.keys()];
  return [...votes.values()]
    .sort((a, b) => b.votes - a.votes)
    .slice(0, TRIED)
    .flatMap(({ change }) => (isConstant(change, change.side === 'base' ? names : tunedNames) ? [change] : []));
}

/** `deep`: behind a layer's number */
type Difference = Change & { deep: boolean };

/** What two names that differ by a constant part have in common: the last number, the last part, the sides. */
function likeness(name: string, shape: readonly number[]): string {
  const sides = [...shape].sort((a, b) => a - b).join();
  return `${/.*(?:^|\.)(\d+)\./.exec(name)?.[1] ?? ''} ${name.slice(name.lastIndexOf('.') + 1)} ${sides}`;
}

/** Two names as one with a change of its start, or with one run of parts inside that the other has not. */
function between(name: string, other: string): Difference | null {
  const glued = gluedPrefix(name, other);
  if (glued) return glued;
  const [a, b] = [name.split('.'), other.split('.')];
  let end = 0;
  while (end < a.length && end < b.length && a.at(-1 - end) === b.at(-1 - end)) end++;
  let start = 0;
  while (start < a.length - end && start < b.length - end && a[start] === b[start]) start++;
  const [mine, theirs] = [a.slice(start, a.length - end), b.slice(start, b.length - end)].map((part) => part.join('.'));
  if (mine === undefined || theirs === undefined || (mine === '' && theirs === '') || end === 0) return null;
  // Another layer is another weight; two words that differ inside a name are two weights, one more may be a wrapper.
  if (LAYER.test(mine) || LAYER.test(theirs)) return null;
  if (start > 0 && mine !== '' && theirs !== '') return null;
  const before = a.slice(0, start).join('.');
  if (/^\d+$/.test(a[a.length - end - 1] ?? '') && /(layers?|h|blocks?|experts)$/.test(before)) return null;
  const inside = start > 0;
  const deep = LAYER.test(before);
  return theirs === ''
    ? { side: 'base', take: mine, put: '', inside, deep }
    : { side: 'tuned', take: theirs, put: mine, inside, deep };
}

/** One name as the other behind "net_" or "net/". */
function gluedPrefix(name: string, other: string): Difference | null {
  const [long, short] = name.length > other.length ? [name, other] : [other, name];
  const take = long.slice(0, long.length - short.length);
  if (!GLUED.test(take) || !long.endsWith(short) || LAYER.test(take)) return null;
  return { side: long === name ? 'base' : 'tuned', take, put: '', inside: false, deep: false };
}

/** A wrapper stands in most of the names; a number at the start (a list of modules) in all of them. */
function isConstant({ take, put, inside, deep }: Difference, names: readonly string[]): boolean {
  const numbered = /(^|\.)\d+(\.|$)/.test(take) || /(^|\.)\d+(\.|$)/.test(put);
  if (!deep && !numbered) return true;
  const share = names.filter((name) => `.${name}.`.includes(`.${take}.`)).length / names.length;
  return numbered ? !inside && share === 1 : share >= CONSTANT;
}
