/** The disassembly of a core's program beside its program memory: one page of text, which follows the caret there and the core. */
import * as vscode from 'vscode';
import type { Disposable } from '../model/event.ts';
import { formatTile } from '../model/geometry.ts';
import { readElf } from '../model/program/elf.ts';
import { faultText } from '../model/program/fault-texts.ts';
import type { Instruction } from '../model/program/listing.ts';
import { textOf } from '../model/text-of.ts';
import { sayInformation } from '../say/say.ts';
import { bytesOf, exists, faultOf } from './build-file.ts';
import type { DebuggedTile } from './debug-face.ts';
import { type DisassemblyLine, disassemblyLines, lineAt } from './disassembly-lines.ts';
import { listingOf } from './listing-files.ts';
import { CoreProgram } from './programs.ts';
import { Refused } from './refused.ts';
import { noListingText } from './sentences.ts';

/** Program memory as editors show it; given by `extension.ts`. Offsets are program addresses. */
export interface ProgramMemory {
  /** The byte at the caret of the program memory that is in front. */
  atCaret(): (DebuggedTile & { readonly offset: number }) | undefined;
  /** Bytes as they were read; undefined where one of them was not. */
  bytes(place: DebuggedTile, offset: number, length: number): Uint8Array | undefined;
  /** Where the core was last seen in this epoch. */
  pc(place: DebuggedTile): number | undefined;
  /** The ELF that a build has for the core: its address. */
  elf(place: DebuggedTile): string | undefined;
  /** Selects bytes where an editor shows them. */
  reveal(place: DebuggedTile, offset: number, length: number): void;
  /** Fires when caret, bytes or program counters may be others. */
  readonly onDidChange: (listener: () => void) => Disposable;
}

/** Scheme of the pages. */
const disassemblyScheme = 'aie-disassembly';
/** Bytes that change all the time have the page made anew no more often than this, milliseconds. */
const pace = 500;

/** A page that is open. */
interface Page {
  readonly place: DebuggedTile;
  readonly listing: readonly Instruction[];
  readonly program: CoreProgram;
  /** Lines of the sources that are here, by their paths. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  lines: readonly DisassemblyLine[];
  caret?: number;
  pc?: number | undefined;
}

export class DisassemblyView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #memory: ProgramMemory;
  readonly #after: (milliseconds: number, action: () => void) => Disposable;
  readonly #pages = new Map<string, Page>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly #atPc = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.stackFrameHighlightBackground'),
    borderColor: new vscode.ThemeColor('contrastActiveBorder'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.warningForeground'),
    borderStyle: 'solid',
    borderWidth: '1px 0',
  });
  readonly #atCaret = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.selectionHighlightBackground'),
    borderColor: new vscode.ThemeColor('contrastBorder'),
    borderStyle: 'dotted',
    borderWidth: '1px 0',
  });
  #due: Disposable | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(memory: ProgramMemory, after: (milliseconds: number, action: () => void) => Disposable) {
    this.#memory = memory;
    this.#after = after;
    this.#subscriptions = [
      this.#changed,
      this.#atPc,
      this.#atCaret,
      vscode.workspace.registerTextDocumentContentProvider(disassemblyScheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#pages.delete(uri.toString())),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#follow()),
      vscode.window.onDidChangeTextEditorSelection((event) => this.#selected(event)),
      vscode.Disposable.from(memory.onDidChange(() => this.#changedBelow())),
    ];
  }

  /** Opens the disassembly of the program at the caret, beside its bytes. Rejects with what can be said of the failure. */
  async show(): Promise<void> {
    const { l10n } = vscode;
    const place = this.#memory.atCaret();
    if (place === undefined) {
      sayInformation(l10n.t('Open the program memory of a tile first.'));
      return;
    }
    const name = formatTile(place.tile);
    const address = this.#memory.elf(place);
    if (address === undefined) {
      sayInformation(l10n.t('No build has a program for the core of {0}, or several have.', name));
      return;
    }
    try {
      const elf = vscode.Uri.parse(address, true);
      const program = new CoreProgram(readElf(await bytesOf(elf)));
      const listing = await listingOf(elf);
      if (listing === undefined) {
        sayInformation(noListingText(place.tile, l10n));
        return;
      }
      const sources = await sourcesOf(listing, program);
      const path = `/${name} ${l10n.t('disassembly')}`;
      const uri = vscode.Uri.from({ scheme: disassemblyScheme, authority: place.board, path });
      const page: Page = { place, listing, program, sources, lines: [] };
      page.lines = this.#linesOf(page);
      this.#pages.set(uri.toString(), page);
      this.#changed.fire(uri);
      await vscode.window.showTextDocument(uri, {
        viewColumn: vscode.ViewColumn.Beside,
        preview: true,
        preserveFocus: true,
      });
      this.#follow();
    } catch (error) {
      const text = error instanceof Refused ? error.message : faultText(faultOf(error), l10n);
      sayInformation(text);
    }
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.#pages
        .get(uri.toString())
        ?.lines.map(({ text }) => text)
        .join('\n') ?? ''
    );
  }

  dispose(): void {
    this.#due?.dispose();
    for (const one of this.#subscriptions) one.dispose();
  }

  #linesOf({ place, listing, program, sources }: Page): DisassemblyLine[] {
    return disassemblyLines(listing, {
      program,
      bytes: (offset, length) => this.#memory.bytes(place, offset, length),
      source: (file, line) => sources.get(file)?.[line - 1],
      l10n: vscode.l10n,
    });
  }

  #changedBelow(): void {
    this.#follow();
    if (this.#pages.size === 0 || this.#due !== undefined) return;
    this.#due = this.#after(pace, () => {
      this.#due = undefined;
      for (const [address, page] of this.#pages) {
        const lines = this.#linesOf(page);
        if (lines.every(({ text }, i) => text === page.lines[i]?.text)) continue;
        page.lines = lines;
        this.#changed.fire(vscode.Uri.parse(address, true));
      }
    });
  }

  /** Marks where the core and the caret are, and brings what moved into sight. */
  #follow(): void {
    const caret = this.#memory.atCaret();
    for (const editor of vscode.window.visibleTextEditors) {
      const page = this.#pages.get(editor.document.uri.toString());
      if (page === undefined) continue;
      const pc = this.#memory.pc(page.place);
      const at = isSame(caret, page.place) ? caret?.offset : page.caret;
      const rangesOf = (address: number | undefined) => {
        const line = address === undefined ? -1 : lineAt(page.lines, address);
        return line < 0 ? [] : [new vscode.Range(line, 0, line, 0)];
      };
      editor.setDecorations(this.#atPc, rangesOf(pc));
      editor.setDecorations(this.#atCaret, rangesOf(at));
      const moved = at !== page.caret ? at : pc !== page.pc ? pc : undefined;
      page.pc = pc;
      if (at !== undefined) page.caret = at;
      const [range] = rangesOf(moved);
      if (range !== undefined)
        editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }

  /** A person who moves in the page has the bytes selected. */
  #selected({ textEditor, kind, selections }: vscode.TextEditorSelectionChangeEvent): void {
    const page = this.#pages.get(textEditor.document.uri.toString());
    const [selection] = selections;
    if (page === undefined || kind === undefined || selection === undefined) return;
    const line = page.lines[selection.active.line];
    if (line?.address === undefined) return;
    page.caret = line.address;
    this.#memory.reveal(page.place, line.address, line.length ?? 1);
  }
}

function isSame(one: DebuggedTile | undefined, other: DebuggedTile): boolean {
  return (
    one?.board === other.board &&
    one.partition === other.partition &&
    one.tile.col === other.tile.col &&
    one.tile.row === other.tile.row
  );
}

/** The sources of a program's instructions that lie on this machine under the paths that the program says. */
async function sourcesOf(
  listing: readonly Instruction[],
  program: CoreProgram,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = new Set(listing.flatMap(({ address }) => program.info.placeAt(address)?.file || []));
  const found = new Map<string, readonly string[]>();
  for (const file of files) {
    const uri = vscode.Uri.file(file);
    if (!(await exists(uri))) continue;
    try {
      found.set(file, textOf(await bytesOf(uri)).split(/\r?\n/));
    } catch {
      // Without its text the line has its file and number, as where it lies elsewhere.
    }
  }
  return found;
}
