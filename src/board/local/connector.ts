/** The board in this machine: VS Code runs on it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as v from 'valibot';
import { type BoardConnector, type BoardLog, defaultDevice } from '../board.ts';
import { createCoreBoard } from '../core-board.ts';
import { BoardError, throwIfCancelled } from '../errors.ts';
import type { CoreClient } from '../protocol/core-client.ts';
import { WireClient } from '../protocol/wire-client.ts';
import { type Addon, AddonClient } from './addon-client.ts';
import { executable } from './executable.ts';
import { type SudoPrompts, startThroughSudo } from './sudo.ts';

export interface LocalOptions {
  /** The addon for this machine; undefined where the package has none. */
  readonly addonPath: string | undefined;
  /** The agent for this machine, for `sudo` and for holds; undefined where the package has none. */
  readonly agentPath: string | undefined;
  /** Device node; default `/dev/aie0`. */
  readonly device?: string;
  /** `yes`: reach the device through the agent, started by sudo, unless we are root. Default no. */
  readonly sudo?: 'yes' | 'no';
  readonly prompts?: SudoPrompts;
  /** Version of this tool, for the report. */
  readonly toolVersion?: string;
}

/**
 * Connects through the addon in this process, or through the agent started by sudo if that is asked for: for a device node
 * that is not ours, and for memory beside an owner that is not ours. Errors: `no-addon`, `no-device`, `permission`,
 * `sudo-failed`, `sudo-refused`, `sudo-broken` and those of the core.
 */
export function createLocalConnector(options: LocalOptions): BoardConnector {
  const device = options.device ?? defaultDevice;
  return {
    async connect({ log, onStep }, signal) {
      throwIfCancelled(signal);
      onStep('connecting');
      const access = await accessTo(device);
      const throughSudo = options.sudo === 'yes' && access !== 'root';
      if (access === 'denied' && !throughSudo) {
        throw new BoardError('permission', `${device} is not ours, and sudo is off`, { path: device });
      }
      const way = throughSudo ? 'agent through sudo' : 'addon in this process';
      const client = throughSudo
        ? await startAgent(options, device, log, () => onStep('starting-agent'), signal)
        : await startAddon(options, device, log);
      onStep('describing');
      return createCoreBoard(client, log, {
        signal,
        toolVersion: options.toolVersion ?? '',
        route: [`this machine, ${way}`],
      });
    },
  };
}

/** Whether we may open the node ourselves, or may do everything. Throws `no-device`. */
async function accessTo(device: string): Promise<'denied' | 'open' | 'root'> {
  if (process.platform !== 'linux') {
    throw new BoardError('no-addon', `AI Engine boards run Linux, this is ${process.platform}`);
  }
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return process.getuid?.() === 0 ? 'root' : 'open';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EACCES' || code === 'EPERM') return 'denied';
    throw new BoardError('no-device', `${device}: ${code}`, { path: device }, error);
  }
}

async function startAddon(options: LocalOptions, device: string, log: BoardLog): Promise<CoreClient> {
  const { addonPath, agentPath } = options;
  if (addonPath === undefined) throw new BoardError('no-addon', 'this package has no addon for this machine');
  const addon = loadAddon(addonPath);
  const holder = agentPath === undefined ? undefined : await executable(agentPath, log);
  return AddonClient.start(addon, device, (line) => log.trace(line), holder);
}

async function startAgent(
  options: LocalOptions,
  device: string,
  log: BoardLog,
  onStart: () => void,
  signal: AbortSignal,
): Promise<CoreClient> {
  const { agentPath, prompts } = options;
  if (agentPath === undefined) throw new BoardError('no-addon', 'this package has no agent for this machine');
  onStart();
  const host = hostname();
  // Where it cannot be made executable, sudo says what is wrong.
  const how = { agentPath: (await executable(agentPath, log)) ?? agentPath, host };
  const stream = await startThroughSudo(prompts === undefined ? how : { ...how, prompts }, signal);
  return WireClient.start(stream, { log, device, facts: { host } }, signal);
}

const loaded = new Map<string, Addon>();

/** Loads the addon, once per process. Throws `no-addon`. */
export function loadAddon(path: string): Addon {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const holder: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(holder, path);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new BoardError('no-addon', `the addon does not load: ${detail}`, {}, error);
  }
  const { exports } = holder;
  if (!isAddon(exports)) throw new BoardError('no-addon', 'the file is no addon of this tool');
  loaded.set(path, exports);
  return exports;
}

const addonShape = v.looseObject({ create: v.function() });

function isAddon(value: unknown): value is Addon {
  return v.is(addonShape, value);
}
