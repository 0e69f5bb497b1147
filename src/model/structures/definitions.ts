/** Reads structs, unions, enumerations and typedefs of C, as headers of kernels have them. What has no layout is refused. */
import { constantOf } from './constants.ts';
import { StructureFault } from './faults.ts';
import { type DeclaredMember, laidOut } from './layout.ts';
import { preprocessed } from './preprocessor.ts';
import { type Token, tokensOf } from './tokens.ts';
import {
  arrayType,
  keywordType,
  mostStructureBytes,
  mostStructureDepth,
  type NumberType,
  namedType,
  numberType,
  pointerType,
  type RecordType,
  type StructureType,
  signOf,
} from './types.ts';

/** A type that a text defines, by the name under which it can be laid: `struct config`, `config_t`. */
export interface NamedType {
  readonly name: string;
  readonly type: StructureType;
}

/** What a text may define at most. */
const mostTypes = 1000;
const mostDeclared = 4096;
const mostAlign = 4096;
const mostDimensions = 8;

const ignored = new Set(['const', 'volatile', 'restrict', '__restrict', '__extension__']);
/** Of variables; a member with one of these is no part of its struct. */
const storageWords = new Set(['static', 'extern', 'inline']);
const numberWords = new Set([
  ...['signed', 'unsigned', 'char', 'short', 'int', 'long', 'float', 'double', 'bool', '_Bool'],
]);
const recordWords = new Set(['struct', 'union', 'class']);
const refusedWords = new Set([
  ...['template', 'namespace', 'using', 'virtual', 'operator', 'static_assert', '_Static_assert', 'friend'],
  ...['public', 'private', 'protected', 'asm', '__asm__', '_Complex', '__int128', 'wchar_t'],
]);

/** What attributes begin with. */
const attributeWords = new Set([
  ...['[[', '__packed', 'alignas', '_Alignas', '__aligned', '__attribute__', '__attribute'],
]);
/** What stands behind an expression. */
const constantEnds = new Set([']', ')', ',', ';', '}', '{', '=', ':', ']]', ...attributeWords]);
/** Attributes that change neither sizes nor places. */
const harmlessAttributes = new Set([
  ...['unused', 'used', 'maybe_unused', 'deprecated', 'unavailable', 'nodiscard', 'warn_unused_result'],
  ...['may_alias', 'section', 'visibility', 'type_visibility', 'weak', 'noinit', 'retain', 'persistent'],
  ...['nonstring', 'counted_by', 'annotate', 'abi_tag', 'designated_init', 'transparent_union', 'noreturn'],
  ...['const', 'pure', 'nonnull', 'format', 'flag_enum', 'enum_extensibility', 'common', 'nocommon'],
]);
/** Macros of headers that are not here look so: behind a body they may say `packed`. */
const attributeLike = /^__|^[A-Z\d_]*(?:PACK|ALIGN|ATTR)[A-Z\d_]*$/;

/** What attributes say of a type or a member. */
interface Attributes {
  packed: boolean;
  aligned: number | undefined;
  /** Bytes of a vector of the compiler's own. */
  vector: number | undefined;
}

/** A struct by its tag before its members are known: pointers to it have a size. */
interface Forward {
  readonly kind: 'forward';
  readonly record: RecordType['kind'];
  readonly tag: string;
  readonly name: string;
  /** What a typedef says of its alignment. */
  readonly aligned?: number;
}

/** What stands before a declarator. `void` has no size. */
type Base = StructureType | Forward | 'void';

/** The members of a struct so far, and the names by which they are reached. */
interface Members {
  readonly list: DeclaredMember[];
  readonly names: Set<string>;
  /** The last one is an array without a number of elements: nothing can lie behind it. */
  isOpen: boolean;
}

interface Declared {
  readonly name: string;
  readonly token: Token;
  readonly type: Base;
  readonly attributes: Attributes;
  /** An array without a number of elements. */
  readonly isOpen: boolean;
}

/**
 * The types that a text defines, in its order.
 * @throws StructureFault with the place of what is wrong
 */
export function readDefinitions(text: string): readonly NamedType[] {
  const types = new Definitions(preprocessed(tokensOf(text))).read();
  if (types.length === 0) throw new StructureFault('no-type', { line: 1, column: 1 });
  return types;
}

class Definitions {
  readonly #tokens: readonly Token[];
  #at = 0;
  #members = 0;
  readonly #tags = new Map<string, StructureType>();
  readonly #typedefs = new Map<string, StructureType | Forward>();
  /** Of enumerations. */
  readonly #constants = new Map<string, bigint>();
  readonly #found: { readonly name: string; readonly type: StructureType | Forward }[] = [];
  /** How deeply a type is nested: copies of a type have the parts of the first one. */
  readonly #depths = new WeakMap<StructureType, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  read(): readonly NamedType[] {
    while (this.#next.kind !== 'end') {
      if (!this.#takes(';')) this.#declaration();
      if (this.#found.length > mostTypes) throw this.#fault('too-long');
    }
    return this.#found.flatMap(({ name, type }) => {
      const known = this.#resolved(type);
      return known === undefined || known.kind === 'forward' ? [] : [{ name, type: known }];
    });
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #fault(kind: StructureFault['kind'], token: Token = this.#next, found = token.text): StructureFault {
    return new StructureFault(kind, token.place, found);
  }

  #take(): Token {
    const token = this.#next;
    if (token.kind === 'end') throw this.#fault('unexpected');
    this.#at++;
    return token;
  }

  #isNext(text: string): boolean {
    return this.#next.text === text && this.#next.kind !== 'character';
  }

  #takes(text: string): boolean {
    if (!this.#isNext(text)) return false;
    this.#at++;
    return true;
  }

  #needs(text: string): void {
    if (!this.#takes(text)) throw this.#fault('unexpected');
  }

  #declaration(): void {
    const first = this.#next;
    if (refusedWords.has(first.text)) throw this.#fault('not-supported');
    const isTypedef = this.#takes('typedef');
    const attributes = none();
    const from = this.#at;
    const base = this.#specifiers(attributes, 0);
    if (this.#takes(';')) return;
    const hasBody = !isTypedef && this.#tokens.slice(from, this.#at).some(({ text }) => text === '{');
    if (hasBody && /^[A-Z][A-Z\d_]+$/.test(this.#next.text)) throw this.#fault('may-change-layout');
    do {
      const one = this.#declarator(base, { ...attributes }, 0);
      if (this.#isNext('(') || this.#isNext('=')) throw this.#fault('not-supported');
      if (isTypedef) this.#define(one);
    } while (this.#takes(','));
    this.#needs(';');
  }

  #define({ name, token, type, attributes }: Declared): void {
    const known = this.#typedefs.get(name);
    if (type === 'void') return;
    const isSame = known?.kind === 'forward' && known.name === type.name && !attributes.aligned;
    if (known !== undefined && !isSame) throw this.#fault('twice', token);
    if (isSame) return;
    if (type.kind === 'forward') {
      const { aligned = type.aligned } = attributes;
      const named = aligned === undefined ? type : { ...type, aligned };
      this.#typedefs.set(name, named);
      this.#found.push({ name, type: named });
      return;
    }
    const named = { ...type, align: attributes.aligned ?? type.align };
    const isUnnamed = (named.kind === 'struct' || named.kind === 'union') && named.name === named.kind;
    const kept = isUnnamed || named.kind === 'number' ? { ...named, name } : named;
    this.#typedefs.set(name, kept);
    this.#found.push({ name, type: kept });
  }

  /** Everything before the names: `const unsigned int`, `struct x { ... }`. */
  #specifiers(attributes: Attributes, depth: number): Base {
    const first = this.#next;
    const words: string[] = [];
    let base: Base | undefined;
    /** `__packed` in front: compilers do not agree on what it says of a struct. */
    let packed: Token | undefined;
    for (;;) {
      const { text, kind } = this.#next;
      if (kind !== 'name' && text !== '[[') break;
      if (text === '__packed') packed ??= this.#next;
      if (this.#attribute(attributes, base === undefined && words.length === 0)) continue;
      if (refusedWords.has(text)) throw this.#fault('not-supported');
      if (packed !== undefined && (recordWords.has(text) || text === 'enum'))
        throw this.#fault('may-change-layout', packed);
      if (storageWords.has(text) && depth > 0) throw this.#fault('not-supported');
      if (ignored.has(text) || storageWords.has(text)) this.#at++;
      else if (numberWords.has(text)) words.push(this.#take().text);
      else if (base !== undefined || words.length > 0) break;
      else if (recordWords.has(text)) base = this.#record(depth);
      else if (text === 'enum') base = this.#enumeration(depth);
      else base = this.#typeOfName();
    }
    if (base !== undefined && words.length === 0) return base;
    const number = base === undefined ? keywordType(words) : undefined;
    if (number === undefined) throw this.#fault('unexpected', words.length > 0 ? first : this.#next);
    return number;
  }

  #typeOfName(): Base {
    const token = this.#take();
    let { text } = token;
    // `std::uint8_t`, `aie::vector` and the like: what stands last counts.
    while (this.#takes('::')) text = this.#take().text;
    if (text === 'void') return 'void';
    const type = this.#named(text);
    if (type === undefined) throw this.#fault('unknown-type', token, text);
    return type;
  }

  #named(name: string): StructureType | Forward | undefined {
    return this.#resolved(this.#typedefs.get(name) ?? this.#tags.get(name) ?? namedType(name));
  }

  /** What a tag stands for by now. */
  #resolved(type: StructureType | Forward | undefined): StructureType | Forward | undefined {
    if (type?.kind !== 'forward') return type;
    const known = this.#tags.get(type.tag);
    if (known?.kind !== type.record) return type;
    return type.aligned === undefined ? known : { ...known, align: type.aligned };
  }

  /**
   * Takes what an attribute says; false where none stands.
   *
   * @param isStandard whether `[[...]]` here speaks of what the attributes are of
   */
  #attribute(attributes: Attributes, isStandard = false): boolean {
    if (!attributeWords.has(this.#next.text)) return false;
    if (this.#isNext('[[')) {
      if (!isStandard) throw this.#fault('may-change-layout');
      this.#at++;
      this.#standardAttributes(attributes);
      return true;
    }
    if (this.#takes('__packed')) {
      attributes.packed = true;
      return true;
    }
    if (this.#isNext('alignas') || this.#isNext('_Alignas') || this.#isNext('__aligned')) {
      this.#at++;
      this.#needs('(');
      this.#align(attributes);
      this.#needs(')');
      return true;
    }
    this.#at++;
    this.#needs('(');
    this.#needs('(');
    while (!this.#takes(')')) if (!this.#takes(',')) this.#namedAttribute(attributes);
    this.#needs(')');
    return true;
  }

  /** `[[deprecated, gnu::packed]]`, behind its bracket. */
  #standardAttributes(attributes: Attributes): void {
    while (!this.#takes(']]')) {
      if (this.#takes(',')) continue;
      const token = this.#next;
      const isCompilers = /^(?:__)?(?:gnu|clang)(?:__)?$/.test(token.text);
      if (isCompilers) {
        this.#at++;
        this.#needs('::');
      }
      const isOwn = isCompilers || harmlessAttributes.has(this.#next.text);
      if (!isOwn) throw this.#fault('may-change-layout');
      this.#namedAttribute(attributes);
    }
  }

  #namedAttribute(attributes: Attributes): void {
    const token = this.#take();
    const name = token.text.replace(/^__(\w+)__$/, '$1');
    if (name === 'packed') attributes.packed = true;
    else if (name === 'aligned' || name === 'vector_size') {
      this.#needs('(');
      if (name === 'aligned') this.#align(attributes);
      else attributes.vector = this.#count(mostStructureBytes);
      this.#needs(')');
    } else if (!harmlessAttributes.has(name)) throw this.#fault('may-change-layout', token);
    else if (this.#takes('(')) this.#skipTo(')');
  }

  /** Attributes behind a body. A name that may be a macro with attributes is no variable. */
  #attributesBehind(attributes: Attributes): void {
    while (this.#attribute(attributes));
    const { kind, text } = this.#next;
    if (kind === 'name' && attributeLike.test(text)) throw this.#fault('may-change-layout');
  }

  #align(attributes: Attributes): void {
    const token = this.#next;
    const value = this.#constant();
    const isPower = value > 0n && (value & (value - 1n)) === 0n && value <= BigInt(mostAlign);
    if (!isPower) throw this.#fault('bad-alignment', token, String(value));
    attributes.aligned = Math.max(attributes.aligned ?? 1, Number(value));
  }

  /** Behind the bracket that closes what was opened. */
  #skipTo(close: string): void {
    for (let open = 1; open > 0; ) {
      const { text } = this.#take();
      if (text === '(' || text === '[' || text === '{') open++;
      else if (text === ')' || text === ']' || text === '}') open--;
      if (open === 0 && text !== close) throw this.#fault('unexpected');
    }
  }

  #record(depth: number): RecordType | Forward {
    const word = this.#take().text;
    const kind = word === 'union' ? 'union' : 'struct';
    if (depth >= mostStructureDepth) throw this.#fault('too-deep');
    const attributes = none();
    while (this.#attribute(attributes, true));
    const tag = this.#next.kind === 'name' ? this.#take() : undefined;
    while (this.#attribute(attributes));
    if (!this.#isNext('{')) {
      if (this.#isNext(':')) throw this.#fault('not-supported');
      const known = tag && this.#tags.get(tag.text);
      if (known?.kind === kind) return known;
      if (known !== undefined || tag === undefined) throw this.#fault('unexpected');
      return { kind: 'forward', record: kind, tag: tag.text, name: `${kind} ${tag.text}` };
    }
    if (tag !== undefined && this.#tags.has(tag.text)) throw this.#fault('twice', tag);
    const members: Members = { list: [], names: new Set(), isOpen: false };
    this.#needs('{');
    while (!this.#takes('}')) {
      if (kind === 'union') members.isOpen = false;
      if (!this.#takes(';')) this.#member(members, depth + 1);
    }
    this.#attributesBehind(attributes);
    const { packed, aligned } = attributes;
    const name = tag === undefined ? kind : `${kind} ${tag.text}`;
    const type = laidOut({
      kind,
      name,
      members: members.list,
      packed,
      ...(aligned === undefined ? {} : { aligned }),
    });
    if (type.size > mostStructureBytes) throw this.#fault('too-large', tag ?? this.#next, name);
    if (this.#depthOf(type) > mostStructureDepth) throw this.#fault('too-deep', tag ?? this.#next);
    if (tag !== undefined) {
      this.#tags.set(tag.text, type);
      this.#found.push({ name, type });
    }
    return type;
  }

  #member(members: Members, depth: number): void {
    const attributes = none();
    const first = this.#next;
    const base = this.#specifiers(attributes, depth);
    if (this.#takes(';')) {
      // Members of an unnamed struct count as those of what it lies in; a tag by itself declares nothing.
      const isRecord = base !== 'void' && (base.kind === 'struct' || base.kind === 'union');
      if (isRecord && base.name === base.kind) this.#add(members, member('', base, attributes), first);
      return;
    }
    do {
      if (this.#isNext(':')) {
        this.#add(members, this.#bitField('', base, attributes, first), first);
        continue;
      }
      const one = this.#declarator(base, { ...attributes }, 0);
      if (this.#isNext('(') || this.#isNext('=') || this.#isNext('{')) throw this.#fault('not-supported');
      const field = this.#isNext(':')
        ? this.#bitField(one.name, one.type, one.attributes, one.token)
        : member(one.name, this.#complete(one.type, one.token), one.attributes);
      this.#add(members, field, one.token);
      members.isOpen = one.isOpen;
    } while (this.#takes(','));
    this.#needs(';');
  }

  #add(members: Members, one: DeclaredMember, token: Token): void {
    for (const name of namesIn(one.name, one.type)) {
      if (members.names.has(name)) throw this.#fault('twice', token);
      members.names.add(name);
    }
    if (members.isOpen) throw this.#fault('unexpected', token);
    if (++this.#members > mostDeclared) throw this.#fault('too-long', token);
    members.list.push(one);
  }

  #bitField(name: string, type: Base, attributes: Attributes, token: Token): DeclaredMember {
    this.#needs(':');
    const at = this.#next;
    const bits = this.#constant();
    const own = { ...attributes };
    while (this.#attribute(own));
    const whole = type !== 'void' && type.kind === 'number' && signOf(type) !== undefined ? type : undefined;
    if (whole === undefined || whole.as === 'pointer') throw this.#fault('unexpected', token, ':');
    if (own.aligned !== undefined) throw this.#fault('not-supported', at, 'aligned');
    const most = whole.as === 'boolean' ? 1 : 8 * whole.size;
    const isRight = bits <= BigInt(most) && (bits > 0n || (bits === 0n && name === ''));
    if (!isRight) throw this.#fault('bad-bits', at, String(bits));
    return { ...member(name, whole, own), bits: Number(bits) };
  }

  #complete(type: Base, token: Token): StructureType {
    if (type === 'void') throw this.#fault('unknown-type', token, 'void');
    if (type.kind === 'forward') throw this.#fault('incomplete', token, type.name);
    // C gives a struct without members no bytes, C++ one.
    const inner = elementOf(type);
    const isRecord = inner.kind === 'struct' || inner.kind === 'union';
    if (isRecord && inner.size === 0 && inner.members.length === 0)
      throw this.#fault('incomplete', token, inner.name);
    return type;
  }

  #depthOf(type: StructureType): number {
    if (type.kind === 'number') return 0;
    const known = this.#depths.get(type);
    if (known !== undefined) return known;
    const parts = type.kind === 'array' ? [type.of] : type.members.map((one) => one.type);
    const depth = 1 + parts.reduce((most, one) => Math.max(most, this.#depthOf(one)), 0);
    this.#depths.set(type, depth);
    return depth;
  }

  /** A name with what makes its type another one: `*name`, `name[4][2]`, `(*name)(int)`. */
  #declarator(base: Base, attributes: Attributes, depth: number): Declared {
    if (depth >= mostStructureDepth) throw this.#fault('too-deep');
    let type = base;
    while (this.#attribute(attributes));
    while (this.#isNext('*') || this.#isNext('&')) {
      this.#at++;
      type = pointerType(type === 'void' ? 'void' : type.name);
      while (ignored.has(this.#next.text)) this.#at++;
      while (this.#attribute(attributes));
    }
    if (this.#isNext('(')) {
      // A pointer to a function or an array: what it points to does not count.
      this.#at++;
      if (!this.#isNext('*') && !this.#isNext('&')) throw this.#fault('not-supported');
      const inner = this.#declarator(type, attributes, depth + 1);
      this.#needs(')');
      if (this.#takes('(')) this.#skipTo(')');
      while (this.#takes('[')) this.#skipTo(']');
      while (this.#attribute(attributes));
      return inner;
    }
    const token = this.#take();
    if (token.kind !== 'name' || numberWords.has(token.text)) throw this.#fault('unexpected', token);
    while (this.#attribute(attributes, true));
    const counts: number[] = [];
    let isOpen = false;
    while (this.#takes('[')) {
      if (counts.length >= mostDimensions) throw this.#fault('too-deep');
      // Without a number: an array that goes on behind the struct.
      isOpen ||= this.#isNext(']');
      if (counts.length > 0 && this.#isNext(']')) throw this.#fault('unexpected');
      counts.push(this.#isNext(']') ? 0 : this.#count(mostStructureBytes));
      this.#needs(']');
    }
    while (this.#attribute(attributes));
    if (attributes.vector !== undefined) {
      type = this.#vector(this.#complete(type, token), attributes.vector, token);
      attributes.vector = undefined;
    }
    if (counts.length > 0) {
      let whole = this.#complete(type, token);
      for (const count of counts.toReversed()) whole = arrayType(whole, count);
      if (whole.size > mostStructureBytes) throw this.#fault('too-large', token);
      if (this.#depthOf(whole) > mostStructureDepth) throw this.#fault('too-deep', token);
      type = whole;
    }
    return { name: token.text, token, type, attributes, isOpen };
  }

  #vector(of: StructureType, bytes: number, token: Token): NumberType {
    const isPower = bytes > 0 && (bytes & (bytes - 1)) === 0 && bytes <= 512;
    if (of.kind !== 'number' || of.count !== 1 || !isPower || bytes < of.size)
      throw this.#fault('bad-count', token, String(bytes));
    return numberType(of.name, of.cells, of.as === 'character' ? 'number' : of.as, bytes / of.size);
  }

  #enumeration(depth: number): NumberType {
    this.#take();
    if (depth >= mostStructureDepth) throw this.#fault('too-deep');
    const attributes = none();
    const isScoped = this.#takes('class') || this.#takes('struct');
    while (this.#attribute(attributes, true));
    const tag = this.#next.kind === 'name' ? this.#take() : undefined;
    let under = isScoped ? keywordType(['int']) : undefined;
    if (this.#isNext(':')) {
      const colon = this.#take();
      const base = this.#specifiers(none(), depth + 1);
      const isWhole = base !== 'void' && base.kind === 'number' && signOf(base) !== undefined;
      if (!isWhole || base.as === 'pointer' || base.as === 'enum') throw this.#fault('unexpected', colon);
      under = base;
    }
    if (!this.#isNext('{')) {
      const known = tag && this.#tags.get(tag.text);
      if (known?.kind === 'number') return known;
      if (tag === undefined) throw this.#fault('unexpected');
      throw this.#fault('incomplete', tag);
    }
    if (tag !== undefined && this.#tags.has(tag.text)) throw this.#fault('twice', tag);
    const values = this.#enumerators();
    this.#attributesBehind(attributes);
    if (attributes.aligned !== undefined)
      throw this.#fault('may-change-layout', tag ?? this.#next, 'aligned');
    const cells = under?.cells ?? enumCells(values, attributes.packed);
    if (cells === undefined) throw this.#fault('not-number', tag ?? this.#next);
    const name = tag === undefined ? 'enum' : `enum ${tag.text}`;
    const type = { ...numberType(name, cells, 'enum'), values };
    if (tag !== undefined) this.#tags.set(tag.text, type);
    return type;
  }

  #enumerators(): { name: string; value: bigint }[] {
    const values: { name: string; value: bigint }[] = [];
    let next = 0n;
    this.#needs('{');
    while (!this.#takes('}')) {
      const token = this.#take();
      if (token.kind !== 'name') throw this.#fault('unexpected', token);
      if (this.#constants.has(token.text)) throw this.#fault('twice', token);
      if (this.#takes('=')) next = this.#constant();
      values.push({ name: token.text, value: next });
      this.#constants.set(token.text, next);
      if (++this.#members > mostDeclared) throw this.#fault('too-long', token);
      next++;
      if (!this.#takes(',') && !this.#isNext('}')) throw this.#fault('unexpected');
    }
    return values;
  }

  /** A number of elements. */
  #count(most: number): number {
    const token = this.#next;
    const value = this.#constant();
    if (value < 0n || value > BigInt(most)) throw this.#fault('bad-count', token, String(value));
    return Number(value);
  }

  /** An expression up to what cannot be a part of it. */
  #constant(): bigint {
    const from = this.#at;
    let open = 0;
    for (; this.#next.kind !== 'end'; this.#at++) {
      const { text, kind } = this.#next;
      if (kind === 'character') continue;
      if (open === 0 && constantEnds.has(text)) break;
      if (text === '(') open++;
      if (text === ')') open--;
    }
    const tokens = this.#tokens.slice(from, this.#at);
    const value = constantOf(
      [...tokens, { ...this.#next, kind: 'end', text: '' }],
      (name) => this.#constants.get(name),
      (words) => this.#sizeOf(words),
    );
    if (value === undefined) {
      const first = tokens[0] ?? this.#next;
      throw this.#fault('not-number', first, tokens.map(({ text }) => text).join(' '));
    }
    return value;
  }

  /** Bytes of a type that is named by a few words: `struct x`, `unsigned long`, `v8int32`. */
  #sizeOf(words: readonly string[]): number | undefined {
    const [first = '', second = ''] = words;
    if (/^\w+(?: \w+)*(?: \*)+$/.test(words.join(' '))) return pointerType('').size;
    const isTagged = words.length === 2 && (recordWords.has(first) || first === 'enum');
    if (isTagged) return this.#tags.get(second)?.size;
    if (words.every((word) => numberWords.has(word))) return keywordType(words)?.size;
    const type = words.length === 1 ? this.#named(first) : undefined;
    return type?.kind === 'forward' ? undefined : type?.size;
  }
}

function none(): Attributes {
  return { packed: false, aligned: undefined, vector: undefined };
}

function member(name: string, type: StructureType, { packed, aligned }: Attributes): DeclaredMember {
  return { name, type, packed, ...(aligned === undefined ? {} : { aligned }) };
}

function elementOf(type: StructureType): StructureType {
  let of = type;
  while (of.kind === 'array') of = of.of;
  return of;
}

/** The names by which a member is reached. */
function namesIn(name: string, type: StructureType): readonly string[] {
  if (name !== '') return [name];
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members.flatMap((one) => namesIn(one.name, one.type));
}

/**
 * What an enumeration is stored as: 32 bits, or what its values need if it is packed; undefined where 32 bits are too few.
 * Compilers give it a sign only if a value is negative.
 */
function enumCells(
  values: readonly { readonly value: bigint }[],
  packed: boolean,
): NumberType['cells'] | undefined {
  let [least, most] = [0n, 0n];
  for (const { value } of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  for (const bits of packed ? ([8, 16, 32] as const) : ([32] as const)) {
    const half = 1n << BigInt(bits - 1);
    if (least >= 0n && most < 2n * half) return `uint${bits}`;
    if (least >= -half && most < half) return `int${bits}`;
  }
  return undefined;
}
