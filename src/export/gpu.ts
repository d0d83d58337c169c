/** The report on this machine's GPU as text for people: `offaxis gpu` and "Offaxis: Show GPU Information" print the same. */
import type { AdapterFacts, GpuReport } from '../protocol/gpu.ts';

const MIB = 2 ** 20;
/** as long as the longest name of a limit */
const LABEL_WIDTH = 'minStorageBufferOffsetAlignment'.length;

/** Lines of "label  value", in sections; ends without a line break. */
export function gpuReportText(report: GpuReport): string {
  const { chosen, why, remedy, requested, runtime, library, adapter, probe, memoryCapBytes, failures } = report;
  const sections: [string, [string, string][]][] = [
    [
      'Choice',
      [
        ['spectra run on', chosen === 'gpu' ? `GPU: ${adapter?.name ?? ''}` : 'CPU'],
        ['why', why],
        ...(remedy === null ? [] : [['what to do', remedy] as [string, string]]),
        ['asked for', requested],
      ],
    ],
    ['Adapter', adapter ? adapterLines(adapter) : [['none', library.reason ?? 'no adapter was found or looked for']]],
    [
      'Read-back probe',
      [
        ['result', probe === null ? 'not tried' : probe.ok ? 'passed' : `failed: ${probe.reason ?? ''}`],
        ...(probe ? [['time', `${probe.elapsedMs.toFixed(1)} ms`] as [string, string]] : []),
      ],
    ],
    [
      'Memory',
      [['pool of GPU buffers', memoryCapBytes === null ? 'none' : `at most ${Math.round(memoryCapBytes / MIB)} MiB`]],
    ],
    [
      'Engine',
      [
        ['runs on', runtime.kind === 'electron' ? `Electron ${runtime.electron ?? ''}` : 'Node.js'],
        ['Node.js version', runtime.version],
        ['program', runtime.execPath],
        ['platform', `${runtime.platform}-${runtime.arch}`],
        ['WebGPU library', library.name],
        ['library file', library.file ?? library.reason ?? 'not looked for'],
      ],
    ],
  ];
  if (failures.length)
    sections.push([
      report.suspect ? 'Device failures (the device is suspect)' : 'Device failures',
      failures.map((failure, i) => [String(i + 1), failure]),
    ]);
  return sections
    .map(([title, lines]) => [title, ...lines.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)}  ${value}`)])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function adapterLines({ name, kind, vendor, architecture, device, driver, features, limits }: AdapterFacts) {
  const lines: [string, string][] = [
    ['name', name],
    ['kind', kind === 'hardware' ? 'hardware' : 'software: it computes on the CPU'],
    ['vendor', vendor || 'not told'],
    ['architecture', architecture || 'not told'],
    ['device', device || 'not told'],
    ['driver', driver || 'not told'],
    ['features', features.join(', ') || 'none'],
  ];
  for (const [limit, value] of Object.entries(limits)) lines.push([limit, limitText(limit, value)]);
  return lines;
}
/** Sizes of buffers in MiB beside the exact number; counts as they are. */
function limitText(name: string, value: number): string {
  return /Size$/.test(name) && value >= MIB ? `${value} (${(value / MIB).toFixed(0)} MiB)` : String(value);
}
