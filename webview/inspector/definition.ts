/** One figure with its name; the exact value or the meaning on hover, and an (i) where the glossary knows it. */
import type { TemplateResult } from 'lit';
import type { TermId } from '../shared/glossary.ts';
import { html } from '../shared/html.ts';
import '../shared/term.ts';

export const item = (name: string, value: string, title: string, hint = '', term?: TermId): TemplateResult =>
  html`<div title=${hint ? [hint, title] : title}>
    <dt>${term ? html`<ox-term term=${term} .label=${name}></ox-term>` : name}</dt>
    <dd>${value}</dd>
  </div>`;
