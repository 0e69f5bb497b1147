/** Stages the bytes of a file, once a person has seen what would change. Writes nothing: *Apply* does. */
import * as vscode from 'vscode';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { type ByteRange, formatTile, locate } from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import { bytesIn, RangeCollector } from '../model/ranges.ts';
import { sayInformation } from '../say/say.ts';
import { sideOfBytes } from '../session/comparison.ts';
import type { SessionBytes } from '../session/types.ts';
import type { Comparisons } from './compare/comparisons.ts';
import {
  type AskedFile,
  askedFile,
  askForFile,
  askForType,
  type FileQuestions,
  frontPanel,
  shownInOneRun,
} from './compare/file-questions.ts';
import type { TileDocument } from './document.ts';
import { refuseLocked } from './locked-memory.ts';
import type { HexEditorProvider } from './provider.ts';

/** What importing a file would change. */
export interface ImportPlan {
  /** Runs of bytes that become others; offsets count from the first byte of the file's range. */
  readonly changes: readonly ByteRange[];
  /** Bytes of the file whose place cannot be read, and so cannot be edited. */
  readonly barred: number;
}

/** What the bytes of a file would change of those that are shown. */
export function importPlan(
  shown: Pick<SessionBytes, 'bytes' | 'flags'>,
  side: AskedFile['side'],
): ImportPlan {
  const changes = new RangeCollector();
  let barred = 0;
  for (let at = 0; at < side.bytes.length; at++) {
    if (side.states !== undefined && side.states[at] === 0) continue;
    const flags = shown.flags[at] ?? 0;
    if (isUnreadable(flags) || (flags & (stateBits.known | stateBits.staged)) === 0) barred++;
    else if (shown.bytes[at] !== side.bytes[at]) changes.add(at);
  }
  return { changes: changes.ranges, barred };
}

export class Imports implements FileQuestions {
  readonly #provider: HexEditorProvider;
  readonly #comparisons: Pick<Comparisons, 'begin'>;

  askFile = askForFile;
  askType = askForType;

  /** How a person is asked after the preview; tests answer in their place. */
  confirm: (text: string) => Promise<boolean> = confirmInMessage;

  constructor(provider: HexEditorProvider, comparisons: Pick<Comparisons, 'begin'>) {
    this.#provider = provider;
    this.#comparisons = comparisons;
  }

  /**
   * Asks for a file, compares the memory with it as a preview, and stages what differs once a person agrees. Rejects with
   * BoardError (`locked`: also before anything is asked), FileError, SessionError.
   */
  async import(document: TileDocument): Promise<void> {
    const { session } = document;
    const panel = frontPanel(document);
    const shown = shownInOneRun(document, panel);
    if (panel === undefined || shown === undefined) return;
    const refuse = (): void => refuseLocked(session, document, 'import into a locked memory', panel);
    refuse();
    const file = await askedFile(shown, panel.cells, vscode.l10n.t('Import'), this);
    if (file === undefined) return;
    const { name, range, side, choice } = file;
    await this.#comparisons.begin(document, { name, range, side: sideOfBytes(side), choice, notes: [] });
    const { changes, barred } = importPlan(session.bytes(range), side);
    if (changes.length === 0) {
      sayInformation(
        vscode.l10n.t('There is nothing to stage: the memory holds the bytes of {0} already.', name),
      );
      return;
    }
    const place = locate(shown.geometry, range.offset);
    const where = `${formatTile(place.tile)}+${hexNumber(place.offset)}`;
    const what = vscode.l10n.t(
      '{0} would change {1} bytes from {2} on; the marked values differ.',
      name,
      bytesIn(changes),
      where,
    );
    const left =
      barred === 0 ? '' : ` ${vscode.l10n.t('{0} bytes cannot be read and stay as they are.', barred)}`;
    const after = vscode.l10n.t('Staged bytes reach the device with Apply only.');
    if (!(await this.confirm(`${what}${left} ${after}`))) return;
    // The question may have outlived the editor.
    if (this.#provider.document(document.uri) !== document) return;
    refuse();
    // What was typed meanwhile stays, unless the file says otherwise.
    const edits = importPlan(session.bytes(range), side).changes.map(({ offset, length }) => ({
      offset: range.offset + offset,
      bytes: side.bytes.slice(offset, offset + length),
    }));
    if (edits.length > 0) this.#provider.edit(document, vscode.l10n.t('Import'), edits);
  }
}

/** Not modal: the grid shows what would change. */
async function confirmInMessage(text: string): Promise<boolean> {
  const stage = vscode.l10n.t('Stage');
  return (await sayInformation(text, stage)) === stage;
}
