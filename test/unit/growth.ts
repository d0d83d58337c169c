/** What a task costs at two sizes, for tests that guard against costs which grow faster than the input. */

/** Less than this is not told apart: what starts and stops costs as much. */
const FLOOR_MS = 5;
const ROUNDS = 4;

/** Milliseconds of CPU that this process spent on it, all threads. Other processes take none of these, however busy the machine is. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * How many times as much CPU `work` takes at `large` as at `small`, each the least of several rounds: `large / small` if it is linear,
 * that squared if it is quadratic. Ends as soon as it is under `limit`, as more rounds only make it less.
 */
export async function growth(
  work: (size: number) => unknown,
  small: number,
  large: number,
  limit: number,
): Promise<number> {
  let [least, most] = [Infinity, Infinity];
  let ratio = Infinity;
  for (let round = 0; round < ROUNDS && ratio >= limit; round++) {
    least = Math.min(least, await cpuMs(() => work(small)));
    most = Math.min(most, await cpuMs(() => work(large)));
    ratio = Math.max(most, FLOOR_MS) / Math.max(least, FLOOR_MS);
  }
  return ratio;
}
