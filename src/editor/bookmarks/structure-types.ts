/** The types of definitions: each text is read once, when a type of it is first asked for. Knows no places. */
import { type NamedType, readDefinitions } from '../../model/structures/definitions.ts';
import { StructureFault } from '../../model/structures/faults.ts';
import type { StructureType } from '../../model/structures/types.ts';

/** Which type of which text. */
export interface DefinedType {
  readonly definition: string;
  readonly type: string;
}

export class StructureTypes {
  readonly #read = new Map<string, readonly NamedType[]>();

  /** The type that a definition has by that name; undefined where the text has none, or cannot be read. */
  of({ definition, type }: DefinedType): StructureType | undefined {
    const types = this.#read.get(definition) ?? typesOf(definition);
    this.#read.set(definition, types);
    return types.findLast(({ name }) => name === type)?.type;
  }

  /** Forgets the texts that nothing is laid by any more. */
  keepOnly(laid: readonly DefinedType[]): void {
    const used = new Set(laid.map(({ definition }) => definition));
    for (const text of this.#read.keys()) if (!used.has(text)) this.#read.delete(text);
  }
}

function typesOf(definition: string): readonly NamedType[] {
  try {
    return readDefinitions(definition);
  } catch (error) {
    if (error instanceof StructureFault) return [];
    throw error;
  }
}

/** Characters of the definitions of a workspace, and of a file: the same text counts once. So much is read within a second. */
export const mostDefinitionCharacters = 512 * 1024;

/** What is left of the characters that definitions may have. */
export class DefinitionBudget {
  readonly #texts = new Set<string>();
  #left = mostDefinitionCharacters;

  /** Takes a definition in if there is room for it. */
  takes({ definition }: Pick<DefinedType, 'definition'>): boolean {
    if (this.#texts.has(definition)) return true;
    if (definition.length > this.#left) return false;
    this.#texts.add(definition);
    this.#left -= definition.length;
    return true;
  }
}
