/** What a person laid over bytes of a tile, as the editor's pages are told it. */
import type { MemoryType, Tile } from './geometry.ts';

/** Colours of bookmarks, as VS Code's charts have them. Nothing goes by a colour alone: a bookmark has a name. */
export const bookmarkColours = ['blue', 'green', 'orange', 'purple', 'red', 'yellow'] as const;
export type BookmarkColour = (typeof bookmarkColours)[number];

/** A bookmark, or a field of a structure. Texts are localised. */
export interface PlacedMark {
  readonly kind: 'bookmark' | 'field';
  readonly text: string;
  /** What more is known: colour, type. */
  readonly detail: string;
  /** Tile offset. */
  readonly offset: number;
  /** Bytes, at least 1. */
  readonly length: number;
  readonly colour?: BookmarkColour;
}

/** Bookmarks and structures of this workspace, as an editor asks for them. They belong to tiles of any board. */
export interface PlacedMarks {
  /** Those that have bytes in a part of a tile's memory, by their tile offsets. */
  in(memory: MemoryType, tile: Tile, from: number, to: number): readonly PlacedMark[];
  /** Fires when there are others. */
  readonly onDidChange: (listener: () => void) => { dispose(): void };
}
