/** Staged edits and writes as a list: what stands ready for it from the start. The list is loaded with the first of them. */
import * as vscode from 'vscode';
import type { ByteRange } from '../model/geometry.ts';
import { LazyPart } from '../model/lazy-part.ts';
import { endOf } from '../model/ranges.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { sayInformation } from '../say/say.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { TileDocument } from './document.ts';
import { editKeys } from './edits/edit-keys.ts';
import type { EditedMemory, EditRow } from './edits/edit-rows.ts';
import type { HexPanel } from './panel.ts';
import type { HexEditorProvider } from './provider.ts';
import type { RowTree } from './row-tree.ts';
import { titleOf } from './sentences.ts';

/** What is done with the staged bytes of a row. */
type EditAction = (document: TileDocument, place: ByteRange) => void | Promise<void>;

export class EditActions implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #keys = new ContextKeys();
  readonly #following: vscode.Disposable;
  readonly #view = new LazyPart<RowTree<EditRow>>(
    async () => {
      const { editsView } = await import('./edits/edits-view.ts');
      return editsView(() => this.#memories());
    },
    (view) => view.dispose(),
  );

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
    this.#keys.tell(editKeys([]));
    this.#following = provider.onDidChangePanel(() => this.#changed());
  }

  /** The list, loaded at the first call. */
  load(): Promise<RowTree<EditRow>> {
    return this.#view.load();
  }

  /** Registers the commands of the view and its rows. */
  register(): vscode.Disposable[] {
    const on = (name: string, act: EditAction) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (row?: EditRow) => {
        const document = row && this.#actorOf(row);
        if (row?.place !== undefined && document !== undefined) await act(document, row.place);
      });
    return [
      vscode.commands.registerCommand('tilescope.showEdits', () => this.show()),
      on('discardEdit', (document, place) => this.#provider.discard(document, place)),
      on('takeEdit', (document, place) => this.#provider.takeTheirs(document, place)),
      on('keepEdit', ({ session }, place) => {
        session.keepMine(place);
        this.#provider.touchJournals(session);
      }),
      on('showEdit', (document, place) => this.#reveal(document, place)),
    ];
  }

  /** Brings the list to the front; says so where there is nothing in it. */
  async show(): Promise<void> {
    if (this.#memories().length === 0) {
      sayInformation(
        vscode.l10n.t('Nothing is staged in the open memories, and nothing was written to them.'),
      );
      return;
    }
    await (await this.load()).show();
  }

  #changed(): void {
    const sessions = [...new Set(this.#provider.documents.map(({ session }) => session))];
    this.#keys.tell(
      editKeys(sessions.map((session) => ({ staged: session.counts().staged, writes: writesOf(session) }))),
    );
    this.#view.made?.changed();
    if (!this.#view.wasWanted && this.#memories().length > 0) {
      this.load().catch((error: unknown) => this.#provider.services.note(error));
    }
  }

  /** The memories with staged or written bytes, that in front first. */
  #memories(): EditedMemory[] {
    const active = this.#provider.activePanel;
    const documents = [...this.#provider.documents].sort(
      (a, b) => Number(b === active?.document) - Number(a === active?.document),
    );
    const found = new Map<MemorySession, EditedMemory>();
    for (const { session, resource, columns, panels } of documents) {
      const { geometry } = session;
      const [panel] = panels;
      if (geometry === undefined || panel === undefined || found.has(session)) continue;
      if (session.counts().staged === 0 && writesOf(session) === 0) continue;
      const { tile: _, ...memory } = resource;
      const title = titleOf(memory, columns, this.#provider.services, vscode.l10n);
      const { cells } = active !== undefined && panels.has(active) ? active : panel;
      found.set(session, { title, session, geometry, cells });
    }
    return [...found.values()];
  }

  /** Whose gesture it is when something is done with the bytes of a row: theirs who staged most of it, else who shows it. */
  #actorOf({ of, place }: EditRow): TileDocument | undefined {
    // A tab that is outside the partition shows none of its bytes.
    const documents = this.#provider.documents.filter(
      ({ session, isOutside }) => session === of.session && !isOutside,
    );
    if (place === undefined) return documents[0];
    const unwritten = documents[0]?.session.unwritten(place);
    const bytes = (document: TileDocument): number => unwritten?.get(document.key) ?? 0;
    const shows = (document: TileDocument): number => Number(covers(document, place));
    return [...documents].sort((a, b) => bytes(b) - bytes(a) || shows(b) - shows(a))[0];
  }

  async #reveal(actor: TileDocument, place: ByteRange): Promise<void> {
    const active = this.#provider.activePanel;
    const isThere = (panel: HexPanel | undefined): panel is HexPanel =>
      panel !== undefined && panel.document.session === actor.session && covers(panel.document, place);
    const panels = this.#provider.documents.flatMap((document) => [...document.panels]);
    const panel = isThere(active) ? active : panels.find(isThere);
    if (panel === undefined) {
      await this.#provider.openPlace(actor, place.offset);
      return;
    }
    panel.view.reveal(undefined, false);
    panel.reveal(place.offset, place.length);
  }

  dispose(): void {
    this.#following.dispose();
    this.#view.dispose();
  }
}

/** Lines of the write log, and the last apply, which may have written nothing. */
function writesOf(session: MemorySession): number {
  return session.writeLog.length + (session.lastApply === undefined ? 0 : 1);
}

function covers(document: TileDocument, place: ByteRange): boolean {
  const range = document.isOutside ? undefined : document.shown?.range;
  return range !== undefined && place.offset >= range.offset && endOf(place) <= endOf(range);
}
