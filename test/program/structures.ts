/** Random definitions of structs, as a kernel's headers may have them. */
import type { Random } from '../conformance/random.ts';

/** What a compiler and the reader do alike in a test. */
export interface StructureMeans {
  /** Numbers of 64 bits: compilers differ in how they are aligned. */
  readonly wide: boolean;
  /** Bit-fields without a name: compilers differ in what they mean for the whole. */
  readonly unnamedBits: boolean;
  /** Bit-fields in what is packed: debug information of some compilers does not say where these are. */
  readonly packedBits: boolean;
}

const kinds = [
  ...(['signed char', 'unsigned char', 'short', 'unsigned short'] as const),
  ...(['int', 'unsigned int', 'long unsigned'] as const),
] as const;
const bitsOf = (kind: (typeof kinds)[number]): number =>
  kind.endsWith('char') ? 8 : kind.endsWith('short') ? 16 : 32;
const wideNumbers = ['long long', 'unsigned long long', 'double'] as const;

/**
 * A text with `count` structs, `struct s0` to the last one; each may have those before it as members, also by a typedef that
 * stands above. `__packed` is the attribute.
 */
export function randomDefinitions(random: Random, count: number, means: StructureMeans): string {
  return Array.from({ length: count }, (_, i) => {
    const sign = random.below(3) === 0 ? '-' : '';
    const enumeration = `enum e${i} { E${i}A, E${i}B = ${sign}${random.below(1000)}, E${i}C = E${i}B * 2 + 1 };`;
    return `${enumeration}\ntypedef struct s${i} t${i};\nstruct s${i} ${body(random, i, means, 0)};`;
  }).join('\n');
}

function attribute(random: Random): string {
  if (random.below(6) === 0) return random.pick([' __attribute__((packed))', ' __packed'] as const);
  if (random.below(12) === 0) return ` __attribute__((aligned(${random.pick([1, 2, 4, 8, 16, 32])})))`;
  return random.below(30) === 0 ? ' __attribute__((packed, aligned(2)))' : '';
}

function body(random: Random, before: number, means: StructureMeans, depth: number): string {
  const count = 1 + random.below(6);
  const members = Array.from({ length: count }, (_, i) => member(random, i, depth, before, means));
  // What has no member with a name has no bytes in C, and one in C++.
  if (members.every((one) => one.includes('  : '))) members.push(`char m${depth}_;`);
  const own = attribute(random);
  const isLeftOut = !means.packedBits && members.some((one) => / : \d+;$/.test(one));
  return `{ /* ${depth} */\n${members.join('\n')}\n}${isLeftOut ? '' : own}`;
}

function member(
  random: Random,
  number: number,
  depth: number,
  before: number,
  means: StructureMeans,
): string {
  const name = `m${depth}_${number}`;
  const own =
    random.below(12) === 0 ? ` __attribute__((${random.pick(['packed', 'aligned(8)', 'aligned(2)'])}))` : '';
  switch (random.below(10)) {
    case 0:
    case 1: {
      const kind = random.pick(kinds);
      const most = bitsOf(kind);
      const isUnnamed = means.unnamedBits && random.below(4) === 0;
      // Without a name it would read as an enumeration with its type.
      const isEnum = !isUnnamed && most === 32 && random.below(2) === 0;
      const type = isEnum ? `enum e${before}` : kind;
      return `${type} ${isUnnamed ? '' : name} : ${isUnnamed ? random.below(most + 1) : 1 + random.below(most)};`;
    }
    case 2:
      if (depth < 2)
        return `${random.pick(['struct', 'union'])} ${body(random, before, means, depth + 1)} ${name};`;
      return `char ${name};`;
    case 3:
      return before > 0
        ? `${random.pick(['struct s', 't'] as const)}${random.below(before)} ${name}[${1 + random.below(3)}];`
        : `float ${name};`;
    case 4:
      return `${random.pick(kinds)} *${name}${own};`;
    case 5:
      return `${random.pick(kinds)} ${name}[${1 + random.below(4)}][1 + ${random.below(3)}]${own};`;
    case 6:
      return `enum e${before} ${name}${own};`;
    case 7:
      return means.wide ? `${random.pick(wideNumbers)} ${name}${own};` : `float ${name}${own};`;
    case 8:
      return `void (*${name})(int, char)${own};`;
    default:
      return `const ${random.pick(kinds)} ${name}${own}, ${name}b;`;
  }
}
