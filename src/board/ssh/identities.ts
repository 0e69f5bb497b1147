/**
 * The keys that can be offered to a server: those of the SSH agent and those in files, as one list in the order in which
 * OpenSSH tries them. A file's private part is opened only when the server has accepted its public part, so a passphrase is
 * asked for only where it is of use.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import ssh2, {
  type IdentityCallback,
  type KnownPublicKeys,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import type { BoardLog } from '../board.ts';
import type { ResolvedHost } from './config.ts';
import { codeAndMessage } from './failures.ts';
import type { SecretRequest } from './prompts.ts';

/** Asks for a passphrase and learns how it went; waits where the person has to do something. */
export interface KeyHelp {
  ask(request: SecretRequest): Promise<string | undefined>;
  worked(request: SecretRequest, value: string): Promise<void>;
  failed(request: SecretRequest): Promise<void>;
  /** Milliseconds that the SSH agent may take to list its keys. */
  readonly agentTime: number;
  /** No time-out while `work` runs: the agent may ask the person to confirm or to touch a key. */
  wait<T>(work: () => Promise<T>): Promise<T>;
}

/** A key file that could not be used, for the error and the log. */
export interface KeyProblem {
  readonly path: string;
  readonly reason: string;
}

interface Identity {
  readonly publicKey: ParsedKey;
  /** For people: a path, or `agent: comment`. */
  readonly label: string;
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

type AnyPublicKey = KnownPublicKeys[number];
type AgentAnswer = ReturnType<typeof ssh2.createAgent>;

const maxKeyFileBytes = 1 << 20;
const passphraseTries = 3;

/** All keys as one agent, which is how ssh2 lets a signature be made late. */
export class Identities extends ssh2.BaseAgent<ParsedKey> {
  readonly #identities: readonly Identity[];
  readonly problems: readonly KeyProblem[];
  /** Whether the server accepted a key and was sent a signature. */
  signed = false;

  constructor(identities: readonly Identity[], problems: readonly KeyProblem[]) {
    super();
    this.#identities = identities;
    this.problems = problems;
  }

  /** Where the keys come from, in order. */
  get labels(): readonly string[] {
    return this.#identities.map((identity) => identity.label);
  }

  override getIdentities(answer: IdentityCallback<ParsedKey>): void {
    answer(
      undefined,
      this.#identities.map((identity) => identity.publicKey),
    );
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    answer?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : answer;
    const hash = typeof options === 'function' ? undefined : options.hash;
    const identity = this.#identities.find((i) => i.publicKey.getPublicSSH().equals(key.getPublicSSH()));
    if (done === undefined) return;
    if (identity === undefined) {
      done(new Error('the key is not one of ours'));
      return;
    }
    identity.sign(data, hash).then(
      (signature) => {
        this.signed = true;
        done(undefined, signature);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

/**
 * Gathers the keys for one host. Never fails: what cannot be used is in `problems`.
 * @param help asked at once only for old PEM files without a `.pub` beside them
 */
export async function gatherIdentities(
  host: ResolvedHost,
  hostLabel: string,
  help: KeyHelp,
  log: BoardLog,
): Promise<Identities> {
  const problems: KeyProblem[] = [];
  const fromAgent = await agentIdentities(host.agentSocket, help, log);
  const inAgent = (key: ParsedKey) =>
    fromAgent.find((i) => i.publicKey.getPublicSSH().equals(key.getPublicSSH()));
  const configured: Identity[] = [];
  const fromFiles: Identity[] = [];
  for (const path of host.identityFiles) {
    const file = new KeyFile(path, hostLabel, help);
    try {
      const key = await file.publicKey();
      const held = inAgent(key);
      if (held) configured.push(held);
      else if (file.hasPrivatePart) {
        fromFiles.push({ publicKey: key, label: path, sign: (data, hash) => file.sign(data, hash) });
      } else {
        problems.push({ path, reason: 'it holds no private key, and the agent does not have it' });
      }
    } catch (error) {
      const { code, message } = codeAndMessage(error);
      if (code === 'ENOENT' && !host.identitiesGiven) continue;
      problems.push({ path, reason: code === 'ENOENT' ? 'there is no such file' : message });
    }
  }
  for (const problem of problems) log.warn(`key ${problem.path}: ${problem.reason}`);
  const others = host.identitiesOnly ? [] : fromAgent.filter((identity) => !configured.includes(identity));
  return new Identities([...new Set([...configured, ...others, ...fromFiles])], problems);
}

async function agentIdentities(
  socket: string | undefined,
  help: KeyHelp,
  log: BoardLog,
): Promise<Identity[]> {
  if (socket === undefined || socket === '') return [];
  let agent: AgentAnswer;
  let keys: ParsedKey[];
  try {
    agent = ssh2.createAgent(socket);
    keys = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it does not answer')), help.agentTime);
      agent.getIdentities((error, found) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve((found ?? []).flatMap((key) => parsed(bareKey(key))));
      });
    });
  } catch (error) {
    log.warn(`ssh agent at ${socket}: ${codeAndMessage(error).message}`);
    return [];
  }
  return keys.map((publicKey) => ({
    publicKey,
    label: `agent: ${publicKey.comment === '' ? publicKey.type : publicKey.comment}`,
    sign: (data, hash) =>
      help.wait(
        () =>
          new Promise((resolve, reject) => {
            const options: SigningRequestOptions = hash === 'sha256' || hash === 'sha512' ? { hash } : {};
            agent.sign(publicKey, data, options, (error, signature) => {
              if (error) reject(error);
              else if (signature) resolve(signature);
              else reject(new Error('the agent gave no signature'));
            });
          }),
      ),
  }));
}

/** Agents may hand out keys with or without a comment around them. */
function bareKey(key: AnyPublicKey): string | Buffer | ParsedKey {
  if (typeof key === 'string' || Buffer.isBuffer(key) || !('pubKey' in key)) return key;
  return 'getPublicSSH' in key.pubKey ? key.pubKey : key.pubKey.pubKey;
}

function parsed(key: string | Buffer | ParsedKey): ParsedKey[] {
  const result = typeof key === 'object' && 'getPublicSSH' in key ? key : ssh2.utils.parseKey(key);
  if (result instanceof Error) return [];
  return Array.isArray(result) ? result : [result];
}

/** One identity file, with or without a private part, with or without a passphrase. */
class KeyFile {
  hasPrivatePart = false;
  readonly #path: string;
  readonly #host: string;
  readonly #help: KeyHelp;
  #key: ParsedKey | undefined;
  #text = '';

  constructor(path: string, host: string, help: KeyHelp) {
    this.#path = path;
    this.#host = host;
    this.#help = help;
  }

  /** @throws the file system's error, or one that says what is wrong with the file */
  async publicKey(): Promise<ParsedKey> {
    try {
      this.#text = readPrivateFile(this.#path);
    } catch (error) {
      // `IdentityFile key` with only `key.pub` there names a key that lives in the agent.
      const beside =
        codeAndMessage(error).code === 'ENOENT' ? readPublicPart(`${this.#path}.pub`) : undefined;
      if (beside) return beside;
      throw error;
    }
    refuseSecurityKey(this.#text);
    const plain = parsePrivate(this.#text, undefined);
    if (plain instanceof Error) {
      if (!isEncrypted(this.#text)) throw plain;
      this.hasPrivatePart = true;
      return (
        readPublicPart(`${this.#path}.pub`) ?? publicPartOfOpenSsh(this.#text) ?? (await this.#privateKey())
      );
    }
    this.hasPrivatePart = plain.isPrivateKey();
    if (this.hasPrivatePart) {
      refuseOpenPermissions(this.#path);
      this.#key = plain;
    }
    return plain;
  }

  async sign(data: Buffer, hash: string | undefined): Promise<Buffer> {
    const key = await this.#privateKey();
    const signature: unknown = key.sign(data, hash);
    if (signature instanceof Error) throw signature;
    if (!Buffer.isBuffer(signature)) throw new Error('no signature was made');
    return signature;
  }

  async #privateKey(): Promise<ParsedKey> {
    if (this.#key) return this.#key;
    refuseOpenPermissions(this.#path);
    let retry = false;
    for (let tries = 0; tries < passphraseTries; tries++) {
      const request: SecretRequest = { kind: 'passphrase', host: this.#host, path: this.#path, retry };
      const passphrase = await this.#help.ask(request);
      if (passphrase === undefined) throw new Error('no passphrase was given');
      const key = parsePrivate(this.#text, passphrase);
      if (!(key instanceof Error)) {
        await this.#help.worked(request, passphrase);
        this.#key = key;
        return key;
      }
      await this.#help.failed(request);
      retry = true;
    }
    throw new Error('the passphrase is wrong');
  }
}

function readPrivateFile(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('it is no file');
  if (stat.size > maxKeyFileBytes) throw new Error('it is too large for a key');
  return readFileSync(path, 'latin1');
}

/** OpenSSH's own rule: a private key that others may read is not used. */
function refuseOpenPermissions(path: string): void {
  if (process.getuid === undefined) return;
  const stat = statSync(path);
  if (stat.uid === process.getuid() && (stat.mode & 0o077) !== 0) {
    throw new Error(`others may read it (permissions ${(stat.mode & 0o777).toString(8)}, needed 600)`);
  }
}

/** A FIDO token makes signatures of types that ssh2 does not know, for a key in a file as for one in the agent. */
function refuseSecurityKey(text: string): void {
  const type = publicBlobOfOpenSsh(text)?.type ?? /^\S+/.exec(text)?.[0];
  if (type !== undefined && /^sk-[\w.@-]{1,60}$/.test(type)) {
    throw new Error(`it is the key of a FIDO token (${type}), which cannot be used here`);
  }
}

function readPublicPart(path: string): ParsedKey | undefined {
  try {
    return parsed(readPrivateFile(path))[0];
  } catch {
    // A missing or unreadable .pub only means that the key has to say it itself.
    return undefined;
  }
}

function isEncrypted(text: string): boolean {
  if (/^Proc-Type:\s*4,ENCRYPTED/m.test(text) || text.includes('BEGIN ENCRYPTED PRIVATE KEY')) return true;
  const body = openSshBody(text);
  return body !== undefined && readString(body, openSshMagic.length)?.value.toString('latin1') !== 'none';
}

const openSshMagic = 'openssh-key-v1\0';

function openSshBody(text: string): Buffer | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  const body = Buffer.from(base64, 'base64');
  return body.toString('latin1', 0, openSshMagic.length) === openSshMagic ? body : undefined;
}

function readString(data: Buffer, at: number): { value: Buffer; next: number } | undefined {
  if (at + 4 > data.length) return undefined;
  const length = data.readUInt32BE(at);
  if (at + 4 + length > data.length) return undefined;
  return { value: data.subarray(at + 4, at + 4 + length), next: at + 4 + length };
}

/** The public key stands unencrypted in OpenSSH's format, after cipher, kdf, its options and the count. */
function publicBlobOfOpenSsh(text: string): { readonly type: string; readonly blob: Buffer } | undefined {
  const body = openSshBody(text);
  if (body === undefined) return undefined;
  let at = openSshMagic.length;
  for (let i = 0; i < 3; i++) {
    const part = readString(body, at);
    if (part === undefined) return undefined;
    at = part.next;
  }
  const blob = readString(body, at + 4)?.value;
  const type = blob === undefined ? undefined : readString(blob, 0)?.value.toString('latin1');
  return blob === undefined || type === undefined ? undefined : { type, blob };
}

function publicPartOfOpenSsh(text: string): ParsedKey | undefined {
  const found = publicBlobOfOpenSsh(text);
  return found && parsed(`${found.type} ${found.blob.toString('base64')}`)[0];
}

/** Parses any private or public key text; PKCS #8, which ssh2 does not read, is turned into the older form first. */
function parsePrivate(text: string, passphrase: string | undefined): ParsedKey | Error {
  let source = text;
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) {
    try {
      const key = createPrivateKey(passphrase === undefined ? text : { key: text, passphrase });
      if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
        return new Error(
          `PKCS #8 with ${key.asymmetricKeyType} is not supported: convert it with ssh-keygen -p`,
        );
      }
      const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
      source = key.export({ format: 'pem', type }).toString();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
  const result = ssh2.utils.parseKey(source, passphrase);
  if (result instanceof Error) return result;
  const first = Array.isArray(result) ? result[0] : result;
  return first ?? new Error('it holds no key');
}
