/** The editor's commands as VS Code and the page know them. What they do is loaded with the first one that runs. */
import * as vscode from 'vscode';
import { LazyPart } from '../model/lazy-part.ts';
import { sayInformation } from '../say/say.ts';
import type { BookmarkActions } from './bookmark-actions.ts';
import type { EditorCommands } from './commands.ts';
import type { DockedView } from './docked-view.ts';
import type { TileDocument } from './document.ts';
import type { FileActions } from './file-actions.ts';
import type { HexEditorProvider } from './provider.ts';
import { leftRecordings, type RecordingStore } from './record/kept.ts';
import type { Recordings } from './record/recordings.ts';
import type { WatchActions } from './watch-actions.ts';
import type { WrittenBytes } from './written-bytes.ts';

/** The editor's commands in the palette, without the `tilescope.` in front. */
const editorCommands = [
  'apply',
  'discard',
  'refresh',
  'unlock',
  'lock',
  'immediate',
  'stageEdits',
  'rebase',
  'keepMine',
  'takeTheirs',
  'readFast',
  'readRunning',
  'goTo',
  'goToName',
  'parameters',
  'stacks',
  'find',
  'replace',
  'findNext',
  'findPrevious',
  'cells',
  'live',
  'marks',
  'freeze',
  'scrollTogether',
  'scrollApart',
  'dock',
  'nextChange',
  'previousChange',
  'addWatch',
  'addBookmark',
  'nextBookmark',
  'previousBookmark',
  'layStructure',
  'copy',
  'paste',
  'copyAs',
  'pasteAs',
  'fill',
  'record',
  'endRecording',
  'exportRecording',
  'plot',
  'selectTile',
  'nextTile',
  'previousTile',
  'copyAddress',
  'showWrites',
  'saveSnapshot',
  'import',
  'export',
  'compareFile',
  'compareTile',
  'nextMismatch',
  'previousMismatch',
] as const;

/** One of the editor's commands. */
export type EditorCommand = (typeof editorCommands)[number];

export class CommandFace {
  readonly #provider: HexEditorProvider;
  readonly #writes: Pick<WrittenBytes, 'show'>;
  readonly #files: Pick<FileActions, 'load'>;
  readonly #watches: Pick<WatchActions, 'load'>;
  readonly #bookmarks: Pick<BookmarkActions, 'load'>;
  readonly #docked: Pick<DockedView, 'dock'>;
  readonly #recordings: LazyPart<Recordings>;
  #commands: EditorCommands | undefined;

  constructor(
    provider: HexEditorProvider,
    writes: Pick<WrittenBytes, 'show'>,
    files: Pick<FileActions, 'load'>,
    watches: Pick<WatchActions, 'load'>,
    bookmarks: Pick<BookmarkActions, 'load'>,
    docked: Pick<DockedView, 'dock'>,
    store: RecordingStore,
  ) {
    this.#provider = provider;
    this.#writes = writes;
    this.#files = files;
    this.#watches = watches;
    this.#bookmarks = bookmarks;
    this.#docked = docked;
    this.#recordings = new LazyPart(
      async () => {
        const part = await import('./record/recordings.ts');
        return new part.Recordings(provider, store);
      },
      (recordings) => recordings.dispose(),
    );
    // An earlier window left some.
    if (leftRecordings(store)) this.#loadRecordings();
    provider.runCommandsBy(async (command, document) => (await this.#load()).runFromPage(command, document));
  }

  /** Registers the commands; each takes a document's URI, or means the active editor. */
  register(): vscode.Disposable[] {
    const commands = editorCommands.map((name) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (argument?: unknown) => {
        const document = this.#documentOf(argument);
        if (document === undefined) {
          sayInformation(vscode.l10n.t('Open the memory of a tile first: no tile memory editor is active.'));
          return;
        }
        await (await this.#load()).run(name, document);
      }),
    );
    return [...commands, this.#recordings];
  }

  #loadRecordings(): void {
    this.#recordings.load().catch((error: unknown) => this.#provider.services.note(error));
  }

  #documentOf(argument: unknown): TileDocument | undefined {
    if (argument instanceof vscode.Uri) return this.#provider.document(argument);
    const active = this.#provider.activePanel;
    if (active !== undefined) return active.document;
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputCustom ? this.#provider.document(input.uri) : undefined;
  }

  async #load(): Promise<EditorCommands> {
    const { EditorCommands: Commands } = await import('./commands.ts');
    this.#commands ??= new Commands(
      this.#provider,
      this.#writes,
      this.#files,
      this.#watches,
      this.#bookmarks,
      this.#docked,
      this.#recordings,
    );
    return this.#commands;
  }
}
