/** Asks where to go: loaded when it is first wanted. */
import * as vscode from 'vscode';
import { actionNames } from '../model/action-names.ts';
import type { AddressSpace } from '../model/addresses.ts';
import type { ByteRange, MemoryGeometry, Tile } from '../model/geometry.ts';
import { nameSizeText, nameText } from '../model/program/name-texts.ts';
import { pickTyped } from '../say/pick-typed.ts';
import { pickFrom, sayInformation } from '../say/say.ts';
import { goToLines } from './go-to.ts';
import {
  type KernelSpot,
  kernelSpots,
  type MarksOfTile,
  markSpots,
  type NamesOfTile,
  namedPlaces,
  placeText,
} from './named-places.ts';
import type { HexPanel } from './panel.ts';
import type { EditorServices } from './services.ts';

/** Whom is asked, and from where. */
export interface Whereabouts {
  readonly geometry: MemoryGeometry;
  readonly shown: ByteRange;
  /** Buffer offset. */
  readonly cursor: number;
  readonly namesOf: NamesOfTile;
  readonly marksOf: MarksOfTile;
  readonly kernelsOf: (tile: Tile) => readonly Pick<KernelSpot, 'name' | 'graph'>[];
  /** The tab that goes there. */
  readonly panel: HexPanel | undefined;
}

/** Any place: shown while it is typed, remembered once it is chosen. */
export async function goToPlace(
  { geometry, shown, cursor, namesOf, marksOf, kernelsOf, panel }: Whereabouts,
  { places }: Pick<EditorServices, 'places'>,
): Promise<void> {
  const { generation = 'unknown', array } = panel?.state ?? {};
  const space: AddressSpace = { geometry, generation, array };
  const known = {
    names: namedPlaces(geometry, shown, namesOf),
    kernels: kernelSpots(geometry, shown, kernelsOf),
    marks: markSpots(geometry, shown, marksOf),
  };
  const line = await pickTyped({
    title: vscode.l10n.t('Go to Offset'),
    placeHolder: vscode.l10n.t('0x1F0, +64, (2,3)+0x10, an address of a core or of the AXI bus, a name'),
    lines: (typed) => goToLines(typed, { space, shown, cursor }, known, places.all, vscode.l10n),
    onActive: (one) => panel?.peek(one?.range?.offset),
    isAnswer: ({ range }) => range !== undefined,
  });
  if (line?.range === undefined) {
    panel?.peek(undefined);
    return;
  }
  panel?.reveal(line.range.offset, line.range.length);
  await places.add(line.typed);
}

/** One of the names of a build. */
export async function goToNamedPlace({ geometry, shown, namesOf, panel }: Whereabouts): Promise<void> {
  const { addNames } = actionNames(vscode.l10n);
  const places = namedPlaces(geometry, shown, namesOf);
  if (places.length === 0) {
    const text = vscode.l10n.t('No build names anything in this memory.');
    if ((await sayInformation(text, addNames)) === addNames) {
      await vscode.commands.executeCommand('tilescope.addNames');
    }
    return;
  }
  const items = places.map((place) => ({
    label: nameText(place.name, vscode.l10n),
    description: placeText(place),
    detail: nameSizeText(place.name, vscode.l10n),
    place,
  }));
  const picked = await pickFrom(items, { placeHolder: vscode.l10n.t('Names in this memory') });
  if (picked !== undefined) panel?.reveal(picked.place.offset, Math.max(1, picked.place.name.size));
}
