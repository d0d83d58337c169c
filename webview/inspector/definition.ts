/** One figure with its name; the exact value or the meaning on hover. */
import { html, type TemplateResult } from 'lit';

export const item = (name: string, value: string, title: string, hint = ''): TemplateResult =>
  html`<div title=${hint ? `${hint}\n${title}` : title}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
