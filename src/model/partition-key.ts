/**
 * The name of a partition among those of its board: a text that the core makes and nobody else reads. It stands in URIs,
 * journals and the sidebar's state, and is the same after every reconnection. Two partitions may begin at the same column.
 */
export type PartitionKey = string;

/** The longest key, characters. */
const maxPartitionKey = 64;

const pattern = /^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/;

/**
 * Whether a text can be a key: lower-case letters, digits, `_`, `.` and `-`, neither of these last at an end. So it is one
 * step of a path in every URI, and no two keys differ in case only, which VS Code takes for the same resource.
 */
export function isPartitionKey(text: unknown): text is PartitionKey {
  return typeof text === 'string' && text.length <= maxPartitionKey && pattern.test(text);
}
