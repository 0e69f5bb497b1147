/**
 * Which host is meant: the typed name resolved through the person's SSH configuration, first value wins, as ssh(1) does.
 * Reads files only; connects nowhere and runs nothing (`Match exec` never matches here).
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { BoardLog } from '../board.ts';
import { BoardError } from '../errors.ts';
import { type ConfigLine, ConfigSyntaxError, parseConfigLine } from './config-lines.ts';
import {
  expandGlob,
  expandHome,
  homeOf,
  isAbsolutePath,
  mostFileBytes,
  slashed,
  systemFolder,
  usualConfigFiles,
} from './config-paths.ts';
import { matchList } from './patterns.ts';
import { parsePort } from './ports.ts';
import { isPrivateGroup } from './private-group.ts';
import type { SshEnvironment, SshTarget } from './target.ts';

type HostKeyPolicy = 'yes' | 'accept-new' | 'no' | 'ask';

/** Everything that is needed to reach one host. Paths are absolute and expanded. */
export interface ResolvedHost {
  /** The name as typed, without user and port. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** In the order to be tried. */
  readonly identityFiles: readonly string[];
  /** False: `identityFiles` are the customary ones, and missing ones are no error. */
  readonly identitiesGiven: boolean;
  readonly identitiesOnly: boolean;
  /** Socket of the SSH agent; `undefined` = none. */
  readonly agentSocket: string | undefined;
  /** Hops in order, as written (`user@host:port`); empty = direct. */
  readonly proxyJump: readonly string[];
  /** Expanded, for the person's own shell. */
  readonly proxyCommand: string | undefined;
  /** New keys are written to the first. */
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly strictHostKeyChecking: HostKeyPolicy;
  readonly hashKnownHosts: boolean;
  /** Files with keys that no host may show, and where the configuration names them. */
  readonly revokedKeys: readonly { readonly path: string; readonly place: Place }[];
  /** Milliseconds. */
  readonly connectTimeout: number | undefined;
  readonly passwordPrompts: number;
  /** `publickey`, `keyboard-interactive`, `password`, those allowed, in the order to be tried. */
  readonly methods: readonly string[];
  /** 4, 6, or 0 for either. */
  readonly family: 0 | 4 | 6;
  readonly bindAddress: string | undefined;
}

/** A typed host, taken apart. */
export interface TypedHost {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** Characters that a shell could act on; OpenSSH refuses them in typed names too, because ProxyCommand may contain them. */
const unsafe = /[\s'"`$\\;&<>|(){}\p{Cc}]/u;

/** Takes `alias`, `user@host`, `host:port`, `[v6]:port`, `ssh://user@host:port` apart. Throws `config`. */
export function parseTypedHost(typed: string): TypedHost {
  let rest = typed.trim();
  const bad = (why: string) =>
    new BoardError('config', `"${typed}" is no host name: ${why}`, { host: typed, reason: why });
  if (/^ssh:\/\//i.test(rest)) rest = rest.slice(6).replace(/\/+$/, '');
  const at = rest.lastIndexOf('@');
  const user = at >= 0 ? rest.slice(0, at) : undefined;
  rest = rest.slice(at + 1);
  let host = rest;
  let portText: string | undefined;
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
  if (bracketed) {
    host = bracketed[1] ?? '';
    portText = bracketed[2];
  } else if (rest.split(':').length === 2) {
    host = rest.slice(0, rest.indexOf(':'));
    portText = rest.slice(rest.indexOf(':') + 1);
  }
  if (host === '') throw bad('the name is empty');
  if (host.startsWith('-') || unsafe.test(host)) throw bad('it holds characters that no host name has');
  if (user !== undefined && (user === '' || user.startsWith('-') || unsafe.test(user))) {
    throw bad('the user name is empty or holds characters that are not allowed');
  }
  const port = portText === undefined ? undefined : parsePort(portText);
  if (portText !== undefined && port === undefined)
    throw bad('the port is no number from 1 to 65535 and no service');
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/** How deep files may include each other. */
export const maxIncludeDepth = 16;
/** Timers of this platform end at 2^31 ms. */
const maxSeconds = 2_000_000;

/** Keywords whose first value counts and that this reader understands; the rest of the file is skipped. */
const understood = new Set([
  'hostname',
  'user',
  'port',
  'identitiesonly',
  'identityagent',
  'userknownhostsfile',
  'globalknownhostsfile',
  'hostkeyalias',
  'stricthostkeychecking',
  'hashknownhosts',
  'revokedhostkeys',
  'connecttimeout',
  'numberofpasswordprompts',
  'preferredauthentications',
  'pubkeyauthentication',
  'passwordauthentication',
  'kbdinteractiveauthentication',
  'addressfamily',
  'bindaddress',
]);

const synonyms: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  skeyauthentication: 'kbdinteractiveauthentication',
  tisauthentication: 'kbdinteractiveauthentication',
  dsaauthentication: 'pubkeyauthentication',
};

/** A line of a file; line 0 is the board entry itself. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

interface Value extends Place {
  readonly args: readonly string[];
  readonly rest: string;
}

/** How one file is read. */
export interface FileContext {
  readonly userFile: boolean;
  readonly checkOwner: boolean;
  /** Where `passwd` and `group` are. */
  readonly accounts: string;
  readonly explicit: boolean;
}

/** One evaluation of the files for one host. */
class Evaluation {
  readonly values = new Map<string, Value>();
  readonly identityFiles: Value[] = [];
  proxyJump: Value | undefined;
  proxyCommand: Value | undefined;
  wantsFinalPass = false;
  readonly #original: string;
  readonly #environment: SshEnvironment;
  readonly #log: BoardLog;
  readonly #said = new Set<string>();
  #host: string;
  #final = false;

  constructor(host: string, environment: SshEnvironment, log: BoardLog) {
    this.#original = host;
    this.#host = host;
    this.#environment = environment;
    this.#log = log;
  }

  /** Starts the second pass, in which `Match final` holds and `Host` patterns see the resolved name. */
  beginFinalPass(): void {
    this.#final = true;
    this.#host = this.hostName();
    // As ssh(1): the name is settled by now, and a `none` from the first pass is forgotten.
    const own = {
      file: this.#original,
      line: 0,
      args: [this.#host.replaceAll('%', '%%')],
      rest: this.#host,
    };
    this.values.set('hostname', own);
    if (this.proxyJump !== undefined && isNone(this.proxyJump)) this.proxyJump = undefined;
    if (this.proxyCommand !== undefined && isNone(this.proxyCommand)) this.proxyCommand = undefined;
  }

  /** The name to connect to, as far as it is known. */
  hostName(): string {
    const value = this.values.get('hostname');
    const word = value?.args[0];
    const name =
      value === undefined || word === undefined
        ? this.#host
        : expandTokens(word, { h: this.#original, '%': '%' }, value);
    return isIP(name) ? name : name.toLowerCase();
  }

  readFile(path: string, context: FileContext, depth = 0, outerActive = true): void {
    if (depth > maxIncludeDepth) {
      throw new BoardError('config', `${path}: files include each other more than ${maxIncludeDepth} deep`, {
        file: path,
        line: 1,
        reason: 'too many nested Include lines',
      });
    }
    const text = readConfigFile(path, context, depth > 0);
    if (text === undefined) return;
    let active = outerActive;
    text.split('\n').forEach((raw, index) => {
      const place = { file: path, line: index + 1 };
      let line: ConfigLine | undefined;
      try {
        line = parseConfigLine(raw);
      } catch (error) {
        if (error instanceof ConfigSyntaxError) throw configError(place, error.message);
        throw error;
      }
      if (line === undefined) return;
      if (line.keyword === 'host') {
        if (line.args.length === 0) throw configError(place, 'Host needs a pattern');
        active = outerActive && matchList(this.#host, line.args) === 'yes';
      } else if (line.keyword === 'match') {
        // Evaluated even where it cannot become active: a `final` in it still asks for the second pass.
        active = this.#matches(line, place) && outerActive;
      } else if (line.keyword === 'include') {
        if (line.args.length === 0) throw configError(place, 'Include needs a file');
        for (const word of line.args) {
          for (const file of includedFiles(word, context.userFile, this.#environment, place)) {
            this.readFile(file, { ...context, explicit: false }, depth + 1, active);
          }
        }
      } else if (active) {
        this.#take(line, place);
      }
    });
  }

  #take(line: ConfigLine, place: Place): void {
    const keyword = synonyms[line.keyword] ?? line.keyword;
    const value = { ...place, args: line.args, rest: line.rest };
    const isProxy = keyword === 'proxyjump' || keyword === 'proxycommand';
    if (!understood.has(keyword) && !isProxy && keyword !== 'identityfile') return;
    if (line.rest === '' || (keyword !== 'proxycommand' && (line.args[0] ?? '') === '')) {
      throw configError(place, `${keyword} needs a value`);
    }
    if (keyword === 'identityfile') this.identityFiles.push(value);
    else if (isProxy) {
      // Whichever comes first decides, also between the two; only a command may follow `ProxyJump none`.
      if (this.proxyCommand !== undefined) return;
      if (keyword === 'proxyjump') this.proxyJump ??= value;
      else if (this.proxyJump === undefined || isNone(this.proxyJump)) this.proxyCommand = value;
    } else if (keyword === 'connecttimeout' && isNone(value)) {
      // As ssh(1): it says nothing, and a later line may.
      return;
    } else if (!this.values.has(keyword)) this.values.set(keyword, value);
  }

  #matches(line: ConfigLine, place: Place): boolean {
    // `host=pattern` is as good as `host pattern`.
    const args = line.args.flatMap((word) => {
      const split = /^(!?[a-z]+)=(.+)$/i.exec(word);
      return split ? [split[1] ?? '', split[2] ?? ''] : [word];
    });
    if (args.length === 0) throw configError(place, 'Match needs a criterion');
    let result = true;
    for (let i = 0; i < args.length; i++) {
      const word = (args[i] ?? '').toLowerCase();
      const negated = word.startsWith('!');
      const name = negated ? word.slice(1) : word;
      let holds: boolean;
      if (name === 'all') holds = true;
      else if (name === 'canonical') holds = this.#final;
      else if (name === 'final') {
        holds = this.#final;
        this.wantsFinalPass = true;
      } else {
        i++;
        const argument = args[i];
        if (argument === undefined) throw configError(place, `Match ${name} needs a value`);
        const subject = this.#subject(name);
        if (subject === undefined) {
          this.#sayOnce(
            `${place.file} line ${place.line}: "Match ${name}" is not evaluated: taken as no match`,
          );
          result = false;
          continue;
        }
        // Host names compare without case here, unlike in Host lines.
        const fold = (text: string) => (name.endsWith('host') ? text.toLowerCase() : text);
        holds = matchList(fold(subject), argument.split(',').map(fold)) === 'yes';
      }
      if (holds === negated) result = false;
    }
    return result;
  }

  #subject(criterion: string): string | undefined {
    switch (criterion) {
      case 'host':
        return this.hostName();
      case 'originalhost':
        return this.#original;
      case 'user':
        return this.values.get('user')?.args[0] ?? this.#environment.user;
      case 'localuser':
        return this.#environment.user;
      default:
        return undefined;
    }
  }

  #sayOnce(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#log.info(line);
  }
}

function isNone(value: Value): boolean {
  return (value.args[0] ?? value.rest).toLowerCase() === 'none';
}

/** The error for what a line of the configuration says. */
export function configError(place: Place, reason: string): BoardError {
  // Line 0 is the board entry itself, which is no file.
  if (place.line === 0)
    return new BoardError('config', `${place.file}: ${reason}`, { host: place.file, reason });
  return new BoardError('config', `${place.file} line ${place.line}: ${reason}`, {
    file: place.file,
    line: place.line,
    reason,
  });
}

/** A file's text; `undefined` if it is not there and need not be. Errors: `config`. */
export function readConfigFile(path: string, context: FileContext, included: boolean): string | undefined {
  const bad = (reason: string, cause?: unknown) =>
    new BoardError('config', `${path}: ${reason}`, { file: path, line: 1, reason }, cause);
  try {
    const stat = statSync(path);
    // Included folders are skipped silently by OpenSSH's glob as well.
    if (stat.isDirectory()) {
      if (included) return undefined;
      throw bad('it is a folder');
    }
    if (stat.size > mostFileBytes) throw bad('it is larger than 16 MiB');
    // The file may name a program (ProxyCommand): a user who can write it can run programs as this user.
    if (context.checkOwner && process.getuid !== undefined) {
      const foreign = stat.uid !== 0 && stat.uid !== process.getuid();
      const isShared = (stat.mode & 0o020) !== 0 && !isPrivateGroup(stat.gid, context.accounts);
      if (foreign || isShared || (stat.mode & 0o002) !== 0) {
        throw bad('others may write it (owner or permissions)');
      }
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof BoardError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !context.explicit) return undefined;
    throw bad(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, error);
  }
}

/** The files that one word of an `Include` line stands for, in order. */
export function includedFiles(
  word: string,
  userFile: boolean,
  environment: SshEnvironment,
  place: Place,
): string[] {
  const path = expandPath(word, environment, place);
  if (isAbsolutePath(path, environment)) return expandGlob(path);
  return expandGlob(`${userFile ? `${homeOf(environment)}/.ssh` : systemFolder(environment)}/${path}`);
}

/** Whether a file is the person's, by which relative names in it are found. */
export function isUserFile(file: string, environment: SshEnvironment): boolean {
  const machine = environment.platform === 'win32' ? systemFolder(environment) : '/etc';
  return !file.startsWith(`${machine}/`);
}

function expandVariables(text: string, environment: SshEnvironment, place: Place): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = environment.variables[name];
    if (value === undefined) throw configError(place, `the environment variable ${name} is not set`);
    return value;
  });
}

function expandPath(text: string, environment: SshEnvironment, place: Place): string {
  return slashed(expandVariables(expandHome(text, environment), environment, place), environment);
}

function expandTokens(text: string, tokens: Readonly<Record<string, string>>, place: Place): string {
  return text.replace(/%(.?)/gs, (_, key: string) => {
    const value = tokens[key];
    if (value === undefined) throw configError(place, `%${key} is not known here`);
    return value;
  });
}

const customaryIdentities = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

/**
 * Resolves a typed host. `target`'s own user, port and files win over the configuration, as options of the ssh command do.
 * @throws BoardError `config` with `file`, `line` and `reason`
 */
export function resolveHost(target: SshTarget, environment: SshEnvironment, log: BoardLog): ResolvedHost {
  const typed = parseTypedHost(target.host);
  const own: Place = { file: target.host, line: 0 };
  const evaluation = new Evaluation(typed.host, environment, log);
  const user = target.user ?? typed.user;
  const port = target.port ?? typed.port;
  if (user !== undefined) evaluation.values.set('user', { ...own, args: [user], rest: user });
  if (port !== undefined) evaluation.values.set('port', { ...own, args: [String(port)], rest: String(port) });
  if (target.identityFile !== undefined) {
    evaluation.identityFiles.push({ ...own, args: [target.identityFile], rest: target.identityFile });
  }
  const usual = usualConfigFiles(environment);
  const files = target.configFiles?.map((file) => expandHome(file, environment)) ?? usual;
  const readAll = () => {
    for (const file of files) {
      evaluation.readFile(file, {
        userFile: isUserFile(file, environment),
        checkOwner: target.configFiles === undefined && file === usual[0],
        accounts: environment.accounts ?? '/etc',
        explicit: target.configFiles !== undefined,
      });
    }
  };
  readAll();
  if (evaluation.wantsFinalPass) {
    evaluation.beginFinalPass();
    readAll();
  }
  return conclude(typed, target, evaluation, environment);
}

function conclude(
  typed: TypedHost,
  target: SshTarget,
  evaluation: Evaluation,
  environment: SshEnvironment,
): ResolvedHost {
  const { values } = evaluation;
  const word = (keyword: string) => values.get(keyword)?.args[0];
  const choice = <T>(keyword: string, fallback: T, options: Readonly<Record<string, T>>): T => {
    const value = values.get(keyword);
    if (value === undefined) return fallback;
    const chosen = options[(value.args[0] ?? '').toLowerCase()];
    if (chosen === undefined) throw configError(value, `"${value.args[0]}" is no value of ${keyword}`);
    return chosen;
  };
  const flag = (keyword: string, fallback: 'yes' | 'no') =>
    choice(keyword, fallback, { yes: 'yes', true: 'yes', no: 'no', false: 'no' }) === 'yes';
  const time = (keyword: string): number | undefined => {
    const value = values.get(keyword);
    const text = value?.args[0] ?? 'none';
    if (value === undefined || text.toLowerCase() === 'none') return undefined;
    const seconds = secondsOf(text);
    if (seconds === undefined) throw configError(value, `"${text}" is no value of ${keyword}`);
    return seconds;
  };
  const count = (keyword: string): number | undefined => {
    const value = values.get(keyword);
    if (value === undefined || (value.args[0] ?? '').toLowerCase() === 'none') return undefined;
    if (!/^\d{1,6}$/.test(value.args[0] ?? ''))
      throw configError(value, `"${value.args[0]}" is no value of ${keyword}`);
    return Number(value.args[0]);
  };

  const hostName = evaluation.hostName();
  const user = word('user') ?? environment.user;
  const portValue = values.get('port');
  const port = portValue === undefined ? 22 : parsePort(portValue.args[0] ?? '');
  if (port === undefined) {
    throw configError(
      portValue ?? { file: target.host, line: 0 },
      'the port is no number from 1 to 65535 and no service',
    );
  }
  const hostKeyAlias = word('hostkeyalias');
  const proxyJump = evaluation.proxyJump;
  const jump = proxyJump === undefined || isNone(proxyJump) ? undefined : proxyJump.args[0];
  const localHost = hostname();
  const home = homeOf(environment);
  const lastHop = jump === undefined ? '' : parseTypedHost(jump.split(',').at(-1) ?? '').host;
  const connection = `${localHost}${hostName}${port}${user}${lastHop}`;
  const tokens: Record<string, string> = {
    '%': '%',
    C: createHash('sha1').update(connection).digest('hex'),
    d: home,
    h: hostName,
    i: String(process.getuid?.() ?? 0),
    j: lastHop,
    k: hostKeyAlias ?? typed.host,
    L: localHost.split('.')[0] ?? localHost,
    l: localHost,
    n: typed.host,
    p: String(port),
    r: user,
    u: environment.user,
  };
  const path = (text: string, place: Place) =>
    expandTokens(expandPath(text, environment, place), tokens, place);

  const pathList = (keyword: string, fallback: readonly string[]): string[] => {
    const value = values.get(keyword);
    if (value === undefined) return [...fallback];
    return value.args.filter((w) => w.toLowerCase() !== 'none').map((w) => path(w, value));
  };
  const ssh = `${home}/.ssh`;
  const machine = systemFolder(environment);
  const given = evaluation.identityFiles.filter((v) => v.args[0]?.toLowerCase() !== 'none');
  const identityFiles = [
    ...new Set(
      evaluation.identityFiles.length > 0
        ? given.map((v) => path(v.args[0] ?? '', v))
        : customaryIdentities.map((name) => `${ssh}/${name}`),
    ),
  ];
  const command = evaluation.proxyCommand;
  const connectTimeout = target.connectSeconds ?? time('connecttimeout') ?? 0;
  const revoked = values.get('revokedhostkeys');
  const allowed: Record<string, boolean> = {
    publickey: choice('pubkeyauthentication', true, {
      yes: true,
      true: true,
      unbound: true,
      'host-bound': true,
      no: false,
      false: false,
    }),
    'keyboard-interactive': flag('kbdinteractiveauthentication', 'yes'),
    password: flag('passwordauthentication', 'yes'),
  };
  const preferred = (word('preferredauthentications') ?? 'publickey,keyboard-interactive,password').split(
    ',',
  );
  return {
    alias: typed.host,
    hostName,
    port,
    user,
    identityFiles,
    identitiesGiven: evaluation.identityFiles.length > 0,
    identitiesOnly: flag('identitiesonly', 'no'),
    agentSocket: agentSocket(values.get('identityagent'), path, environment),
    proxyJump: jump === undefined ? [] : jump.split(','),
    proxyCommand:
      command === undefined || isNone(command) ? undefined : expandTokens(command.rest, tokens, command),
    userKnownHosts:
      target.knownHostsFiles !== undefined
        ? target.knownHostsFiles.map((f) => expandHome(f, environment))
        : pathList('userknownhostsfile', [`${ssh}/known_hosts`, `${ssh}/known_hosts2`]),
    globalKnownHosts: pathList('globalknownhostsfile', [
      `${machine}/ssh_known_hosts`,
      `${machine}/ssh_known_hosts2`,
    ]),
    hostKeyAlias,
    strictHostKeyChecking: choice<HostKeyPolicy>('stricthostkeychecking', 'ask', {
      yes: 'yes',
      true: 'yes',
      'accept-new': 'accept-new',
      no: 'no',
      false: 'no',
      off: 'no',
      ask: 'ask',
    }),
    hashKnownHosts: flag('hashknownhosts', 'no'),
    revokedKeys:
      revoked === undefined
        ? []
        : pathList('revokedhostkeys', []).map((one) => ({ path: one, place: revoked })),
    // 0 is ssh's way to say none.
    connectTimeout: connectTimeout === 0 ? undefined : connectTimeout * 1000,
    passwordPrompts: count('numberofpasswordprompts') ?? 3,
    methods: preferred.filter((method) => allowed[method] === true),
    family: choice<0 | 4 | 6>('addressfamily', 0, { any: 0, inet: 4, inet6: 6 }),
    bindAddress: word('bindaddress'),
  };
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A time as sshd_config(5) writes it, `90`, `10s`, `1h30m`, as long as a timer can run; `undefined` if it is none. */
function secondsOf(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    sum += Number(count) * (secondsIn[unit.toLowerCase()] ?? 1);
  }
  return sum < 2 ** 31 ? Math.min(sum, maxSeconds) : undefined;
}

function agentSocket(
  value: Value | undefined,
  path: (text: string, place: Place) => string,
  environment: SshEnvironment,
): string | undefined {
  const text = value?.args[0];
  const fromVariable = (name: string) => environment.variables[name] || undefined;
  if (value === undefined || text === undefined || text === 'SSH_AUTH_SOCK') {
    // Windows' own agent has no variable but a fixed name.
    return (
      fromVariable('SSH_AUTH_SOCK') ??
      (environment.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : undefined)
    );
  }
  if (text.toLowerCase() === 'none') return undefined;
  if (/^\$[A-Za-z_]\w*$/.test(text)) return fromVariable(text.slice(1));
  return path(text, value);
}
