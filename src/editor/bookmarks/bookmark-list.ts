/** The bookmarks of a workspace: asks for new ones, lists them with the values of structures, does what their rows are asked for. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { patience } from '../../board/board.ts';
import type { BoardStore } from '../../boards/boards.ts';
import { isUnreadable, stateBits } from '../../model/byte-state.ts';
import { containsTile, formatTile, locate, tileStart } from '../../model/geometry.ts';
import { hexNumber } from '../../model/numbers.ts';
import { type BookmarkColour, bookmarkColours, type PlacedMark } from '../../model/placed-mark.ts';
import { endOf } from '../../model/ranges.ts';
import { resourcePath, scheme } from '../../model/resource.ts';
import { canType, type Field } from '../../model/structures/fields.ts';
import type { StructureType } from '../../model/structures/types.ts';
import type { LaidBytes } from '../../model/structures/values.ts';
import { parseField, typedText } from '../../model/structures/values.ts';
import { askText, pickFrom, sayBriefly, sayError, sayInformation, sayWarning } from '../../say/say.ts';
import type { TileDocument } from '../document.ts';
import { refuseLocked } from '../locked-memory.ts';
import type { HexPanel } from '../panel.ts';
import { type HexEditorProvider, viewType } from '../provider.ts';
import { RowTree } from '../row-tree.ts';
import { writeParts } from '../write-file.ts';
import {
  bookmarkFile,
  bytesOfStructure,
  type KeptBookmark,
  type KeptMarks,
  type KeptStructure,
  layRefusal,
  longestName,
  marksToStore,
  mergedMarks,
  mostBookmarks,
  mostFileBytes,
  mostStructures,
  readBookmarkFile,
  type StoredMarks,
  storedMarks,
} from './bookmark-file.ts';
import { bookmarkStore } from './bookmark-keys.ts';
import { type BookmarkRow, bookmarkRows } from './bookmark-rows.ts';
import { colourText, fileRefusalText, fullOfDefinitionsText, importedText } from './bookmark-sentences.ts';
import { DefinitionSources } from './definition-sources.ts';
import { fieldLike, type KeptPlace, KeptPlaces, placeOfField } from './kept-places.ts';
import { DefinitionBudget } from './structure-types.ts';

/** The view's id in the manifest. */
const viewId = 'tilescope.bookmarks';
const wanted = 'set a field in a locked memory';

/** What a person is asked and told by; tests answer in its place. */
export interface BookmarkQuestions {
  readonly text: typeof askText;
  readonly pick: typeof pickFrom;
  readonly tell: typeof sayInformation;
  /** Which file to read. */
  readonly open: () => Thenable<vscode.Uri | undefined>;
  /** Which file to write. */
  readonly save: () => Thenable<vscode.Uri | undefined>;
}

/** A field as it is laid now, and the memory in which it is set. */
interface SetField {
  readonly place: KeptPlace;
  readonly field: Field;
}

export class BookmarkList implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #store: BoardStore;
  readonly #told: () => void;
  readonly #places = new KeptPlaces(vscode.l10n);
  /** What the store has that this version cannot use. */
  readonly #unread: readonly unknown[];
  readonly #tree: RowTree<BookmarkRow>;
  readonly #following: vscode.Disposable;
  readonly sources: DefinitionSources;

  questions: BookmarkQuestions = {
    ...{ text: askText, pick: pickFrom, tell: sayInformation },
    ...{ open: askOpen, save: askSave },
  };

  /** @param told is called when there are others */
  constructor(provider: HexEditorProvider, store: BoardStore, told: () => void) {
    this.#provider = provider;
    this.#store = store;
    this.#told = told;
    this.sources = new DefinitionSources(provider.services);
    const stored = storedMarks(store.get(bookmarkStore));
    this.#places.marks = stored.marks;
    this.#unread = stored.unread;
    this.#tree = new RowTree<BookmarkRow>({
      id: viewId,
      rows: () =>
        bookmarkRows(
          {
            places: this.#places,
            bytes: (place) => bytesIn(this.#documentOf(place), place),
            bytesPerTile: (place) => this.#bytesPerTile(place),
            memoryName: (memory) => provider.services.memoryName({ board: '', partition: '', memory }),
          },
          vscode.l10n,
        ),
      finish: (item, row) => {
        item.contextValue = row.kind;
        if (row.colour !== undefined)
          item.iconPath = new vscode.ThemeIcon('bookmark', new vscode.ThemeColor(`charts.${row.colour}`));
        item.command = {
          command: 'tilescope.showBookmark',
          title: vscode.l10n.t('Show in the Editor'),
          arguments: [row],
        };
      },
    });
    // Values of fields are those of the open memories: whatever changes there is told by their panels.
    this.#following = provider.onDidChangePanel(() => this.#tree.changed());
    this.#tellUnread(stored).catch((error: unknown) => provider.services.note(error));
  }

  get marks(): KeptMarks {
    return this.#places.marks;
  }

  /** The rows at the top, as the view has them now. */
  get rows(): readonly BookmarkRow[] {
    return this.#tree.getChildren();
  }

  in(...asked: Parameters<KeptPlaces['in']>): readonly PlacedMark[] {
    return this.#places.in(...asked);
  }

  /** Asks for a name and a colour for what is selected. */
  async add(document: TileDocument, panel: HexPanel): Promise<void> {
    const { l10n } = vscode;
    const here = this.#selected(document, panel);
    if (here === undefined) return;
    if (this.marks.bookmarks.length >= mostBookmarks) {
      this.questions.tell(l10n.t('There are {0} bookmarks. Remove one to add another.', mostBookmarks));
      return;
    }
    const title = l10n.t('Add Bookmark');
    const { tile, offset, length } = here;
    const where = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
    const name = await this.#askName(title, panel.nameAt(here.at) || where);
    const colour = name === undefined ? undefined : await this.#askColour(title);
    if (name === undefined || colour === undefined) return;
    const { memory } = document.resource;
    const kept = { ...this.#new(document), ...{ name, colour, memory, tile, offset, length } };
    await this.#keep({ ...this.marks, bookmarks: [...this.marks.bookmarks, kept] });
    await this.#tree.show({ preserveFocus: true });
  }

  /** Asks for a definition, how many and a name, and lays that from the cursor on. */
  async lay(document: TileDocument, panel: HexPanel): Promise<void> {
    const { l10n } = vscode;
    const here = this.#selected(document, panel);
    const { shown } = document;
    if (here === undefined || shown === undefined) return;
    if (this.marks.structures.length >= mostStructures) {
      this.questions.tell(l10n.t('There are {0} structures. Remove one to lay another.', mostStructures));
      return;
    }
    const title = l10n.t('Lay Structure');
    const { tile, offset } = here;
    const { board, memory } = document.resource;
    const definition = await this.sources.ask(title, board, tile, this.marks.structures);
    if (definition === undefined) return;
    const type = this.#typeOf({ definition: definition.text, type: definition.type });
    if (type === undefined) return;
    const room = Math.floor((shown.geometry.bytesPerTile - offset) / type.size);
    if (room < 1) {
      this.questions.tell(
        l10n.t('{0} has {1} bytes: no such structure ends in this tile.', definition.type, type.size),
      );
      return;
    }
    const typed = await this.questions.text({
      title,
      prompt: l10n.t('How many of {0} lie one after the other, at most {1}', definition.type, room),
      value: '1',
      refuse: (text) =>
        countOf(text, room) === undefined ? l10n.t('Type a number from 1 to {0}.', room) : undefined,
    });
    const count = typed === undefined ? undefined : countOf(typed, room);
    if (count === undefined) return;
    const name = await this.#askName(
      title,
      panel.nameAt(here.at) || (definition.type.split(' ').at(-1) ?? ''),
    );
    if (name === undefined) return;
    const place = { memory, tile, offset, count, type: definition.type, definition: definition.text };
    const kept: KeptStructure = { ...this.#new(document), name, ...place };
    await this.#keep({ ...this.marks, structures: [...this.marks.structures, kept] });
    await this.#tree.show({ preserveFocus: true });
  }

  /** To the bookmark or structure after or before the cursor; past the end to the other end. */
  step(document: TileDocument, panel: HexPanel, step: 1 | -1): void {
    const { l10n } = vscode;
    const { shown, resource } = document;
    if (shown === undefined) return;
    const { geometry, range } = shown;
    const places = this.#places.all
      .filter(
        ({ memory, tile, offset }) =>
          memory === resource.memory && containsTile(geometry, tile) && offset < geometry.bytesPerTile,
      )
      .map((place) => ({ offset: tileStart(geometry, place.tile) + place.offset, place }))
      .filter(({ offset }) => offset >= range.offset && offset < endOf(range))
      .sort((a, b) => a.offset - b.offset);
    const cursor = panel.selection?.cursor ?? range.offset;
    const next =
      step > 0
        ? (places.find(({ offset }) => offset > cursor) ?? places[0])
        : (places.findLast(({ offset }) => offset < cursor) ?? places.at(-1));
    if (next === undefined) sayBriefly(l10n.t('There is no bookmark in what this editor shows.'), 4000);
    else panel.reveal(next.offset, Math.min(next.place.length, endOf(range) - next.offset));
  }

  async rename(row: BookmarkRow | undefined): Promise<void> {
    const kept = row?.place.kept ?? (await this.#picked());
    if (kept === undefined) return;
    const name = await this.#askName(vscode.l10n.t('Rename'), kept.name);
    if (name !== undefined) await this.#change({ ...kept, name });
  }

  async recolour(row: BookmarkRow | undefined): Promise<void> {
    const kept = row?.place.kept ?? (await this.#picked((one) => 'colour' in one));
    if (kept === undefined || !('colour' in kept)) return;
    const colour = await this.#askColour(vscode.l10n.t('Change Colour'), kept.colour);
    if (colour !== undefined) await this.#change({ ...kept, colour });
  }

  /** Shows the text of a structure to be changed; what is wrong with it leaves the structure as it is. */
  async redefine(row: BookmarkRow | undefined): Promise<void> {
    const kept = row?.place.kept ?? (await this.#picked((one) => 'definition' in one));
    if (kept === undefined || !('definition' in kept)) return;
    const definition = await this.sources.write(
      vscode.l10n.t('Change Definition'),
      kept.definition,
      kept.type,
    );
    // The question may have outlived the structure, or its name.
    const present = this.marks.structures.find(({ id }) => id === kept.id);
    if (definition === undefined || present === undefined) return;
    const changed = { ...present, type: definition.type, definition: definition.text };
    const type = this.#typeOf(changed);
    if (type === undefined) return;
    const bytes = bytesOfStructure(changed, type);
    const refusal = layRefusal(changed, type, this.#bytesPerTile(changed));
    if (refusal !== undefined) {
      const { name, tile, offset } = changed;
      const where = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
      this.questions.tell(
        vscode.l10n.t(
          '{0} would have {1} bytes from {2} on, which do not end in the tile. It stays as it was.',
          ...[name, bytes, where],
        ),
      );
      return;
    }
    await this.#change(changed);
    sayBriefly(vscode.l10n.t('{0} has {1} bytes now.', present.name, bytes), 4000);
  }

  async remove(row: BookmarkRow | undefined): Promise<void> {
    const kept = row?.place.kept ?? (await this.#picked());
    if (kept === undefined) return;
    const { bookmarks, structures } = this.marks;
    const isOther = ({ id }: { readonly id: string }): boolean => id !== kept.id;
    await this.#keep({ bookmarks: bookmarks.filter(isOther), structures: structures.filter(isOther) });
  }

  /** Shows a place in an editor, with its bytes selected. Rejects with BoardError where its memory cannot be opened. */
  async show({ place }: BookmarkRow): Promise<void> {
    await this.#open(place);
  }

  /** Asks for another value of a field and stages it. Rejects with BoardError where edits are locked. */
  async set(row: BookmarkRow | undefined): Promise<void> {
    const { l10n } = vscode;
    if (row?.field === undefined || !canType(row.field)) return;
    const name = `${row.place.kept.name}${row.field.path}`;
    const found = this.#fieldNow(row);
    if (found === undefined) {
      this.#sayIsOther(name);
      return;
    }
    const { place, field } = found;
    const document = await this.#open(place);
    const geometry = document?.session.geometry;
    if (document === undefined || geometry === undefined) return;
    const { session } = document;
    refuseLocked(session, document, wanted);
    if (endOf(place) > geometry.bytesPerTile) {
      this.questions.tell(l10n.t('{0} cannot be set: it does not end in its tile.', name));
      return;
    }
    const range = { offset: tileStart(geometry, place.tile) + place.offset, length: place.length };
    if (!isWhole(bytesIn(document, place))) await session.complete(range, AbortSignal.timeout(patience));
    const before = bytesIn(document, place);
    if (!isWhole(before)) {
      this.#sayIsUnread(name);
      return;
    }
    const own = { ...field, offset: 0 };
    const typed = await this.questions.text({
      title: name,
      prompt: l10n.t('Stages another value of type {0}. Apply writes it.', field.type.name),
      value: typedText(own, before),
      refuse: (text) => {
        const parsed = parseField(own, text, before.bytes);
        if (parsed instanceof Uint8Array) return undefined;
        return parsed.kind === 'outside'
          ? l10n.t('{0} goes from {1} to {2}.', field.type.name, parsed.least, parsed.most)
          : l10n.t('This is no value of type {0}.', field.type.name);
      },
    });
    if (typed === undefined) return;
    // The question may have outlived the editor, the structure, and the bytes as they were.
    if (this.#provider.document(document.uri) !== document || session.geometry !== geometry) {
      this.questions.tell(l10n.t('{0} was not set: its memory was closed meanwhile.', name));
      return;
    }
    const now = this.#fieldNow(row);
    if (now === undefined || !isSamePlace(now.place, place)) {
      this.#sayIsOther(name);
      return;
    }
    const present = bytesIn(document, place);
    if (!isWhole(present)) {
      this.#sayIsUnread(name);
      return;
    }
    const bytes = parseField(own, typed, present.bytes);
    if (!(bytes instanceof Uint8Array)) return;
    refuseLocked(session, document, wanted);
    this.#provider.edit(document, l10n.t('Set {0}', name), [{ offset: range.offset, bytes }]);
  }

  /** Writes all of them to a file. */
  async export(): Promise<void> {
    const { l10n } = vscode;
    const uri = await this.questions.save();
    if (uri === undefined) return;
    await this.#saying(async () => {
      await writeParts(uri, [bookmarkFile(this.marks)], AbortSignal.timeout(patience), () => undefined);
      const { bookmarks, structures } = this.marks;
      sayBriefly(
        l10n.t('{0} bookmarks and {1} structures are in the file.', bookmarks.length, structures.length),
        4000,
      );
    });
  }

  /** Adds what a file has; says what was taken and what not. */
  async import(): Promise<void> {
    const uri = await this.questions.open();
    if (uri === undefined) return;
    await this.#saying(async () => {
      const name = uri.path.split('/').at(-1) ?? '';
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size > mostFileBytes) {
        sayError(vscode.l10n.t('{0} is too large for a file of bookmarks.', name));
        return;
      }
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      const read = readBookmarkFile(text, this.#places.types);
      if (typeof read === 'string') {
        sayError(fileRefusalText(read, name, vscode.l10n));
        return;
      }
      const known = new Set(this.#places.all.map(({ kept }) => kept.id));
      const merged = mergedMarks(this.marks, read, randomUUID);
      await this.#keep(merged.kept);
      const isWhole = merged.surplus + read.leftOut.length + read.beyond === 0;
      const said = [importedText(merged, read, vscode.l10n)];
      const pastTile = this.#places.all.filter(
        ({ kept, memory, tile, offset, length }) =>
          !known.has(kept.id) &&
          offset + length > (this.#bytesPerTile({ memory, tile }) ?? Number.POSITIVE_INFINITY),
      );
      if (pastTile.length > 0)
        said.push(
          vscode.l10n.t('{0} do not end in their tiles as the open memory has them.', pastTile.length),
        );
      if (isWhole && pastTile.length === 0) this.questions.tell(said.join(' '));
      else sayWarning(said.join(' '));
    });
  }

  dispose(): void {
    this.#following.dispose();
    this.#tree.dispose();
    this.sources.dispose();
  }

  /** What a file could not be read or written for is said. */
  async #saying(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#provider.services.note(error);
      sayError(vscode.l10n.t('The file cannot be used: {0}', text));
    }
  }

  /** What the cursor is on, or the selection as far as it lies in its tile. */
  #selected({ shown }: TileDocument, panel: HexPanel) {
    if (shown === undefined) return undefined;
    const { geometry, range } = shown;
    const at = panel.selection?.start ?? range.offset;
    const { tile, offset } = locate(geometry, at);
    const length = Math.min(panel.selection?.length ?? 1, geometry.bytesPerTile - offset);
    return { at, tile, offset, length: Math.max(1, length) };
  }

  #new({ resource: { board, partition } }: TileDocument) {
    return { id: randomUUID(), home: { board, partition } };
  }

  async #askName(title: string, value: string): Promise<string | undefined> {
    const { l10n } = vscode;
    const name = await this.questions.text({
      ...{ title, value: value.slice(0, longestName), prompt: l10n.t('Name') },
      refuse: (text) =>
        text.trim() === '' || text.trim().length > longestName
          ? l10n.t('Type a name of 1 to {0} characters.', longestName)
          : undefined,
    });
    return name?.trim();
  }

  /** Offers the colour first that is used least. */
  async #askColour(title: string, present?: BookmarkColour): Promise<BookmarkColour | undefined> {
    const { l10n } = vscode;
    const uses = (colour: BookmarkColour) =>
      this.marks.bookmarks.filter((one) => one.colour === colour).length;
    const colours = [...bookmarkColours].sort((a, b) => uses(a) - uses(b));
    const items = colours.map((colour) => ({
      label: colourText(colour, l10n),
      description: colour === present ? l10n.t('now') : '',
      iconPath: new vscode.ThemeIcon('bookmark', new vscode.ThemeColor(`charts.${colour}`)),
      colour,
    }));
    return (await this.questions.pick(items, { title, placeHolder: l10n.t('Colour') }))?.colour;
  }

  async #picked(
    isRight: (kept: KeptBookmark | KeptStructure) => boolean = () => true,
  ): Promise<KeptBookmark | KeptStructure | undefined> {
    const items = this.rows
      .filter(({ place }) => isRight(place.kept))
      .map(({ label, description, place }) => ({ label, description, kept: place.kept }));
    return (await this.questions.pick(items, { placeHolder: vscode.l10n.t('Bookmarks') }))?.kept;
  }

  async #change(kept: KeptBookmark | KeptStructure): Promise<void> {
    const { bookmarks, structures } = this.marks;
    if ('colour' in kept)
      await this.#keep({ structures, bookmarks: bookmarks.map((one) => (one.id === kept.id ? kept : one)) });
    else
      await this.#keep({ bookmarks, structures: structures.map((one) => (one.id === kept.id ? kept : one)) });
  }

  async #keep(marks: KeptMarks): Promise<void> {
    await this.#store.update(bookmarkStore, marksToStore({ marks, unread: this.#unread }));
    this.#places.marks = marks;
    this.#told();
    this.#tree.changed();
  }

  /** Says once what this version cannot use of what is stored; it stays there. */
  async #tellUnread({ marks, unread, untold }: StoredMarks): Promise<void> {
    if (untold === 0) return;
    const text = vscode.l10n.t(
      '{0} bookmarks or structures that this workspace has cannot be used by this version of Tilescope. They stay stored.',
      untold,
    );
    this.#provider.services.note(new Error(text));
    sayWarning(text);
    await this.#store.update(bookmarkStore, marksToStore({ marks, unread }));
  }

  /** The type of a definition that is to be laid; says so where definitions have no room any more. */
  #typeOf(laid: Pick<KeptStructure, 'definition' | 'type'>): StructureType | undefined {
    const budget = new DefinitionBudget();
    for (const one of this.marks.structures) budget.takes(one);
    if (budget.takes(laid)) return this.#places.types.of(laid);
    this.questions.tell(fullOfDefinitionsText(vscode.l10n));
    return undefined;
  }

  /** The field of a row as the structure is now; undefined where that has no such field any more. */
  #fieldNow({ place, field }: BookmarkRow): SetField | undefined {
    const laid = this.#places.structures.find(({ kept }) => kept.id === place.kept.id);
    const whole = laid?.whole;
    const found = whole === undefined || field === undefined ? undefined : fieldLike(whole, field);
    if (laid === undefined || found === undefined) return undefined;
    return { place: placeOfField(found, laid), field: found };
  }

  #sayIsOther(name: string): void {
    this.questions.tell(
      vscode.l10n.t('{0} is not laid like this any more. Choose it again in the list.', name),
    );
  }

  #sayIsUnread(name: string): void {
    this.questions.tell(vscode.l10n.t('{0} cannot be set: its bytes cannot be read.', name));
  }

  /** The open memory that has a tile: that in front, else the last one that was opened. */
  #documentOf({ memory, tile }: Pick<KeptPlace, 'memory' | 'tile'>): TileDocument | undefined {
    const has = ({ resource, session, isOutside }: TileDocument): boolean =>
      !isOutside &&
      resource.memory === memory &&
      session.geometry !== undefined &&
      containsTile(session.geometry, tile);
    const front = this.#provider.activePanel?.document;
    return front !== undefined && has(front) ? front : this.#provider.documents.findLast(has);
  }

  #bytesPerTile(place: Pick<KeptPlace, 'memory' | 'tile'>): number | undefined {
    return this.#documentOf(place)?.session.geometry?.bytesPerTile;
  }

  /** Opens an editor with the place, and goes there; answers its document. */
  async #open(place: KeptPlace): Promise<TileDocument | undefined> {
    const { tile, memory, kept } = place;
    const open = this.#documentOf(place);
    const home = open?.resource ?? kept.home;
    if (home === undefined) {
      const { l10n } = vscode;
      this.questions.tell(l10n.t('Open the memory of a partition with tile {0} first.', formatTile(tile)));
      return undefined;
    }
    const { board, partition } = home;
    const shows = open?.resource.tile === undefined || sameTile(open.resource.tile, tile);
    const path = resourcePath({ board, partition, memory, tile });
    const uri = open !== undefined && shows ? open.uri : vscode.Uri.from({ scheme, authority: board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    const document = this.#provider.document(uri);
    const { l10n } = vscode;
    if (document === undefined) {
      this.questions.tell(l10n.t('The memory with tile {0} was not opened.', formatTile(tile)));
      return undefined;
    }
    const { session } = document;
    if (session.geometry === undefined) await session.open(AbortSignal.timeout(patience));
    const { geometry } = session;
    if (geometry === undefined || document.isOutside || !containsTile(geometry, tile)) {
      this.questions.tell(l10n.t('Tile {0} is not in the memory that was opened.', formatTile(tile)));
      return undefined;
    }
    if (place.offset >= geometry.bytesPerTile) {
      const where = `${formatTile(tile)}+${hexNumber(place.offset, 4)}`;
      this.questions.tell(l10n.t('{0} is beyond the end of its tile in this memory.', where));
      return undefined;
    }
    const length = Math.min(place.length, geometry.bytesPerTile - place.offset);
    for (const panel of document.panels)
      if (panel.view.active) panel.reveal(tileStart(geometry, tile) + place.offset, length);
    return document;
  }
}

/** The bytes of a place as far as they lie in its tile, staged ones included; undefined where none do, or no memory is open. */
function bytesIn(document: TileDocument | undefined, place: KeptPlace): LaidBytes | undefined {
  const geometry = document?.session.geometry;
  if (document === undefined || geometry === undefined || !containsTile(geometry, place.tile))
    return undefined;
  const length = Math.min(place.length, geometry.bytesPerTile - place.offset);
  if (length < 1) return undefined;
  const offset = tileStart(geometry, place.tile) + place.offset;
  const { bytes, flags } = document.session.bytes({ offset, length });
  const known = flags.map((flag) =>
    !isUnreadable(flag) && (flag & (stateBits.known | stateBits.staged)) !== 0 ? 1 : 0,
  );
  return { bytes, known };
}

function isWhole(laid: LaidBytes | undefined): laid is LaidBytes {
  return laid?.known.every((one) => one !== 0) === true;
}

function isSamePlace(a: KeptPlace, b: KeptPlace): boolean {
  return a.memory === b.memory && sameTile(a.tile, b.tile) && a.offset === b.offset && a.length === b.length;
}

function sameTile(a: { col: number; row: number }, b: { col: number; row: number }): boolean {
  return a.col === b.col && a.row === b.row;
}

function countOf(text: string, most: number): number | undefined {
  const count = /^\s*\d{1,7}\s*$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= most ? count : undefined;
}

const filters = () => ({ [vscode.l10n.t('Bookmarks')]: ['json'] });

async function askOpen(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    filters: filters(),
    title: vscode.l10n.t('Import Bookmarks'),
  });
  return chosen?.[0];
}

function askSave(): Thenable<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return vscode.window.showSaveDialog({
    filters: filters(),
    title: vscode.l10n.t('Export Bookmarks'),
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, 'bookmarks.json') }),
  });
}
