/** The one card of a page: what a mark says, for the pointer and for the keyboard alike. It never takes the focus and never starts work. */
import { nothing, render, type TemplateResult } from 'lit';
import { html } from './html.ts';

export type CardRow = readonly [name: string, value: string, beside?: string];

/** Distance from the pointer, and from the edges of the window, CSS pixels. */
const OFFSET = 14;
const MARGIN = 8;

class HoverCard {
  private readonly element = document.createElement('div');

  constructor() {
    this.element.className = 'hover';
    this.element.setAttribute('role', 'tooltip');
    this.element.hidden = true;
    document.body.append(this.element);
  }
  hide(): void {
    this.element.hidden = true;
  }
  /** `at` in CSS pixels of the window: the pointer, or the mark that has the focus. */
  show(content: TemplateResult, at: { x: number; y: number }): void {
    render(content, this.element);
    this.element.hidden = false;
    const box = this.element.getBoundingClientRect();
    const left = Math.min(at.x + OFFSET, window.innerWidth - box.width - MARGIN);
    const below = at.y + OFFSET + 2;
    const top = below + box.height > window.innerHeight - MARGIN ? at.y - box.height - OFFSET + 2 : below;
    this.element.style.left = `${Math.max(MARGIN, left)}px`;
    this.element.style.top = `${Math.max(MARGIN, top)}px`;
  }
}
const byDocument = new WeakMap<Document, HoverCard>();
/** Made on first use: importing this file touches no DOM. */
export function hoverCard(): HoverCard {
  let card = byDocument.get(document);
  if (!card) byDocument.set(document, (card = new HoverCard()));
  return card;
}

const cardTable = (rows: readonly CardRow[]): TemplateResult =>
  html`<table>
    <tbody>
      ${rows.map(
        ([name, value, beside]) =>
          html`<tr>
            <td class="quiet">${name}</td>
            <td class="num">${value}</td>
            ${beside === undefined ? nothing : html`<td class="num quiet">${beside}</td>`}
          </tr>`,
      )}
    </tbody>
  </table>`;
/** A heading and its rows. */
export const cardContent = (title: string, rows: readonly CardRow[]): TemplateResult =>
  html`<b>${title}</b>${rows.length ? cardTable(rows) : nothing}`;
