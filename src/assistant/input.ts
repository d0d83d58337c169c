/** Inputs of the tools: a model wrote them, so each is checked, whatever schema the caller has applied. */
import { OffaxisError } from '../protocol/errors.ts';
import { forModel } from '../text/show.ts';
import { DEFAULT_TOKENS, MAX_TOKENS, MIN_TOKENS } from './budget.ts';

export class ToolInput {
  private readonly values: Record<string, unknown>;

  /** Throws bad-parameter if the input is not an object, or holds something that the tool does not know. */
  constructor(input: unknown, known: readonly string[]) {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      throw new OffaxisError('bad-parameter', 'The input must be an object.');
    const stranger = Object.keys(input).find((key) => !known.includes(key));
    if (stranger !== undefined)
      throw new OffaxisError(
        'bad-parameter',
        `There is no input ${forModel(stranger)}. The inputs are ${known.join(', ')}.`,
      );
    this.values = input as Record<string, unknown>;
  }
  private get(key: string): unknown {
    const value = Object.hasOwn(this.values, key) ? this.values[key] : undefined;
    return value === null ? undefined : value;
  }
  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    throw new OffaxisError('bad-parameter', `"${key}" must be a text that is not empty.`);
  }
  required(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw new OffaxisError('bad-parameter', `"${key}" is missing.`);
    return value;
  }
  /** A list of texts, `least` of them at least and `most` at most. */
  texts(key: string, least: number, most: number): string[] {
    const value = this.get(key);
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
    if (isList && value.length >= least && value.length <= most) return value as string[];
    throw new OffaxisError('bad-parameter', `"${key}" must be a list of ${least} to ${most} texts that are not empty.`);
  }
  flag(key: string, otherwise: boolean): boolean {
    const value = this.get(key);
    if (value === undefined) return otherwise;
    if (typeof value === 'boolean') return value;
    throw new OffaxisError('bad-parameter', `"${key}" must be true or false.`);
  }
  whole(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) return value;
    throw new OffaxisError('bad-parameter', `"${key}" must be a whole number from 0.`);
  }
  /** 0 if it is not given */
  amount(key: string): number {
    const value = this.get(key) ?? 0;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw new OffaxisError('bad-parameter', `"${key}" must be a number from 0.`);
  }
  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.get(key);
    if (value === undefined) return otherwise;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw new OffaxisError('bad-parameter', `"${key}" must be one of ${choices.join(', ')}.`);
  }
  get tokens(): number {
    return Math.min(MAX_TOKENS, Math.max(MIN_TOKENS, this.whole('maxTokens') ?? DEFAULT_TOKENS));
  }
}
