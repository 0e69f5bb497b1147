import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type CpioEntry, packCpio } from './cpio.ts';

/** Which ssh server stands in an image. */
export type Image = 'dropbear' | 'openssh';

/** Password of the users `dev` and `ops`; a space is in it because scripts get that wrong. */
export const USER_PASSWORD = 'tile scope';

// SHA-512 crypt of USER_PASSWORD with the salt "tilescopeboard".
const PASSWORD_HASH =
  '$6$tilescopeboard$W87YtJ.XOiSfIYxbcs7324y9a6vmuCHz0RwjZedzarfq7tJVq7JFpqDp4mfohg.l42bKX1qhxByXhLew6RqUa/';

/** Where the parts of an image come from: folders and files made by `build.ts`. */
export interface RootfsInputs {
  readonly image: Image;
  /** Unpacked arm64 Debian packages. */
  readonly packages: string;
  /** Unpacked kernel image package. */
  readonly kernel: string;
  readonly aievirt: string;
  readonly witness: string;
  readonly init: string;
  readonly clientPublicKey: string;
  /** OpenSSH private keys: the usual host key and the one after a "reboot with new keys". */
  readonly hostKeys: { readonly usual: string; readonly other: string };
}

interface User {
  readonly name: string;
  readonly id: number;
  readonly home: string;
  readonly shell: string;
  readonly hash: string;
}

const USERS: readonly User[] = [
  { name: 'root', id: 0, home: '/root', shell: '/bin/sh', hash: '*' },
  { name: 'sshd', id: 100, home: '/run/sshd', shell: '/usr/sbin/nologin', hash: '!' },
  { name: 'dev', id: 1000, home: '/home/dev', shell: '/bin/sh', hash: PASSWORD_HASH },
  { name: 'ops', id: 1001, home: '/home/ops', shell: '/bin/sh', hash: PASSWORD_HASH },
  { name: 'empty', id: 1002, home: '/home/empty', shell: '/bin/sh', hash: '' },
  { name: 'banner', id: 1003, home: '/home/banner', shell: '/bin/banner-sh', hash: '*' },
  { name: 'nobody', id: 65534, home: '/', shell: '/bin/false', hash: '*' },
];

const TRIPLET = 'aarch64-linux-gnu';

/** Packs the whole first root file system of one image as a cpio archive. */
export function buildRootfs(inputs: RootfsInputs): Buffer {
  const tree = new Tree(inputs.packages);
  tree.elf('/bin/busybox', 'bin/busybox');
  // A shell without built-in applets, for boards that lack one.
  tree.elf('/bin/dash', 'bin/dash');
  tree.file('/usr/bin/witness', readFileSync(inputs.witness), 0o755);
  tree.file('/init', readFileSync(inputs.init), 0o755);
  for (const folder of ['/dev', '/proc', '/sys', '/run', '/var/empty', '/var/log', '/opt'])
    tree.folder(folder, 0o755);
  for (const folder of ['/tmp', '/var/tmp']) tree.folder(folder, 0o1777);
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin']) tree.folder(folder, 0o755);
  addKernelModules(tree, inputs);
  addUsers(tree, inputs.clientPublicKey);
  addSudo(tree);
  addHostKeys(tree, inputs.hostKeys);
  if (inputs.image === 'dropbear') tree.elf('/usr/sbin/dropbear', 'usr/sbin/dropbear');
  else addOpenSsh(tree);
  return packCpio(tree.entries());
}

/** A root file system under construction: paths are absolute, parents appear by themselves. */
class Tree {
  readonly #packages: string;
  readonly #entries = new Map<string, CpioEntry>();

  constructor(packages: string) {
    this.#packages = packages;
  }

  folder(path: string, mode: number, owner = 0): void {
    this.#put({ path, kind: 'directory', mode, owner, data: new Uint8Array() });
  }

  file(path: string, data: Uint8Array | string, mode = 0o644, owner = 0): void {
    this.#put({ path, kind: 'file', mode, owner, data: Buffer.from(data) });
  }

  link(path: string, target: string): void {
    this.#put({ path, kind: 'link', mode: 0o777, owner: 0, data: Buffer.from(target) });
  }

  /** A program or library of the unpacked packages, with all libraries it needs. */
  elf(path: string, source: string, mode = 0o755): void {
    const data = readFileSync(join(this.#packages, source));
    this.file(path, data, mode);
    this.addLibrariesOf(data);
  }

  addLibrariesOf(elf: Buffer): void {
    for (const name of neededLibraries(elf)) {
      const path = name.startsWith('ld-linux') ? `/lib/${name}` : `/lib/${TRIPLET}/${name}`;
      if (this.#entries.has(path)) continue;
      const data = readFileSync(this.#findLibrary(name));
      this.file(path, data, 0o755);
      this.addLibrariesOf(data);
    }
  }

  /** Parents first, so that the kernel can unpack in order. */
  entries(): CpioEntry[] {
    return [...this.#entries.values()]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((entry) => ({ ...entry, path: entry.path.slice(1) }));
  }

  #findLibrary(name: string): string {
    for (const folder of [`lib/${TRIPLET}`, `usr/lib/${TRIPLET}`, 'usr/libexec/sudo']) {
      try {
        return realpathSync(join(this.#packages, folder, name));
      } catch {
        // Not in this folder: the next one, or the error below.
      }
    }
    throw new Error(
      `The library ${name} is in none of the downloaded packages. Add its package to build.ts.`,
    );
  }

  #put(entry: CpioEntry): void {
    const parent = entry.path.slice(0, entry.path.lastIndexOf('/'));
    if (parent !== '' && !this.#entries.has(parent)) this.folder(parent, 0o755);
    this.#entries.set(entry.path, entry);
  }
}

/** Where the program headers of a 64-bit little-endian ELF file begin. */
function programHeaders(elf: Buffer): number[] {
  const first = Number(elf.readBigUInt64LE(32));
  return Array.from({ length: elf.readUInt16LE(56) }, (_, i) => first + i * elf.readUInt16LE(54));
}

/** Whether such a file can be loaded at any address (type DYN), and whether it needs a loader (INTERP) for it. */
export function howLoaded(elf: Buffer): { readonly anywhere: boolean; readonly loader: boolean } {
  const interp = 3;
  return {
    anywhere: elf.readUInt16LE(16) === 3,
    loader: programHeaders(elf).some((at) => elf.readUInt32LE(at) === interp),
  };
}

/** The DT_NEEDED names of such a file; none for a static one. */
export function neededLibraries(elf: Buffer): string[] {
  const u64 = (at: number): number => Number(elf.readBigUInt64LE(at));
  const headers = programHeaders(elf);
  const toFile = (address: number): number => {
    for (const at of headers) {
      const start = u64(at + 16);
      if (elf.readUInt32LE(at) === 1 && address >= start && address < start + u64(at + 32))
        return address - start + u64(at + 8);
    }
    throw new Error(`The ELF file has no segment at ${address}.`);
  };
  const dynamic = headers.find((at) => elf.readUInt32LE(at) === 2);
  if (dynamic === undefined) return [];
  const needed: number[] = [];
  let strings = 0;
  for (let at = u64(dynamic + 8); u64(at) !== 0; at += 16) {
    if (u64(at) === 1) needed.push(u64(at + 8));
    if (u64(at) === 5) strings = toFile(u64(at + 8));
  }
  return needed.map((offset) => elf.toString('latin1', strings + offset, elf.indexOf(0, strings + offset)));
}

const NETWORK_MODULES = ['virtio_pci', 'virtio_mmio', 'virtio_net'];
const NODE_MODULES = ['virtio_blk', 'squashfs'];

function addKernelModules(tree: Tree, inputs: RootfsInputs): void {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(inputs.kernel, 'lib/modules'), {
    recursive: true,
    encoding: 'utf8',
  })) {
    const name = /([^/]+)\.ko$/.exec(entry)?.[1];
    if (name !== undefined) found.set(name.replaceAll('-', '_'), join(inputs.kernel, 'lib/modules', entry));
  }
  const network = loadOrder(NETWORK_MODULES, found);
  const node = loadOrder(NODE_MODULES, found).filter((name) => !network.includes(name));
  for (const name of [...network, ...node])
    tree.file(`/lib/board/${name}.ko`, readFileSync(found.get(name) ?? ''));
  tree.file('/lib/board/load-order', network.join('\n'));
  tree.file('/lib/board/load-order-node', node.join('\n'));
  tree.file('/lib/board/aievirt.ko', readFileSync(inputs.aievirt));
}

/** Modules with everything they depend on, dependencies first. A name that is no module is built into the kernel. */
function loadOrder(wanted: readonly string[], found: ReadonlyMap<string, string>): string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    const file = found.get(name);
    if (file === undefined || order.includes(name)) return;
    const bytes = readFileSync(file);
    const at = bytes.indexOf('\0depends=') + '\0depends='.length;
    const depends = bytes.toString('latin1', at, bytes.indexOf(0, at));
    for (const other of depends.split(',').filter((word) => word !== '')) visit(other.replaceAll('-', '_'));
    order.push(name);
  };
  for (const name of wanted) visit(name);
  return order;
}

function addUsers(tree: Tree, clientPublicKey: string): void {
  const line = (fields: readonly (string | number)[]): string => `${fields.join(':')}\n`;
  tree.file(
    '/etc/passwd',
    USERS.map((user) => line([user.name, 'x', user.id, user.id, user.name, user.home, user.shell])).join(''),
  );
  tree.file(
    '/etc/group',
    [...USERS.map((user) => line([user.name, 'x', user.id, ''])), 'tty:x:5:\n'].join(''),
  );
  tree.file(
    '/etc/shadow',
    USERS.map((user) => line([user.name, user.hash, 19000, 0, 99999, 7, '', '', ''])).join(''),
    0o600,
  );
  tree.file('/etc/shells', '/bin/sh\n/bin/banner-sh\n');
  tree.file('/etc/hosts', '127.0.0.1 localhost board\n');
  tree.file(
    '/bin/banner-sh',
    '#!/bin/sh\necho "Welcome to the board. Unauthorised use is logged."\nexec /bin/sh "$@"\n',
    0o755,
  );
  for (const user of USERS) {
    if (user.shell.includes('nologin') || user.shell.includes('false')) continue;
    tree.folder(user.home, 0o700, user.id);
    tree.folder(`${user.home}/.ssh`, 0o700, user.id);
    tree.file(`${user.home}/.ssh/authorized_keys`, clientPublicKey, 0o600, user.id);
  }
}

function addSudo(tree: Tree): void {
  tree.elf('/usr/bin/sudo', 'usr/bin/sudo', 0o4755);
  tree.elf('/usr/libexec/sudo/sudoers.so', 'usr/libexec/sudo/sudoers.so', 0o644);
  for (const module of ['pam_unix', 'pam_permit', 'pam_deny'])
    tree.elf(`/lib/${TRIPLET}/security/${module}.so`, `lib/${TRIPLET}/security/${module}.so`, 0o644);
  tree.file(
    '/etc/sudoers',
    'Defaults lecture=never\nroot ALL=(ALL) ALL\ndev ALL=(ALL) ALL\nops ALL=(ALL) NOPASSWD: ALL\n',
    0o440,
  );
  tree.file('/etc/sudo.conf', '');
  const stack =
    'auth required pam_unix.so nullok\nauth required pam_permit.so\naccount required pam_unix.so\nsession required pam_permit.so\npassword required pam_deny.so\n';
  for (const service of ['sudo', 'sshd', 'other']) tree.file(`/etc/pam.d/${service}`, stack);
}

function addOpenSsh(tree: Tree): void {
  tree.elf('/usr/sbin/sshd', 'usr/sbin/sshd');
  tree.elf('/usr/lib/openssh/sftp-server', 'usr/lib/openssh/sftp-server');
  const config = [
    'HostKey /etc/hostkey/key',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication yes',
    'UsePAM yes',
    'UseDNS no',
    'MaxSessions 100',
    'MaxStartups 100',
    'PrintLastLog no',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
    'PidFile none',
    // Not for all: the empty password it then tries first would spoil keyboard-interactive.
    'Match User empty',
    'PermitEmptyPasswords yes',
  ];
  tree.file('/etc/ssh/sshd_config', `${config.join('\n')}\n`);
}

function addHostKeys(tree: Tree, keys: RootfsInputs['hostKeys']): void {
  tree.folder('/etc/hostkey', 0o700);
  for (const [name, source] of [
    ['key', keys.usual],
    ['other', keys.other],
  ] as const) {
    tree.file(`/etc/hostkey/${name}`, readFileSync(source), 0o600);
    tree.file(`/etc/hostkey/${name}.dropbear`, dropbearKey(readFileSync(source, 'utf8')), 0o600);
  }
}

/** Rewrites an unencrypted OpenSSH Ed25519 private key in the form that dropbear reads. */
function dropbearKey(pem: string): Buffer {
  const raw = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  let at = 'openssh-key-v1\0'.length;
  const string = (bytes: Buffer): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  for (let i = 0; i < 3; i++) string(raw);
  at += 4;
  string(raw);
  const secret = string(raw);
  at = 8;
  const type = string(secret);
  string(secret);
  const pair = string(secret);
  const withLength = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([withLength(type), withLength(pair)]);
}
