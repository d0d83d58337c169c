/** Pickles made for tests, by the operations of protocol 2; what torch writes, and what it would never write. */

/** Value of a pickle: plain ones as they are, the rest by the functions below. */
export type Made = null | boolean | number | string | Op | Made[] | Map<string, Made> | { [key: string]: Made };
class Op {
  constructor(readonly write: (to: number[]) => void) {}
}

const text = (value: string, to: number[]): void => {
  const bytes = new TextEncoder().encode(value);
  to.push(0x58, bytes.length & 255, (bytes.length >> 8) & 255, (bytes.length >> 16) & 255, 0, ...bytes);
};
const op = (character: string): number => character.charCodeAt(0);

function write(value: Made, to: number[]): void {
  if (value === null) to.push(op('N'));
  else if (typeof value === 'boolean') to.push(value ? 0x88 : 0x89);
  else if (typeof value === 'string') text(value, to);
  else if (typeof value === 'number') {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31)
      to.push(op('J'), value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
    else if (Number.isInteger(value)) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
      to.push(0x8a, 8, ...bytes);
    } else {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value);
      to.push(op('G'), ...bytes);
    }
  } else if (value instanceof Op) value.write(to);
  else if (Array.isArray(value)) {
    to.push(op(']'), op('('));
    for (const item of value) write(item, to);
    to.push(op('e'));
  } else {
    to.push(op('}'), op('('));
    for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
      text(key, to);
      write(item, to);
    }
    to.push(op('u'));
  }
}

export const tuple = (...items: Made[]): Op =>
  new Op((to) => {
    to.push(op('('));
    for (const item of items) write(item, to);
    to.push(op('t'));
  });
/** "torch._utils", "_rebuild_tensor_v2" */
export const global = (module: string, name: string): Op =>
  new Op((to) => to.push(op('c'), ...new TextEncoder().encode(`${module}\n${name}\n`)));
/** REDUCE */
export const call = (callee: Op, ...args: Made[]): Op =>
  new Op((to) => {
    callee.write(to);
    tuple(...args).write(to);
    to.push(op('R'));
  });
/** NEWOBJ and BUILD */
export const object = (type: Op, state: Made): Op =>
  new Op((to) => {
    type.write(to);
    to.push(op(')'), 0x81);
    write(state, to);
    to.push(op('b'));
  });
/** BINPERSID */
export const outside = (id: Made): Op =>
  new Op((to) => {
    write(id, to);
    to.push(op('Q'));
  });
export const raw = (...bytes: number[]): Op => new Op((to) => to.push(...bytes));

export function pickle(value: Made): Uint8Array {
  const to = [0x80, 2];
  write(value, to);
  to.push(op('.'));
  return Uint8Array.from(to);
}

export interface TensorMade {
  storage?: string;
  key: string;
  /** of the storage */
  elements: number;
  first?: number;
  shape: number[];
  strides: number[];
}
/** `_rebuild_tensor_v2` */
export function tensor({ storage = 'FloatStorage', key, elements, first = 0, shape, strides }: TensorMade): Op {
  const id = tuple('storage', global('torch', storage), key, 'cpu', elements);
  const hooks = call(global('collections', 'OrderedDict'));
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    outside(id),
    first,
    tuple(...shape),
    tuple(...strides),
    false,
    hooks,
  );
}
