/** One open `aie:` resource: VS Code's document, a thin view on a memory session. Holds no bytes of its own. */
import type * as vscode from 'vscode';
import type { Board } from '../board/board.ts';
import type { ByteRange, ColumnRange, MemoryGeometry } from '../model/geometry.ts';
import { type MemoryResource, resourceRange } from '../model/resource.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import type { HexPanel } from './panel.ts';

/** What an editor shows: a layout, and the bytes of it. */
export interface ShownMemory {
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
}

export class TileDocument implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  readonly resource: MemoryResource;
  /** The name under which the session knows this document's edits. */
  readonly key: string;
  readonly panels = new Set<HexPanel>();
  /** Kept edits that wait for the first editor, and the file they are from; `undefined` once they were staged again. */
  kept: { readonly edits: unknown; readonly path: string } | undefined;
  /** The journal is the only copy of edits that could not be staged: it must not be written or removed. */
  leaveJournal = false;
  /** True once the kept edits were staged. Until then the journal on disk is newer than the session. */
  restored = false;
  /** Whether VS Code may count edits as unsaved: an edit was reported since the tab was last made clean. */
  touched = false;
  /** The connection from which the layout was last asked for. */
  learnedFrom: Board | undefined;
  /** How many editors a person has just opened that wait for the layout. */
  opening = 0;
  /** A save or revert of VS Code is under way: it settles the tab itself. */
  settlingByEditor = false;
  /** Tiles (index in buffer order) whose program memory a person opened here although the core is running. */
  readonly openTiles = new Set<number>();
  /** The warning of a refused save is on screen: it is not repeated. */
  warned = false;
  /** Its editors show the same rows: where one is scrolled, the others go too. Ends with the second to last of them. */
  scrollsTogether = false;
  readonly #reference: SessionReference;
  readonly #onDispose: (document: TileDocument) => void;

  constructor(
    uri: vscode.Uri,
    resource: MemoryResource,
    reference: SessionReference,
    onDispose: (document: TileDocument) => void,
  ) {
    this.uri = uri;
    this.resource = resource;
    this.key = uri.toString();
    this.#reference = reference;
    this.#onDispose = onDispose;
  }

  get session(): MemorySession {
    return this.#reference.session;
  }

  /** Layout and shown bytes; `undefined` while the layout is not known. Throws RangeError for a tile outside. */
  get shown(): ShownMemory | undefined {
    const geometry = this.session.geometry;
    return geometry && { geometry, range: resourceRange(this.resource, geometry) };
  }

  /** Columns of the partition, as last known; they say nothing of which partition it is. */
  get columns(): ColumnRange | undefined {
    return this.session.state.partition?.columns ?? this.session.geometry;
  }

  /** Whether the document's part of the memory exists in the layout that the board has now. */
  get isOutside(): boolean {
    try {
      return this.shown === undefined;
    } catch (error) {
      if (error instanceof RangeError) return true;
      throw error;
    }
  }

  /** Called by VS Code when the last editor of the document is closed. */
  dispose(): void {
    this.#onDispose(this);
    this.#reference.dispose();
  }
}
