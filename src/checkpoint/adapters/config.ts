/** Reads the adapter_config.json beside an adapter. */
import { join, places } from '../../bytes/index.ts';
import { ADAPTER_CONFIG_FILE, type ProblemList } from '../../formats/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { fieldsOf, settingsOf, type AdapterConfig } from './settings.ts';

/** Real ones have kilobytes. */
const MAX_BYTES = 1024 * 1024;

/** Null if there is none, or it is not usable; then a problem says so. Throws cancelled only. */
export async function readAdapterConfig(
  folder: string,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<AdapterConfig | null> {
  const path = join(folder, ADAPTER_CONFIG_FILE);
  if ((await places.stamp(path)) === null) return null;
  const unusable = (why: string, code = 'adapter-config-invalid'): null => {
    problems.add('warning', code, `${ADAPTER_CONFIG_FILE} ${why}.`, 'Download it again: scale and kind are there.');
    return null;
  };
  try {
    const source = await places.open(path);
    try {
      if (source.sizeBytes > MAX_BYTES)
        return unusable(`has ${source.sizeBytes} bytes, more than the ${MAX_BYTES} read`);
      const bytes = new Uint8Array(source.sizeBytes);
      await source.read(0, bytes, signal);
      const fields = fieldsOf(new TextDecoder().decode(bytes));
      return fields ? settingsOf(fields) : unusable('is not a JSON object');
    } finally {
      await source.close();
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof OffaxisError)) throw error;
    return unusable(`could not be read: ${error.message}`, 'adapter-config-unreadable');
  }
}
