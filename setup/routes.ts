/** The ways to a native backend, best first. Each fills an empty folder or throws. */
import { cp, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import type { Progress } from '../cli/progress.ts';
import type { NativeVariant } from '../trainer/backend/installed.ts';
import { compileBinding, findCompiler, tfjsNodeDir } from './compile.ts';
import { bytesUnder, downloadWheel } from './download.ts';
import { DISK_BYTES, WANTED_MEMBERS, type Wheel, wheelsFor } from './pins.ts';
import { findPython } from './python.ts';
import { runTool } from './tool.ts';
import { unpackWheel } from './unpack.ts';

export interface RouteContext {
  variant: NativeVariant;
  log(line: string): void;
  progress: Progress;
  signal?: AbortSignal;
}

export interface Built {
  /** Path of the addon, relative to the folder. */
  binding: string;
  source: string;
}

export interface Route {
  name: string;
  /** @throws CodecLmError that says why this way is closed */
  build(dir: string, context: RouteContext): Promise<Built>;
}

const BINDING = 'tfjs_binding.node';

/**
 * A current libtensorflow out of the TensorFlow wheel, with tfjs-node's addon compiled against
 * it. The folder looks like site-packages, because the run path of the libraries expects that:
 * `tensorflow/libtensorflow_framework.so.2` finds `../nvidia/<library>/lib`.
 */
export const wheelRoute: Route = {
  name: 'TensorFlow wheel',
  async build(dir, context) {
    const wheels = wheelsFor(context.variant);
    if (wheels.length === 0 || isMusl()) {
      const host = `${process.platform}-${process.arch}${isMusl() ? ' with musl' : ''}`;
      throw new CodecLmError(
        'BACKEND_UNAVAILABLE',
        `no TensorFlow wheel for ${context.variant} on ${host}`,
      );
    }
    // what would fail after the download is looked for before it
    await findCompiler(context.signal);
    const python = await findPython(context.signal);
    await checkSpace(dir, DISK_BYTES[context.variant]);
    for (const wheel of wheels) await addWheel(wheel, dir, python, context);
    const libraries = (await readdir(join(dir, 'tensorflow'))).filter((name) =>
      name.startsWith('libtensorflow'),
    );
    context.log('compiling the addon of tfjs-node');
    await compileBinding({
      includeDir: join(dir, 'tensorflow', 'include'),
      libraryDir: join(dir, 'tensorflow'),
      libraries,
      output: join(dir, 'binding', BINDING),
      signal: context.signal,
    });
    await rm(join(dir, 'tensorflow', 'include'), { recursive: true });
    const [{ package: name, version }] = wheels;
    return { binding: `binding/${BINDING}`, source: `${name} ${version} wheel` };
  },
};

async function addWheel(wheel: Wheel, dir: string, python: string, context: RouteContext) {
  const download = join(dir, 'download');
  const file = await downloadWheel(wheel, download, { ...context, python });
  context.log(`unpacking ${wheel.package} ${wheel.version}`);
  const count = await unpackWheel(python, file, dir, WANTED_MEMBERS, context.signal);
  await rm(download, { recursive: true });
  if (count === 0) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `${wheel.package} holds nothing of use`);
  }
}

/** How long the package's installer may stand still; it has no time limits of its own. */
const INSTALLER_STALL_MS = 60_000;

/**
 * tfjs-node-gpu's own installer (libtensorflow 2.9.1 of 2022). It writes into the package it
 * lies in, so it runs in a copy of it. Its addon is a second download; where only that
 * fails, the addon is compiled here.
 */
export const packageRoute: Route = {
  name: "tfjs-node-gpu's own installer",
  async build(dir, context) {
    const source = tfjsNodeDir();
    const copy = join(dir, 'package');
    await mkdir(copy);
    for (const part of ['package.json', 'binding.gyp', 'binding', 'scripts']) {
      await cp(join(source, part), join(copy, part), { recursive: true });
    }
    const modules = [join(source, 'node_modules'), join(source, '..', '..')];
    const bins = modules.map((folder) => join(folder, '.bin'));
    context.log(`running ${this.name}`);
    let failure: unknown;
    try {
      await runTool(process.execPath, ['scripts/install.js', context.variant, 'download'], {
        cwd: copy,
        env: {
          NODE_PATH: modules.join(delimiter),
          PATH: [...bins, process.env.PATH].join(delimiter),
        },
        signal: context.signal,
        timeoutMs: 30 * 60_000,
        stallMs: INSTALLER_STALL_MS,
        watch: () => bytesUnder(copy),
      });
    } catch (error) {
      if (error instanceof CodecLmError && error.code === 'INTERRUPTED') throw error;
      failure = error;
    }
    const built = await findAddon(copy);
    if (built) return { binding: `package/${built}`, source: this.name };
    const libraryDir = join(copy, 'deps', 'lib');
    const libraries = (await readdir(libraryDir).catch(() => [])).filter((name) =>
      /^libtensorflow(_framework)?(\.2)?\.(so|dylib)(\.2)?$/.test(name),
    );
    if (libraries.length === 0) {
      throw (
        failure ??
        new CodecLmError('BACKEND_UNAVAILABLE', `${this.name} ended well and left no library`)
      );
    }
    const binding = join('lib', 'compiled', BINDING);
    await compileBinding({
      includeDir: join(copy, 'deps', 'include'),
      libraryDir,
      libraries,
      output: join(copy, binding),
      signal: context.signal,
    });
    return { binding: `package/${binding}`, source: `${this.name}, addon compiled here` };
  },
};

/** The installer puts the addon under the newest Node-API it knows: `lib/napi-v8`. */
async function findAddon(copy: string): Promise<string | undefined> {
  const files = await readdir(join(copy, 'lib'), { recursive: true }).catch(() => []);
  const found = files.find((file) => file.endsWith(BINDING));
  return found && join('lib', found);
}

async function checkSpace(dir: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new CodecLmError(
    'DISK_FULL',
    `${(free / 1e9).toFixed(1)} GB are free at ${dir}, ${(needed / 1e9).toFixed(1)} GB are needed`,
    { path: dir, hint: 'free some space, or name another folder in CODEC_LM_CACHE' },
  );
}

/** TensorFlow's wheels are for glibc. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return !report.header.glibcVersionRuntime;
}
