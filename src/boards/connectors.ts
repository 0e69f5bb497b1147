/** Makes the way to a board from its entry. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { BoardConnector } from '../board/board.ts';
import type { SimulatedArray, SimulatedArrayOptions } from '../board/simulated/array.ts';
import type { SavedSnapshot } from '../board/snapshot/snapshot-file.ts';
import type { SshPrompts } from '../board/ssh/prompts.ts';
import type {
  AgentBinaries,
  AgentBinary,
  SshEnvironment,
  SshServices,
  SshTarget,
} from '../board/ssh/target.ts';
import type { BoardConfig, SshConfig } from './board-config.ts';
import type { LocalSettings } from './local-entry.ts';

/** What connectors need to know of this installation; settings are asked at the moment of connecting. */
export interface ConnectorServices {
  /** Version of the extension: part of the agent's file name on the board, and of reports. */
  readonly toolVersion: string;
  /** The folder with `agents/` and `addon/`. */
  readonly dist: string;
  readonly prompts: SshPrompts;
  /** Configured ssh configuration files; empty means the usual ones. */
  sshConfigFiles(): readonly string[];
  /** Device node of this machine, and whether sudo may be used to reach it. */
  localSettings(): LocalSettings;
}

/** Machine names of Node's architectures. */
const machineNames: Readonly<Record<string, string>> = { arm64: 'aarch64', x64: 'x86_64' };
const architectures = ['aarch64', 'x86_64'] as const;

/** This machine, as ssh sees it. */
function sshEnvironment(): SshEnvironment {
  return {
    home: homedir(),
    user: userInfo().username,
    variables: process.env,
    platform: process.platform,
  };
}

/** The code for each kind of board is loaded when the first board of that kind is connected. */
const ways = {
  local: () => import('../board/local/connector.ts'),
  simulated: () => import('../board/simulated/connector.ts'),
  ssh: () => import('../board/ssh/connector.ts'),
  snapshot: () => import('../board/snapshot/snapshot-board.ts'),
};

/** Makes connectors, and keeps the arrays of simulated boards so that their contents outlive a connection. */
export class Connectors {
  readonly #services: ConnectorServices;
  readonly #arrays = new Map<string, Promise<SimulatedArray>>();
  /** Snapshots that no file holds, by their entries. */
  readonly #kept = new Map<string, SavedSnapshot>();
  #agents: AgentBinaries | undefined;

  constructor(services: ConnectorServices) {
    this.#services = services;
  }

  /** The array behind a simulated board, made when first asked for; `options` count only then. */
  array(boardId: string, options: SimulatedArrayOptions = {}): Promise<SimulatedArray> {
    let array = this.#arrays.get(boardId);
    if (array === undefined) {
      array = ways.simulated().then(({ SimulatedArray }) => new SimulatedArray(options));
      this.#arrays.set(boardId, array);
    }
    return array;
  }

  /** Has the entry of a snapshot show these bytes instead of a file's. */
  keep(boardId: string, snapshot: SavedSnapshot): void {
    this.#kept.set(boardId, snapshot);
  }

  forget(boardId: string): void {
    this.#kept.delete(boardId);
  }

  /** A connector that reads the entry at the moment of connecting. */
  following(entry: () => BoardConfig): BoardConnector {
    return {
      connect: async (context, signal) => (await this.#make(entry())).connect(context, signal),
    };
  }

  /** The hosts that the ssh configuration names, to be offered when a board is added. */
  async hostNames(): Promise<string[]> {
    const { hostNames } = await import('../board/ssh/host-names.ts');
    return hostNames(this.#services.sshConfigFiles(), sshEnvironment());
  }

  async #make(config: BoardConfig): Promise<BoardConnector> {
    switch (config.kind) {
      case 'simulated': {
        const { createSimulatedConnector } = await ways.simulated();
        const array = await this.array(config.id);
        return createSimulatedConnector({ array, toolVersion: this.#services.toolVersion });
      }
      case 'local':
        return this.#local();
      case 'snapshot': {
        const { createKeptConnector, createSnapshotConnector } = await ways.snapshot();
        const { toolVersion } = this.#services;
        const kept = this.#kept.get(config.id);
        return kept === undefined
          ? createSnapshotConnector(config.path, toolVersion)
          : createKeptConnector(kept, toolVersion);
      }
      case 'ssh': {
        const { createSshConnector } = await ways.ssh();
        return createSshConnector(...this.#sshArguments(config));
      }
    }
  }

  async #local(): Promise<BoardConnector> {
    const { createLocalConnector } = await ways.local();
    const addonPath = join(
      this.#services.dist,
      'addon',
      `${process.platform}-${process.arch}`,
      'tilescope.node',
    );
    const architecture = architectures.find((name) => name === machineNames[process.arch]);
    const agentPath = architecture && this.#agentPath(architecture);
    const { device, sudo } = this.#services.localSettings();
    return createLocalConnector({
      addonPath: existsSync(addonPath) ? addonPath : undefined,
      agentPath: agentPath !== undefined && existsSync(agentPath) ? agentPath : undefined,
      device,
      sudo: sudo ? 'yes' : 'no',
      prompts: this.#services.prompts,
      toolVersion: this.#services.toolVersion,
    });
  }

  #sshArguments(config: SshConfig): [SshTarget, SshServices] {
    const files = this.#services.sshConfigFiles();
    return [
      {
        host: config.host,
        user: config.user,
        port: config.port,
        identityFile: config.identityFile,
        sudo: config.sudo ? 'yes' : 'no',
        device: config.device,
        connectSeconds: config.connectSeconds,
        configFiles: files.length > 0 ? files : undefined,
        knownHostsFiles: config.knownHosts === undefined ? undefined : [config.knownHosts],
      },
      {
        agents: this.#agentBinaries(),
        toolVersion: this.#services.toolVersion,
        prompts: this.#services.prompts,
        environment: sshEnvironment(),
      },
    ];
  }

  /** The agents of this package; those that are missing leave their boards unreachable, which is said then. */
  #agentBinaries(): AgentBinaries {
    if (this.#agents === undefined) {
      const found: Partial<Record<(typeof architectures)[number], AgentBinary>> = {};
      for (const architecture of architectures) {
        const path = this.#agentPath(architecture);
        if (!existsSync(path)) continue;
        const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
        found[architecture] = { path, version: this.#services.toolVersion, sha256 };
      }
      this.#agents = found;
    }
    return this.#agents;
  }

  #agentPath(architecture: (typeof architectures)[number]): string {
    return join(this.#services.dist, 'agents', `tilescope-agent-${architecture}`);
  }
}
