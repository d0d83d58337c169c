/** What every element of the page is given: the model, the reader's choices, and the ways to act. */
import { LitElement } from 'lit';
import type { InspectorFromView } from '../../src/protocol/views.ts';
import type { Finder } from './finder.ts';
import type { InspectorModel } from './model.ts';
import type { MatrixClient } from '../shared/matrix-client.ts';
import type { Ui } from './ui.ts';

export interface View {
  readonly model: InspectorModel;
  readonly finder: Finder;
  readonly ui: Ui;
  /** values and pictures of single tensors */
  readonly matrix: MatrixClient;
  set(change: Partial<Ui>): void;
  /** Stored without drawing the page anew: what the caller draws itself. */
  keep(change: Partial<Ui>): void;
  post(message: InspectorFromView): void;
  /** Has the values of these tensors read, in view or not; of none: stops that. */
  readValues(tensors: readonly string[]): void;
  readonly isReadingValues: boolean;
  /** Selects a tensor, opens its group and brings its row into view; with `group`, the group's head, where the keyboard goes. */
  reveal(tensor: string, group?: string): void;
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
