/**
 * The xclbin container, as far as it holds what a build says: section 25, AIE_METADATA, is the text of an
 * `aie_control_config.json`. Layout: `xclbin.h` of XRT; 64-bit sizes and offsets, little endian.
 */
import { ByteView } from './bytes.ts';
import { FileFault } from './faults.ts';

const magic = 'xclbin2\0';
const lengthAt = 0x130;
const countAt = 0x1c0;
const headersAt = 0x1c8;
const headerBytes = 40;
const aieMetadata = 25;
/** More sections no container has. */
const mostSections = 1024;

/** The text of the AIE_METADATA section. Throws `FileFault` where there is none, and where a part lies outside the file. */
export function readAieMetadata(bytes: Uint8Array): string {
  const file = new ByteView(bytes, { kind: 'header' });
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, magic.length));
  if (start !== magic) throw new FileFault('not-container', { byte: 0 });
  const length = whole(file, lengthAt);
  if (length > bytes.length) throw new FileFault('outside-file', { byte: lengthAt }, { kind: 'file' });
  const count = file.u32(countAt);
  if (count > mostSections) throw new FileFault('too-many', { byte: countAt }, { kind: 'sections' });
  const headers = file.slice(headersAt, count * headerBytes, { kind: 'sections' });
  for (let i = 0; i < count; i++) {
    const header = headers.slice(i * headerBytes, headerBytes, { kind: 'sections' });
    if (header.u32(0) !== aieMetadata) continue;
    const section = file.slice(whole(header, 24), whole(header, 32), { kind: 'section', index: i });
    return new TextDecoder().decode(section.bytes).replace(/\0+$/, '');
  }
  throw new FileFault('no-metadata', {});
}

/** A number of 64 bits; what does not fit into 52 of them lies outside every file. */
function whole(view: ByteView, offset: number): number {
  const high = view.u32(offset + 4);
  if (high > 0xfffff) throw new FileFault('outside-file', view.placeOf(offset), view.part);
  return high * 2 ** 32 + view.u32(offset);
}
