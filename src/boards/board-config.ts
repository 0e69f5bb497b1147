/**
 * Board entries as they are kept in VS Code's global state, and as `TILESCOPE_START_BOARDS` gives them. They hold no
 * secrets. Stored text is checked like foreign input: another version, or a person, may have written it.
 */
import * as v from 'valibot';
import { isBoardId } from '../model/resource.ts';
import { fitting, fittingItems, whole } from '../model/shapes.ts';

interface Common {
  /** Authority of the board's `aie:` resources; stays the same when the entry is edited. */
  readonly id: string;
  readonly label: string;
  /** Whether it is connected when Tilescope starts. */
  readonly autoConnect?: boolean;
}

/** An in-process array to play with. */
export interface SimulatedConfig extends Common {
  readonly kind: 'simulated';
}

/** The machine on which the extension runs; device and sudo come from machine-scoped settings. */
export interface LocalConfig extends Common {
  readonly kind: 'local';
}

/** A board reached over SSH. */
export interface SshConfig extends Common {
  readonly kind: 'ssh';
  /** An alias of the ssh configuration, `host`, or `host:port`. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFile?: string;
  /** Whether the helper may be started through sudo. */
  readonly sudo: boolean;
  /** A known_hosts file instead of the configured ones. */
  readonly knownHosts?: string;
  /** The device node on the board, an absolute path; `/dev/aie0` if left out. */
  readonly device?: string;
  /** How long the host may take to answer, whole seconds (`isConnectSeconds`); as configured for ssh if left out. */
  readonly connectSeconds?: number;
}

/** A snapshot's file, shown as a board is. */
interface SnapshotConfig extends Common {
  readonly kind: 'snapshot';
  /** Absolute path on the machine on which the extension runs. */
  readonly path: string;
}

export type BoardConfig = SimulatedConfig | LocalConfig | SshConfig | SnapshotConfig;

/** A board id for a label that none of `taken` has: lower-case words joined by `-`, at most 64 characters. */
export function newBoardId(label: string, taken: ReadonlySet<string>): string {
  const slug = label
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .slice(0, 56)
    .replace(/^[-.]+|[-.]+$/g, '');
  const base = isBoardId(slug) ? slug : 'board';
  if (!taken.has(base)) return base;
  for (let count = 2; ; count++) {
    const candidate = `${base}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** A text of an entry. */
const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(1024));
/** Seconds that a host may be given. */
const connectSecondsShape = whole(1, 3600);

/** What is left out where it does not fit: an entry without it can be used. */
function optional<S extends v.GenericSchema>(shape: S) {
  return v.optional(v.fallback(v.optional(shape), undefined));
}

const common = {
  id: v.pipe(v.string(), v.check(isBoardId)),
  label: text,
  autoConnect: optional(v.literal(true)),
};

const entryShape = v.variant('kind', [
  v.object({ ...common, kind: v.literal('simulated') }),
  v.object({ ...common, kind: v.literal('local') }),
  v.object({ ...common, kind: v.literal('snapshot'), path: text }),
  v.object({
    ...common,
    kind: v.literal('ssh'),
    host: text,
    sudo: v.fallback(v.boolean(), false),
    user: optional(text),
    port: v.optional(whole(1, 65535)),
    identityFile: optional(text),
    knownHosts: optional(text),
    device: v.optional(v.pipe(text, v.startsWith('/'))),
    connectSeconds: optional(connectSecondsShape),
  }),
]);

/** Whether a number can be a board's connect time-out. */
export function isConnectSeconds(value: unknown): value is number {
  return v.is(connectSecondsShape, value);
}

/** Reads one entry. `undefined` if a field that it needs is missing or wrong. A missing id is made from the label. */
function parseBoardConfig(value: unknown, taken: ReadonlySet<string>): BoardConfig | undefined {
  const label = fitting(v.object({ label: text }), value)?.label;
  if (label === undefined) return undefined;
  const entry = fitting(entryShape, { id: newBoardId(label, taken), ...withoutAbsent(Object(value)) });
  return entry === undefined || taken.has(entry.id) ? undefined : withoutAbsent(entry);
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The same without the properties that are `undefined`. */
function withoutAbsent<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Present<T>;
}

/** The ids that the items of a stored list have or would be given, whether or not the items can be read. */
export function idsIn(items: readonly unknown[]): string[] {
  const given = fittingItems(v.object({ id: v.string() }), items).map(({ id }) => id);
  return [...given, ...parseBoardConfigs(items).places.keys()];
}

/** A list of entries that was read. */
export interface ReadConfigs {
  readonly configs: BoardConfig[];
  /** How many items could not be read, or had an id that is taken. */
  readonly refused: number;
  /** By id: the item of the list. */
  readonly places: ReadonlyMap<string, number>;
}

/** Reads a list of entries; those that cannot be read, or whose id is taken, are left out and counted. */
export function parseBoardConfigs(value: unknown, taken: ReadonlySet<string> = new Set()): ReadConfigs {
  if (!Array.isArray(value)) return { configs: [], refused: value === undefined ? 0 : 1, places: new Map() };
  const configs: BoardConfig[] = [];
  const places = new Map<string, number>();
  for (const [index, item] of value.entries()) {
    const config = parseBoardConfig(item, new Set([...taken, ...places.keys()]));
    if (config === undefined) continue;
    configs.push(config);
    places.set(config.id, index);
  }
  return { configs, refused: value.length - configs.length, places };
}

/** The boards that `npm start` and tests ask for by environment; they are not kept. Throws SyntaxError for bad JSON. */
export function startBoards(
  variable: string | undefined,
  taken: ReadonlySet<string>,
): Pick<ReadConfigs, 'configs' | 'refused'> {
  if (variable === undefined || variable === '') return { configs: [], refused: 0 };
  return parseBoardConfigs(JSON.parse(variable), taken);
}
