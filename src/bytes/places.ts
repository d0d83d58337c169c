/** Every kind of place, told apart by the path. */
import { isRemote } from './path.ts';
import { disk, type Place } from './place.ts';
import { RemotePlace } from './remote/place.ts';

/** One for the process, as its environment is: connections, tokens and what was looked at lately. */
export const remote = new RemotePlace();

const placeOf = (path: string): Place => (isRemote(path) ? remote : disk);

/** Any of them, by the path. */
export const places: Place = {
  kind: (path) => placeOf(path).kind(path),
  list: (folder) => placeOf(folder).list(folder),
  canList: (folder) => placeOf(folder).canList(folder),
  open: (path) => placeOf(path).open(path),
  stamp: (path) => placeOf(path).stamp(path),
};
