/** The program memory that editors show, for what stands beside it. Offsets are those of the tile, which are program addresses. */
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { containsTile, locate, type Tile, tileStart } from '../model/geometry.ts';
import { registersOf } from '../model/program/core-marks.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { TileDocument } from './document.ts';
import type { HexEditorProvider } from './provider.ts';

/** A core of a partition. */
type CorePlace = Pick<MemoryResource, 'board' | 'partition'> & { readonly tile: Tile };

/** What editors know of program memory. */
export function programMemory(provider: HexEditorProvider) {
  const { services } = provider;
  /** Open editors that show a core's program memory. */
  const documentsOf = ({ board, partition, tile }: CorePlace): TileDocument[] =>
    provider.documents.filter(({ resource }) => {
      const isOne =
        resource.tile === undefined || (resource.tile.col === tile.col && resource.tile.row === tile.row);
      return (
        resource.memory === 'program' && resource.board === board && resource.partition === partition && isOne
      );
    });
  return {
    atCaret() {
      const panel = provider.activePanel;
      const { resource, shown } = panel?.document ?? {};
      if (resource?.memory !== 'program' || shown === undefined) return undefined;
      const cursor = panel?.selection?.cursor ?? shown.range.offset;
      const { tile, offset } = locate(shown.geometry, cursor);
      return { board: resource.board, partition: resource.partition, tile, offset };
    },
    bytes(place: CorePlace, offset: number, length: number): Uint8Array | undefined {
      const session = documentsOf(place)[0]?.session;
      const geometry = session?.geometry;
      if (session === undefined || geometry === undefined || !containsTile(geometry, place.tile))
        return undefined;
      if (offset + length > geometry.bytesPerTile) return undefined;
      const { base, flags } = session.bytes({ offset: tileStart(geometry, place.tile) + offset, length });
      const isRead = flags.every((flag) => (flag & stateBits.known) !== 0 && !isUnreadable(flag));
      return isRead ? base : undefined;
    },
    pc: (place: CorePlace): number | undefined => registersOf(services.reports(place), place.tile)?.pc,
    elf: ({ board, tile }: CorePlace): string | undefined => services.program(board, tile)?.address,
    reveal(place: CorePlace, offset: number, length: number): void {
      for (const document of documentsOf(place)) {
        const geometry = document.shown?.geometry;
        if (geometry === undefined) continue;
        for (const panel of document.panels) {
          if (panel.view.visible) panel.reveal(tileStart(geometry, place.tile) + offset, length);
        }
      }
    },
    onDidChange(listener: () => void) {
      const both = [provider.onDidChangePanel(listener), services.onDidReadTiles(listener)];
      return { dispose: () => both.forEach((one) => void one.dispose()) };
    },
  };
}
