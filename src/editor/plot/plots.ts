/** *Plot...*: which bytes, as which type. The plots that are open. */
import * as vscode from 'vscode';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice } from '../../model/cells/choices.ts';
import { type ByteRange, formatTile, locate, tileRange } from '../../model/geometry.ts';
import { hexNumber } from '../../model/numbers.ts';
import { plainText } from '../../model/plain.ts';
import { firstChoice } from '../../model/plot/choice.ts';
import { nameText } from '../../model/program/name-texts.ts';
import { parseResource, scheme } from '../../model/resource.ts';
import { pickFrom, sayError, sayInformation } from '../../say/say.ts';
import { frontPanel, shownIn } from '../compare/file-questions.ts';
import type { TileDocument } from '../document.ts';
import { namedPlaces, placeText } from '../named-places.ts';
import type { HexEditorProvider } from '../provider.ts';
import { sentenceOf, titleOf } from '../sentences.ts';
import { plotViewType } from './messages.ts';
import { readKeptPlot } from './page-messages.ts';
import { PlotPanel, type PlotPlace } from './plot-panel.ts';

/** Names that are offered at most. */
const mostOffered = 2000;

/** What can be plotted: buffer offsets. */
export interface PlotScope extends vscode.QuickPickItem {
  readonly range: ByteRange;
  readonly cells: CellChoice;
}

export class Plots {
  /** How a person is asked what to plot; tests answer in their place. */
  askScope: (scopes: readonly PlotScope[]) => Promise<PlotScope | undefined> = askForScope;

  /** How a person is asked where a file goes; tests answer in their place. */
  askTarget: (name: string) => Promise<vscode.Uri | undefined> = askForTarget;

  readonly #provider: HexEditorProvider;
  readonly #open = new Set<PlotPanel>();

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
  }

  /** The open plots, in the order in which they were opened. */
  get all(): readonly PlotPanel[] {
    return [...this.#open];
  }

  /** Plots what is selected, at once; without a selection a person is asked what. */
  async plot(document: TileDocument): Promise<void> {
    const panel = frontPanel(document);
    const shown = shownIn(document, panel);
    if (panel === undefined || shown === undefined) return;
    const { selected = 0, length = 0 } = panel.selection ?? {};
    if (selected !== length) {
      sayInformation(
        vscode.l10n.t(
          'Several runs of bytes are selected. Select one: a plot takes every second or third value of it by its stride.',
        ),
      );
      return;
    }
    const scope =
      shown.selected === undefined
        ? await this.askScope(this.#scopes(document, shown.cursor, panel.cells))
        : { label: '', range: shown.selected, cells: this.#typeOf(document, shown.selected) ?? panel.cells };
    if (scope === undefined) return;
    const { resource } = document;
    const reference = await this.#provider.services.acquire(resource);
    if (reference === undefined) return;
    const { range } = scope;
    const frozenState = panel.isFrozen ? panel.state.frozen : undefined;
    const title = this.#title(document, range, scope.label);
    const view = vscode.window.createWebviewPanel(
      plotViewType,
      plainText(vscode.l10n.t('Plot of {0}', title.short)),
      { viewColumn: vscode.ViewColumn.Beside },
      {},
    );
    const { uri } = document;
    this.#add(view, {
      reference,
      geometry: shown.geometry,
      range,
      title: title.long,
      choice: firstChoice(scope.cells),
      hertz: panel.liveHertz,
      ...(frozenState === undefined
        ? uri.scheme === scheme
          ? { resource: { board: uri.authority, path: uri.path } }
          : {}
        : { frozen: { text: frozenState, bytes: panel.bytes(range) } }),
    });
  }

  /** Plots on a page that VS Code kept over a reload of the window; one of which that cannot be is closed. */
  async restore(view: vscode.WebviewPanel, raw: unknown): Promise<void> {
    const kept = readKeptPlot(raw);
    const resource = kept && parseResource(kept.board, kept.path);
    const reference = resource && (await this.#provider.services.acquire(resource));
    if (kept === undefined || reference === undefined) {
      view.dispose();
      return;
    }
    const { board, path, ...place } = kept;
    this.#add(view, { ...place, title: plainText(place.title), reference, resource: { board, path } });
  }

  #add(view: vscode.WebviewPanel, place: PlotPlace): void {
    const { services, extensionUri } = this.#provider;
    const plot = new PlotPanel(place, view, {
      services,
      extensionUri,
      log: this.#provider.log,
      askTarget: (name) => this.askTarget(name),
      failed: (error) => {
        services.note(error);
        sayError(sentenceOf(error, services.errorText, vscode.l10n));
      },
      closed: (one) => this.#open.delete(one),
    });
    this.#open.add(plot);
  }

  /** What is plotted in a few words, and with its board. */
  #title(document: TileDocument, range: ByteRange, name: string): { short: string; long: string } {
    const { shown, resource } = document;
    if (shown === undefined) return { short: name, long: name };
    const { tile, offset } = locate(shown.geometry, range.offset);
    const place = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
    const short = name === '' ? place : name;
    const { tile: _, ...memory } = resource;
    const board = titleOf(memory, document.columns, this.#provider.services, vscode.l10n);
    const size = vscode.l10n.t('{0} bytes', range.length);
    return { short, long: [...new Set([short, place, size, board])].join(' \u00b7 ') };
  }

  /** The type that a build says of exactly these bytes. */
  #typeOf({ shown, resource }: TileDocument, { offset, length }: ByteRange): CellChoice | undefined {
    if (shown === undefined) return undefined;
    const at = locate(shown.geometry, offset);
    const names = this.#provider.services.names(resource.board, resource.memory, at.tile);
    const named = names.find((one) => one.offset === at.offset && one.size === length);
    return named?.cells === undefined ? undefined : { name: named.cells, order: 'little' };
  }

  /** What has a name at the cursor, the tile, everything else that has a name. */
  #scopes(document: TileDocument, cursor: number, cells: CellChoice): PlotScope[] {
    const { shown, resource } = document;
    if (shown === undefined) return [];
    const { geometry, range: all } = shown;
    const { services } = this.#provider;
    const { tile } = locate(geometry, cursor);
    const least = cellFormat(cells, true).bytes;
    const places = namedPlaces(geometry, all, (one) => services.names(resource.board, resource.memory, one));
    const named = places
      .filter(({ name }) => name.size > 0 && name.kind !== 'stack')
      .slice(0, mostOffered)
      .map((place): PlotScope => {
        const length = Math.min(place.name.size, geometry.bytesPerTile - place.name.offset);
        const type = place.name.cells;
        return {
          label: nameText(place.name, vscode.l10n),
          description: `${placeText(place)}, ${vscode.l10n.t('{0} bytes', length)}${type === undefined ? '' : `, ${type}`}`,
          range: { offset: place.offset, length },
          cells: type === undefined ? cells : { name: type, order: 'little' },
        };
      })
      .filter(({ range }) => range.length >= least);
    const isHere = ({ range }: PlotScope): boolean =>
      cursor >= range.offset && cursor < range.offset + range.length;
    const whole = tileRange(geometry, tile);
    return [
      ...named.filter(isHere),
      {
        label: vscode.l10n.t('Tile {0}', formatTile(tile)),
        description: vscode.l10n.t('{0} bytes', whole.length),
        range: whole,
        cells,
      },
      ...named.filter((one) => !isHere(one)),
    ];
  }

  dispose(): void {
    for (const plot of this.all) plot.view.dispose();
  }
}

function askForScope(scopes: readonly PlotScope[]): Promise<PlotScope | undefined> {
  const title = vscode.l10n.t('Plot');
  return Promise.resolve(
    pickFrom(scopes, { title, placeHolder: vscode.l10n.t('What to plot; select bytes first to plot those') }),
  );
}

function askForTarget(name: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return Promise.resolve(
    vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export Plot'),
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: { PNG: ['png'], SVG: ['svg'], CSV: ['csv'] },
    }),
  );
}
