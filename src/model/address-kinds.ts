/** A way in which the place of a byte is written; `addresses.ts` knows what they mean. */
export type AddressKind = 'tile' | 'buffer' | 'core' | 'axi';

/** The ways in the order in which they are offered. */
export const addressKinds: readonly AddressKind[] = ['tile', 'buffer', 'core', 'axi'];
