/**
 * Reads a Python pickle without Python: its operations build plain values, and a call of a function or class is written down, never
 * made. Only globals that the caller knows are let through. Opcodes: CPython's Lib/pickletools.py, protocols 0 to 5.
 *
 * Every operation takes a byte of the pickle at least and makes one value at most, so the memory is a small multiple of its size; nothing
 * here is recursive.
 */
import { quoted } from '../problems.ts';
import type { PyCall, PyDict, PyGlobal, PyList, PyPersistent, PyValue } from './values.ts';

/** Why a pickle is not read. `code` is that of the problem, `byte` where in the pickle it stands. */
export class PickleError extends Error {
  constructor(
    readonly code: 'pickle-damaged' | 'pickle-truncated' | 'pickle-global-refused' | 'pickle-too-large',
    message: string,
    readonly byte: number,
    /** the global that was refused */
    readonly global: string | null = null,
  ) {
    super(message);
  }
}

/** More values than the largest state dict has: an attack, or no checkpoint. */
const MOST_VALUES = 30_000_000;
/** Integers of more bytes are no sizes; turning them into numbers takes longer than linear time. */
const MOST_INTEGER_BYTES = 1024;

const MARK = Symbol('mark');
type Slot = PyValue | typeof MARK;

/** Classes whose instances are dicts, and take entries afterwards. */
const DICTS = new Set(['collections.OrderedDict', 'collections.defaultdict', 'collections.Counter', 'builtins.dict']);
const LISTS = new Map<string, PyList['kind']>([
  ['builtins.list', 'list'],
  ['builtins.tuple', 'tuple'],
  ['builtins.set', 'set'],
  ['builtins.frozenset', 'set'],
]);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

export interface Pickle {
  value: PyValue;
  /** the byte behind its end */
  end: number;
  /** everything in it that lies outside of it, in order */
  persistent: readonly PyPersistent[];
}

/** One pickle at the start of `bytes`. Throws PickleError. */
export function readPickle(bytes: Uint8Array, isAllowed: (name: string) => boolean, start = 0): Pickle {
  const machine = new Machine(bytes, isAllowed, start);
  return { value: machine.run(), end: machine.position, persistent: machine.persistent };
}

class Machine {
  position: number;
  readonly persistent: PyPersistent[] = [];
  private readonly view: DataView;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PyValue>();
  private values = 0;
  /** the byte of the operation at work */
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly isAllowed: (name: string) => boolean,
    start: number,
  ) {
    this.position = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): PyValue {
    for (;;) {
      this.at = this.position;
      if (this.take(1) === STOP) return this.pop();
      this.step(this.bytes[this.at] as number);
    }
  }

  private step(code: number): void {
    switch (String.fromCharCode(code)) {
      case '(':
        this.stack.push(MARK);
        return;
      case '0':
        if (this.stack.length === 0) throw this.damaged('it takes from an empty stack');
        this.stack.pop();
        return;
      case '1':
        this.popToMark();
        return;
      case '2':
        return this.push(this.peek());
      case 'N':
        return this.push(null);
      case '\x88':
        return this.push(true);
      case '\x89':
        return this.push(false);
      case 'J':
        return this.push(this.view.getInt32(this.skip(4), true));
      case 'K':
        return this.push(this.take(1));
      case 'M':
        return this.push(this.view.getUint16(this.skip(2), true));
      case 'I':
        return this.push(this.integerLine());
      case 'L':
        return this.push(this.integer(this.line().replace(/L$/, '')));
      case '\x8a':
        return this.push(this.longOf(this.take(1)));
      case '\x8b':
        return this.push(this.longOf(this.length(4)));
      case 'F':
        return this.push(this.floatLine());
      case 'G':
        return this.push(this.view.getFloat64(this.skip(8)));
      case 'S':
        return this.push(this.quoted());
      case 'T':
        return this.push(latin1.decode(this.chunk(this.length(4))));
      case 'U':
        return this.push(latin1.decode(this.chunk(this.take(1))));
      case 'V':
        return this.push(rawUnicode(this.line()));
      case 'X':
        return this.push(this.text(this.length(4)));
      case '\x8c':
        return this.push(this.text(this.take(1)));
      case '\x8d':
        return this.push(this.text(this.length(8)));
      case 'B':
        return this.push(this.chunk(this.length(4)));
      case 'C':
        return this.push(this.chunk(this.take(1)));
      case '\x8e':
      case '\x96':
        return this.push(this.chunk(this.length(8)));
      case ']':
        return this.push(listOf('list', []));
      case ')':
        return this.push(listOf('tuple', []));
      case '}':
        return this.push(newDict());
      case '\x8f':
        return this.push(listOf('set', []));
      case 'l':
        return this.push(listOf('list', this.popToMark()));
      case 't':
        return this.push(listOf('tuple', this.popToMark()));
      case '\x91':
        return this.push(listOf('set', this.popToMark()));
      case '\x85':
        return this.push(listOf('tuple', this.popMany(1)));
      case '\x86':
        return this.push(listOf('tuple', this.popMany(2)));
      case '\x87':
        return this.push(listOf('tuple', this.popMany(3)));
      case 'd': {
        const dict = newDict();
        this.fill(dict, this.popToMark());
        return this.push(dict);
      }
      case 'a': {
        const item = this.pop();
        return this.extend([item]);
      }
      case 'e':
      case '\x90':
        return this.extend(this.popToMark());
      case 's':
        return this.setItems(this.popMany(2));
      case 'u':
        return this.setItems(this.popToMark());
      case 'p':
        return this.remember(this.integer(this.line()));
      case 'q':
        return this.remember(this.take(1));
      case 'r':
        return this.remember(this.length(4));
      case '\x94':
        return this.remember(this.memo.size);
      case 'g':
        return this.recall(this.integer(this.line()));
      case 'h':
        return this.recall(this.take(1));
      case 'j':
        return this.recall(this.length(4));
      case 'c': {
        const module = this.line();
        return this.push(this.global(module, this.line()));
      }
      case '\x93': {
        const [module, name] = this.popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw this.damaged('a global without a name');
        return this.push(this.global(module, name));
      }
      case 'i': {
        const module = this.line();
        const callee = this.global(module, this.line());
        return this.push(this.call(callee, this.popToMark()));
      }
      case 'o': {
        const [callee, ...args] = this.popToMark();
        return this.push(this.call(callee ?? null, args));
      }
      case 'R':
      case '\x81': {
        const [callee, args] = this.popMany(2);
        return this.push(this.call(callee ?? null, this.argsOf(args ?? null)));
      }
      case '\x92': {
        const [callee, args] = this.popMany(3);
        return this.push(this.call(callee ?? null, this.argsOf(args ?? null)));
      }
      case 'b':
        return this.build(this.pop());
      case 'P':
        return this.keep(this.line());
      case 'Q':
        return this.keep(this.pop());
      case '\x80':
        if (this.take(1) > 5) throw this.damaged('it is of a protocol newer than 5');
        return;
      case '\x95':
        this.skip(8);
        return;
      case '\x82':
      case '\x83':
      case '\x84':
        throw this.refused('an extension code');
      case '\x97':
      case '\x98':
        throw this.refused('an out-of-band buffer');
      default:
        throw this.damaged(`there is no operation 0x${code.toString(16).padStart(2, '0')}`);
    }
  }

  private push(value: PyValue): void {
    if (++this.values > MOST_VALUES)
      throw new PickleError('pickle-too-large', `the pickle makes more than ${MOST_VALUES} values`, this.at);
    this.stack.push(value);
  }

  private keep(id: PyValue): void {
    const outside: PyPersistent = { kind: 'persistent', id };
    this.persistent.push(outside);
    this.push(outside);
  }

  private pop(): PyValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.damaged('it takes from an empty stack');
    return value;
  }

  private popMany(count: number): PyValue[] {
    const values: PyValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.pop());
    return values.reverse();
  }

  private popToMark(): PyValue[] {
    const from = this.stack.lastIndexOf(MARK);
    if (from < 0) throw this.damaged('a mark is missing');
    const values = this.stack.slice(from + 1) as PyValue[];
    this.stack.length = from;
    return values;
  }

  private peek(): PyValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw this.damaged('it looks at an empty stack');
    return value;
  }

  private remember(index: number | bigint): void {
    this.memo.set(Number(index), this.peek());
  }

  private recall(index: number | bigint): void {
    const value = this.memo.get(Number(index));
    if (value === undefined) throw this.damaged(`it asks for value ${index}, which was not kept`);
    this.push(value);
  }

  private extend(items: readonly PyValue[]): void {
    const target = this.peek();
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array || !('items' in target))
      throw this.damaged('it adds to something other than a list');
    for (const item of items) target.items.push(item);
  }

  private setItems(items: readonly PyValue[]): void {
    const target = this.peek();
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array || target.kind !== 'dict')
      throw this.damaged('it sets entries of something other than a dict');
    this.fill(target, items);
  }

  private fill({ entries }: PyDict, items: readonly PyValue[]): void {
    if (items.length % 2 !== 0) throw this.damaged('a key without a value');
    for (let i = 0; i < items.length; i += 2) entries.set(items[i] as PyValue, items[i + 1] as PyValue);
  }

  private global(module: string, name: string): PyGlobal {
    // Protocols up to 2 may use the names of Python 2, and pickle maps them.
    const full = `${module === '__builtin__' ? 'builtins' : module === 'copy_reg' ? 'copyreg' : module}.${name}`;
    if (!this.isAllowed(full)) throw this.refused(/^[\w.]{1,160}$/.test(full) ? full : quoted(full));
    return { kind: 'global', name: full };
  }

  private argsOf(value: PyValue): readonly PyValue[] {
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.kind === 'tuple')
      return value.items;
    throw this.damaged('arguments that are not a tuple');
  }

  private call(callee: PyValue, args: readonly PyValue[]): PyValue {
    if (typeof callee !== 'object' || callee === null || callee instanceof Uint8Array || callee.kind !== 'global')
      throw this.damaged('it calls something other than a global');
    if (DICTS.has(callee.name)) {
      const dict = newDict();
      const given = args.at(-1) ?? null;
      if (typeof given === 'object' && given !== null && !(given instanceof Uint8Array)) {
        if (given.kind === 'dict') for (const [key, value] of given.entries) dict.entries.set(key, value);
        // [[key, value], …] is how Python 2 wrote an OrderedDict.
        if (given.kind === 'list')
          for (const pair of given.items)
            if (typeof pair === 'object' && pair !== null && 'items' in pair && pair.items.length === 2)
              this.fill(dict, pair.items);
      }
      return dict;
    }
    const kind = LISTS.get(callee.name);
    if (kind) {
      const [given = null] = args;
      return listOf(kind, typeof given === 'object' && given !== null && 'items' in given ? [...given.items] : []);
    }
    const made: PyCall = { kind: 'call', callee, args, state: null };
    return made;
  }

  private build(state: PyValue): void {
    const target = this.peek();
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array)
      throw this.damaged('it sets the state of something without one');
    // Attributes of a dict (a state dict's _metadata) say nothing of its entries.
    if (target.kind === 'call') target.state = state;
    else if (target.kind !== 'dict') throw this.damaged('it sets the state of something without one');
  }

  private take(bytes: 1): number {
    return this.bytes[this.skip(bytes)] as number;
  }

  /** Where the next `bytes` bytes begin. */
  private skip(bytes: number): number {
    const from = this.position;
    if (bytes > this.bytes.length - from)
      throw new PickleError('pickle-truncated', 'the pickle breaks off', this.bytes.length);
    this.position = from + bytes;
    return from;
  }

  private chunk(bytes: number): Uint8Array {
    const from = this.skip(bytes);
    return this.bytes.subarray(from, from + bytes);
  }

  private length(bytes: 4 | 8): number {
    const from = this.skip(bytes);
    return bytes === 4 ? this.view.getUint32(from, true) : Number(this.view.getBigUint64(from, true));
  }

  private text(bytes: number): string {
    const chunk = this.chunk(bytes);
    try {
      return utf8.decode(chunk);
    } catch {
      throw this.damaged('a text that is not UTF-8');
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(LINE_END, this.position);
    if (end < 0) throw new PickleError('pickle-truncated', 'the pickle breaks off', this.bytes.length);
    const text = latin1.decode(this.bytes.subarray(this.position, end));
    this.position = end + 1;
    return text;
  }

  private quoted(): string {
    const text = this.line().trim();
    const quote = text[0];
    if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
      throw this.damaged('a text without its quotes');
    return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, escape: string) => unescaped(escape));
  }

  private integerLine(): PyValue {
    const text = this.line();
    return text === '00' ? false : text === '01' ? true : this.integer(text);
  }

  private integer(text: string): number | bigint {
    if (!/^-?\d+$/.test(text) || text.length > 2 * MOST_INTEGER_BYTES) throw this.damaged('a number that is none');
    return smallest(BigInt(text));
  }

  private longOf(bytes: number): number | bigint {
    if (bytes > MOST_INTEGER_BYTES) throw this.damaged(`an integer of ${bytes} bytes`);
    const chunk = this.chunk(bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(chunk[i] as number);
    return smallest(BigInt.asIntN(8 * bytes, value));
  }

  private floatLine(): number {
    const text = this.line().trim();
    const value = { inf: Infinity, '-inf': -Infinity, nan: NaN }[text] ?? Number(text);
    if (text === '' || (Number.isNaN(value) && text !== 'nan')) throw this.damaged('a number that is none');
    return value;
  }

  private damaged(text: string): PickleError {
    return new PickleError('pickle-damaged', `the pickle is damaged: ${text}`, this.at);
  }

  private refused(global: string): PickleError {
    return new PickleError('pickle-global-refused', `the pickle uses ${global}`, this.at, global);
  }
}

const STOP = 0x2e;
const LINE_END = 0x0a;

const listOf = (kind: PyList['kind'], items: PyValue[]): PyList => ({ kind, items });
const newDict = (): PyDict => ({ kind: 'dict', entries: new Map() });
const smallest = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
function unescaped(escape: string): string {
  return escape.length === 3 ? String.fromCharCode(parseInt(escape.slice(1), 16)) : (ESCAPES[escape] ?? escape);
}

/** Python's raw-unicode-escape: nothing is escaped but \uXXXX and \UXXXXXXXX. */
function rawUnicode(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short?: string, long?: string) => {
    const code = parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
