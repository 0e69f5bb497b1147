import { type ArrayShape, type ColumnRange, totalBytes } from '../model/geometry.ts';
import { markdownCode } from '../model/plain.ts';
import type { BoardInfo, Partition, PartitionInfo } from './board.ts';

/** What a board report is made of. */
export interface ReportFacts {
  readonly info: BoardInfo;
  readonly partitions: readonly PartitionInfo[];
  readonly freeColumns: readonly ColumnRange[];
  /** Partitions whose memory types are known already; the report maps nothing by itself. */
  readonly opened: readonly Partition[];
  readonly toolVersion: string;
  readonly route: readonly string[];
  /** User id that the core runs as; -1 if unknown. */
  readonly uid: number;
}

/** Everything a bug report needs, as Markdown in English. Text from the board is quoted so that it cannot format. */
export function formatReport(facts: ReportFacts): string {
  const { info } = facts;
  const rows: [string, string][] = [
    ['Tilescope', facts.toolVersion === '' ? 'unknown version' : facts.toolVersion],
    ['core', info.coreVersion === '' ? 'none (simulated)' : info.coreVersion],
    ['device', info.device],
    ['driver family', info.family],
    ['generation', info.generation],
    ['array', shapeText(info.array)],
    ['host name', info.hostName],
    ['kernel', info.kernel],
    ['machine', info.machine],
    ['page size', `${info.pageSize} bytes`],
    ['boot id', info.bootId],
    ['user id', facts.uid < 0 ? 'unknown' : String(facts.uid)],
  ];
  const lines = ['# Board report', '', '| | |', '|---|---|'];
  for (const [name, value] of rows) lines.push(`| ${name} | ${markdownCode(value)} |`);
  if (facts.route.length > 0)
    lines.push('', '## Route', '', ...facts.route.map((line) => `- ${markdownCode(line)}`));
  lines.push('', '## Findings', '');
  if (info.findings.length === 0) lines.push('none');
  for (const finding of info.findings) lines.push(`- ${markdownCode(finding)}`);
  lines.push('', '## Partitions', '');
  if (facts.partitions.length === 0) lines.push('none');
  else lines.push('| id | columns | rows | state | epoch |', '|---|---|---|---|---|');
  for (const one of facts.partitions) {
    const columns = columnText(one.columns);
    const rowText = `${one.startRow} to ${one.startRow + one.numRows - 1}`;
    lines.push(
      `| ${one.id} | ${columns} | ${rowText} | ${markdownCode(stateText(one))} | ${markdownCode(one.epoch)} |`,
    );
  }
  const free = facts.freeColumns.map((run) => columnText(run)).join(', ');
  if (free !== '') lines.push('', `Free columns: ${free}`);
  lines.push('', '## Memories', '');
  if (facts.opened.length === 0) lines.push('none opened yet');
  else
    lines.push(
      '| columns | memory | rows | bytes per tile | bytes | writable |',
      '|---|---|---|---|---|---|',
    );
  for (const partition of facts.opened) {
    for (const { geometry, writable } of partition.memories) {
      const columns = columnText(geometry);
      const rowText = `${geometry.startRow} to ${geometry.startRow + geometry.numRows - 1}`;
      const sizes = `${geometry.bytesPerTile} | ${totalBytes(geometry)}`;
      lines.push(`| ${columns} | ${geometry.type} | ${rowText} | ${sizes} | ${writable ? 'yes' : 'no'} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function columnText({ startCol, numCols }: ColumnRange): string {
  return `${startCol} to ${startCol + numCols - 1}`;
}

function shapeText(shape: ArrayShape | undefined): string {
  if (shape === undefined) return 'unknown';
  const { numCols, shim, memory, core } = shape;
  const rows = (
    [
      ['shim', shim],
      ['memory', memory],
      ['core', core],
    ] as const
  )
    .filter(([, { count }]) => count > 0)
    .map(([kind, { start, count }]) => `${kind} ${start} to ${start + count - 1}`);
  return `${numCols === 0 ? 'unknown' : numCols} columns; rows: ${rows.join(', ')}`;
}

/** Who keeps the partition, and what this connection has asked for. */
function stateText(partition: PartitionInfo): string {
  const { hold } = partition;
  const parts = [ownerText(partition)];
  if (hold !== undefined) {
    const until = new Date(hold.until);
    const end = Number.isNaN(until.getTime()) ? String(hold.until) : until.toISOString();
    parts.push(`held by pid ${hold.pid} until ${end}`);
  }
  if (partition.picked) parts.push('picked');
  if (partition.clocksOn) parts.push('clocks enabled');
  return parts.join(', ');
}

function ownerText({ inUse, ownerGone, owner }: PartitionInfo): string {
  if (!inUse) return 'free';
  if (ownerGone) return 'owner gone';
  if (owner?.kind === 'kernel') return 'in use by the kernel';
  if (owner === undefined || owner.kind === 'hidden') return 'in use, owner hidden';
  return `in use by ${owner.command} (pid ${owner.pid})`;
}
