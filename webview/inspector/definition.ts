/** One figure with its name; the exact value or the meaning on hover. */
import type { TemplateResult } from 'lit';
import { html } from '../shared/html.ts';

export const item = (name: string, value: string, title: string, hint = ''): TemplateResult =>
  html`<div title=${hint ? [hint, title] : title}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
