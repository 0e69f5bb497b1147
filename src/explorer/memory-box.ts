/** Asks which memory is meant: by a tile that is typed, or a choice at a time. Loaded at its first use. */
import * as vscode from 'vscode';
import { type Partition, patience } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import type { BoardEntry } from '../boards/boards.ts';
import { formatTile, type Tile, tiles } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { MemoryResource } from '../model/resource.ts';
import { pickTyped } from '../say/pick-typed.ts';
import { pickFrom, sayInformation } from '../say/say.ts';
import type { CommandServices } from './commands.ts';
import { arrayOf, columnsText, keyIfShared, memoryName, ownerText, sizeText } from './nodes.ts';
import { openTileLines } from './tile-box.ts';

/**
 * The memory of a tile by column and row. A text that is given is taken for what is typed; one that names no tile is answered
 * with a sentence.
 *
 * @param active the memory of the editor in front: the tile of the same memory comes first
 */
export async function askTile(
  given: string | undefined,
  { boards, picks }: Pick<CommandServices, 'boards' | 'picks'>,
  active: MemoryResource | undefined,
): Promise<(MemoryResource & { readonly tile: Tile }) | undefined> {
  const lines = (typed: string) =>
    openTileLines(
      typed,
      boards.entries
        .filter(({ link }) => link.state.kind === 'connected')
        .map((entry) => ({
          id: entry.id,
          label: entry.config.label,
          array: arrayOf(entry),
          partitions: picks.shown(entry.id, entry.link.partitions),
        })),
      active,
      { memoryName, columnsText, l10n: vscode.l10n },
    );
  if (given !== undefined) {
    const [line] = lines(given);
    if (line !== undefined && line.resource === undefined) sayInformation(line.label);
    return line?.resource;
  }
  const line = await pickTyped({
    title: vscode.l10n.t('Open Tile'),
    placeHolder: vscode.l10n.t('(column,row), such as (3,2)'),
    lines,
    onActive: () => undefined,
    isAnswer: ({ resource }) => resource !== undefined,
  });
  return line?.resource;
}

/** A memory of a connected board, by partition, memory type and tile. Rejects with BoardError. */
export async function askMemory(
  entry: BoardEntry,
  { picks, consent }: Pick<CommandServices, 'picks' | 'consent'>,
): Promise<MemoryResource | undefined> {
  const partition = await pickFrom(
    picks.shown(entry.id, entry.link.partitions).map((info) => ({
      label: columnsText(info),
      description: [...keyIfShared(entry, info), ownerText(info)].join(' · '),
      info,
    })),
    { title: entry.config.label, placeHolder: vscode.l10n.t('Partition') },
  );
  if (partition === undefined) return undefined;
  const { key } = partition.info;
  const opened = await openPartition(entry, key, consent);
  if (opened === undefined) return undefined;
  const memory = await pickFrom(
    opened.memories.map(({ geometry }) => ({
      label: memoryName(geometry.type),
      description: sizeText(geometry.bytesPerTile),
      geometry,
    })),
    { title: columnsText(partition.info), placeHolder: vscode.l10n.t('Memory type') },
  );
  if (memory === undefined) return undefined;
  const whole: MemoryResource = { board: entry.id, partition: key, memory: memory.geometry.type };
  const place = await pickFrom(
    [
      { label: vscode.l10n.t('All tiles'), resource: whole },
      ...tiles(memory.geometry).map((tile) => ({
        label: formatTile(tile),
        resource: { ...whole, tile },
      })),
    ],
    { title: memory.label, placeHolder: vscode.l10n.t('Tile') },
  );
  return place?.resource;
}

/** Opens a partition, asking first about an unknown driver; `undefined` if the person declines. */
async function openPartition(
  entry: BoardEntry,
  key: PartitionKey,
  consent: CommandServices['consent'],
): Promise<Partition | undefined> {
  try {
    return await entry.link.open(key, AbortSignal.timeout(patience));
  } catch (error) {
    if (toBoardError(error).code !== 'unknown-driver') throw error;
    if (!(await consent.ask(entry))) return undefined;
    return entry.link.open(key, AbortSignal.timeout(patience));
  }
}
