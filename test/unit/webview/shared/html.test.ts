import { describe, expect, test } from 'vitest';
import { html } from '../../../../webview/shared/html.ts';

const HOSTILE = 'a\u202eb\u0007c\nd\u200be';
const SHOWN = 'a\\u{202E}b\\u{07}c\\u{0A}d\\u{200B}e';

describe('the tag of the templates', () => {
  test('text is shown, in lists too; a template in a template stays one', () => {
    const inner = html`<b>${HOSTILE}</b>`;
    const { values } = html`<p>${HOSTILE} and ${[HOSTILE, inner]}${3}</p>`;
    expect(values).toEqual([SHOWN, [SHOWN, inner], 3]);
    expect(inner.values).toEqual([SHOWN]);
  });
  test('attributes that are read are shown, with or without quotes and beside others', () => {
    const { values } = html`<p class="a=b" title=${HOSTILE} data-x=${1} aria-label="x = ${HOSTILE}, ${HOSTILE}">
      ${HOSTILE}
    </p>`;
    expect(values).toEqual([SHOWN, 1, SHOWN, SHOWN, SHOWN]);
  });
  test('what the code reads stays as it is', () => {
    const act = (): void => undefined;
    const { values } = html`<input
        data-tensor=${HOSTILE}
        .value=${HOSTILE}
        class="row ${HOSTILE}"
        ?disabled=${true}
        @click=${act}
      />
      <option value=${HOSTILE}>${HOSTILE}</option>`;
    expect(values).toEqual([HOSTILE, HOSTILE, HOSTILE, true, act, HOSTILE, SHOWN]);
  });
  test('an array stands for the lines of a title, and no name makes one more', () => {
    expect(html`<p title=${['one', HOSTILE]}></p>`.values).toEqual([`one\n${SHOWN}`]);
  });
  test('a text that is endless is cut', () => {
    const [text] = html`<p>${'x'.repeat(50_000_000)}</p>`.values;
    expect(text).toMatch(/^x{4000}… \(49996000 more characters\)$/);
  });
});
