/** Decides whether a host's key is to be trusted, asking the person where the files do not say. */
import type { BoardLog } from '../board.ts';
import { BoardError, type ErrorFacts, throwIfCancelled } from '../errors.ts';
import { configError, type ResolvedHost } from './config.ts';
import { codeAndMessage } from './failures.ts';
import {
  appendHostKey,
  fingerprint,
  judgeHostKey,
  type KnownHostEntry,
  keyType,
  knownHostName,
  knownKeyTypes,
  readKnownHosts,
  replaceHostKeyIn,
} from './known-hosts.ts';
import type { SshPrompts } from './prompts.ts';
import { revokedIn } from './revoked-keys.ts';

/** Host key algorithms that we accept, strongest first. DSA is left out: no server needs it, and it is broken. */
const algorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;

export type HostKeyAlgorithm = (typeof algorithms)[number];

/** A key as errors and questions name it. */
interface KeyFacts extends ErrorFacts {
  readonly host: string;
  readonly algorithm: string;
  readonly fingerprint: string;
}

function revoked({ file, line }: { file: string; line: number }, facts: KeyFacts): BoardError {
  const place = line === 0 ? file : `${file} line ${line}`;
  const detail = `${place} revokes ${facts.algorithm} ${facts.fingerprint}`;
  return new BoardError('host-key-revoked', detail, { ...facts, file, ...(line === 0 ? {} : { line }) });
}

/** The files' view of one host, read once per connection. */
export class HostKeys {
  /** The name under which it stands in the files. */
  readonly name: string;
  readonly #host: ResolvedHost;
  readonly #entries: readonly KnownHostEntry[];
  readonly #log: BoardLog;

  constructor(host: ResolvedHost, log: BoardLog) {
    this.#host = host;
    this.#log = log;
    this.name = host.hostKeyAlias?.toLowerCase() ?? knownHostName(host.hostName, host.port);
    const files = [...host.userKnownHosts, ...host.globalKnownHosts];
    this.#entries = readKnownHosts(files, (text) => log.warn(text));
    if (this.#entries.some((entry) => entry.marker === '@cert-authority')) {
      log.info('known_hosts: @cert-authority lines are not used, host certificates are not supported');
    }
  }

  /** Algorithms to offer: the types on file first, so that a known host shows the key that is known. */
  algorithms(): HostKeyAlgorithm[] {
    const known = knownKeyTypes(this.#entries, this.name);
    const isKnown = (algorithm: string) =>
      known.includes(/^(rsa-|ssh-rsa)/.test(algorithm) ? 'ssh-rsa' : algorithm);
    return [...algorithms.filter(isKnown), ...algorithms.filter((a) => !isKnown(a))];
  }

  /**
   * Resolves if the key is trusted; a new or replaced key is on file then.
   * @throws BoardError `host-key-changed`, `host-key-revoked`, `host-key-rejected`; `config` if a list of revoked keys
   *   cannot be read: then no key is trusted, as with ssh
   */
  async verify(key: Buffer, prompts: SshPrompts, signal: AbortSignal): Promise<void> {
    const type = keyType(key);
    if (type === undefined) throw new BoardError('protocol', 'the host key has no type', { host: this.name });
    const shown = fingerprint(key);
    const facts = { host: this.name, algorithm: type, fingerprint: shown };
    this.#refuseRevoked(key, facts);
    const verdict = this.#judge(key);
    this.#log.info(`host key of ${this.name}: ${type} ${shown}: ${verdict.kind}`);
    switch (verdict.kind) {
      case 'known':
        return;
      case 'revoked':
        throw revoked(verdict.entry, facts);
      case 'changed':
        await this.#changed(verdict.entry, key, facts, prompts, signal);
        return;
      case 'unknown':
        await this.#unknown(key, verdict.knownTypes, facts, prompts, signal);
    }
  }

  #refuseRevoked(key: Buffer, facts: KeyFacts): void {
    for (const { path, place } of this.#host.revokedKeys) {
      let line: number | undefined;
      try {
        line = revokedIn(path, key);
      } catch (error) {
        throw configError(
          place,
          `the revoked keys in ${path} cannot be read: ${codeAndMessage(error).message}`,
        );
      }
      if (line !== undefined) throw revoked({ file: path, line }, facts);
    }
  }

  #judge(key: Buffer) {
    const verdict = judgeHostKey(this.#entries, this.name, key);
    // As ssh does: a key that is on file for the host without a port is good for its other ports as well.
    const { hostName, port, hostKeyAlias } = this.#host;
    if (verdict.kind === 'unknown' && hostKeyAlias === undefined && port !== 22) {
      const plain = judgeHostKey(this.#entries, knownHostName(hostName, 22), key);
      if (plain.kind === 'known' || plain.kind === 'revoked') return plain;
    }
    return verdict;
  }

  async #changed(
    entry: KnownHostEntry,
    key: Buffer,
    facts: KeyFacts,
    prompts: SshPrompts,
    signal: AbortSignal,
  ): Promise<void> {
    const { file, line } = entry;
    const oldFingerprint = fingerprint(entry.key);
    const all = { ...facts, oldFingerprint, newFingerprint: facts.fingerprint, file, line };
    const detail = `${facts.host} shows ${facts.algorithm} ${facts.fingerprint}, ${file} line ${line} has ${oldFingerprint}`;
    const { host, algorithm } = facts;
    const question = { host, algorithm, oldFingerprint, newFingerprint: facts.fingerprint, file, line };
    if (!(await prompts.replaceHostKey(question, signal)))
      throw new BoardError('host-key-changed', detail, all);
    throwIfCancelled(signal);
    try {
      await replaceHostKeyIn(file, this.name, key, { hash: this.#host.hashKnownHosts });
    } catch (error) {
      const reason = codeAndMessage(error).message;
      throw new BoardError('host-key-changed', `${detail}; ${file} could not be changed: ${reason}`, {
        ...all,
        reason,
      });
    }
    this.#log.info(`${file} line ${line}: key of ${host} replaced`);
  }

  async #unknown(
    key: Buffer,
    knownTypes: readonly string[],
    facts: KeyFacts,
    prompts: SshPrompts,
    signal: AbortSignal,
  ): Promise<void> {
    const policy = this.#host.strictHostKeyChecking;
    const rejected = (reason: string) =>
      new BoardError(
        'host-key-rejected',
        `${facts.host} ${facts.algorithm} ${facts.fingerprint}: ${reason}`,
        {
          ...facts,
          reason,
        },
      );
    if (policy === 'yes') throw rejected('the key is not on file, and StrictHostKeyChecking is "yes"');
    // A host that is known by another key type could be an impostor who lacks that key: then the person decides.
    const silently = (policy === 'accept-new' || policy === 'no') && knownTypes.length === 0;
    if (!silently) {
      const { host, algorithm } = facts;
      const question = { host, algorithm, fingerprint: facts.fingerprint, knownTypes };
      if (!(await prompts.confirmHostKey(question, signal))) throw rejected('it was not confirmed');
      throwIfCancelled(signal);
    }
    const file = this.#host.userKnownHosts[0];
    if (file === undefined) return;
    try {
      appendHostKey(file, this.name, key, { hash: this.#host.hashKnownHosts });
      this.#log.info(`${file}: ${facts.algorithm} key of ${facts.host} added`);
    } catch (error) {
      // The connection is as safe as without: the question only comes again next time.
      this.#log.warn(`${file}: the key could not be added: ${codeAndMessage(error).message}`);
    }
  }
}
