/** Lists the stacks of a partition's cores with their depths, goes to one, and stages a pattern that shows its depth later. */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { formatTile, type Tile, tileStart, tiles } from '../model/geometry.ts';
import type { PlacedName } from '../model/program/build.ts';
import { registersOf } from '../model/program/core-marks.ts';
import { nameSizeText } from '../model/program/name-texts.ts';
import { notPaintedText, placeText, stackMeetingText, stackUseText } from '../model/program/stack-texts.ts';
import { coreOf, paint, paintedPart } from '../model/program/stack-use.ts';
import type { StackFacts } from '../model/program/stack-uses.ts';
import { mergeRanges } from '../model/ranges.ts';
import { type MemoryResource, resourcePath, scheme } from '../model/resource.ts';
import { pickFrom, sayInformation } from '../say/say.ts';
import { withDataMemory } from './data-memory.ts';
import type { TileDocument } from './document.ts';
import { refuseLocked } from './locked-memory.ts';
import { type HexEditorProvider, viewType } from './provider.ts';
import { type StackMemory, stackIn, stackRange } from './stacks-in-memory.ts';

/** A line of the list. */
export interface StackItem extends vscode.QuickPickItem {
  readonly core: Tile;
}

/** What can be done with a stack. */
export interface StackAction extends vscode.QuickPickItem {
  readonly action: 'show' | 'paint';
}

function clockText(at: number): string {
  return new Date(at).toLocaleTimeString(vscode.env.language);
}

export class Stacks {
  readonly #provider: HexEditorProvider;

  /** How a person chooses; tests answer in their place. */
  pick: (items: readonly StackItem[]) => Thenable<StackItem | undefined> = (items) =>
    pickFrom(items, { placeHolder: vscode.l10n.t('Stacks: choose one to go to it, or to paint it') });
  act: (actions: readonly StackAction[]) => Thenable<StackAction | undefined> = (actions) =>
    pickFrom(actions, { placeHolder: vscode.l10n.t('What to do with this stack') });

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** Reads and lists the stacks in the data memory of a document's partition. Rejects with BoardError. */
  async show(document: TileDocument): Promise<void> {
    const { services } = this.#provider;
    const { board } = document.resource;
    await withDataMemory(services, document, async ({ resource, session, geometry, signal }) => {
      const names = (tile: Tile) => services.names(board, 'data', tile);
      const stacks = tiles(geometry)
        .flatMap((tile) => names(tile).filter(({ kind }) => kind === 'stack'))
        .filter((stack) => stackRange(geometry, stack) !== undefined || stack.size === 0);
      if (stacks.length === 0) {
        sayInformation(vscode.l10n.t('No build says where a stack lies in this partition.'));
        return;
      }
      const ranges = mergeRanges(stacks.flatMap((stack) => stackRange(geometry, stack) ?? []));
      await Promise.all(ranges.map((range) => session.refresh(range, signal)));
      const memory = { resource, session, uses: services.stacks, names, reports: services.reports(resource) };
      const cores = new Map(stacks.map((stack) => [formatTile(coreOf(stack)), coreOf(stack)] as const));
      const items = [...cores].map(([name, core]) => {
        const facts = stackIn(memory, core);
        if (facts !== undefined) return itemOf(facts);
        const places = stacks.filter((stack) => formatTile(coreOf(stack)) === name);
        return { label: name, description: severalText(places), core };
      });
      const picked = await this.pick(items);
      if (picked !== undefined) await this.#choose(memory, resource, picked.core);
    });
  }

  async #choose(memory: StackMemory, resource: MemoryResource, core: Tile): Promise<void> {
    const { session } = memory;
    const { geometry } = session;
    const seen = await readStack(memory, resource, core);
    if (geometry === undefined) return;
    if (seen === undefined) {
      sayInformation(
        vscode.l10n.t(
          'Files of builds do not agree where the stack of {0} lies. Remove the names that are not those of the loaded program.',
          formatTile(core),
        ),
      );
      return;
    }
    const { stack } = seen.facts;
    const action = (await this.act(actionsOf(seen)))?.action;
    if (action === undefined) return;
    const path = resourcePath({ ...resource, tile: stack.tile });
    const uri = vscode.Uri.from({ scheme, authority: resource.board, path });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    const document = this.#provider.document(uri);
    const tile = tileStart(geometry, stack.tile);
    for (const panel of document?.panels ?? []) {
      if (panel.view.active) panel.reveal(tile + stack.offset, Math.max(1, stack.size));
    }
    if (action === 'show' || document === undefined) return;
    // The question may have stood for long: what counts is how the core is now.
    const now = await readStack(memory, resource, core);
    const isSame =
      now !== undefined &&
      placeText(now.facts.stack) === placeText(stack) &&
      session.geometry === geometry &&
      now.epoch === seen.epoch &&
      session.state.partition?.epoch === seen.epoch;
    const painting = isSame ? now.painting : undefined;
    if (painting === undefined || 'why' in painting) {
      const why =
        painting === undefined
          ? vscode.l10n.t('The partition or its names are other ones now: list the stacks again.')
          : notPaintedText(painting, vscode.l10n);
      sayInformation(vscode.l10n.t('The stack of {0} was not painted. {1}', formatTile(core), why));
      return;
    }
    refuseLocked(session, document, 'paint a stack in a locked memory');
    const { offset, length } = painting.part;
    const label = vscode.l10n.t('Paint stack of {0}', formatTile(core));
    this.#provider.edit(document, label, [{ offset: tile + offset, bytes: paint(offset, length) }]);
  }
}

/** A stack, and what of it can be painted. */
interface StackReading {
  readonly facts: StackFacts;
  /** Of the partition, when the core was read. */
  readonly epoch: string;
  readonly painting: ReturnType<typeof paintedPart>;
}

/** Reads what the core of a stack does now; undefined without one place of its stack. Rejects with BoardError. */
async function readStack(
  memory: StackMemory,
  { partition: key }: MemoryResource,
  core: Tile,
): Promise<StackReading | undefined> {
  const signal = AbortSignal.timeout(patience);
  const partition = await memory.session.link.open(key, signal, 'person');
  const report = await partition.status([core], { asking: 'person' }, signal);
  const facts = stackIn({ ...memory, reports: [report] }, core);
  if (facts === undefined) return undefined;
  const painting = paintedPart(facts, registersOf([report], core), memory.names(facts.stack.tile));
  return { facts, epoch: report.epoch, painting };
}

/** Files place the stack of a core, and not at the same bytes. */
function severalText(places: readonly PlacedName[]): string {
  return vscode.l10n.t('files of builds do not agree where it lies: {0}', places.map(placeText).join(', '));
}

function itemOf(facts: StackFacts): StackItem {
  const { stack, meetings } = facts;
  const { l10n } = vscode;
  const about = [l10n.t('{0}: {1}', placeText(stack), nameSizeText(stack, l10n))];
  return {
    label: formatTile(coreOf(stack)),
    description: stackUseText(facts, l10n, clockText),
    detail: [...about, ...meetings.map((met) => stackMeetingText(facts, met, l10n))].join(' · '),
    core: coreOf(stack),
  };
}

/** *Paint It* is offered where it can be done; else it is said why not. */
function actionsOf({ facts: { pointer }, painting }: StackReading): StackAction[] {
  const { l10n } = vscode;
  const show = { label: l10n.t('Show Its Bytes'), action: 'show' } as const;
  if ('why' in painting) return [{ ...show, detail: notPaintedText(painting, l10n) }];
  const what = l10n.t(
    'Stages a pattern in {0} bytes{1}. Apply writes it; from then on the bytes that differ tell how deep the stack is.',
    painting.part.length,
    pointer === undefined ? '' : l10n.t(' above the stack pointer'),
  );
  return [show, { label: l10n.t('Paint It'), detail: what, action: 'paint' }];
}
