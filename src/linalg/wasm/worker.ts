/** Entry of one thread: does one task after another in a memory of its own. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { OffaxisError, toWireError } from '../../protocol/errors.ts';
import { agreeingSums } from '../agreeing.ts';
import { AlignTask } from './align.ts';
import { bandFactors } from './bandTail.ts';
import { elementCompare, elementCompareFiles, elementHistogram, elementStats } from './elements.ts';
import { KernelMemory } from './kernels.ts';
import { leadingQuantities, refinedLeading } from './leading.ts';
import { CANCEL_SLOT, type PairInput, type Reply, type Request, type WorkerSetup } from './messages.ts';
import { PairTask } from './pair.ts';
import { PairShares } from './shares.ts';
import { twinOf } from './twin.ts';
import { singularValuesOf } from './values.ts';

function serve(port: MessagePort, { module, control }: WorkerSetup): void {
  const flag = new Int32Array(control);
  const checkCancelled = (): void => {
    if (Atomics.load(flag, CANCEL_SLOT) !== 0) throw new OffaxisError('cancelled', 'Cancelled.');
  };
  const memory = new KernelMemory(module, checkCancelled);
  const pairTask = ({ base, tuned, options, shares }: PairInput): PairTask =>
    new PairTask(memory, base, tuned, options, shares && new PairShares(shares), checkCancelled);
  const run = (request: Request): unknown => {
    switch (request.task) {
      case 'singularValues':
        return singularValuesOf(memory, request.input.matrix, checkCancelled);
      case 'comparePair':
        return pairTask(request.input).run();
      case 'alignPair': {
        const { base, tuned, options } = request.input;
        return new AlignTask(memory, base, tuned, options, checkCancelled).run();
      }
      case 'tunedSide':
        return pairTask(request.input).runTuned();
      case 'updateValues':
        return pairTask(request.input).runUpdate();
      case 'twin':
        return twinOf(memory, request.input.base, request.input, checkCancelled);
      case 'band':
        return bandFactors(memory, request.input.band, request.input.vectors, checkCancelled);
      case 'refine': {
        const { base, start, options, tuned } = request.input;
        return refinedLeading(memory, base, start, options, checkCancelled, tuned);
      }
      case 'leading': {
        const { base, tuned, start, options } = request.input;
        return leadingQuantities(memory, base, tuned, start, options, checkCancelled);
      }
      case 'stats':
        return elementStats(memory, request.input, checkCancelled);
      case 'histogram':
        return elementHistogram(memory, request.input, checkCancelled);
      case 'agreeing':
        return agreeingSums(request.input.sides, checkCancelled);
      case 'compare':
        return elementCompare(memory, request.input, checkCancelled);
      case 'compareFiles':
        return elementCompareFiles(memory, request.input, checkCancelled);
    }
  };
  port.on('message', (request: Request) => {
    let reply: Reply;
    try {
      reply = { id: request.id, output: run(request) };
    } catch (error) {
      reply = { id: request.id, error: toWireError(error) };
    }
    port.postMessage(reply);
  });
}

if (parentPort) serve(parentPort, workerData as WorkerSetup);
