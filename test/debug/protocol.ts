/**
 * Compares what an adapter sent with the debug protocol. Its makers publish the types made from its schema, not the schema:
 * messages are compiled against these, which also finds what the protocol does not have. Types do not say that numbers
 * are whole.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const types = join(root, 'node_modules', '@vscode', 'debugprotocol', 'lib', 'debugProtocol');

interface Sent {
  readonly type: string;
  readonly seq: number;
  readonly event?: string;
  readonly command?: string;
  readonly success?: boolean;
  readonly request_seq?: number;
  readonly body?: unknown;
}

/** The messages in what was sent over a stream: each has a header with its length. Throws where one has none. */
export function messagesIn(stream: Buffer): Sent[] {
  const found: Sent[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf('\r\n\r\n', at);
    const [, length] = /^Content-Length: (\d+)$/.exec(stream.toString('latin1', at, end)) ?? [];
    if (length === undefined) throw new Error(`no header at ${at}`);
    const start = end + 4;
    at = start + Number(length);
    found.push(JSON.parse(stream.toString('utf8', start, at)) as Sent);
  }
  return found;
}

/** What is wrong with the messages of sessions, a line each. */
export async function protocolFaults(sessions: readonly (readonly Sent[])[]): Promise<string[]> {
  // What was sent again is compiled once.
  const lines = new Set(
    sessions.flat().map((message) => {
      const said = JSON.stringify({ ...message, seq: 1, request_seq: message.request_seq && 1 });
      return `(${said}) satisfies DebugProtocol.${typeOf(message)};`;
    }),
  );
  return [...sessions.flatMap(faultsOf), ...(await compiled([...lines]))];
}

/** What types do not say. */
function faultsOf(messages: readonly Sent[]): string[] {
  const faults: string[] = [];
  const answered = new Set<number>();
  for (const [i, message] of messages.entries()) {
    const said = JSON.stringify(message);
    if (message.seq !== i + 1) faults.push(`its number is not ${i + 1}: ${said}`);
    if (!areWhole(message)) faults.push(`a number is not whole: ${said}`);
    if (message.type === 'response') {
      const asked = message.request_seq ?? 0;
      if (answered.has(asked)) faults.push(`a second answer: ${said}`);
      answered.add(asked);
    } else if (message.type !== 'event') faults.push(`neither an event nor an answer: ${said}`);
  }
  return faults;
}

function typeOf({ type, event = '', command = '', success }: Sent): string {
  const name = type === 'event' ? event : success === true ? command : 'error';
  const first = name.slice(0, 1).toUpperCase();
  return `${first}${name.slice(1)}${type === 'event' ? 'Event' : 'Response'}`;
}

function areWhole(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(areWhole);
}

/** What the compiler says of the lines, each with the line it is about. */
async function compiled(lines: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-protocol-'));
  try {
    const head = `import type { DebugProtocol } from ${JSON.stringify(types)};`;
    const file = join(folder, 'messages.ts');
    await writeFile(file, [head, ...lines].join('\n'));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const words = [compiler, '--noEmit', '--strict', '--skipLibCheck', '--pretty', 'false', '--ignoreConfig'];
    const said = await promisify(execFile)(process.execPath, [...words, file], { cwd: folder }).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout?: string }) => error.stdout || String(error),
    );
    return said
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [, number] = /\.ts\((\d+),/.exec(line) ?? [];
        return number === undefined ? line : `${line}: ${lines[Number(number) - 2]}`;
      });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
