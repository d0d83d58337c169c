/**
 * The one place that writes files of the product: command line, engine, host and stores all come here, and ESLint keeps it so.
 *
 *     await writeWhole(path, text, { reads: await readsOf([base, tuned]), signal });   // a result that is in memory
 *     const output = await createOutput(path, { reads });                      // one that comes in pieces
 *     try { await output.write(bytes); await output.commit(); } finally { await output.discard(); }
 *     await clearLeftovers(folder);                                            // at the start, in a folder of ours
 *     await removeFile(file); await moveFile(from, to);                        // in a folder of ours
 *
 * A destination is never written in place: see write.ts. What is refused, and why: see destination.ts.
 */
export { refuseDestination, type DestinationOptions } from './destination.ts';
export { cacheFolder } from '../bytes/index.ts';
export { clearLeftovers } from './leftovers.ts';
export { isPartOfCheckpoint } from '../formats/index.ts';
export { readsOf } from './reads.ts';
export {
  createOutput,
  makeFolder,
  moveFile,
  removeFile,
  removeFolder,
  touchFile,
  writeWhole,
  type Output,
  type WriteOptions,
} from './write.ts';
export { outputError, writeStandardOutput } from './standardOutput.ts';
