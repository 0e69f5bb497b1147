/**
 * Files of keys that no host may offer (`RevokedHostKeys`): public keys, one a line, or a key revocation list (KRL) as
 * `ssh-keygen -k` makes it. Certificates are not searched for: host certificates are not supported.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const magic = Buffer.from('SSHKRL\n\0', 'latin1');
/** Format, version, date, flags. */
const fixedHeader = magic.length + 4 + 8 + 8 + 8;
const section = { certificates: 1, keys: 2, sha1: 3, signature: 4, sha256: 5, extension: 255 } as const;

/**
 * Where a file revokes a key: the line, 0 in a KRL; `undefined` if it does not.
 * @throws Error if the file cannot be read or is no such list
 */
export function revokedIn(file: string, key: Buffer): number | undefined {
  const data = readFileSync(file);
  if (!data.subarray(0, magic.length).equals(magic)) return lineOf(data.toString('latin1'), key);
  return inKrl(data, key) ? 0 : undefined;
}

function lineOf(text: string, key: Buffer): number | undefined {
  const wanted = key.toString('base64');
  const at = text.split('\n').findIndex((line) => {
    const [type, base64] = line.trim().split(/[ \t]+/);
    return type?.startsWith('#') === false && base64 === wanted;
  });
  return at < 0 ? undefined : at + 1;
}

function inKrl(data: Buffer, key: Buffer): boolean {
  const hashes = {
    sha1: createHash('sha1').update(key).digest(),
    sha256: createHash('sha256').update(key).digest(),
  };
  const format = data.readUInt32BE(magic.length);
  if (format !== 1) throw new Error(`a key revocation list of format ${format} is not known`);
  const reader = new Reader(data, fixedHeader);
  reader.text();
  reader.text();
  while (!reader.atEnd) {
    const type = reader.byte();
    // Signatures come last, and nothing that counts comes after them.
    if (type === section.signature) return false;
    const body = reader.text();
    if (type === section.keys && holds(body, key)) return true;
    if (type === section.sha1 && holds(body, hashes.sha1)) return true;
    if (type === section.sha256 && holds(body, hashes.sha256)) return true;
    if (type === section.extension) refuseCritical(body);
    else if (!(Object.values(section) as number[]).includes(type)) {
      throw new Error(`a key revocation list with a section ${type} is not known`);
    }
  }
  return false;
}

function holds(body: Buffer, wanted: Buffer): boolean {
  const reader = new Reader(body, 0);
  while (!reader.atEnd) if (reader.text().equals(wanted)) return true;
  return false;
}

function refuseCritical(body: Buffer): void {
  const reader = new Reader(body, 0);
  const name = reader.text();
  if (reader.byte() !== 0) throw new Error(`the extension ${name.toString('latin1')} is not known`);
}

/** Bytes and length-prefixed texts, each checked against the end. */
class Reader {
  readonly #data: Buffer;
  #at: number;

  constructor(data: Buffer, at: number) {
    this.#data = data;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#data.length;
  }

  byte(): number {
    this.#need(1);
    return this.#data[this.#at++] ?? 0;
  }

  text(): Buffer {
    this.#need(4);
    const length = this.#data.readUInt32BE(this.#at);
    this.#at += 4;
    this.#need(length);
    const text = this.#data.subarray(this.#at, this.#at + length);
    this.#at += length;
    return text;
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#data.length) throw new Error('the list is cut off');
  }
}
