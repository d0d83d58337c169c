/** What a scan found as SARIF 2.1.0 (OASIS), for CI systems that show findings where they are: `offaxis check --sarif`. */
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isAbsolute, isRemote, join, relative } from '../bytes/path.ts';
import type { CheckResult, Finding } from '../protocol/health.ts';
import type { Severity } from '../protocol/results.ts';
import { SENTENCE_LENGTH, visible } from '../text/show.ts';

const LEVEL: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export interface SarifContext {
  version: string;
  /** of the process: files below it are named from there, so that a CI system finds them in its checkout */
  folder: string;
  /** the checkpoint's own folder, absolute or an address; findings name their files within it */
  checkpointFolder: string;
}

/**
 * One run. A rule's id is the finding's code, which is stable (METRICS section C; header problems have codes of their own). A finding
 * lies in a file, at a byte if that is known, and in a tensor, which SARIF calls a logical location.
 */
export function checkSarif(
  { path, findings }: CheckResult,
  { version, folder, checkpointFolder }: SarifContext,
): object {
  const rules = new Map<string, { index: number; severity: Severity }>();
  for (const { code, severity } of findings) if (!rules.has(code)) rules.set(code, { index: rules.size, severity });
  const uriOf = (file: string | undefined): string => {
    const absolute = file === undefined ? path : join(checkpointFolder, file);
    if (isRemote(absolute)) return addressUri(absolute);
    const inside = relative(folder, absolute);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      return pathToFileURL(absolute).href;
    return inside.split(sep).map(encodeURIComponent).join('/');
  };
  const resultOf = (finding: Finding): object => {
    const { severity, code, message, file, tensor, byteOffset, related } = finding;
    const tensors = [...(tensor === undefined ? [] : [tensor]), ...(related ?? [])];
    return {
      ruleId: code,
      ruleIndex: rules.get(code)?.index,
      level: LEVEL[severity],
      message: { text: visible(message, SENTENCE_LENGTH) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(file) },
            ...(byteOffset === undefined ? {} : { region: { byteOffset } }),
          },
          ...(tensors.length ? { logicalLocations: tensors.map((name) => logicalLocation(name)) } : {}),
        },
      ],
      partialFingerprints: { 'offaxis/v1': [code, file ?? '', tensor ?? ''].join(':') },
    };
  };
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Offaxis',
            version,
            rules: [...rules].map(([id, { severity }]) => ({
              id,
              shortDescription: { text: id.replaceAll('-', ' ') },
              defaultConfiguration: { level: LEVEL[severity] },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(resultOf),
      },
    ],
  };
}

function logicalLocation(name: string): object {
  return { name: visible(name), fullyQualifiedName: visible(name), kind: 'resource' };
}

/** Names of hf: and s3: addresses are as people write them, of web addresses as a URI has them. */
function addressUri(address: string): string {
  return /^https?:/i.test(address) ? address : encodeURI(address).replace(/[?#]/g, encodeURIComponent);
}
