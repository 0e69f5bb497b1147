/** What can stand in an initramfs. Owner is a numeric uid that is also the gid; `mode` is the permission bits. */
export interface CpioEntry {
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'link';
  readonly mode: number;
  readonly owner: number;
  /** A file's bytes, or a symbolic link's target. */
  readonly data: Uint8Array;
}

const TYPE_BITS = { directory: 0o040000, file: 0o100000, link: 0o120000 } as const;

/**
 * Packs entries as a "newc" cpio archive, the format that the kernel unpacks as
 * its first root file system. Writing it here needs no root and keeps owners.
 * Parents must come before their children. Modification times are 0, so that the
 * same input gives the same bytes.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const entry of entries) parts.push(...record(entry, inode++));
  parts.push(...record({ path: 'TRAILER!!!', kind: 'file', mode: 0, owner: 0, data: new Uint8Array() }, 0));
  return Buffer.concat(parts);
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${entry.path}\0`);
  const fields = [
    inode,
    TYPE_BITS[entry.kind] | entry.mode,
    entry.owner,
    entry.owner,
    1,
    0,
    entry.data.length,
    0,
    0,
    0,
    0,
    name.length,
    0,
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(entry.data))];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
