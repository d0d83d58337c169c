/** How many weights no run, one run, ... all runs changed, each beside what independent runs would give. */
import { percent } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { linear, s, text } from '../shared/svg.ts';
import type { Consensus } from './agreement.ts';

const ROW = 26;
const BAR = 16;
const LEFT = 66;
/** Room for the value behind a bar. */
const RIGHT = 60;

export function drawConsensus(width: number, all: readonly Consensus[]): Drawing {
  const most = all.reduce((top, { share, chance }) => Math.max(top, share, chance ?? 0), 0) || 1;
  const x = linear(0, most, LEFT, Math.max(LEFT + 20, width - RIGHT));
  const height = all.length * ROW;
  const label = t('Weights changed by how many runs, beside independent runs');
  const root = s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  const marks = all.map(({ name, share, chance }, i): Mark => {
    const y = i * ROW + (ROW - BAR) / 2;
    root.append(
      text(LEFT - 8, y + 12, name, 'end'),
      s('rect', { class: 'f-bar', x: LEFT, y, width: Math.max(1, x(share) - LEFT), height: BAR }),
    );
    if (chance !== null)
      root.append(s('path', { class: 'b-null', d: `M${Math.round(x(chance)) + 0.5} ${y - 3}v${BAR + 6}` }));
    root.append(text(Math.max(x(share), x(chance ?? 0)) + 6, y + 12, percent(share), 'start', 'strong'));
    return {
      x: x(share),
      y: y + BAR / 2,
      title: name,
      rows: [
        [t('weights'), percent(share)],
        [t('independent runs'), percent(chance)],
      ],
    };
  });
  return { root, marks };
}
