/** What every element of the page is given: the model, the reader's choices, and the ways to act. */
import { LitElement } from 'lit';
import type { InspectorFromView } from '../../src/protocol/views.ts';
import type { InspectorModel } from './model.ts';
import type { Ui } from './ui.ts';

export interface View {
  readonly model: InspectorModel;
  readonly ui: Ui;
  set(change: Partial<Ui>): void;
  /** Stored without drawing the page anew: what the caller draws itself. */
  keep(change: Partial<Ui>): void;
  post(message: InspectorFromView): void;
  /** Selects a tensor, opens its group and brings its row into view. */
  reveal(tensor: string): void;
  /** Moves the keyboard to a pane. */
  focus(pane: 'list' | 'detail'): void;
}

/** Light DOM, so that one stylesheet serves the page; `version` rises whenever model or choices change. */
export abstract class ViewElement extends LitElement {
  static override properties = { view: { attribute: false }, version: { attribute: false } };
  declare view: View;
  declare version: number;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
