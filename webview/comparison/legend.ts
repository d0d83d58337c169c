/** The legend of the map. */
import type { TemplateResult } from 'lit';
import { legendContent, paintRamp } from '../shared/map-legend.ts';
import { pictureAt } from './panels.ts';
import { define, ViewElement } from './view.ts';

class Legend extends ViewElement {
  protected override render(): TemplateResult {
    return legendContent(pictureAt(this.view, this.version));
  }
  protected override updated(): void {
    paintRamp(this, pictureAt(this.view, this.version).scale);
  }
}
define('ox-legend', Legend);
