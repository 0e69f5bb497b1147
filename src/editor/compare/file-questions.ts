/** Asks for a file, for the type of its values and their place in a memory. Knows no comparison. */
import * as vscode from 'vscode';
import { readKept, saysItIsKept } from '../../board/snapshot/kept-file.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice } from '../../model/cells/choices.ts';
import type { SideBytes } from '../../model/compare/compare.ts';
import { FileError } from '../../model/files/file-error.ts';
import { bytesOf } from '../../model/files/file-numbers.ts';
import { type GoldenFile, readGoldenFile } from '../../model/files/golden-file.ts';
import { type ByteRange, formatTile, locate } from '../../model/geometry.ts';
import { hexNumber } from '../../model/numbers.ts';
import { pickFrom, sayInformation } from '../../say/say.ts';
import type { TileDocument } from '../document.ts';
import type { HexPanel } from '../panel.ts';
import {
  type ExpectedPlace,
  expectedPlaces,
  placedSide,
  rawChoice,
  type Shown,
  typesFor,
} from './expected-places.ts';
import { runsOf } from './snapshot-runs.ts';

/** A larger file holds no memory. */
const mostFileBytes = 512 * 1024 * 1024;

/** How a person is asked; tests answer in their place. */
export interface FileQuestions {
  /** @param title what the file is for */
  askFile(title: string): Promise<vscode.Uri | undefined>;
  askType(types: readonly CellChoice[], title: string): Promise<CellChoice | undefined>;
}

/** A file with the place of its bytes in a memory. */
export interface AskedFile {
  readonly name: string;
  /** Buffer offsets. */
  readonly range: ByteRange;
  /** Bytes of the range; some are not known where the file has places of its own. */
  readonly side: SideBytes;
  readonly choice: CellChoice;
  /** Bytes of the file that are beyond the range. */
  readonly left: number;
}

/** Asks for all that is not clear; undefined if a person gave no answer. Rejects with FileError, and what VS Code says. */
export async function askedFile(
  shown: Shown,
  cells: CellChoice,
  title: string,
  questions: FileQuestions,
): Promise<AskedFile | undefined> {
  const uri = await questions.askFile(title);
  if (uri === undefined) return undefined;
  const name = uri.path.split('/').at(-1) ?? '';
  const content = await contentOf(uri);
  const file: GoldenFile = saysItIsKept(content)
    ? { kind: 'placed', placed: { runs: runsOf(readKept(content, name, Date.now()), shown) } }
    : readGoldenFile(name, content);
  if (file.kind === 'placed') {
    const { range, side } = placedSide(shown, file.placed.runs);
    return { name, range, side, choice: file.placed.choice ?? rawChoice(cells, range.length), left: 0 };
  }
  const held = await typedBytes(file, cells, title, questions);
  const place = held && (await askForPlace(shown, held.bytes.length, title));
  if (held === undefined || place === undefined) return undefined;
  const { range } = place;
  const side = { bytes: held.bytes.subarray(0, range.length) };
  return { name, range, side, choice: held.choice, left: held.bytes.length - range.length };
}

/** The bytes that a file without places has in memory; undefined if a person did not say of which type. */
async function typedBytes(
  file: Exclude<GoldenFile, { kind: 'placed' }>,
  cells: CellChoice,
  title: string,
  questions: FileQuestions,
): Promise<{ readonly bytes: Uint8Array; readonly choice: CellChoice } | undefined> {
  if (file.kind === 'raw') {
    if (file.bytes.length === 0) throw new FileError('file-empty');
    return { bytes: file.bytes, choice: rawChoice(cells, file.bytes.length) };
  }
  const choice = await questions.askType(typesFor(file.numbers, cells), title);
  return choice && { bytes: bytesOf(file.numbers, choice.name, choice.order), choice };
}

/** The bytes of a file. Rejects with FileError. */
async function contentOf(uri: vscode.Uri): Promise<Uint8Array> {
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > mostFileBytes) throw new FileError('file-too-large', { most: mostFileBytes });
    const { buffer, byteOffset, length } = await vscode.workspace.fs.readFile(uri);
    // VS Code may give one of Node's buffers, which does not reach a page as bytes.
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    if (error instanceof FileError || !(error instanceof Error)) throw error;
    throw new FileError('file-unreadable', { text: error.message });
  }
}

/** The editor of a document that is in front, else any of it. */
export function frontPanel(document: TileDocument): HexPanel | undefined {
  return [...document.panels].toSorted((a, b) => Number(b.view.active) - Number(a.view.active))[0];
}

/** What a person looks at; undefined while the layout is not known. */
export function shownIn(document: TileDocument, panel: HexPanel | undefined): Shown | undefined {
  const shown = document.isOutside ? undefined : document.shown;
  if (shown === undefined || panel === undefined) return undefined;
  const { cursor, start, length } = panel.selection ?? { cursor: shown.range.offset, start: 0, length: 0 };
  const isExtended = length > cellFormat(panel.cells, true).bytes;
  const named = panel.namedRangeAt(cursor);
  return {
    ...shown,
    cursor,
    ...(isExtended ? { selected: { offset: start, length } } : {}),
    ...(named === undefined ? {} : { named }),
  };
}

/** As `shownIn`; where several runs are selected, says that it takes one, and is undefined. */
export function shownInOneRun(document: TileDocument, panel: HexPanel | undefined): Shown | undefined {
  const { selected = 0, length = 0 } = panel?.selection ?? {};
  if (selected === length) return shownIn(document, panel);
  sayInformation(
    vscode.l10n.t(
      'Several runs of bytes are selected. Select one: files and tiles are compared byte after byte.',
    ),
  );
  return undefined;
}

/** Asks in VS Code's dialog. */
export async function askForFile(title: string): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Choose'),
    canSelectMany: false,
  });
  return chosen?.[0];
}

/** Asks in a list. */
export async function askForType(
  types: readonly CellChoice[],
  title: string,
): Promise<CellChoice | undefined> {
  const items = types.map((choice) => {
    const { bytes } = cellFormat(choice, true);
    const size = bytes === 1 ? vscode.l10n.t('1 byte') : vscode.l10n.t('{0} bytes', bytes);
    const description = choice.order === 'big' ? vscode.l10n.t('{0}, big-endian', size) : size;
    return { label: choice.name, description, choice };
  });
  const placeHolder = vscode.l10n.t('What the values of the file are in memory');
  return (await pickFrom(items, { title, placeHolder }))?.choice;
}

/** Asks where the bytes of a file begin, unless there is one place only. */
async function askForPlace(shown: Shown, bytes: number, title: string): Promise<ExpectedPlace | undefined> {
  const places = expectedPlaces(shown, bytes);
  if (places.length < 2) return places[0];
  const names = {
    selection: vscode.l10n.t('The selection'),
    name: vscode.l10n.t('The bytes of {0}', shown.named?.name ?? ''),
    cursor: vscode.l10n.t('From the cursor on'),
    tile: vscode.l10n.t('From the beginning of the tile on'),
    editor: vscode.l10n.t('From the beginning of the editor on'),
  };
  const items = places.map((place) => {
    const { tile, offset } = locate(shown.geometry, place.range.offset);
    const size = vscode.l10n.t('{0} bytes', place.range.length);
    return {
      label: names[place.from],
      description: `${formatTile(tile)}+${hexNumber(offset)}, ${size}`,
      place,
    };
  });
  const placeHolder = vscode.l10n.t('Where the first value of the file belongs');
  return (await pickFrom(items, { title, placeHolder }))?.place;
}
