/**
 * What the SSH connector is told: where to connect, and what it may use of this machine. Everything that a test wants to
 * replace is in here; nothing below reads `process.env` or the home folder on its own.
 */
import type { SshPrompts } from './prompts.ts';

/** A board entry as the person typed it. */
export interface SshTarget {
  /** An alias of the configuration, `host`, `user@host`, `host:port`, `[v6]:port` or `ssh://user@host:port`. */
  readonly host: string;
  /** Wins over the configuration and over a user in `host`. */
  readonly user?: string | undefined;
  /** Wins over the configuration and over a port in `host`. */
  readonly port?: number | undefined;
  /** Tried before the configuration's identity files. `~` is expanded. */
  readonly identityFile?: string | undefined;
  /** `yes`: start the agent through sudo, unless the login user is root. */
  readonly sudo?: 'no' | 'yes' | undefined;
  /** The device node on the board; `/dev/aie0` if left out. */
  readonly device?: string | undefined;
  /** Seconds for the host to answer. Wins over the configuration's `ConnectTimeout`. */
  readonly connectSeconds?: number | undefined;
  /**
   * Configuration files in order of precedence. Left out: `~/.ssh/config`, then `/etc/ssh/ssh_config`. Relative
   * includes are found in `~/.ssh` for files in the home folder, else beside `/etc/ssh/ssh_config`.
   */
  readonly configFiles?: readonly string[] | undefined;
  /** Wins over `UserKnownHostsFile`. New keys go to the first. */
  readonly knownHostsFiles?: readonly string[] | undefined;
}

/** One agent executable on this machine. */
export interface AgentBinary {
  readonly path: string;
  readonly version: string;
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string;
}

/** Agent executables by the board's machine name (`uname -m`, `arm64` counts as `aarch64`). */
export type AgentBinaries = Readonly<Partial<Record<'aarch64' | 'x86_64', AgentBinary>>>;

/** What the connector sees of the machine it runs on. */
export interface SshEnvironment {
  /** Absolute home folder. */
  readonly home: string;
  /** Local user name. */
  readonly user: string;
  /** Environment variables: `SSH_AUTH_SOCK`, `SHELL` and those that the configuration names. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The folder of `passwd` and `group`; `/etc` if left out. */
  readonly accounts?: string;
}

/** Milliseconds after which a step that makes no progress fails with `timeout`. Time spent asking the person does not count. */
export interface SshTimeouts {
  /** TCP and proxies, unless `ConnectTimeout` says otherwise. */
  readonly connect: number;
  /** Key exchange, and each answer of the server during authentication. */
  readonly handshake: number;
  /** The SSH agent of this machine lists its keys; signing is not timed, it may ask the person. */
  readonly agent: number;
  /** One command on the board. */
  readonly command: number;
  /** No byte of an upload taken for this long. */
  readonly stall: number;
  /** From starting the agent to its first byte. */
  readonly start: number;
  /** How long a server that has no room for a connection or a session is asked again. */
  readonly full: number;
}

export const defaultTimeouts: SshTimeouts = {
  connect: 15_000,
  handshake: 20_000,
  agent: 5_000,
  command: 30_000,
  stall: 30_000,
  start: 20_000,
  full: 8_000,
};

export interface SshServices {
  readonly agents: AgentBinaries;
  readonly prompts: SshPrompts;
  readonly environment: SshEnvironment;
  /** Version of this tool, for the board report. */
  readonly toolVersion?: string | undefined;
  readonly timeouts?: Partial<SshTimeouts> | undefined;
}
