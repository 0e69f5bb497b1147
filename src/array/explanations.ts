/** *Explain*: reads what a tile or a partition does now, tells it on a page of text, and copies that as Markdown. */
import * as vscode from 'vscode';
import { type Asking, type BoardInfo, type Partition, type PartitionInfo, patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { formatTile, type Tile, tileKind } from '../model/geometry.ts';
import type { PlacedName } from '../model/program/build.ts';
import {
  bufferMemory,
  type ExplainSources,
  explainPartition,
  explainTile,
  toldBuffers,
} from '../model/program/explain.ts';
import type { CoreStatus } from '../model/status/status.ts';
import { sayInformation, withProgress } from '../say/say.ts';
import { BufferAges } from '../session/buffer-ages.ts';
import type { ArrayBoard, ArrayServices, TilePlace } from './array-model.ts';
import { partitionTiles } from './picture.ts';
import { stackOfCore } from './stack-of.ts';

/** Scheme of these pages. */
const explainScheme = 'aie-explain';
/** Samples of a core, and the pause between two of them, milliseconds. */
const samples = 16;
const pauseMs = 100;

export class Explanations implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #services: ArrayServices;
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: readonly vscode.Disposable[];

  readonly onDidChange = this.#changed.event;

  /** Whether a person wants the page in the clipboard; tests answer in their place. */
  offerCopy = async (name: string): Promise<boolean> => {
    const copy = this.#services.l10n.t('Copy as Markdown');
    return (await sayInformation(this.#services.l10n.t('{0} is explained.', name), copy)) === copy;
  };

  constructor(services: ArrayServices) {
    this.#services = services;
    this.#subscriptions = [
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(explainScheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
    ];
  }

  /** Explains one tile. */
  async tile(place: TilePlace): Promise<void> {
    const name = formatTile(place.tile);
    await this.#explain(name, place, async (sources, partition, signal) => {
      const buffers = toldBuffers(sources, place.tile);
      const memory = bufferMemory(sources, place.tile);
      const reference =
        memory === undefined || buffers.length === 0
          ? undefined
          : await this.#services.acquire({ ...withoutTile(place), memory });
      try {
        const ages = reference && new BufferAges(reference.session, buffers);
        await this.#read(ages, signal);
        const from = Date.now();
        const isCore = tileKind(sources.array, place.tile.row) === 'core';
        const seen = isCore ? await this.#sample(partition, place.tile, signal) : [];
        const samplesMs = Date.now() - from;
        await this.#read(ages, signal);
        const age = (buffer: PlacedName) => ages?.of(buffer);
        return explainTile(sources, { tile: place.tile, samples: seen, samplesMs, age });
      } finally {
        reference?.dispose();
      }
    });
  }

  /**
   * The page about a tile for another program: one look for nobody, so no partition is taken for it that nobody uses, and no
   * bytes are read. Rejects with BoardError.
   */
  async tileText({ tile, ...place }: TilePlace, signal: AbortSignal): Promise<string> {
    const found = this.#found(place);
    if (found === undefined) throw new BoardError('connection-lost', 'not connected');
    const { board, info, about } = found;
    const partition = await board.link.open(place.partition, signal, 'nobody');
    const sources = await this.#sources(board, info, about, partition, signal, 'nobody');
    return explainTile(sources, { tile, samples: [], samplesMs: 0, age: () => undefined });
  }

  /** Explains who waits for whom in a partition. */
  async partition(place: Omit<TilePlace, 'tile'>): Promise<void> {
    const name = this.#services.l10n.t('waits');
    await this.#explain(name, place, async (sources) => explainPartition(sources));
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  dispose(): void {
    for (const one of this.#subscriptions) one.dispose();
  }

  async #explain(
    name: string,
    place: Omit<TilePlace, 'tile'>,
    tell: (sources: ExplainSources, partition: Partition, signal: AbortSignal) => Promise<string>,
  ): Promise<void> {
    const { l10n } = this.#services;
    const found = this.#found(place);
    if (found === undefined) {
      sayInformation(l10n.t('Connect the board first: what it does now is read for this.'));
      return;
    }
    const { board, info, about } = found;
    const text = await withProgress(l10n.t('Explaining {0}', name), async (_, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(patience)]);
      const partition = await board.link.open(place.partition, signal, 'person');
      const sources = await this.#sources(board, info, about, partition, signal, 'person');
      return await tell(sources, partition, signal);
    });
    // Two partitions of a board have pages of their own.
    const path = `/${place.partition}/${name} ${l10n.t('explained')}.md`;
    const uri = vscode.Uri.from({ scheme: explainScheme, authority: place.board, path });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preview: true });
    // The question stays while the page is read.
    this.offerCopy(name).then(
      (isWanted) => (isWanted ? vscode.env.clipboard.writeText(text) : undefined),
      (error) => this.#services.note(error),
    );
  }

  /** The board and the partition of a place, while it is connected. */
  #found(place: Omit<TilePlace, 'tile'>) {
    const board = this.#services.boards().find(({ id }) => id === place.board);
    const info = board?.link.partitions.find(({ key }) => key === place.partition);
    if (board?.link.state.kind !== 'connected' || info === undefined) return undefined;
    return { board, info, about: board.link.state.board.info };
  }

  /** Reads the state of all tiles, with details. */
  async #sources(
    board: ArrayBoard,
    info: PartitionInfo,
    about: Pick<BoardInfo, 'array' | 'generation'>,
    partition: Partition,
    signal: AbortSignal,
    asking: Asking,
  ): Promise<ExplainSources> {
    const { l10n, clock, columnsText, names, kernels } = this.#services;
    const report = await partition.status(partitionTiles(info), { detail: true, asking }, signal);
    const statusOf = (tile: Tile) =>
      report.tiles.find(({ tile: one }) => one.col === tile.col && one.row === tile.row);
    return {
      title: `${board.label}, ${columnsText(info)}`,
      array: about.array,
      generation: about.generation,
      statuses: report.tiles,
      at: report.at,
      kernels: (tile) => kernels(board.id, tile),
      names: (memory, tile) => names(board.id, memory, tile),
      stack: (tile) => stackOfCore(this.#services, board.id, info, tile, about, statusOf(tile)),
      clock,
      l10n,
    };
  }

  /** Takes samples of a core, one after the other. */
  async #sample(partition: Partition, tile: Tile, signal: AbortSignal): Promise<CoreStatus[]> {
    const seen: CoreStatus[] = [];
    for (let i = 0; i < samples; i++) {
      if (i > 0) await new Promise<void>((go) => this.#services.after(pauseMs, go));
      const [status] = (await partition.status([tile], { asking: 'person' }, signal)).tiles;
      if (status?.core !== undefined) seen.push(status.core);
    }
    return seen;
  }

  /** Bytes that cannot be read keep nothing else from being told. */
  async #read(ages: BufferAges | undefined, signal: AbortSignal): Promise<void> {
    try {
      await ages?.read(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#services.note(error);
    }
  }
}

function withoutTile({ board, partition }: TilePlace): Omit<TilePlace, 'tile'> {
  return { board, partition };
}
