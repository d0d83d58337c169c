/** A headline figure over all matrices as the page draws it: the bullet graph, and the key of its marks. */
import type { TemplateResult } from 'lit';
import type { Headline, Told } from '../../src/metrics/headlines.ts';
import { inUnit } from '../shared/figures.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import type { Draw } from '../shared/plot.ts';
import { key, readBullet, type Bullet, type NullMark } from '../shared/svg.ts';
import { twinParts } from './twin.ts';

/** In the order of the references. */
const MARKS: readonly NullMark[] = ['null', 'null2', 'null3'];

export interface DrawnHeadline {
  /** the value, in its unit */
  figure: string;
  draw: Draw;
  /** references, noise of the same size, what is attainable */
  keys: TemplateResult;
}
/** `value`: what the value is, beside it; `rows` follow it. The axis runs over what is attainable, unless `domain` says otherwise. */
export function drawn(
  { unit, beside }: Headline,
  told: Told,
  of: { label: string; value: string; rows?: readonly CardRow[] } & Partial<Pick<Bullet, 'from' | 'domain' | 'dir'>>,
): DrawnHeadline {
  const text = (value: number | null): string => inUnit(unit, value);
  const references = beside.map(({ label }, i) => ({
    name: tell(label),
    kind: MARKS[i] ?? 'null',
    v: told.beside[i] ?? null,
  }));
  const twin = twinParts(told.value, told.twin, text);
  // a limit says itself what is attainable
  const saysAttainable = told.attainable !== null && !beside.some(({ as }) => as === 'limit');
  const [lo, hi] = told.attainable ?? [null, null];
  const bullet: Bullet = {
    value: told.value,
    from: of.from ?? 0,
    nulls: [...references, ...twin.nulls],
    ...(lo !== null && hi !== null ? { range: [lo, hi] } : {}),
    domain: of.domain ?? [lo ?? 0, hi ?? 1],
    dir: of.dir ?? null,
    label: of.label,
    rows: [
      [of.value, text(told.value)],
      ...references.map(({ name, v }): CardRow => [name, text(v)]),
      ...twin.rows,
      ...(of.rows ?? []),
      ...(saysAttainable ? [[t('attainable'), t('{0} to {1}', text(lo), text(hi))] as const] : []),
    ],
  };
  return {
    figure: text(told.value),
    draw: (width) => readBullet(width, bullet),
    keys: html`${references.map(({ name, kind, v }) => key(kind, `${name} ${text(v)}`))}${twin.key}${
      saysAttainable ? [html`<i></i>`, key('band', t('attainable {0} to {1}', text(lo), text(hi)))] : []
    }`,
  };
}
