import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { damaged } from '../../../test/program/damage.ts';
import { randomDefinitions } from '../../../test/program/structures.ts';
import { readDefinitions } from './definitions.ts';
import { structureFaultText } from './fault-texts.ts';
import { StructureFault } from './faults.ts';
import { bytesOfField, type Field, fieldsIn, isPlain, partsOf } from './fields.ts';
import { type DeclaredMember, laidOut } from './layout.ts';
import { namedType, type StructureType } from './types.ts';
import { fieldText, parseField, typedText } from './values.ts';

const l10n = {
  t: (text: string, ...args: (string | number)[]) => text.replace(/\{(\d)\}/g, (_, i) => `${args[i]}`),
};
const seed = Number(process.env['SEED'] ?? 1);

function typeOf(text: string, name?: string): StructureType {
  const types = readDefinitions(text);
  const found = name === undefined ? types.at(-1) : types.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.type;
}

const whole = (type: StructureType): Field => ({ path: '', type, offset: 0 });

/** Places of all plain fields: `.x 4 2`, of a bit-field with its bits. */
function places(text: string, name?: string): string[] {
  const type = typeOf(text, name);
  return fieldsIn(whole(type), 0, type.size, 1000).map((field) => {
    const bits = field.bits === undefined ? '' : ` ${field.bits.first}:${field.bits.count}`;
    return `${field.path} ${field.offset} ${bytesOfField(field)}${bits}`;
  });
}

const kernel = `
#pragma once
#include <stdint.h>
#define TAPS 4 /* of the filter */
#define NAME "x"
// The state of one channel.
typedef enum { IDLE, RUN = 4, DONE } mode_t;
struct __attribute__((packed)) head { uint8_t kind; uint32_t length : 24, flags : 8; };
typedef struct channel {
  cint16 taps[TAPS * 2];
  v16bfloat16 last;
  mode_t mode; float gain;
  union { int32_t whole; struct { uint16_t low, high; }; } count;
  struct head head;
  const volatile int *next, (*call)(int x, char *y);
  bool on;
  char name[TAPS + sizeof(struct head) - 1];
  long long big __attribute__((aligned(8)));
} channel_t;`;

describe('[names-8] definitions of structs', () => {
  test('say where each field lies', () => {
    expect(places(kernel, 'channel_t')).toEqual([
      ...['.taps 0 32', '.last 32 32', '.mode 64 4', '.gain 68 4', '.count.whole 72 4'],
      ...[
        '.count.low 72 2',
        '.count.high 74 2',
        '.head.kind 76 1',
        '.head.length 77 3 0:24',
        '.head.flags 80 1 0:8',
      ],
      ...['.next 84 4', '.call 88 4', '.on 92 1', '.name 93 8', '.big 104 8'],
    ]);
    expect(typeOf(kernel, 'struct channel')).toMatchObject({ size: 128, align: 32 });
    expect(readDefinitions(kernel).map(({ name }) => name)).toEqual([
      ...['mode_t', 'struct head', 'struct channel', 'channel_t'],
    ]);
  });

  test.each<[string, string[]]>([
    ['struct a { int x[2][3]; char c; };', ['.x 0 24', '.c 24 1']],
    ['struct a { short s; int : 0; char c; };', ['.s 0 2', '.c 4 1']],
    ['union u { double d; unsigned char b[8]; } ;', ['.d 0 8', '.b 0 8']],
    ['struct a { char c; struct { char d; } in[2]; };', ['.c 0 1', '.in[0].d 1 1', '.in[1].d 2 1']],
    ['struct b { struct b *next; int v; };', ['.next 0 4', '.v 4 4']],
    [
      'enum class e : uint8_t { A = 1 << 3, B = A | 0x1 }; struct s { e one; enum e two; };',
      ['.one 0 1', '.two 1 1'],
    ],
    ['typedef int v4 __attribute__((vector_size(16))); struct s { char c; v4 v; };', ['.c 0 1', '.v 16 16']],
    ['struct alignas(8) s { char c; alignas(4) char d; };', ['.c 0 1', '.d 4 1']],
    ['typedef unsigned char byte; typedef byte pair[2]; struct s { pair p[3]; };', ['.p 0 6']],
    ['struct s { char c; int tail[]; };', ['.c 0 1']],
    ["#define N 'A' - '\\x3d' /* four */\nstruct s { std::uint8_t v[N]; };", ['.v 0 4']],
    ['struct s { int (*grid)[4]; unsigned long long w; } x, *y;', ['.grid 0 4', '.w 4 8']],
    // A typedef of a tag is what the tag is where it is used.
    [
      'typedef struct foo foo_t; struct foo { int a, c; }; struct bar { foo_t f; int b; };',
      ['.f.a 0 4', '.f.c 4 4', '.b 8 4'],
    ],
    [
      `typedef union u one, *many __attribute__((aligned(8))); typedef one two; typedef two high __attribute__((aligned(16)));
      union u { char c; short s; }; struct s { char a; two b; high c; many d; char e[sizeof(two)]; };`,
      ['.a 0 1', '.b.c 2 1', '.b.s 2 2', '.c.c 16 1', '.c.s 16 2', '.d 24 4', '.e 28 2'],
    ],
    ['typedef struct t t; typedef struct t { int a; } t; struct s { char c; t t; };', ['.c 0 1', '.t.a 4 4']],
    ['typedef int a __attribute__((aligned(8))), b; struct s { char c; b x; };', ['.c 0 1', '.x 4 4']],
    // Attributes in all their ways of writing.
    ['struct s { char a; int b; } __packed;', ['.a 0 1', '.b 1 4']],
    ['struct s { char a; int b __packed; char c __aligned(4); };', ['.a 0 1', '.b 1 4', '.c 8 1']],
    [
      '#define PACKED __attribute__((packed))\nstruct s { char a; int b; } PACKED;\nstruct PACKED t { struct s s; char c; short d; };',
      ['.s.a 0 1', '.s.b 1 4', '.c 5 1', '.d 6 2'],
    ],
    ['#define PACKED\nstruct s { char a; int b; } PACKED;', ['.a 0 1', '.b 4 4']],
    ['struct [[gnu::packed]] s { char a; int b; };', ['.a 0 1', '.b 1 4']],
    [
      'struct s { char a; [[gnu::packed, deprecated]] int b; int c [[__gnu__::__aligned__(8)]]; };',
      ['.a 0 1', '.b 1 4', '.c 8 4'],
    ],
    // Macros are put in as texts.
    ['#define N 2 + 2\nstruct s { char x[N * 2]; };', ['.x 0 6']],
    ['#define N M\n#define M 3\n#define WORD int\nstruct s { char x[N]; WORD y; };', ['.x 0 3', '.y 4 4']],
    ['#define N 3\n#undef N\n#define N 5\nstruct s { char x[N]; };', ['.x 0 5']],
    ['enum { N = 3 };\n#define N N\n#define F(x) x\nstruct s { char x[N], F; };', ['.x 0 3', '.F 3 1']],
    ['#pragma once\n#ifndef H\n#define H\n#include "x.h"\nstruct s { int x; };\n#endif // H\n', ['.x 0 4']],
    ['struct s { // a comment goes on \\\n int x;\n int y; };', ['.y 0 4']],
  ])('%s', (text, expected) => {
    expect(places(text)).toEqual(expected);
  });

  test.each<[string, string]>([
    ['struct a {\n  int x\n};', 'Line 3, column 1: "}" is not expected here.'],
    ['struct a { foo x; };', 'Line 1, column 12: The type "foo" is not known. Put its definition above.'],
    ['struct a { int x; ', 'Line 1, column 19: Something is missing at the end of the text.'],
    ['struct a { int x[N]; };', 'Line 1, column 18: "N" is no whole number that is known here.'],
    ['struct a { int x[-1]; };', 'Line 1, column 18: "-1" is no number of elements.'],
    ['struct a { int x[1/0]; };', 'Line 1, column 19: This divides by zero.'],
    ['struct a { int x, x; };', 'Line 1, column 19: "x" is defined twice.'],
    ['struct a { int x : 33; };', 'Line 1, column 20: "33" is no width of a bit-field of this type.'],
    [
      'struct a { struct b c; };',
      'Line 1, column 21: "struct b" has no members here. Put its definition above.',
    ],
    [
      'struct a { int x; } __attribute__((aligned(3)));',
      'Line 1, column 44: "3" is no alignment: write a power of two up to 4096.',
    ],
    ['/* text', 'Line 1, column 1: A comment or a character that begins here has no end.'],
    [
      '#ifdef X\nstruct a { int x; };\n#endif',
      'Line 1, column 1: "#ifdef X" is not supported here. Leave it out.',
    ],
    [
      '#pragma pack(1)\nstruct a { int x; };',
      'Line 1, column 1: "#pragma pack(1)" may change where members lie. Write what it stands for, such as __attribute__((packed)).',
    ],
    ['struct a { virtual void f(); };', 'Line 1, column 12: "virtual" is not supported here. Leave it out.'],
    ['struct a : b { int x; };', 'Line 1, column 10: ":" is not supported here. Leave it out.'],
    ['int x;', 'Line 1, column 1: The text defines no struct, no union and no typedef.'],
    ['struct a { char x[0x200000]; };', 'Line 1, column 19: "2097152" is no number of elements.'],
    ['struct a { char x[1024][2048]; };', 'Line 1, column 17: "x" is larger than any memory of a tile.'],
    ['struct a { unsigned float x; };', 'Line 1, column 12: "unsigned" is not expected here.'],
    [
      'typedef struct b b; struct a { b x; }; struct b { int y; };',
      'Line 1, column 34: "struct b" has no members here. Put its definition above.',
    ],
    [
      'struct b {}; struct a { struct b x; };',
      'Line 1, column 34: "struct b" has no members here. Put its definition above.',
    ],
    ...['PACKED', '__packed_by_header', 'KERNEL_ALIGNED', 'TAIL'].map((name): [string, string] => [
      `struct a { char x; int y; } ${name};`,
      `Line 1, column 29: "${name}" may change where members lie. Write what it stands for, such as __attribute__((packed)).`,
    ]),
    [
      'struct a { struct { int y; } PACKED; };',
      'Line 1, column 30: "PACKED" may change where members lie. Write what it stands for, such as __attribute__((packed)).',
    ],
    ...['msvc::packed', 'no_unique_address'].map((name): [string, string] => [
      `struct a { [[${name}]] int y; };`,
      `Line 1, column 14: "${name.split('::')[0]}" may change where members lie. Write what it stands for, such as __attribute__((packed)).`,
    ]),
    [
      'struct a { int y; } __attribute__((randomize_layout));',
      'Line 1, column 36: "randomize_layout" may change where members lie. Write what it stands for, such as __attribute__((packed)).',
    ],
    ...(
      [
        ['struct a { int x; static int y; int z; };', 19, 'static'],
        ['#ifndef X\nstruct a { int x; };\n#endif', 1, '#ifndef X'],
        ['#ifndef X\n#define X\n#endif\nstruct a { int x; };', 1, '#ifndef X'],
      ] as const
    ).map(([text, column, found]): [string, string] => [
      text,
      `Line 1, column ${column}: "${found}" is not supported here. Leave it out.`,
    ]),
    ...(
      [
        ['struct a { int x; } [[gnu::packed]];', 21, '[['],
        ['struct a { int [[gnu::aligned(8)]] x; };', 16, '[['],
        ['__packed struct a { char x; int y; };', 1, '__packed'],
        ['#pragma ms_struct on\nstruct a { int x; };', 1, '#pragma ms_struct on'],
        ['enum e { A } __attribute__((aligned(8))); struct a { enum e x; };', 6, 'aligned'],
      ] as const
    ).map(([text, column, found]): [string, string] => [
      text,
      `Line 1, column ${column}: "${found}" may change where members lie. Write what it stands for, such as __attribute__((packed)).`,
    ]),
    [
      '#define F(x) x\nstruct a { int x[F(2)]; };',
      'Line 2, column 18: "F" is not supported here. Leave it out.',
    ],
    [
      'struct b { int x; }; struct a { char y[sizeof(struct b[4])]; };',
      'Line 1, column 40: "sizeof ( struct b [ 4 ] )" is no whole number that is known here.',
    ],
    ['struct a { int x[2][]; };', 'Line 1, column 21: "]" is not expected here.'],
    ['struct a { int x[]; int y; };', 'Line 1, column 25: "y" is not expected here.'],
    ['typedef int *p; enum e : p { A };', 'Line 1, column 24: ":" is not expected here.'],
    ['enum e : float { A };', 'Line 1, column 8: ":" is not expected here.'],
    ['struct a { void x; };', 'Line 1, column 17: The type "void" is not known. Put its definition above.'],
  ])('%s is refused with its line and column', (text, expected) => {
    let said = '';
    try {
      readDefinitions(text);
    } catch (error) {
      if (!(error instanceof StructureFault)) throw error;
      said = structureFaultText(error, l10n);
    }
    expect(said).toBe(expected);
  });

  test('that are damaged, nested deeply or very long are read or refused, and nothing else', () => {
    const encoder = new TextEncoder();
    const means = { wide: true, unnamedBits: true, packedBits: true };
    for (let round = 0; round < 1500; round++) {
      const random = new Random(seed + round);
      const text = round % 2 === 0 ? kernel : randomDefinitions(random, 3, means);
      attempt(new TextDecoder().decode(damaged(encoder.encode(text), random)), seed + round);
    }
    const deep = 20_000;
    for (const text of [
      'struct a {'.repeat(3000),
      `struct a { int ${'('.repeat(deep)}`,
      `struct a { int ${'(*'.repeat(deep)}`,
      `struct a { int x[${'('.repeat(deep)}1${')'.repeat(deep)}]; };`,
      `struct a { int x[${'-'.repeat(deep)}1]; };`,
      `struct a { int ${'*'.repeat(deep)} x; };`,
      `struct a { int x${'[1]'.repeat(deep)}; };`,
      `struct a { ${Array.from({ length: 9000 }, (_, i) => `int x${i};`).join('')} };`,
      `${'#define A 1\n'.repeat(5000)}struct a { int x; };`,
      'enum:'.repeat(13_000),
      'struct a { enum : '.repeat(3000),
      `${Array.from({ length: 60 }, (_, i) => `#define M${i} M${i - 1} M${i - 1}\n`).join('')}struct a { int M59 x; };`,
      `${Array.from({ length: 900 }, (_, i) => `#define M${i} M${i - 1}\n`).join('')}struct a { int x[M899]; };`,
    ]) {
      attempt(text, 0);
    }
  });

  test.each([
    ['structs', (i: number) => `struct t${i} { struct t${i - 1} x; };`],
    ['arrays', (i: number) => `typedef struct t${i - 1} a${i}[1]; struct t${i} { a${i} x[1]; };`],
  ])(
    '%s that lie in one another by their names are refused as deeply as those that are written so',
    (_, one) => {
      const text = (depth: number): string =>
        `struct t0 { int x; };${Array.from({ length: depth }, (__, i) => one(i + 1)).join('')}`;
      expect(typeOf(text(9)).size).toBe(4);
      expect(() => readDefinitions(text(300))).toThrow(expect.objectContaining({ kind: 'too-deep' }));
    },
  );

  test('are read in time that grows with their length', () => {
    const reads = (count: number): number => {
      const text = `struct s {${Array.from({ length: count }, (_, i) => `int a${i}:3;`).join('')}};`;
      const times = Array.from({ length: 9 }, () => {
        const before = process.cpuUsage().user;
        readDefinitions(text);
        return process.cpuUsage().user - before;
      });
      return Math.min(...times);
    };
    reads(1000);
    expect(reads(4000)).toBeLessThan(12 * Math.max(reads(1000), 1000));
  });
});

function attempt(text: string, seedOfText: number): void {
  try {
    readDefinitions(text);
  } catch (error) {
    if (!(error instanceof StructureFault)) throw new Error(`SEED=${seedOfText}`, { cause: error });
  }
}

/** The first bit at which a member may lie, looked for one by one. */
function naiveLayout(kind: string, members: readonly DeclaredMember[], packed: boolean): number[] {
  const starts: number[] = [];
  let end = 0;
  for (const { type, bits, packed: own } of members) {
    const unit = 8 * type.size;
    const step = packed || own ? 1 : type.align;
    const length = bits ?? unit;
    let at = kind === 'union' ? 0 : end;
    const fits = (bit: number): boolean => {
      if (bits === undefined) return bit % (8 * step) === 0;
      // All of its bits lie in one unit that begins where such a number may.
      const first = Math.floor(bit / (8 * type.align)) * 8 * type.align;
      return step === 1 ? packed || own || bit + length <= first + unit : bit + length <= first + unit;
    };
    while (!fits(at)) at++;
    starts.push(at);
    end = Math.max(end, at + length);
  }
  return starts;
}

describe('[names-8] layout', () => {
  test('puts each member at the first place that it may have', () => {
    const names = ['int8_t', 'uint16_t', 'int32_t', 'uint64_t', 'bfloat16', 'cint32', 'v8int16', 'v16int32'];
    for (let round = 0; round < 3000; round++) {
      const random = new Random(seed + round);
      const kind = random.pick(['struct', 'struct', 'union'] as const);
      const packed = random.below(4) === 0;
      const members = Array.from({ length: 1 + random.below(8) }, (_, i): DeclaredMember => {
        const type = namedType(names[random.below(names.length)] ?? '');
        if (type === undefined) throw new Error('no type');
        const isWhole = /int\d+$/.test(type.cells) && !type.cells.startsWith('c') && type.count === 1;
        const bits = isWhole && random.below(2) === 0 ? { bits: 1 + random.below(8 * type.size) } : {};
        return { name: `m${i}`, type, packed: random.below(8) === 0, ...bits };
      });
      const laid = laidOut({ kind, name: 's', members, packed });
      const starts = laid.members.map(({ offset, bits }) => 8 * offset + (bits?.first ?? 0));
      expect(starts, `SEED=${seed + round}`).toEqual(naiveLayout(kind, members, packed));
      expect(laid.size % laid.align).toBe(0);
    }
  });
});

describe('[names-8] fields', () => {
  test('in a range are those of the whole that have bytes in it', () => {
    const means = { wide: true, unnamedBits: true, packedBits: true };
    for (let round = 0; round < 300; round++) {
      const random = new Random(seed + round);
      const { type } = readDefinitions(randomDefinitions(random, 4, means)).at(-1) ?? { type: undefined };
      if (type === undefined || type.size === 0) continue;
      const all = fieldsIn(whole(type), 0, type.size, 1e6);
      expect(all).toEqual(naiveFields(whole(type)));
      const from = random.below(type.size);
      const to = from + 1 + random.below(type.size - from);
      const touched = all.filter((one) => one.offset < to && one.offset + bytesOfField(one) > from);
      expect(fieldsIn(whole(type), from, to, 1e6), `SEED=${seed + round}`).toEqual(touched);
    }
  });

  test('of a huge array cost no more than those that are asked for', () => {
    const type = typeOf('struct a { struct { int x, y; } p[100000]; };');
    expect(fieldsIn(whole(type), 8 * 50_000, 8 * 50_001, 10).map(({ path }) => path)).toEqual([
      ...['.p[50000].x', '.p[50000].y'],
    ]);
    expect(fieldsIn(whole(type), 0, type.size, 3)).toHaveLength(3);
    // Nor do parts without bytes or names.
    const empty = typeOf(`struct e { char none[0]; }; typedef struct e many[0x100000];
      struct a { many x[0x100000]; struct { char : 8; } y[0x80000]; char z; };`);
    expect(fieldsIn(whole(empty), 0, empty.size, 10)).toEqual([]);
    expect(fieldsIn(whole(empty), empty.size - 1, empty.size, 10).map(({ path }) => path)).toEqual(['.z']);
  });
});

function naiveFields(field: Field): Field[] {
  const parts = isPlain(field.type) ? undefined : partsOf(field);
  if (parts === undefined) return field.type.size === 0 ? [] : [field];
  return Array.from({ length: parts.count }, (_, i) => parts.at(i)).flatMap(naiveFields);
}

describe('[names-8] values of fields', () => {
  const field = (text: string, path: string): Field => {
    const type = typeOf(text);
    const found = fieldsIn(whole(type), 0, type.size, 1000).find((one) => one.path === path);
    if (found === undefined) throw new Error(`no ${path}`);
    return found;
  };
  const laid = (...bytes: number[]) => ({
    bytes: Uint8Array.from(bytes),
    known: new Uint8Array(bytes.length).fill(1),
  });

  test.each<[string, string, number[], string]>([
    ['float x;', '.x', [0xa4, 0x70, 0x45, 0x41], '12.34'],
    ['int16_t x[3];', '.x', [1, 0, 255, 255, 3, 0], '{1, -1, 3}'],
    ['uint8_t x[10];', '.x', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], '{1, 2, 3, 4, 5, 6, 7, 8, ...}'],
    ['char x[4];', '.x', [72, 105, 0, 9], '"Hi"'],
    ['char x;', '.x', [65], "65 'A'"],
    ['bool x;', '.x', [1], 'true'],
    ['int *x;', '.x', [0, 0x10, 7, 0], '0x00071000'],
    ['enum e { A, B = 5 } x;', '.x', [5, 0, 0, 0], 'B (5)'],
    ['enum e { A, B = 5 } x;', '.x', [6, 0, 0, 0], '6'],
    ['enum e { A, B, C, D } x : 2;', '.x', [3], 'D (3)'],
    ['enum e { A, B, C, D = -1 } x : 2;', '.x', [3], 'D (-1)'],
    ['enum class e { A, B, C, D } x : 2;', '.x', [3], '-1'],
    ['enum e { A, B } x;', '.x', [255, 255, 255, 255], '4294967295'],
    ['enum e : bool { A, B } x;', '.x', [1], 'B (1)'],
    ['enum e : int64_t { A, B = -2 } x;', '.x', [254, 255, 255, 255, 255, 255, 255, 255], 'B (-2)'],
    ['enum e : char { A, B } x;', '.x', [1], 'B (1)'],
    ['int x : 3, y : 4;', '.y', [0b1111_1000, 0, 0, 0], '-1'],
    ['v4int32 x;', '.x', [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0], '1|2|3|4'],
  ])('%s', (members, path, bytes, text) => {
    expect(fieldText(field(`struct s { ${members} };`, path), laid(...bytes))).toBe(text);
  });

  test('of bytes that were not read are left open', () => {
    const { bytes, known } = laid(1, 0, 2, 0);
    known[3] = 0;
    expect(fieldText(field('struct s { short x[2]; };', '.x'), { bytes, known })).toBe('{1, ??}');
    expect(fieldText(field('struct s { int x; };', '.x'), { bytes, known })).toBe('??');
  });

  test('that are typed give the bytes that show them; other bits of a bit-field stay', () => {
    const means = { wide: true, unnamedBits: false, packedBits: true };
    for (let round = 0; round < 300; round++) {
      const random = new Random(seed + round);
      const { type } = readDefinitions(randomDefinitions(random, 3, means)).at(-1) ?? { type: undefined };
      if (type === undefined) continue;
      const bytes = random.bytes(type.size);
      const all = { bytes, known: new Uint8Array(type.size).fill(1) };
      for (const one of fieldsIn(whole(type), 0, type.size, 1000)) {
        if (one.type.kind !== 'number') continue;
        const parsed = parseField(one, typedText(one, all), bytes);
        const present = bytes.slice(one.offset, one.offset + bytesOfField(one));
        expect(parsed, `SEED=${seed + round} ${one.path} ${one.type.name}`).toEqual(present);
      }
    }
  });

  test('may be words, and are refused where they do not fit', () => {
    const none = new Uint8Array(4);
    const text = 'struct s { enum e { A, B = 5 } e; bool b; char c; int n : 3; unsigned u : 3; };';
    expect(parseField(field(text, '.e'), 'B', new Uint8Array(8))).toEqual(Uint8Array.of(5, 0, 0, 0));
    expect(parseField(field(text, '.b'), 'true', new Uint8Array(8))).toEqual(Uint8Array.of(1));
    expect(parseField(field(text, '.c'), "'A'", new Uint8Array(8))).toEqual(Uint8Array.of(65));
    expect(parseField(field(text, '.u'), '8', new Uint8Array(8))).toEqual({
      kind: 'outside',
      least: '0',
      most: '7',
    });
    expect(parseField(field(text, '.n'), '-5', new Uint8Array(8))).toEqual({
      kind: 'outside',
      least: '-4',
      most: '3',
    });
    expect(parseField(field(text, '.n'), 'x', none)).toEqual({ kind: 'unclear' });
    const wide = field('struct s { unsigned a : 4, b : 7; };', '.b');
    expect(parseField(wide, '0x7f', Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toEqual(
      Uint8Array.of(0xff, 0xff),
    );
    expect(parseField(wide, '0', Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toEqual(Uint8Array.of(0x0f, 0xf8));
  });
});
