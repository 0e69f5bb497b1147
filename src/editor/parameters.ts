/** Lists the run-time parameters of a partition with their values, and stages another value for one of them. */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { cellFormat } from '../model/cells/cell-format.ts';
import type { CellFormat } from '../model/cells/format.ts';
import {
  type ByteRange,
  containsTile,
  formatTile,
  type MemoryGeometry,
  type TileOffset,
} from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import {
  currentBuffer,
  type ParameterBuffer,
  type ParameterRefusal,
  type PlacedParameter,
  parameterCells,
  parameterEdits,
  parameterOffset,
  parameterTexts,
  parseParameter,
  selectorBytes,
} from '../model/program/parameters.ts';
import { type MemoryResource, resourcePath, scheme } from '../model/resource.ts';
import { askText, pickFrom, sayInformation, type TextQuestion } from '../say/say.ts';
import type { MemorySession } from '../session/memory-session.ts';
import { withDataMemory } from './data-memory.ts';
import type { TileDocument } from './document.ts';
import { refuseLocked } from './locked-memory.ts';
import { type HexEditorProvider, viewType } from './provider.ts';

const wanted = 'set a parameter in a locked memory';
/** Values of one parameter that the list shows, and that can be typed. */
const mostListed = 8;
const mostTyped = 64;

/** A line of the list. */
export interface ParameterItem extends vscode.QuickPickItem {
  readonly parameter: PlacedParameter;
}

/** The bytes of a range as the device holds them; undefined where they cannot be read. */
function heldBytes(session: MemorySession, range: ByteRange): Uint8Array | undefined {
  const { base, flags } = session.bytes(range);
  const isThere = flags.every((flag) => (flag & stateBits.known) !== 0 && !isUnreadable(flag));
  return isThere ? base : undefined;
}

function placeText({ tile, offset }: TileOffset): string {
  return `${formatTile(tile)}+${hexNumber(offset, 4)}`;
}

function bufferName(buffer: ParameterBuffer): string {
  return buffer === 'ping' ? vscode.l10n.t('ping') : vscode.l10n.t('pong');
}

function formatOf(parameter: PlacedParameter): CellFormat {
  return cellFormat({ name: parameterCells(parameter), order: 'little' }, true);
}

/** What is known of a parameter without its bytes: type, size, places, locks. */
function factsText(parameter: PlacedParameter): string {
  const { bytes, selector, ping, pong, type, locks, isOutput } = parameter;
  const facts = [
    type ?? vscode.l10n.t('type not known, shown as {0}', parameterCells(parameter)),
    vscode.l10n.t('{0} bytes', bytes),
    vscode.l10n.t('ping {0}, pong {1}, selector {2}', placeText(ping), placeText(pong), placeText(selector)),
  ];
  if (isOutput === true) facts.push(vscode.l10n.t('the graph sets it'));
  if (locks !== undefined) {
    facts.push(
      vscode.l10n.t('locks: ping {0}, pong {1}, selector {2}', locks.ping, locks.pong, locks.selector),
    );
  }
  return facts.join(' · ');
}

/** What staging does, and what the locks have to do with it. */
function stagingText(parameter: PlacedParameter, other: ParameterBuffer, isSelectorFirst: boolean): string {
  const { locks } = parameter;
  const sentences = [
    vscode.l10n.t(
      'Stages the value in {0}, the buffer that is not current, and then the selector, in one step.',
      bufferName(other),
    ),
    locks === undefined
      ? vscode.l10n.t('Apply takes no lock: a core that looks at that moment may see a part of it.')
      : vscode.l10n.t(
          'An application takes locks {0} and {1} for this; Apply takes none: a core that looks at that moment may see a part of it.',
          locks.selector,
          locks[other],
        ),
  ];
  if (isSelectorFirst)
    sentences.push(vscode.l10n.t('The selector lies before the buffer, so Apply writes it first.'));
  return sentences.join(' ');
}

function refusalText(refusal: ParameterRefusal, name: string): string {
  switch (refusal.kind) {
    case 'count':
      return vscode.l10n.t('{0} values are needed, with blanks between.', refusal.count);
    case 'unclear':
      return vscode.l10n.t('This is no value of type {0}.', name);
    case 'outside':
      return vscode.l10n.t('{0} goes from {1} to {2}.', name, refusal.least, refusal.most);
  }
}

export class Parameters {
  readonly #provider: HexEditorProvider;

  /** How a person chooses and types; tests answer in their place. */
  pick: (items: readonly ParameterItem[]) => Thenable<ParameterItem | undefined> = (items) =>
    pickFrom(items, { placeHolder: vscode.l10n.t('Run-time parameters: choose one to set it') });
  ask: (question: TextQuestion) => Thenable<string | undefined> = askText;

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** Reads and lists the parameters of a document's partition, and stages what a person types for one. Rejects with BoardError. */
  async show(document: TileDocument): Promise<void> {
    const { services } = this.#provider;
    const { board } = document.resource;
    await withDataMemory(services, document, async ({ resource, session, geometry, signal }) => {
      const here = services
        .parameters(board)
        .filter((one) => rangesOf(one, geometry).every((range) => range !== undefined));
      if (here.length === 0) {
        sayInformation(vscode.l10n.t('No build names a run-time parameter in this partition.'));
        return;
      }
      const ranges = here.flatMap((one) => rangesOf(one, geometry).filter((range) => range !== undefined));
      await Promise.all(ranges.map((range) => session.refresh(range, signal)));
      const picked = await this.pick(here.map((one) => itemOf(session, geometry, one)));
      if (picked !== undefined) await this.#set(session, geometry, picked.parameter, resource);
    });
  }

  async #set(
    session: MemorySession,
    geometry: MemoryGeometry,
    parameter: PlacedParameter,
    resource: MemoryResource,
  ): Promise<void> {
    const { port, bytes, isOutput } = parameter;
    const format = formatOf(parameter);
    const held = currentOf(session, geometry, parameter);
    const document = await this.#open(resource, parameter);
    const goTo = (buffer: ParameterBuffer): void => {
      const offset = parameterOffset(geometry, parameter[buffer]);
      for (const panel of document?.panels ?? []) if (panel.view.active) panel.reveal(offset, bytes);
    };
    goTo(held?.buffer ?? 'ping');
    if (held === undefined) {
      sayInformation(
        vscode.l10n.t('{0} cannot be set: its selector or its value is not read, or is no selector.', port),
      );
      return;
    }
    if (isOutput === true) {
      sayInformation(vscode.l10n.t('{0} is set by the graph: another value would not last.', port));
      return;
    }
    if (bytes / format.bytes > mostTyped) {
      sayInformation(vscode.l10n.t('{0} has more values than fit on a line: edit its bytes here.', port));
      return;
    }
    refuseLocked(session, document, wanted);
    const other = held.buffer === 'ping' ? 'pong' : 'ping';
    const isSelectorFirst =
      parameterOffset(geometry, parameter.selector) < parameterOffset(geometry, parameter[other]);
    const typed = await this.ask({
      title: port,
      prompt: stagingText(parameter, other, isSelectorFirst),
      value: parameterTexts(format, held.value).join(' '),
      refuse: (text) => {
        const parsed = parseParameter(format, bytes, text);
        return parsed instanceof Uint8Array ? undefined : refusalText(parsed, parameterCells(parameter));
      },
    });
    if (typed === undefined) return;
    const parsed = parseParameter(format, bytes, typed);
    if (!(parsed instanceof Uint8Array)) return;
    // The question may have outlived the editor, and the memory as it was.
    if (document === undefined || this.#provider.document(document.uri) !== document) {
      sayInformation(vscode.l10n.t('{0} was not set: the editor of its memory was closed.', port));
      return;
    }
    refuseLocked(session, document, wanted);
    const selector = { offset: parameterOffset(geometry, parameter.selector), length: selectorBytes };
    await session.refresh(selector, AbortSignal.timeout(patience));
    const now = session.geometry === geometry ? currentOf(session, geometry, parameter) : undefined;
    if (now === undefined) {
      sayInformation(
        vscode.l10n.t('{0} was not set: its selector says no longer which buffer is current.', port),
      );
      return;
    }
    const edits = parameterEdits(parameter, geometry, now.buffer, parsed);
    this.#provider.edit(document, vscode.l10n.t('Set {0}', port), edits);
    goTo(now.buffer === 'ping' ? 'pong' : 'ping');
  }

  /** An editor that shows all places of the parameter: of its tile, or of all tiles. */
  async #open(
    resource: MemoryResource,
    { selector, ping, pong }: PlacedParameter,
  ): Promise<TileDocument | undefined> {
    const { tile } = selector;
    const isOneTile = [ping, pong].every((one) => one.tile.col === tile.col && one.tile.row === tile.row);
    const path = resourcePath({ ...resource, ...(isOneTile ? { tile } : {}) });
    const uri = vscode.Uri.from({ scheme, authority: resource.board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    return this.#provider.document(uri);
  }
}

/** The bytes of selector, ping and pong; undefined for those that are not in the memory. */
function rangesOf(parameter: PlacedParameter, geometry: MemoryGeometry): (ByteRange | undefined)[] {
  return (['selector', 'ping', 'pong'] as const).map((part) => {
    const place = parameter[part];
    const length = part === 'selector' ? selectorBytes : parameter.bytes;
    const fits = containsTile(geometry, place.tile) && place.offset + length <= geometry.bytesPerTile;
    return fits && length > 0 ? { offset: parameterOffset(geometry, place), length } : undefined;
  });
}

/** The current buffer and what it holds on the device; undefined where that is not known. */
function currentOf(
  session: MemorySession,
  geometry: MemoryGeometry,
  parameter: PlacedParameter,
): { readonly buffer: ParameterBuffer; readonly value: Uint8Array } | undefined {
  const [selector, ping, pong] = rangesOf(parameter, geometry).map(
    (range) => range && heldBytes(session, range),
  );
  const buffer = selector && currentBuffer(selector);
  const value = buffer === 'ping' ? ping : pong;
  return buffer === undefined || value === undefined ? undefined : { buffer, value };
}

function itemOf(session: MemorySession, geometry: MemoryGeometry, parameter: PlacedParameter): ParameterItem {
  const current = currentOf(session, geometry, parameter);
  const texts = current && parameterTexts(formatOf(parameter), current.value);
  const value = texts?.slice(0, mostListed).join(' ') ?? '';
  const more = (texts?.length ?? 0) > mostListed ? ' ...' : '';
  const isStaged = rangesOf(parameter, geometry).some(
    (range) => range !== undefined && session.counts(range).staged > 0,
  );
  const parts =
    current === undefined
      ? [vscode.l10n.t('which buffer is current is not known')]
      : [`${value}${more}`, vscode.l10n.t('{0} is current', bufferName(current.buffer))];
  if (isStaged) parts.push(vscode.l10n.t('another value is staged'));
  return {
    label: parameter.port,
    description: parts.join(' · '),
    detail: factsText(parameter),
    parameter,
  };
}
