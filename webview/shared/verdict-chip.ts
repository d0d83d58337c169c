/** What is said of a matrix, in a box with its glyph. */
import type { TemplateResult } from 'lit';
import type { Said } from '../../src/metrics/verdict.ts';
import { html } from './html.ts';
import { tell } from './l10n.ts';

export const chip = ({ id, words }: Said): TemplateResult => {
  const title = tell(words.title);
  return html`<span class="verdict ${id}" data-verdict=${id} title=${title}><i></i>${title}</span>`;
};
