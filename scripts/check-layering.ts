/**
 * The arrows of docs/architecture.md as rules: model <- board <- session <- boards <- faces, and model <- say <- boards,
 * faces. Every import counts, types included. Tests stand beside what they test and obey the same arrows; packages and Node are free for them.
 */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { isMain, root, runMain } from './common.ts';
import { importedModules } from './imports.ts';

const CONTROL_LIBRARY = /^@vscode-elements\//;
const CONTROLS_FILE = 'webview/controls.ts';
/** What the model may be made of beside itself, and where. */
const SHAPE_LIBRARY = 'valibot';
const SHAPES_FILE = 'src/model/shapes.ts';
/**
 * Markup by hand, which the pages leave to Lit and their controls to CONTROLS_FILE. The editor's page makes its rows and
 * the boxes around them itself: they are reused while it scrolls.
 */
const MARKUP_BY_HAND =
  /\b(createElement(NS)?|innerHTML|outerHTML|insertAdjacentHTML)\b|<(button|select|input|textarea)\b/;
const LIT_PAGE = /^webview\/(array|plot)\/(?!.*\.test\.ts$)/;

/** The contracts between a face and others, its page or other extensions: the messages, and the words that travel in them. */
const CONTRACT_FILES: Readonly<Record<string, string>> = {
  'src/editor/messages.ts': 'editor',
  'src/editor/delta.ts': 'editor',
  'src/editor/opening.ts': 'editor',
  'src/editor/webview-strings.ts': 'editor',
  'src/editor/plot/messages.ts': 'editor',
  'src/editor/plot/page-strings.ts': 'editor',
  'src/array/messages.ts': 'array',
  'src/array/page-strings.ts': 'array',
  'src/array/patch.ts': 'array',
  'api/tilescope.d.ts': 'api',
};

/** What the pieces of a session may know of each other (docs/session.md): files beside them. */
const SESSION_PIECES: Readonly<Record<string, readonly string[]>> = {
  'image.ts': ['errors.ts'],
  'edit-stack.ts': ['column.ts', 'edit-index.ts', 'types.ts'],
  'follower.ts': ['link.ts', 'services.ts', 'types.ts'],
  'read-scheduler.ts': [
    'async.ts',
    'errors.ts',
    'follower.ts',
    'halted-cores.ts',
    'image.ts',
    'link.ts',
    'services.ts',
    'types.ts',
  ],
  'snapshots.ts': ['follower.ts', 'image.ts', 'link.ts', 'read-scheduler.ts', 'services.ts', 'types.ts'],
};

/** Whether a piece of a session may know a file of the session; true for files that are no piece. */
function pieceMayImport(file: string, target: string): boolean {
  const folder = 'src/session/';
  const allowed = file.startsWith(folder) ? SESSION_PIECES[file.slice(folder.length)] : undefined;
  return allowed === undefined || !target.startsWith(folder) || allowed.includes(target.slice(folder.length));
}

type Layer = 'model' | 'board' | 'session' | 'say' | 'boards';
/** The folders of `src` that are no faces. */
const LAYERS: ReadonlySet<string> = new Set<Layer>(['model', 'board', 'session', 'say', 'boards']);

type Place =
  | { readonly kind: Layer | 'extension' | 'webview' | 'outside' }
  | { readonly kind: 'face' | 'messages'; readonly name: string };

function placeOf(path: string): Place {
  const contractOf = CONTRACT_FILES[path];
  if (contractOf !== undefined) return { kind: 'messages', name: contractOf };
  if (path.startsWith('webview/')) return { kind: 'webview' };
  const [top, folder, ...rest] = path.split('/');
  if (top !== 'src' || folder === undefined) return { kind: 'outside' };
  if (rest.length === 0) return { kind: 'extension' };
  if (LAYERS.has(folder)) return { kind: folder as Layer };
  return { kind: 'face', name: folder };
}

/** Which places a place may import from. */
function mayImport(from: Place, to: Place): boolean {
  switch (from.kind) {
    case 'model':
      return to.kind === 'model';
    case 'board':
      return to.kind === 'model' || to.kind === 'board';
    case 'session':
      return to.kind === 'model' || to.kind === 'board' || to.kind === 'session';
    case 'say':
      return to.kind === 'model' || to.kind === 'say';
    case 'boards':
      return LAYERS.has(to.kind);
    case 'messages':
      return to.kind === 'model' || (to.kind === 'messages' && from.name === to.name);
    case 'webview':
      return to.kind === 'model' || to.kind === 'messages' || to.kind === 'webview';
    case 'face':
      return (
        LAYERS.has(to.kind) ||
        (to.kind === 'messages' && from.name === to.name) ||
        (to.kind === 'face' && to.name === from.name)
      );
    case 'extension':
      return to.kind !== 'webview' && to.kind !== 'outside';
    case 'outside':
      return true;
  }
}

/** Whether a place may import a package or a Node module; a reason when not. */
function packageProblem(file: string, from: Place, specifier: string): string | undefined {
  const isTest = /\.test\.ts$/.test(file);
  if (specifier === 'vscode' && !['face', 'boards', 'say', 'extension'].includes(from.kind)) {
    return 'only faces, boards, say and extension.ts may import vscode';
  }
  if (CONTROL_LIBRARY.test(specifier) && file !== CONTROLS_FILE) {
    return `only ${CONTROLS_FILE} may import the control library`;
  }
  if (isTest) return undefined;
  if (file === SHAPES_FILE && specifier === SHAPE_LIBRARY) return undefined;
  if (from.kind === 'model') return 'the model imports nothing but itself';
  if (from.kind === 'messages') return 'the message contract imports nothing but the model';
  if (from.kind === 'session' && specifier.startsWith('node:')) return 'a session does no I/O of its own';
  if (from.kind === 'webview' && specifier.startsWith('node:')) return 'a webview has no Node';
  return undefined;
}

function nameOf(place: Place): string {
  return place.kind === 'face' ? `the face ${place.name}` : place.kind;
}

/** All violations below `folder`, as `file:line: what is wrong`. */
export function layeringProblems(folder: string): string[] {
  const problems: string[] = [];
  const files = globSync(['src/**/*.ts', 'webview/**/*.ts'], { cwd: folder })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
  for (const file of files) {
    const from = placeOf(file);
    const source = readFileSync(posix.join(folder, file), 'utf8');
    if (LIT_PAGE.test(file)) {
      source.split('\n').forEach((text, index) => {
        const found = MARKUP_BY_HAND.exec(text);
        if (found !== null) problems.push(`${file}:${index + 1}: markup by hand (${found[0]})`);
      });
    }
    for (const { specifier, line } of importedModules(source)) {
      if (specifier.startsWith('.')) {
        const target = posix.normalize(posix.join(posix.dirname(file), specifier));
        const to = placeOf(target);
        // Tests may use shared test machinery; what is shipped may not.
        const allowed = to.kind === 'outside' ? /\.test\.ts$/.test(file) : mayImport(from, to);
        if (!allowed) {
          problems.push(`${file}:${line}: ${nameOf(from)} may not import from ${nameOf(to)} (${specifier})`);
        } else if (!pieceMayImport(file, target)) {
          problems.push(`${file}:${line}: this piece of a session must not know that one (${specifier})`);
        }
      } else {
        const problem = packageProblem(file, from, specifier);
        if (problem !== undefined) problems.push(`${file}:${line}: ${problem} (${specifier})`);
      }
    }
  }
  return problems;
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const problems = layeringProblems(root);
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
