// Entry of every npm script: `node scripts/run.mjs <task> [arguments]`.
// Plain JavaScript for Node 18 and later. It brings in what the task needs (Node 24, the npm packages, system
// packages), then runs the task's TypeScript with Node 24, which strips the types itself.
// When everything is there it prints nothing and costs a few file look-ups.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_VERSION = '24.21.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = resolve(process.env.TILESCOPE_CACHE || join(homedir(), '.cache', 'tilescope'));

/**
 * System packages (Debian names) by purpose, each with a way to see that it is there: command names looked up on
 * PATH, or absolute files; `|` separates equals. Any other distribution may provide the same commands in its own way.
 */
const SYSTEM = {
  browser: {
    chromium: ['/usr/bin/chromium|/usr/bin/chromium-browser|/usr/bin/google-chrome'],
    'fonts-dejavu-core': ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'],
  },
  native: {
    cmake: ['cmake'],
    'ninja-build': ['ninja'],
    'g++': ['g++'],
    'doctest-dev': ['/usr/include/doctest/doctest.h'],
    'nlohmann-json3-dev': ['/usr/include/nlohmann/json.hpp'],
    clang: ['clang++'],
    llvm: ['llvm-symbolizer'],
    lld: ['ld.lld'],
  },
  cross: {
    'g++-aarch64-linux-gnu': ['aarch64-linux-gnu-g++'],
    'libc6-dev-arm64-cross': ['/usr/aarch64-linux-gnu/include/stdio.h'],
  },
  style: { 'clang-format': ['clang-format'] },
  ssh: { 'openssh-client': ['ssh', 'ssh-keygen', 'ssh-agent', 'ssh-add'] },
  board: {
    gcc: ['gcc'],
    make: ['make'],
    python3: ['python3'],
    cpio: ['cpio'],
    'squashfs-tools': ['mksquashfs'],
    'openssh-client': ['ssh', 'ssh-keygen'],
    'openssh-server': ['/usr/sbin/sshd'],
    'dropbear-bin': ['dropbearkey'],
  },
  theia: {
    'libsecret-1-dev': ['/usr/include/libsecret-1/libsecret/secret.h'],
    'pkg-config': ['pkg-config'],
    python3: ['python3'],
  },
};

/**
 * Every task: the TypeScript that does it, its fixed first arguments, and the purposes it needs from SYSTEM.
 * A purpose may depend on the arguments.
 */
const TASKS = {
  build: { script: 'scripts/build.ts' },
  check: { script: 'scripts/check.ts', needs: ['style'] },
  format: { script: 'scripts/format.ts', needs: ['style'] },
  test: {
    script: 'scripts/test.ts',
    first: ['build', 'check', 'unit', 'host', 'native', 'board', 'e2e'],
    needs: ['style', 'ssh', 'native', 'cross', 'board', 'browser', 'theia'],
  },
  'test:unit': { script: 'scripts/test.ts', first: ['unit'], needs: ['ssh'] },
  'test:native': { script: 'scripts/test.ts', first: ['native'], needs: ['native'] },
  'test:board': { script: 'scripts/test.ts', first: ['board'], needs: ['native', 'cross', 'board'] },
  'test:host': {
    script: 'scripts/test.ts',
    first: ['host'],
    needs: (args) => (args.includes('--desktop') ? [] : ['browser']),
  },
  'test:e2e': {
    script: 'scripts/test.ts',
    first: ['e2e'],
    needs: ['native', 'cross', 'board', 'browser', 'theia'],
  },
  'test:long': { script: 'scripts/test.ts', first: ['long'], needs: ['native', 'cross', 'board', 'browser'] },
  bench: { script: 'test/bench/run.ts', needs: ['native', 'cross', 'board', 'browser'] },
  board: { script: 'test/board/cli.ts', needs: ['cross', 'board'] },
  package: { script: 'scripts/package.ts', needs: ['native', 'cross'] },
  try: { script: 'scripts/try.ts' },
  start: {
    script: 'scripts/start.ts',
    needs: (args) => [
      ...(args.includes('--virtual-board') ? ['native', 'cross', 'board'] : []),
      ...(args.includes('--check') ? ['browser'] : []),
    ],
  },
};

function fail(message) {
  console.error(`tilescope: ${message}`);
  process.exit(1);
}

function say(message) {
  console.error(`tilescope: ${message}`);
}

function onPath(command) {
  for (const folder of `${process.env.PATH || ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter)) {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      // Not in this folder: the next one decides.
    }
  }
  return false;
}

/** Runs one command to its end; on failure shows what it said, at most its last 60 lines. */
function must(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return;
  const said = `${result.stdout || ''}${result.stderr || ''}`.trim().split('\n').slice(-60).join('\n');
  fail(`"${command} ${args.join(' ')}" failed${result.error ? ` (${result.error.message})` : ''}.\n${said}`);
}

/**
 * Runs `work` while holding a lock folder, so that two tasks started together install once. A lock whose owner is
 * gone is taken over.
 */
function locked(name, work) {
  mkdirSync(cache, { recursive: true });
  const lock = join(cache, `${name}.lock`);
  const owner = join(lock, 'pid');
  for (let told = false; ; ) {
    try {
      mkdirSync(lock);
      writeFileSync(owner, String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isStale(lock, owner)) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (!told) say(`waiting for another task that installs (${lock})`);
      told = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isStale(lock, owner) {
  try {
    const pid = Number(readFileSync(owner, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return Date.now() - statSync(lock).mtimeMs > 5000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error.code === 'EPERM') return false;
    if (error.code === 'ESRCH') return true;
    // No pid file yet: its owner has just made the folder, or died between the two steps.
    try {
      return Date.now() - statSync(lock).mtimeMs > 5000;
    } catch {
      return true;
    }
  }
}

/** Folder of a `node` executable of version 24 or later: the running one's, or one from the tool cache. */
function nodeFolder() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return dirname(process.execPath);
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    fail('Node 24 or later is needed here. Install it, then run the same command again.');
  }
  const name = `node-linux-${process.arch}`;
  const folder = join(cache, 'node', 'node_modules', name, 'bin');
  if (existsSync(join(folder, 'node'))) return folder;
  return locked('node', () => {
    if (!existsSync(join(folder, 'node'))) {
      say(`installing Node ${NODE_VERSION} into ${cache}`);
      const prefix = join(cache, 'node');
      mkdirSync(prefix, { recursive: true });
      must('npm', [
        'install',
        '--prefix',
        prefix,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `${name}@${NODE_VERSION}`,
      ]);
    }
    return folder;
  });
}

/** `npm ci` when node_modules is missing or belongs to another package-lock.json. */
function ensureModules(env) {
  const lockFile = readFileSync(join(root, 'package-lock.json'));
  const want = createHash('sha256').update(lockFile).digest('hex');
  const marker = join(root, 'node_modules', '.tilescope-lock');
  const matches = () => existsSync(marker) && readFileSync(marker, 'utf8').trim() === want;
  if (matches()) return;
  locked(`modules-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`, () => {
    if (matches()) return;
    // npm's own record is newer than the lock file: someone ran npm by hand, the packages are right.
    const record = join(root, 'node_modules', '.package-lock.json');
    const fresh =
      existsSync(record) && statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
    if (!fresh) {
      say('installing npm packages (npm ci)');
      must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root, env });
    }
    writeFileSync(marker, `${want}\n`);
  });
}

/** Installs missing system packages with apt where this user may, else prints the command and stops. */
function ensureSystem(purposes, env) {
  const missing = [];
  for (const purpose of new Set(purposes)) {
    for (const [name, probes] of Object.entries(SYSTEM[purpose])) {
      const there = probes.every((probe) =>
        probe.split('|').some((one) => (one.startsWith('/') ? existsSync(one) : onPath(one))),
      );
      if (!there) missing.push(name);
    }
  }
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...missing];
  const isRoot = process.getuid?.() === 0;
  const viaSudo = !isRoot && onPath('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0;
  if (!onPath('apt-get') || !(isRoot || viaSudo)) {
    fail(
      `these system packages are missing: ${missing.join(' ')}\nInstall them, then run the same command again. On Debian or Ubuntu:\n` +
        `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`,
    );
  }
  say(`installing system packages: ${missing.join(' ')}`);
  const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args) =>
    viaSudo
      ? must('sudo', ['-n', 'apt-get', ...args], { env: aptEnv })
      : must('apt-get', args, { env: aptEnv });
  locked('apt', () => {
    apt(['update', '-qq']);
    apt(install);
  });
}

const [taskName, ...args] = process.argv.slice(2);
const task = Object.hasOwn(TASKS, taskName ?? '') ? TASKS[taskName] : undefined;
if (!task) fail(`there is no task "${taskName ?? ''}". Tasks: ${Object.keys(TASKS).join(', ')}.`);

const node = nodeFolder();
const env = {
  ...process.env,
  PATH: `${node}${delimiter}${process.env.PATH || ''}`,
  TILESCOPE_CACHE: cache,
};
ensureModules(env);
ensureSystem(typeof task.needs === 'function' ? task.needs(args) : (task.needs ?? []), env);

const child = spawn(
  join(node, process.platform === 'win32' ? 'node.exe' : 'node'),
  [join(root, task.script), ...(task.first ?? []), ...args],
  { stdio: 'inherit', cwd: root, env },
);
// Ctrl-C reaches the child through the terminal; a signal sent to this process alone has to be passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT') child.kill(signal);
  });
}
child.on('error', (error) => fail(`cannot start Node: ${error.message}`));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
