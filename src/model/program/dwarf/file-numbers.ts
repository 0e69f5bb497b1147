/** Paths of the files that the entries of a unit name by numbers. */
import { attributes, tags } from './constants.ts';
import type { Entries, Unit } from './entries.ts';
import type { ProgramFunction } from './functions.ts';
import type { LineTable } from './lines.ts';
import { joinPath } from './paths.ts';

/**
 * The paths by number: those of the line table. The Chess compiler writes a line table of its own, which has only the files
 * that have code, but leaves the numbers of its front end in the entries. There only one number can be told: that of the
 * unit's own source. `functions` are those of the unit that have code. Throws `DebugFault`.
 */
export function filesOfUnit(
  entries: Entries,
  unit: Unit,
  table: LineTable,
  functions: readonly ProgramFunction[],
): (number: number) => string | undefined {
  if (!isOfAnotherTable(entries, unit, table)) return (number) => table.files[number];
  const own = ownNumber(entries, unit, table, functions);
  return (number) => (number === own ? joinPath(unit.folder, unit.name) : undefined);
}

/** Whether entries have numbers that the table does not. */
function isOfAnotherTable(entries: Entries, unit: Unit, table: LineTable): boolean {
  for (let entry = unit.firstEntry; entry < unit.entriesEnd; entry++) {
    const tag = entries.tag(entry);
    if (tag !== tags.subprogram && tag !== tags.inlinedSubroutine) continue;
    for (const attribute of [attributes.callFile, attributes.declarationFile]) {
      if ((entries.number(entry, attribute) ?? 0) >= table.files.length) return true;
    }
  }
  return false;
}

/**
 * The number of the unit's own source: that of all its functions with code, where the lines of the calls in them are lines
 * of that source more often than of any other.
 */
function ownNumber(
  entries: Entries,
  unit: Unit,
  table: LineTable,
  functions: readonly ProgramFunction[],
): number | undefined {
  const numbers = new Set(
    functions.map(({ entry }) =>
      entries.inherited(entry, (one) => entries.number(one, attributes.declarationFile)),
    ),
  );
  const [number] = numbers;
  if (numbers.size !== 1 || number === undefined) return undefined;
  const filesOfLine = new Map<number, Set<string>>();
  for (const { file, line } of table.rows()) {
    filesOfLine.set(line, (filesOfLine.get(line) ?? new Set<string>()).add(file));
  }
  const callLines = new Set<number>();
  for (let entry = unit.firstEntry; entry < unit.entriesEnd; entry++) {
    if (entries.tag(entry) !== tags.inlinedSubroutine) continue;
    if (entries.number(entry, attributes.callFile) !== number) continue;
    callLines.add(entries.number(entry, attributes.callLine) ?? 0);
  }
  const counts = new Map<string, number>([[joinPath(unit.folder, unit.name), 0]]);
  for (const line of callLines) {
    for (const file of filesOfLine.get(line) ?? []) counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  const own = counts.get(joinPath(unit.folder, unit.name)) ?? 0;
  return Math.max(...counts.values()) === own ? number : undefined;
}
