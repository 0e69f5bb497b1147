/**
 * A tile, and the waits of a whole partition, told on one page in Markdown: by kernels and buffers where a build names them.
 * What a board or a file says stands in code spans, so that none of it formats the page.
 */
import {
  type ArrayShape,
  formatTile,
  type Generation,
  type MemoryType,
  type Tile,
  tileKind,
} from '../geometry.ts';
import type { Localiser } from '../localiser.ts';
import { hexNumber } from '../numbers.ts';
import { markdownCode, markdownText } from '../plain.ts';
import { channelName, channelText, coreText, lockValue, reasonText } from '../status/sentences.ts';
import type { CoreStatus, DescriptorLock, DescriptorStatus, TileStatus, WaitEdge } from '../status/status.ts';
import { memoryTileLocks, waitCycles, waitEdges } from '../status/waits.ts';
import type { PlacedName } from './build.ts';
import { nameText } from './name-texts.ts';
import { type Clock, stackMeetingText, stackUseText } from './stack-texts.ts';
import type { StackFacts } from './stack-uses.ts';

/** What is known of a partition. */
export interface ExplainSources {
  /** Of board and partition, for people. */
  readonly title: string;
  readonly array: ArrayShape | undefined;
  readonly generation: Generation | 'unknown';
  /** All tiles, with details where these say more; read at one time. */
  readonly statuses: readonly TileStatus[];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kernels: (tile: Tile) => readonly string[];
  readonly names: (memory: MemoryType, tile: Tile) => readonly PlacedName[];
  readonly stack: (tile: Tile) => StackFacts | undefined;
  readonly clock: Clock;
  readonly l10n: Localiser;
}

/** What was seen of a buffer's bytes, milliseconds since 1970. */
export interface BufferAge {
  /** When the last change was seen. */
  readonly changedAt?: number;
  /** The first look; without a change since. */
  readonly sameSince?: number;
}

/** What is known of one tile beside. */
export interface TileSources {
  readonly tile: Tile;
  /** Samples of its core, one soon after the other. */
  readonly samples: readonly CoreStatus[];
  /** From the first of them to the last, milliseconds. */
  readonly samplesMs: number;
  readonly age: (buffer: PlacedName) => BufferAge | undefined;
}

/** Lines of a list; all others are counted. */
const mostListed = 16;
/** The own bytes of a memory tile, as its DMA counts them. */
const memoryTileBytes = 0x80000;

/** One page about a tile. */
export function explainTile(sources: ExplainSources, tile: TileSources): string {
  const { l10n, title, clock, at } = sources;
  const status = statusOf(sources, tile.tile);
  const lines = [
    `# ${markdownText(l10n.t('Tile {0}', formatTile(tile.tile)))}`,
    '',
    `${markdownCode(title)}, ${markdownText(l10n.t('read at {0}', clock(at)))}`,
    '',
    ...list(
      sources.kernels(tile.tile).map((name) => markdownCode(name)),
      l10n.t('No build names a kernel here.'),
      l10n,
    ),
  ];
  const section = (heading: string, content: readonly string[]) =>
    lines.push('', `## ${markdownText(heading)}`, '', ...content);
  section(l10n.t('What it does'), doing(sources, status));
  const hasCore = kindOf(sources, tile.tile) === 'core';
  if (hasCore) section(l10n.t('Where its time goes'), timeLines(sources, tile));
  section(l10n.t('What it waits for'), waitLines(sources, tile.tile));
  if (hasCore) section(l10n.t('Stack'), stackLines(sources, tile.tile));
  section(l10n.t('Buffers'), bufferLines(sources, tile));
  section(
    l10n.t('Errors'),
    list(
      errorsOf(status).map((error) => markdownCode(error)),
      l10n.t('None were told.'),
      l10n,
    ),
  );
  return `${lines.join('\n')}\n`;
}

/** One page about who waits for whom in a partition. */
export function explainPartition(sources: ExplainSources): string {
  const { l10n, title, clock, at, statuses, array, generation } = sources;
  const edges = waitEdges(statuses, array, generation);
  const circles = waitCycles(edges).filter(({ length }) => length > 1);
  const lines = [
    `# ${markdownText(l10n.t('Who waits for whom'))}`,
    '',
    `${markdownCode(title)}, ${markdownText(l10n.t('read at {0}', clock(at)))}`,
  ];
  for (const circle of circles) {
    const first = circle[0];
    if (first === undefined) continue;
    lines.push('', `## ${markdownText(l10n.t('A hang of {0} tiles', circle.length))}`, '');
    circle.forEach((from, i) => {
      const to = circle[(i + 1) % circle.length] ?? first;
      const between = edges.filter((edge) => same(edge.from, from) && same(edge.to, to));
      lines.push(`${i + 1}. ${between.map((edge) => stepText(sources, edge)).join(' ')}`);
    });
    const back = markdownText(l10n.t('That is where it began: none of them can go on.'));
    lines.push('', `${calledText(sources, first)}: ${back}`);
  }
  const inCircles = new Set(circles.flat().map(formatTile));
  const chains = chainsOf(edges, inCircles);
  if (circles.length === 0 && chains.length === 0)
    lines.push('', markdownText(l10n.t("No tile waits for another tile's lock.")));
  if (chains.length > 0) lines.push('', `## ${markdownText(l10n.t('Who waits beside'))}`, '');
  for (const chain of chains.slice(0, mostListed)) {
    lines.push(
      `- ${chain.map((edge) => stepText(sources, edge)).join(' ')} ${endText(sources, chain, inCircles)}`,
    );
  }
  if (chains.length > mostListed)
    lines.push(`- ${markdownText(l10n.t('{0} more', chains.length - mostListed))}`);
  return `${lines.join('\n')}\n`;
}

function kindOf(sources: ExplainSources, tile: Tile): TileStatus['kind'] {
  return statusOf(sources, tile)?.kind ?? tileKind(sources.array, tile.row);
}

/** The memory of a tile that buffers lie in; undefined where it has none. */
export function bufferMemory(sources: ExplainSources, tile: Tile): MemoryType | undefined {
  const kind = kindOf(sources, tile);
  if (kind === 'shim') return undefined;
  return kind === 'memory' ? 'memory-tile' : 'data';
}

/** What has a name in that memory. */
function namesThere(sources: ExplainSources, tile: Tile): readonly PlacedName[] {
  const memory = bufferMemory(sources, tile);
  return memory === undefined ? [] : sources.names(memory, tile);
}

function buffersOf(sources: ExplainSources, tile: Tile): PlacedName[] {
  return namesThere(sources, tile).filter(({ kind }) => kind === 'buffer' || kind === 'parameter');
}

/** The buffers that the page of a tile tells with their ages; a build may name any number more. */
export function toldBuffers(sources: ExplainSources, tile: Tile): readonly PlacedName[] {
  return buffersOf(sources, tile).slice(0, mostListed);
}

function same(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}

function statusOf({ statuses }: ExplainSources, tile: Tile): TileStatus | undefined {
  return statuses.find((status) => same(status.tile, tile));
}

/** @param count of all, where `items` are not all of them */
function list(items: readonly string[], none: string, l10n: Localiser, count = items.length): string[] {
  if (items.length === 0) return [markdownText(none)];
  const more = count - mostListed;
  const shown = items.slice(0, mostListed).map((item) => `- ${item}`);
  return more > 0 ? [...shown, `- ${markdownText(l10n.t('{0} more', more))}`] : shown;
}

/** A tile by its kernels: `fir` in (7,2). */
function calledText(sources: ExplainSources, tile: Tile): string {
  const kernels = sources.kernels(tile).map((name) => markdownCode(name));
  const place = formatTile(tile);
  return kernels.length === 0
    ? markdownText(sources.l10n.t('tile {0}', place))
    : `${kernels.join(', ')} ${markdownText(sources.l10n.t('in {0}', place))}`;
}

/** The function at a program counter, as a code span with its offset; empty where no build says it. */
function functionText({ names }: ExplainSources, tile: Tile, pc: number | undefined): string {
  const inside = names('program', tile).find(
    ({ kind, offset, size }) => kind === 'function' && pc !== undefined && pc >= offset && pc < offset + size,
  );
  return inside === undefined ? '' : markdownCode(inside.name);
}

function doing(sources: ExplainSources, status: TileStatus | undefined): string[] {
  const { l10n } = sources;
  if (status === undefined) return [markdownText(l10n.t('It was not read.'))];
  const { core, channels, reason, tile } = status;
  if (reason !== undefined) return [markdownText(reasonText(reason, l10n))];
  const lines: string[] = [];
  if (core !== undefined) {
    const inside = functionText(sources, tile, core.pc);
    const at = core.pc === undefined ? '' : ` ${markdownText(l10n.t('at PC {0}', hexNumber(core.pc, 5)))}`;
    const of = inside === '' ? '' : ` ${markdownText(l10n.t('in'))} ${inside}`;
    lines.push(`- ${markdownText(l10n.t('Core: {0}', coreText(core, l10n)))}${at}${of}`);
  }
  for (const channel of channels.filter(({ state }) => state !== 'idle')) {
    const text = l10n.t('DMA {0}: {1}', channelName(channel), channelText(channel, l10n));
    const descriptor = status.descriptors.find(({ index }) => index === channel.currentDescriptor);
    const buffer = descriptor === undefined ? '' : bufferText(sources, status, descriptor);
    lines.push(`- ${markdownText(text)}${buffer === '' ? '' : `: ${buffer}`}`);
  }
  return lines.length === 0 ? [markdownText(l10n.t('Nothing: its DMA is idle.'))] : lines;
}

/** The buffers that a descriptor reads or writes, by name; empty where no build names one. */
function bufferText(
  sources: ExplainSources,
  status: TileStatus,
  { address, second }: DescriptorStatus,
): string {
  const isMemory = status.kind === 'memory';
  const names = namesThere(sources, status.tile);
  const found = [address, ...(second === undefined ? [] : [second.address])].flatMap((one) => {
    const offset = isMemory ? one - memoryTileBytes : one;
    const there = names.filter(
      (name) => offset >= name.offset && offset < name.offset + Math.max(1, name.size),
    );
    const [best] = there.toSorted((a, b) => a.size - b.size);
    return best === undefined ? [] : [markdownCode(nameText(best, sources.l10n))];
  });
  return [...new Set(found)].join(', ');
}

function timeLines(sources: ExplainSources, { tile, samples, samplesMs }: TileSources): string[] {
  const { l10n } = sources;
  if (samples.length === 0) return [markdownText(l10n.t('No sample of its core was taken.'))];
  const counts = new Map<string, number>();
  for (const sample of samples) {
    const inside = functionText(sources, tile, sample.pc);
    const text = `${markdownText(coreText(sample, l10n))}${inside === '' ? '' : ` ${markdownText(l10n.t('in'))} ${inside}`}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const most = [...counts].sort(([, a], [, b]) => b - a);
  return [
    markdownText(l10n.t('In {0} samples within {1} ms:', samples.length, Math.round(samplesMs))),
    '',
    ...list(
      most.map(([text, count]) => `${count}: ${text}`),
      '',
      l10n,
    ),
  ];
}

/** A wait, who could end it, and by which buffers. */
function waitLines(sources: ExplainSources, tile: Tile): string[] {
  const { l10n, statuses, array, generation } = sources;
  const edges = waitEdges(statuses, array, generation).filter(({ from }) => same(from, tile));
  const other = (statusOf(sources, tile)?.core?.stalls ?? []).filter(({ kind }) => kind !== 'lock');
  if (edges.length === 0 && other.length === 0) return [markdownText(l10n.t('Nothing that is known.'))];
  const core = statusOf(sources, tile)?.core;
  const lines = other.length === 0 || core === undefined ? [] : [`- ${markdownText(coreText(core, l10n))}`];
  for (const edge of edges) {
    lines.push(`- ${stepText(sources, edge)}`);
    lines.push(...releasers(sources, edge).map((text) => `  - ${text}`));
  }
  return lines;
}

/** `fir` in (7,2) waits for lock 1 of `gain` in (7,3), buffers there: `ping`. */
function stepText(sources: ExplainSources, edge: WaitEdge): string {
  const { l10n } = sources;
  const who =
    edge.what === 'core'
      ? calledText(sources, edge.from)
      : `${markdownText(`DMA ${channelName({ direction: edge.what, channel: edge.channel ?? 0 })}`)} ${markdownText(l10n.t('of'))} ${calledText(sources, edge.from)}`;
  const what =
    edge.lock === undefined ? l10n.t('waits for a lock of') : l10n.t('waits for lock {0} of', edge.lock);
  const to = same(edge.from, edge.to) ? markdownText(l10n.t('its own tile')) : calledText(sources, edge.to);
  const buffers = buffersBetween(sources, edge);
  const there =
    buffers.length === 0 ? '.' : `; ${markdownText(l10n.t('buffers there:'))} ${buffers.join(', ')}.`;
  return `${who} ${markdownText(what)} ${to}${there}`;
}

/** The buffers that a wait can be about: those that the lock's descriptors name, else those that the waiting core uses there. */
function buffersBetween(sources: ExplainSources, { from, to, what, lock }: WaitEdge): string[] {
  const status = statusOf(sources, to);
  const byLock = (status?.descriptors ?? [])
    .filter((one) => one.valid && [...acquired(status, one, lock), ...released(status, one, lock)].length > 0)
    .map((one) => (status === undefined ? '' : bufferText(sources, status, one)));
  const used = namesThere(sources, to)
    .filter(({ kind, of }) => kind === 'buffer' && (of === undefined ? same(from, to) : same(of, from)))
    .map((name) => markdownCode(nameText(name, sources.l10n)));
  const found = lock !== undefined || what !== 'core' ? byLock : [...used, ...byLock];
  return [...new Set(found.filter((text) => text !== ''))].slice(0, mostListed);
}

/** The locks of its own tile that a descriptor releases; only the one where it is known which counts. */
function released(status: TileStatus | undefined, { release, second }: DescriptorStatus, lock?: number) {
  return ownLocks(status, [release, second?.release], lock);
}

/** The same of those that it acquires. */
function acquired(status: TileStatus | undefined, { acquire, second }: DescriptorStatus, lock?: number) {
  return ownLocks(status, [acquire, second?.acquire], lock);
}

function ownLocks(
  status: TileStatus | undefined,
  uses: readonly (DescriptorLock | undefined)[],
  lock: number | undefined,
): number[] {
  const isMemory = status?.kind === 'memory';
  const own = uses.flatMap((use) => (use === undefined ? [] : use.lock - (isMemory ? memoryTileLocks : 0)));
  const found = own.filter((one) => (lock === undefined ? one >= 0 : one === lock));
  return [...new Set(isMemory ? found.filter((one) => one < memoryTileLocks) : found)];
}

/** Who could release what a wait is for: locks with their values, channels with their buffers, cores by their kernels. */
function releasers(sources: ExplainSources, edge: WaitEdge): string[] {
  const { l10n } = sources;
  const status = statusOf(sources, edge.to);
  const texts = (status?.descriptors ?? [])
    .filter(({ valid }) => valid)
    .flatMap((one) => released(status, one, edge.lock).map((lock) => ({ descriptor: one, lock })))
    .map(({ descriptor, lock }) => {
      const value = status?.locks.find(({ index }) => index === lock);
      const now =
        value === undefined
          ? l10n.t('lock {0}', lock)
          : l10n.t('lock {0}, now {1}', lock, lockValue(value, l10n));
      const buffer = status === undefined ? '' : bufferText(sources, status, descriptor);
      const at = status?.channels.find(({ currentDescriptor }) => currentDescriptor === descriptor.index);
      const by =
        at === undefined
          ? l10n.t('descriptor {0} releases it', descriptor.index)
          : l10n.t('DMA {0} releases it: {1}', channelName(at), channelText(at, l10n));
      return `${markdownText(now)}${buffer === '' ? '' : ` (${buffer})`}: ${markdownText(by)}`;
    });
  const users = [edge.to, ...namesThere(sources, edge.to).flatMap(({ of }) => of ?? [])];
  const cores = [...new Map(users.map((tile) => [formatTile(tile), tile] as const)).values()].filter(
    (tile) => edge.what !== 'core' || !same(tile, edge.from),
  );
  for (const tile of cores) {
    const core = statusOf(sources, tile)?.core;
    if (core === undefined) continue;
    texts.push(
      `${markdownText(l10n.t('the core of'))} ${calledText(sources, tile)}, ${markdownText(coreText(core, l10n))}`,
    );
  }
  return texts.length === 0
    ? [markdownText(l10n.t('Who could release it is not known.'))]
    : texts.slice(0, mostListed);
}

function stackLines(sources: ExplainSources, tile: Tile): string[] {
  const { l10n, clock } = sources;
  const facts = sources.stack(tile);
  if (facts === undefined) return [markdownText(l10n.t('No build says where it lies.'))];
  const { stack } = facts;
  const place = `${formatTile(stack.tile)}+${hexNumber(stack.offset, 4)}`;
  const met = facts.meetings.map((one) => `- ${markdownText(stackMeetingText(facts, one, l10n))}`);
  return [
    `${markdownText(`${place}: ${stackUseText(facts, l10n, clock)}`)}`,
    ...(met.length > 0 ? ['', ...met] : []),
  ];
}

function bufferLines(sources: ExplainSources, { tile, age }: TileSources): string[] {
  const { l10n } = sources;
  const told = toldBuffers(sources, tile);
  const items = told.map((name) => {
    const place = markdownText(l10n.t('{0}, {1} bytes', hexNumber(name.offset, 4), name.size));
    return `${markdownCode(nameText(name, l10n))} ${place}: ${markdownText(ageText(sources, age(name)))}`;
  });
  return list(items, l10n.t('No build names one in its memory.'), l10n, buffersOf(sources, tile).length);
}

function ageText({ l10n, clock }: ExplainSources, age: BufferAge | undefined): string {
  if (age?.changedAt !== undefined) return l10n.t('last change seen at {0}', clock(age.changedAt));
  if (age?.sameSince !== undefined) return l10n.t('no change seen since {0}', clock(age.sameSince));
  return l10n.t('not read');
}

function errorsOf(status: TileStatus | undefined): string[] {
  const ofChannels = (status?.channels ?? []).flatMap(({ errors, ...channel }) =>
    (errors ?? []).map((error) => `${channelName(channel)}: ${error}`),
  );
  const ofCore = status?.core?.state === 'error' ? ['error_halt'] : [];
  return [...ofCore, ...(status?.core?.flags ?? []), ...(status?.errors ?? []), ...ofChannels];
}

/** Waits that lead on from tiles which no other tile waits for, as far as they go; circles are left out. */
function chainsOf(edges: readonly WaitEdge[], inCircles: ReadonlySet<string>): WaitEdge[][] {
  const between = edges.filter(({ from, to }) => !same(from, to) && !inCircles.has(formatTile(from)));
  const awaited = new Set(between.map(({ to }) => formatTile(to)));
  return between
    .filter(({ from }) => !awaited.has(formatTile(from)))
    .map((first) => {
      const chain = [first];
      const seen = new Set([formatTile(first.from)]);
      for (let last = first; !seen.has(formatTile(last.to)); ) {
        seen.add(formatTile(last.to));
        const next = between.find(({ from }) => same(from, last.to));
        if (next === undefined) break;
        chain.push(next);
        last = next;
      }
      return chain;
    });
}

/** What the last tile of a chain does, which is what all of it waits for. */
function endText(
  sources: ExplainSources,
  chain: readonly WaitEdge[],
  inCircles: ReadonlySet<string>,
): string {
  const end = chain.at(-1)?.to;
  if (end === undefined) return '';
  const { l10n } = sources;
  if (inCircles.has(formatTile(end))) return markdownText(l10n.t('That one is part of a hang.'));
  const core = statusOf(sources, end)?.core;
  const state = core === undefined ? l10n.t('what that does is not known') : coreText(core, l10n);
  return `${calledText(sources, end)}: ${markdownText(state)}.`;
}
