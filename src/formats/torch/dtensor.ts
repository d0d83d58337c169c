/**
 * Which box of the whole tensor one process holds of a DTensor (torch/distributed/tensor/placement_types.py): its placements, one an axis
 * of the mesh of processes, cut the tensor from the first to the last; each cut is `torch.chunk`, whose last pieces are smaller or empty.
 */
import { attribute, isCall, itemsOf, sizesOf, type PyValue } from '../pickle/values.ts';
import { elementCount } from '../../protocol/lists.ts';

/** `local`: the shape that the process holds. A text says why the box is not known. */
export function boxOf(
  spec: PyValue,
  local: readonly number[],
  rank: number | null,
): { shape: number[]; at: number[] } | string {
  const meta = attribute(spec, 'tensor_meta') ?? null;
  const shape = sizesOf(isCall(meta) ? (meta.args[0] ?? attribute(meta, 'shape')) : attribute(meta, 'shape'));
  if (!shape) return 'the shape of the whole tensor is not stated as torch states it';
  const placements = itemsOf(attribute(spec, 'placements') ?? null);
  const mesh = meshOf(attribute(spec, 'mesh') ?? null, rank);
  if (!placements) return 'its placements are not stated as torch states them';
  const at = shape.map(() => 0);
  const sides = [...shape];
  for (const [axis, placement] of placements.entries()) {
    if (!isCall(placement)) return 'its placements are not stated as torch states them';
    const kind = placement.callee.name.slice(placement.callee.name.lastIndexOf('.') + 1);
    if (kind === 'Replicate') continue;
    if (kind !== 'Shard') return `its placement ${kind} is not put together`;
    const dim = attribute(placement, 'dim') ?? placement.args[0];
    if (typeof dim !== 'number' || !Number.isInteger(dim) || dim < 0 || dim >= shape.length)
      return 'it is sharded along an axis that it does not have';
    if (typeof mesh === 'string') return mesh;
    const count = mesh.sides[axis];
    const place = mesh.place[axis];
    if (count === undefined || place === undefined || count < 1) return 'its mesh has fewer axes than its placements';
    const side = sides[dim] as number;
    const piece = Math.ceil(side / count);
    const from = Math.min(side, place * piece);
    at[dim] = (at[dim] as number) + from;
    sides[dim] = Math.min(piece, side - from);
  }
  if (sides.join() !== local.join())
    return `the process holds [${local.join(', ')}], but its placements say [${sides.join(', ')}]`;
  return { shape, at };
}

/** How many processes stand along each axis of the mesh, and where among them this one stands. */
function meshOf(mesh: PyValue, rank: number | null): { sides: number[]; place: number[] } | string {
  const unknown = 'which of the processes wrote it is not stated as torch states it';
  const sides = sidesOf(mesh);
  if (!sides) return unknown;
  const stated = sizesOf(attribute(mesh, '_coordinate_on_dim') ?? null);
  const ranks = sizesOf(attribute(mesh, '_flatten_rank_map') ?? attribute(mesh, '_flatten_mesh_list') ?? null);
  const ownRank = attribute(mesh, '_rank');
  const own = typeof ownRank === 'number' ? ownRank : rank;
  const total = elementCount(sides);
  if (stated && stated.length === sides.length && stated.every((one, axis) => one < (sides[axis] ?? 0)))
    return { sides, place: stated };
  if (own === null) return unknown;
  // A mesh over all processes is numbered in order.
  const index = ranks?.length === total ? ranks.indexOf(own) : own;
  if (index < 0 || index >= total) return unknown;
  const place: number[] = [];
  let rest = index;
  for (const side of [...sides].reverse()) {
    place.unshift(rest % side);
    rest = Math.floor(rest / side);
  }
  return { sides, place };
}

function sidesOf(mesh: PyValue): number[] | null {
  const layout = attribute(mesh, '_layout') ?? null;
  const axes = itemsOf(attribute(layout, 'axes') ?? null);
  if (axes) {
    const sides: number[] = [];
    for (const axis of axes) {
      const shape = sizesOf(attribute(axis, 'shape') ?? null);
      if (!shape) return null;
      sides.push(elementCount(shape));
    }
    return sides;
  }
  const shape = sizesOf(attribute(layout, 'shape') ?? null);
  if (shape) return shape;
  // Releases before 2.8 hold the mesh as a tensor, whose shape is in its call.
  const tensor = attribute(mesh, 'mesh') ?? attribute(mesh, '_rank_map') ?? null;
  return isCall(tensor) ? sizesOf(tensor.args[2] ?? null) : null;
}
