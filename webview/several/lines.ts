/** Figures as lines: value, what chance or a walk gives as a tick, and both in digits. */
import type { TemplateResult } from 'lit';
import { exact } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/plot.ts';
import { readBullet, type NullMark } from '../shared/svg.ts';
import '../shared/term.ts';
import type { Line } from './agreement.ts';

const KINDS: readonly NullMark[] = ['null', 'null2'];

export const linesTemplate = (lines: readonly Line[]): TemplateResult =>
  html`<div class="lines">
    ${lines.map(
      (line) =>
        html`<span class="line-name"
            >${line.term ? html`<ox-term term=${line.term} .label=${line.name}></ox-term>` : line.name}</span
          ><ox-plot .draw=${(width: number) => drawLine(width, line)}></ox-plot
          ><span class="num" title=${exact(line.value)}>${line.text}</span
          ><span class="quiet small">${line.beside}</span>`,
    )}
  </div>`;

const drawLine = (
  width: number,
  { value, references, domain, name, text, beside }: Line,
): ReturnType<typeof readBullet> =>
  readBullet(width, {
    value,
    from: references[0] ?? domain[0],
    nulls: references.map((v, i) => ({ v, kind: KINDS[i] ?? 'null2' })),
    domain,
    label: t('{0}: {1}; {2}', name, text, beside),
    rows: [
      [t('value'), text],
      [t('beside'), beside],
    ],
  });
