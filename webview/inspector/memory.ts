/** Memory to load and to serve, with the formula and what is left out. */
import { nothing, type TemplateResult } from 'lit';
import { cacheBytes, cacheFormula, type MemoryEstimate } from '../../src/protocol/health.ts';
import { bytes, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';

/** A usual context if config.json names none. */
const DEFAULT_TOKENS = 8192;
/** Longer ones exist nowhere, and the product stays exact. */
const MAX_TOKENS = 100_000_000;

export function contextTokens({ cache }: MemoryEstimate): number {
  return cache?.contextTokens ?? DEFAULT_TOKENS;
}

/** "2.2 MB + 1.5 kB a token" */
export function memorySummary({ weightsBytes, cache }: MemoryEstimate): string {
  return cache ? t('{0} + {1} a token', bytes(weightsBytes), bytes(cache.bytesPerToken)) : bytes(weightsBytes);
}

/** `tokens`: the context that the reader asks for. */
export function memoryPanel(memory: MemoryEstimate, tokens: number, set: (tokens: number) => void): TemplateResult {
  const { weights, weightsBytes, unknownTensors, cache, reason } = memory;
  const types = weights.map(({ dtype, sizeBytes }) => `${dtype} ${bytes(sizeBytes)}`).join(', ');
  const held = cache ? cacheBytes(cache, tokens) : 0;
  const line = (name: unknown, value: unknown, title = ''): TemplateResult =>
    html`<dt>${name}</dt>
      <dd title=${title || nothing}>${value}</dd>`;
  return html`<dl class="metadata memory" data-memory>
    ${line(
      t('Weights'),
      html`${types || t('none')},
      ${t('as stored')}${
        unknownTensors
          ? html`;
            ${plural(unknownTensors, '{0} tensor of unknown size left out', '{0} tensors of unknown size left out', integer(unknownTensors))}`
          : nothing
      }`,
      t('{0} bytes', integer(weightsBytes)),
    )}
    ${
      cache
        ? html`${line(
            t('Keys and values'),
            html`${t('{0} a token, for one sequence', bytes(cache.bytesPerToken))}<br /><span class="quiet"
                >${cacheFormula(cache)} (${cache.elementType})</span
              >`,
            t('{0} bytes', integer(cache.bytesPerToken)),
          )}
          ${line(
            html`<label for="context-tokens">${t('At a context of')}</label>`,
            html`<input
                id="context-tokens"
                type="number"
                min="1"
                max=${MAX_TOKENS}
                step="1"
                data-action="context"
                .value=${String(tokens)}
                @change=${(event: Event) => {
                  const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
                  if (value >= 1 && value <= MAX_TOKENS) set(value);
                }}
              />
              ${t('tokens: {0}, {1} with the weights', bytes(held), bytes(held + weightsBytes))}`,
            t('{0} bytes', integer(held)),
          )}`
        : line(t('Keys and values'), t('not estimated: {0}', reason ?? ''))
    }
    ${line(t('Left out'), t('activations, the runtime’s own buffers, fragmentation; it is an estimate'))}
  </dl>`;
}
