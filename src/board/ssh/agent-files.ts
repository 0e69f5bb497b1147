/**
 * The agent on the board: finding a folder that can hold and run it, bringing it there, knowing that it is ours.
 * Everything happens over plain commands, because small images have no SFTP.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { clean } from '../../model/plain.ts';
import { BoardError, type ErrorFacts } from '../errors.ts';
import type { ConnectScope, ExecOptions, SshConnection } from './connection.ts';
import { codeAndMessage } from './failures.ts';
import { keyValues, loginCommand, maxNoise, OutputMarks, shellQuoted } from './shell.ts';
import type { AgentBinaries, AgentBinary } from './target.ts';

/** An agent of this machine, by the name under which it stands on the board. */
export interface AgentChoice extends AgentBinary {
  readonly fileName: string;
}

/** What one probe of the board found. */
export interface Probe {
  /** `uname -m`. */
  readonly machine: string;
  readonly uid: number;
  readonly agent: AgentChoice;
  /** The folder to use; private, ours, writable, and programs run in it. */
  readonly folder: string;
  /** Its place in the list of candidates, from 1. */
  readonly candidate: number;
  /** A file with the agent's name and size is there already. Its contents are not checked yet. */
  readonly present: boolean;
  readonly canHash: boolean;
  readonly canUnzip: boolean;
  /** The device node is there; who may open it is another question. */
  readonly hasDevice: boolean;
  readonly hasSudo: boolean;
}

const architectures = { aarch64: ['aarch64', 'arm64'], x86_64: ['x86_64', 'amd64'] } as const;
const filePrefix = 'tilescope-agent-';
/** Room beside the agent itself that a folder should have, in KiB. */
const spareKiB = 64;

/** The agents by architecture with their sizes, read once per connect. */
export class AgentStore {
  readonly #agents: AgentBinaries;
  readonly #contents = new Map<string, Buffer>();

  constructor(agents: AgentBinaries) {
    this.#agents = agents;
  }

  choices(): { architecture: keyof typeof architectures; agent: AgentChoice }[] {
    return (['aarch64', 'x86_64'] as const).flatMap((architecture) => {
      const agent = this.#agents[architecture];
      if (agent === undefined) return [];
      const version = agent.version.replace(/[^A-Za-z0-9.]/g, '_');
      const fileName = `${filePrefix}${version}-${architecture}-${agent.sha256.slice(0, 16)}`;
      return [{ architecture, agent: { ...agent, fileName } }];
    });
  }

  /** @throws BoardError `internal` if our own file is missing or damaged */
  async contents(agent: AgentBinary): Promise<Buffer> {
    const known = this.#contents.get(agent.path);
    if (known) return known;
    let data: Buffer;
    try {
      data = await readFile(agent.path);
    } catch (error) {
      throw new BoardError(
        'internal',
        `${agent.path}: ${codeAndMessage(error).message}`,
        { path: agent.path },
        error,
      );
    }
    if (sha256(data) !== agent.sha256.toLowerCase()) {
      throw new BoardError(
        'internal',
        `${agent.path} is damaged: its SHA-256 is not the one it was built with`,
        {
          path: agent.path,
        },
      );
    }
    this.#contents.set(agent.path, data);
    return data;
  }
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Runs a marked script and returns what it printed. Errors: those of the connection and of `OutputMarks`. */
async function run(
  connection: SshConnection,
  script: string,
  options: Pick<ExecOptions, 'input' | 'onProgress' | 'maxOutput'> = {},
): Promise<{ output: Buffer; stderr: string; status: number | undefined }> {
  const marks = new OutputMarks();
  const { onProgress } = options;
  const result = await connection.exec(loginCommand(marks.wrap(script)), {
    ...options,
    input: marks.input(options.input),
    explain: (why, output) => marks.explain(why, output, factsOf(connection)),
    ...(onProgress && { onProgress: (bytes) => onProgress(Math.max(0, bytes - marks.head.length)) }),
  });
  const output = marks.unwrap(result.stdout, result.stderr, factsOf(connection));
  return { output, stderr: result.stderr, status: result.status };
}

function factsOf(connection: SshConnection): ErrorFacts {
  return { host: connection.host.hostName, port: connection.host.port, user: connection.host.user };
}

/**
 * One round trip that says everything needed to go on.
 * @param device node on the board
 * @param skip candidates up to this place have failed already
 * @throws BoardError `no-programs`, `wrong-arch`, `no-exec`, `disk-full`, `read-only`, `in-the-way`, and those of `OutputMarks`
 */
export async function probeBoard(
  connection: SshConnection,
  store: AgentStore,
  device: string,
  skip: number,
  scope: ConnectScope,
): Promise<Probe> {
  const choices = await Promise.all(
    store.choices().map(async (choice) => ({ ...choice, size: (await store.contents(choice.agent)).length })),
  );
  const { output, stderr } = await run(connection, probeScript(choices, device, skip));
  const said = keyValues(output.toString('utf8'));
  const machine = clean(said.get('machine') ?? '');
  const facts = { ...factsOf(connection), machine };
  scope.log.info(`probe: ${clean([...said].map(([key, value]) => `${key}=${value}`).join(', '))}`);
  const missing = said.get('missing')?.trim();
  if (missing !== undefined) {
    const detail = `not on the PATH of the login shell: ${missing}`;
    throw new BoardError('no-programs', detail, { ...facts, programs: missing.replaceAll(' ', ', ') });
  }
  const choice = choices.find((c) => c.agent.fileName === said.get('file'));
  if (choice === undefined) {
    throw new BoardError('wrong-arch', `there is no agent for "${machine}"`, facts);
  }
  const folder = said.get('folder');
  const candidate = Number(said.get('candidate'));
  if (folder === undefined || !folder.startsWith('/') || !Number.isSafeInteger(candidate)) {
    throw noFolder(said, stderr, facts);
  }
  for (const [reason, place] of refusals(said)) scope.log.warn(`probe: not ${place}: ${reason}`);
  return {
    machine,
    uid: Number(said.get('uid')),
    agent: choice.agent,
    folder,
    candidate,
    present: said.get('present') === '1',
    canHash: said.get('sha') === '1',
    canUnzip: said.get('zip') === '1',
    hasDevice: said.get('device') === '1',
    hasSudo: said.get('sudo') === '1',
  };
}

/** Folders that will not do, each with the reason in one word. */
function refusals(said: ReadonlyMap<string, string>): [reason: string, folder: string][] {
  return [...said]
    .filter(([key]) => key.startsWith('refused'))
    .map(([, text]) => [clean(text.slice(0, text.indexOf(' '))), clean(text.slice(text.indexOf(' ') + 1))]);
}

function noFolder(said: ReadonlyMap<string, string>, stderr: string, facts: ErrorFacts): BoardError {
  const refused = refusals(said);
  const because = (reason: string) => refused.some(([one]) => one === reason);
  const folders = refused.map(([, folder]) => folder).join(', ');
  const words = refused.map(([reason, folder]) => `${folder} (${reason})`).join(', ');
  const code = because('noexec')
    ? 'no-exec'
    : because('full')
      ? 'disk-full'
      : because('taken')
        ? 'in-the-way'
        : 'read-only';
  return new BoardError(code, `no folder for the agent: ${words}; ${stderr.trim()}`, { ...facts, folders });
}

/**
 * Tries the candidates in order and stops at the first that will do, so that the others stay untouched. Writes through
 * `cat`, because busybox's own printf does not say why a write fails.
 */
function probeScript(
  choices: readonly { architecture: keyof typeof architectures; agent: AgentChoice; size: number }[],
  device: string,
  skip: number,
): string {
  const cases = choices.map(
    ({ architecture, agent, size }) =>
      `${architectures[architecture].join('|')}) f=${shellQuoted(agent.fileName)}; n=${size};;`,
  );
  return `
has() { command -v "$1" >/dev/null 2>&1; }
miss=
for p in uname id cat ls mkdir chmod mv rm wc; do
  if ! has $p; then miss="$miss $p"; fi
done
if [ -n "$miss" ]; then echo "missing=$miss"; exit; fi
m=$(uname -m); u=$(id -u); f=; n=0
echo "machine=$m"; echo "uid=$u"
case $m in ${cases.join(' ')} esac
echo "file=$f"
if has sha256sum; then echo sha=1; fi
if has gzip; then echo zip=1; fi
if has sudo; then echo sudo=1; fi
v=${shellQuoted(device)}
if [ -e "$v" ]; then echo device=1; fi
why() { case $1 in *'ead-only'*) echo readonly;; *'o space'*|*'uota'*) echo full;; *) echo denied;; esac; }
try() {
  made=
  if [ -L "$1" ]; then echo link; return; fi
  if [ ! -d "$1" ]; then
    if ! e=$( (umask 077; mkdir -p "$1") 2>&1); then why "$e"; return; fi
    made=1
  fi
  r=$(inside "$1")
  if [ -n "$made" ] && [ "$r" != ok ]; then rmdir "$1" 2>/dev/null; fi
  echo "$r"
}
inside() {
  set -- "$1" $(ls -ldn "$1")
  if [ "$4" != "$u" ]; then echo foreign; return; fi
  case $2 in drwx------*) ;; *) if ! chmod 700 "$1" 2>/dev/null; then echo readonly; return; fi;; esac
  if [ -d "$1/$f" ]; then echo taken; return; fi
  # What is there already was put there by a probe like this one, and starting it tells whether it runs.
  if here "$1"; then echo ok; return; fi
  t=$1/.probe-${randomBytes(6).toString('hex')}
  if ! e=$( (umask 077; printf '#!/bin/sh\\nexit 0\\n' | cat > "$t") 2>&1); then rm -f "$t" 2>/dev/null; why "$e"; return; fi
  chmod 700 "$t"
  if "$t" >/dev/null 2>&1; then r=ok; else r=noexec; fi
  rm -f "$t"
  if [ "$r" = ok ]; then
    set -- "$1" $(df -Pk "$1" 2>/dev/null | tail -n 1)
    case $5 in ''|*[!0-9]*) ;; *) if [ "$5" -lt $((n / 1024 + ${spareKiB})) ]; then r=full; fi;; esac
  fi
  echo "$r"
}
here() { [ -f "$1/$f" ] && [ ! -L "$1/$f" ] && [ "$(($(wc -c < "$1/$f")))" = "$n" ]; }
i=0
probe() {
  i=$((i + 1))
  if [ $i -le ${skip} ] || [ -n "$found" ] || [ -z "$f" ]; then return; fi
  case $1 in /*) ;; *) return;; esac
  case $2 in *"
"*) return;; esac
  if [ ! -d "$1" ]; then return; fi
  r=$(try "$2")
  if [ "$r" = ok ]; then
    found=1; echo "folder=$2"; echo "candidate=$i"
    if here "$2"; then echo present=1; fi
  else echo "refused$i=$r $2"; fi
}
found=
probe "$XDG_CACHE_HOME" "$XDG_CACHE_HOME/tilescope"
probe "$HOME" "$HOME/.cache/tilescope"
probe /var/tmp "/var/tmp/tilescope-$u"
probe /tmp "/tmp/tilescope-$u"
probe /dev/shm "/dev/shm/tilescope-$u"
probe "/run/user/$u" "/run/user/$u/tilescope"
`;
}

/** The path of the agent on the board. */
export function agentPath(probe: Probe): string {
  return `${probe.folder}/${probe.agent.fileName}`;
}

const zip = promisify(gzip);

/**
 * Brings the agent to the board under a name of its own, verifies it there, puts it in place in one step, and removes
 * other versions.
 * @throws BoardError `disk-full`, `read-only`, `in-the-way`, `upload-corrupt`
 */
export async function uploadAgent(
  connection: SshConnection,
  store: AgentStore,
  probe: Probe,
  scope: ConnectScope,
): Promise<void> {
  const { agent, folder } = probe;
  const contents = await store.contents(agent);
  const input = probe.canUnzip ? await zip(contents, { level: 9 }) : contents;
  scope.log.info(`uploading ${agent.fileName} to ${clean(folder)} (${input.length} bytes)`);
  scope.onStep('uploading-agent', 0);
  const part = `${folder}/.upload-${randomBytes(9).toString('hex')}`;
  const target = `${folder}/${agent.fileName}`;
  // A file cannot take the place of a folder: it would be moved into it. Other versions go with it (a running one keeps
  // running), and uploads that were given up a day ago.
  const place = `if [ -d "$t" ]; then rm -f "$p"; echo taken=1
  elif chmod 700 "$p" && mv -f "$p" "$t"; then
    echo placed=1
    for o in "$d"/${filePrefix}*; do
      if [ -f "$o" ] && [ "$o" != "$t" ]; then rm -f "$o"; fi
    done
    find "$d" -name '.upload-*' -mtime +0 -exec rm -f {} \\; 2>/dev/null
  else rm -f "$p"; fi`;
  const names = `p=${shellQuoted(part)}; t=${shellQuoted(target)}; d=${shellQuoted(folder)}`;
  const { output, stderr, status } = await run(
    connection,
    `${names}
umask 077
if ${probe.canUnzip ? 'gzip -dc' : 'cat'} > "$p"; then
  echo "size=$(($(wc -c < "$p")))"
  ${
    probe.canHash
      ? `set -- $(sha256sum < "$p"); echo "sha=$1"
  if [ "$1" = ${agent.sha256.toLowerCase()} ]; then ${place}; else rm -f "$p"; fi`
      : 'echo kept=1'
  }
else
  rm -f "$p"; echo failed=1; exit 1
fi`,
    {
      input,
      onProgress: (bytes) => scope.onStep('uploading-agent', Math.floor((bytes / input.length) * 100)),
    },
  );
  const said = keyValues(output.toString('utf8'));
  const facts = { ...factsOf(connection), path: target };
  if (said.get('taken') === '1') throw inTheWay(facts);
  if (said.get('failed') === '1' || (said.get('placed') !== '1' && said.get('kept') !== '1')) {
    if (said.has('sha') && said.get('sha') !== agent.sha256.toLowerCase()) {
      throw new BoardError('upload-corrupt', `${target}: SHA-256 ${said.get('sha')} after the upload`, facts);
    }
    throw uploadFailure(stderr, status, facts);
  }
  if (said.get('kept') === '1') {
    const back = await readBack(connection, part, contents.length);
    if (back === undefined || sha256(back) !== agent.sha256.toLowerCase()) {
      await run(connection, `rm -f ${shellQuoted(part)}`);
      throw new BoardError('upload-corrupt', `${target}: other bytes came back than were sent`, facts);
    }
    const placed = await run(connection, `${names}\n${place}`);
    const outcome = keyValues(placed.output.toString('utf8'));
    if (outcome.get('taken') === '1') throw inTheWay(facts);
    if (outcome.get('placed') !== '1') {
      throw uploadFailure(placed.stderr, placed.status, facts);
    }
  }
}

function inTheWay(facts: ErrorFacts): BoardError {
  return new BoardError('in-the-way', `${facts['path']} is a folder`, facts);
}

function uploadFailure(stderr: string, status: number | undefined, facts: ErrorFacts): BoardError {
  const reason = clean(stderr.trim().split('\n').at(-1) ?? '');
  const detail = `upload failed (status ${status ?? 'unknown'}): ${stderr.trim()}`;
  if (/no space|quota/i.test(stderr)) return new BoardError('disk-full', detail, { ...facts, reason });
  if (/read-only|permission denied/i.test(stderr)) {
    return new BoardError('read-only', detail, { ...facts, reason });
  }
  return new BoardError('upload-corrupt', detail, { ...facts, reason });
}

/** A file's bytes, read over the connection; `undefined` if it is not there or has another length. */
async function readBack(
  connection: SshConnection,
  path: string,
  length: number,
): Promise<Buffer | undefined> {
  const { output, status } = await run(connection, `cat ${shellQuoted(path)}`, {
    maxOutput: length + 2 * maxNoise,
  });
  return status === 0 && output.length === length ? output : undefined;
}

/** For boards that cannot hash: whether the file in place is the agent, byte for byte. */
export async function verifyByReading(
  connection: SshConnection,
  store: AgentStore,
  probe: Probe,
): Promise<boolean> {
  const contents = await store.contents(probe.agent);
  const back = await readBack(connection, agentPath(probe), contents.length);
  return back !== undefined && sha256(back) === probe.agent.sha256.toLowerCase();
}
