/** Whether boxes make up a tensor. */
import type { Box } from './format.ts';
import { elementCount } from '../protocol/lists.ts';

/** Why the boxes do not make up the tensor, each element once; null if they do. */
export function boxesFault(shape: readonly number[], boxes: readonly Box[]): 'gap' | 'overlap' | null {
  const covered = boxes.reduce((sum, box) => sum + elementCount(box.shape), 0);
  if (covered < elementCount(shape)) return 'gap';
  return covered > elementCount(shape) || overlap(boxes) ? 'overlap' : null;
}

/** Do any two boxes share an element? With as many elements as the tensor has, boxes that do not fill it. */
function overlap(boxes: readonly Box[]): boolean {
  return boxes.some((a, i) =>
    boxes.slice(i + 1).some((b) =>
      a.shape.every((side, axis) => {
        const [from, other] = [a.at[axis] ?? 0, b.at[axis] ?? 0];
        return from < other + (b.shape[axis] ?? 0) && other < from + side;
      }),
    ),
  );
}
