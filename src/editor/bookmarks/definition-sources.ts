/** Where the definition of a structure comes from: a text that a person has, or the program of the tile's core. */
import * as vscode from 'vscode';
import type { Tile } from '../../model/geometry.ts';
import { mostBytesOfFile } from '../../model/program/core-files.ts';
import { DebugInfo } from '../../model/program/dwarf/debug-info.ts';
import { readElf } from '../../model/program/elf.ts';
import { faultText } from '../../model/program/fault-texts.ts';
import { FileFault } from '../../model/program/faults.ts';
import { readDefinitions } from '../../model/structures/definitions.ts';
import { structureFaultText } from '../../model/structures/fault-texts.ts';
import { StructureFault } from '../../model/structures/faults.ts';
import { type Definition, definitionOf } from '../../model/structures/from-debug-info.ts';
import { pickFrom, sayError, sayInformation } from '../../say/say.ts';
import type { EditorServices } from '../services.ts';
import type { Structure } from './bookmark-file.ts';

/** Who is asked, in VS Code; tests answer in its place. */
export interface DefinitionQuestions {
  readonly pick: typeof pickFrom;
  readonly say: typeof sayInformation;
  readonly clipboard: () => Thenable<string>;
}

const example = `struct example {
  uint32_t count;
  cint16 taps[8];
  float gain;
};
`;

export class DefinitionSources implements vscode.Disposable {
  readonly #services: Pick<EditorServices, 'program' | 'note'>;
  readonly #problems = vscode.languages.createDiagnosticCollection('tilescope');
  /** A mark is of the text as it was: it goes when that is changed or closed. */
  readonly #following = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.#problems.delete(document.uri);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#problems.delete(uri)),
  );

  questions: DefinitionQuestions = {
    pick: pickFrom,
    say: sayInformation,
    clipboard: () => vscode.env.clipboard.readText(),
  };

  constructor(services: Pick<EditorServices, 'program' | 'note'>) {
    this.#services = services;
  }

  dispose(): void {
    this.#following.dispose();
    this.#problems.dispose();
  }

  /** Asks for a definition; undefined if the person ended it, or what was chosen cannot be laid, which was said. */
  async ask(
    title: string,
    board: string,
    tile: Tile,
    laid: readonly Structure[],
  ): Promise<Definition | undefined> {
    const { l10n } = vscode;
    this.#problems.clear();
    const clipboard = await this.questions.clipboard();
    const program = this.#services.program(board, tile)?.address;
    const known = new Map(
      laid.map(({ type, definition }) => [`${type}\n${definition}`, { type, text: definition }]),
    );
    const items: (vscode.QuickPickItem & { get: () => Promise<Definition | undefined> })[] = [];
    if (isDefinition(clipboard)) {
      const label = l10n.t('Definition in the Clipboard');
      items.push({ label, description: firstLine(clipboard), get: () => this.#chosen(title, clipboard) });
    }
    for (const { document, selection } of vscode.window.visibleTextEditors) {
      const range = selection.isEmpty ? undefined : selection;
      const text = document.getText(range);
      if (!isDefinition(text)) continue;
      const name = document.uri.path.split('/').at(-1) ?? '';
      const label =
        range === undefined ? l10n.t('Definition in {0}', name) : l10n.t('Selection in {0}', name);
      const get = () => this.#chosen(title, text, { document, start: range?.start });
      items.push({ label, description: firstLine(text), get });
    }
    if (program !== undefined) {
      const label = l10n.t("Type of the Core's Program...");
      items.push({
        label,
        description: program.split('/').at(-1) ?? '',
        get: () => this.#fromProgram(title, program),
      });
    }
    items.push({
      label: l10n.t('Write a Definition...'),
      description: l10n.t('in an editor of text'),
      get: () => this.write(title, example),
    });
    for (const definition of known.values()) {
      items.push({
        label: definition.type,
        description: l10n.t('laid before'),
        get: async () => definition,
      });
    }
    const placeHolder = l10n.t('A struct of C, as a text or from a program');
    return (await this.questions.pick(items, { title, placeHolder }))?.get();
  }

  /** Has a person write a definition in an editor of text. What is wrong with it is marked there, and the text stays. */
  async write(title: string, text: string, type?: string): Promise<Definition | undefined> {
    const { l10n } = vscode;
    const languages = await vscode.languages.getLanguages();
    const document = await vscode.workspace.openTextDocument({
      content: text,
      ...(languages.includes('c') ? { language: 'c' } : {}),
    });
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: false });
    const lay = l10n.t('Lay');
    for (let said = l10n.t('Write the definition in the editor of text, then lay it.'); ; ) {
      if ((await this.questions.say(said, lay)) !== lay) {
        this.#problems.delete(document.uri);
        return undefined;
      }
      const written = document.getText();
      const fault = this.#mark(document, undefined, written);
      if (fault === undefined) return this.#typeIn(title, written, type);
      said = structureFaultText(fault, l10n);
    }
  }

  /** A text that was chosen as it is. One that is wrong is shown with its place. */
  async #chosen(title: string, text: string, from?: Origin): Promise<Definition | undefined> {
    const { l10n } = vscode;
    const fault = from === undefined ? faultIn(text) : this.#mark(from.document, from.start, text);
    if (fault === undefined) return this.#typeIn(title, text);
    const show = l10n.t('Show');
    if ((await this.questions.say(structureFaultText(fault, l10n), show)) !== show) {
      if (from !== undefined) this.#problems.delete(from.document.uri);
      return undefined;
    }
    if (from === undefined) {
      const next = this.write(title, text);
      return next;
    }
    const place = placeIn(from.start, fault);
    await vscode.window.showTextDocument(from.document, { selection: new vscode.Range(place, place) });
    return undefined;
  }

  /** Marks what is wrong in a document of which the text is a part; answers it. */
  #mark(
    document: vscode.TextDocument,
    start: vscode.Position | undefined,
    text: string,
  ): StructureFault | undefined {
    const fault = faultIn(text);
    if (fault === undefined) {
      this.#problems.delete(document.uri);
      return undefined;
    }
    const place = placeIn(start, fault);
    const range = document.getWordRangeAtPosition(place) ?? new vscode.Range(place, place.translate(0, 1));
    this.#problems.set(document.uri, [new vscode.Diagnostic(range, structureFaultText(fault, vscode.l10n))]);
    return fault;
  }

  /** Which of the types of a text is meant: asked where there are several. */
  async #typeIn(title: string, text: string, wanted?: string): Promise<Definition | undefined> {
    const found = readDefinitions(text).filter(({ type }) => type.size > 0);
    const only = found.length === 1 ? found[0]?.name : found.find(({ name }) => name === wanted)?.name;
    if (only !== undefined) return { text, type: only };
    const { l10n } = vscode;
    const items = found.toReversed().map(({ name, type }) => ({
      label: name,
      description: l10n.t('{0} bytes', type.size),
    }));
    const chosen = await this.questions.pick(items, { title, placeHolder: l10n.t('Which type to lay') });
    return chosen && { text, type: chosen.label };
  }

  async #fromProgram(title: string, address: string): Promise<Definition | undefined> {
    const { l10n } = vscode;
    const info = await this.#debugInfo(address);
    if (info === undefined) return undefined;
    const { structures, types } = info;
    if (structures.length === 0) {
      await sayInformation(l10n.t('The program has no debug information of structs. Build it with -g.'));
      return undefined;
    }
    const items = structures.map((one) => ({
      label: one.name,
      description: l10n.t('{0} bytes', one.size),
      type: one.type,
    }));
    const placeHolder = l10n.t('Structs of the program');
    const chosen = await this.questions.pick(items, { title, placeHolder });
    if (chosen === undefined) return undefined;
    const definition = definitionOf(types, chosen.type);
    if (definition === undefined)
      await sayInformation(l10n.t('The program does not say how {0} is laid out.', chosen.label));
    return definition;
  }

  async #debugInfo(address: string): Promise<DebugInfo | undefined> {
    try {
      const uri = vscode.Uri.parse(address, true);
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size > mostBytesOfFile) throw new FileFault('too-large', {});
      return new DebugInfo(readElf(await vscode.workspace.fs.readFile(uri)));
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      const fault = error instanceof FileFault ? error : new FileFault('unreadable', {}, undefined, found);
      await sayError(faultText(fault, vscode.l10n));
      return undefined;
    }
  }
}

/** Where a text was taken from. */
interface Origin {
  readonly document: vscode.TextDocument;
  readonly start: vscode.Position | undefined;
}

function faultIn(text: string): StructureFault | undefined {
  try {
    readDefinitions(text);
    return undefined;
  } catch (error) {
    if (error instanceof StructureFault) return error;
    throw error;
  }
}

/** A place of a text that begins at a position of its document. */
function placeIn(
  start: vscode.Position | undefined,
  { place: { line, column } }: StructureFault,
): vscode.Position {
  const isFirst = line === 1;
  return new vscode.Position(
    (start?.line ?? 0) + line - 1,
    (isFirst ? (start?.character ?? 0) : 0) + column - 1,
  );
}

function isDefinition(text: string): boolean {
  return /\b(?:struct|union|typedef)\b/.test(text.slice(0, 100_000));
}

function firstLine(text: string): string {
  const line = /\b(?:struct|union|typedef)\b[^\n]*/.exec(text)?.[0] ?? '';
  return line.trim().slice(0, 60);
}
