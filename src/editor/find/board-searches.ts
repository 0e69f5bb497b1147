/** Has all memories of a board searched, one board at a time: asks what to look for, and shows how far it is. Loaded at its first use. */
import * as vscode from 'vscode';
import type { CellName } from '../../model/cells/choices.ts';
import { type FindKind, type FindQuery, findKinds, valueNames } from '../../model/find/query.ts';
import { askText, pickFrom, sayInformation, sayWarning } from '../../say/say.ts';
import { withProgress } from '../progress.ts';
import { BoardHits, refusalOf, type SearchedBoard } from './board-hits.ts';
import type { FoundOnBoard } from './hit-rows.ts';

export class BoardSearches implements vscode.Disposable {
  readonly #changed: () => void;
  #hits: BoardHits | undefined;
  #abort = new AbortController();

  /** @param changed something else is found, or nothing any more */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What the last search found. */
  get found(): FoundOnBoard | undefined {
    return this.#hits?.found;
  }

  /** Searches all memories of the board; a search that is under way ends. Answers whether anything was found. */
  async run(board: SearchedBoard, query: FindQuery): Promise<boolean> {
    const refusal = refusalOf(query, vscode.l10n);
    if (refusal !== undefined) {
      sayWarning(refusal);
      return false;
    }
    this.forget();
    const hits = new BoardHits(board, query, vscode.l10n, this.#changed, (text) => sayInformation(text));
    this.#hits = hits;
    const abort = this.#abort;
    const title = vscode.l10n.t('Looking in all memories of {0}', board.label);
    await withProgress(title, (signal, tell) =>
      hits.run(AbortSignal.any([signal, abort.signal]), tell, this.#changed),
    );
    // Another one took its place.
    if (abort.signal.aborted) return false;
    if (hits.count === 0 || !hits.isWhole) sayInformation(hits.outcome);
    return hits.count > 0;
  }

  /** Ends the search, and takes what it found off the list. */
  forget(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#hits?.dispose();
    this.#hits = undefined;
    this.#changed();
  }

  dispose(): void {
    this.forget();
  }
}

/** What can be looked for, as a person chooses it. */
interface Choice {
  readonly means: { readonly kind: FindKind; readonly name: CellName };
}

/** Only values have a type that counts. */
const anyName: CellName = 'uint8';

/** Asks what to look for; undefined if the person ended it. */
export async function askQuery(title: string): Promise<FindQuery | undefined> {
  const { l10n } = vscode;
  const names: Readonly<Record<FindKind, { readonly label: string; readonly prompt: string }>> = {
    hex: { label: l10n.t('Bytes'), prompt: l10n.t('Bytes such as A4 ?? 45') },
    text: { label: l10n.t('Text'), prompt: l10n.t('Text') },
    value: { label: l10n.t('Values'), prompt: l10n.t('Values such as 12.34, 1..2, 5~0.1, NaN') },
    expression: {
      label: l10n.t('Expression'),
      prompt: l10n.t('Expression over bytes such as \\xA4+[0-9]'),
    },
  };
  const choices = findKinds.flatMap((kind): (vscode.QuickPickItem & Choice)[] =>
    kind === 'value'
      ? valueNames.map((name) => ({ label: name, description: names.value.label, means: { kind, name } }))
      : [{ label: names[kind].label, means: { kind, name: anyName } }],
  );
  const chosen = await pickFrom(choices, {
    title,
    placeHolder: l10n.t('What to look for'),
  });
  if (chosen === undefined) return undefined;
  const { kind, name } = chosen.means;
  const queryOf = (text: string): FindQuery => {
    return { kind, text, matchCase: false, cells: { name, order: 'little' }, align: 0 };
  };
  const text = await askText({
    title,
    prompt: names[kind].prompt,
    refuse: (typed) => refusalOf(queryOf(typed), l10n),
  });
  return text === undefined ? undefined : queryOf(text);
}
